"""What every kernel shares: the pair of kernels of one network, float64 in JAX, inputs, and work over a batch of sets.

Precision: everything is computed in float64 inside `jax`'s own scoped switch, so the caller's global JAX configuration
(float32 unless changed) is neither read nor touched, and results come back as NumPy float64 arrays.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.support.checks import finite_array
from symlib.support.threads import in_threads, threads_for

# JAX 0.8 moved the scoped switch out of `experimental`.
_float64 = partial(jax.enable_x64, True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
_AT_ONCE = 2**16  # entries that a thread computes at a time: they stay in its cache
_runs = _lost = False  # whether JAX has computed here; whether it had, in the process that this one was forked from


class Kernel(NamedTuple):
    """The two kernels of one infinitely wide network, arrays (..., n1, n2).

    `nngp` governs a network of which only the last layer is trained; `ntk` one that is trained throughout.
    """

    nngp: NDArray[np.float64]
    ntk: NDArray[np.float64]


@contextmanager
def float64_scope() -> Iterator[None]:
    """A context in which JAX computes in float64, in this thread only; the caller's configuration stays as it is.

    Raises
    ------
    RuntimeError
        In a process that was forked after JAX had computed: its threads are not there, and JAX would wait for them for
        ever.

    Examples
    --------
    >>> with float64_scope():
    ...     print(jnp.ones(1).dtype)
    float64
    """
    global _runs
    if _lost:
        raise RuntimeError(
            "this process was forked after JAX had computed in its parent, and without JAX's threads a kernel would "
            'wait for ever; start processes with multiprocessing.get_context("spawn") or "forkserver", use threads, or '
            "compute kernels before forking"
        )
    _runs = True
    with _float64():
        yield


def _look_behind():
    global _lost
    _lost = _lost or _runs or bool(getattr(getattr(jax._src, "xla_bridge", None), "_backends", None))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_look_behind)


def point_sets(x1: ArrayLike, x2: ArrayLike | None) -> tuple[NDArray, NDArray, bool]:
    """Both inputs as arrays (..., n, d), and whether they are the same points (`x2` left out, or the same object)."""
    return _sets(x1, x2, 1, "vectors of one length")


def image_sets(x1: ArrayLike, x2: ArrayLike | None) -> tuple[NDArray, NDArray, bool]:
    """As `point_sets`, for images: arrays (..., n, H, W)."""
    return _sets(x1, x2, 2, "images of one size")


def _sets(x1, x2, axes, what):
    """Both inputs, whose points have that many axes."""
    same = x2 is None or x2 is x1
    x1 = finite_array(x1, "x1", min_ndim=axes + 1)
    if x2 is None or same:
        return x1, x1, True
    x2 = finite_array(x2, "x2", min_ndim=axes + 1)
    if x1.shape[-axes:] != x2.shape[-axes:]:
        raise ValueError(f"x1 and x2 must hold {what}, got shapes {x1.shape} and {x2.shape}")
    _refuse_unlike_batches(x1, x2, axes + 1)
    return x1, x2, False


def _refuse_unlike_batches(x1, x2, own_axes):
    try:
        np.broadcast_shapes(x1.shape[:-own_axes], x2.shape[:-own_axes])
    except ValueError:
        raise ValueError(f"batch axes of x1 and x2 do not match: shapes {x1.shape} and {x2.shape}") from None


def over_batch(evaluate: Callable, x1: NDArray, x2: NDArray, parts: int) -> NDArray[np.float64]:
    """`evaluate(x1, x2)`, `parts` arrays (..., n1, n2), as one array (parts, ..., n1, n2) that is the caller's own.

    On a CPU the sets of a batch are shared out among threads, a few sets at a time, however many threads there are:
    results do not depend on their number.
    """
    batch = np.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    n_sets, shape = int(np.prod(batch, dtype=int)), (x1.shape[-2], x2.shape[-2])
    at_once = max(1, _AT_ONCE // max(1, shape[0] * shape[1]))
    if n_sets <= at_once or jax.default_backend() != "cpu":
        with float64_scope():
            return np.array(evaluate(x1, x2)).reshape(parts, *batch, *shape)
    same = x2 is x1
    sets1, sets2 = (np.broadcast_to(x, (*batch, *x.shape[-2:])).reshape(n_sets, *x.shape[-2:]) for x in (x1, x2))
    out = np.empty((parts, n_sets, *shape))

    def fill(start):
        # The last piece reaches back, so that all have one shape, for which JAX compiles once.
        piece = slice(min(start, n_sets - at_once), start + at_once)
        first = sets1[piece]
        with float64_scope():
            values = evaluate(first, first if same else sets2[piece])
            for part, value in zip(out, values):
                part[start : start + at_once] = np.asarray(value)[start - piece.start :]

    in_threads(fill, range(0, n_sets, at_once))
    return out.reshape(parts, *batch, *shape)


def inner_products(x1: NDArray, x2: NDArray) -> tuple[Any, Any, Any]:
    """NumPy or JAX arrays x·x', |x|² and |x'|²: (..., n1, n2), (..., n1), (..., n2)."""
    # On a CPU, NumPy's BLAS multiplies matrices several times faster than JAX does.
    xp = np if jax.default_backend() == "cpu" else jnp
    with threads_for(max(x1.shape[-2], x2.shape[-2])), np.errstate(over="ignore", invalid="ignore"):
        products = xp.matmul(x1, x2.swapaxes(-1, -2))
        if x1 is x2:
            square1 = square2 = xp.diagonal(products, axis1=-2, axis2=-1)
        else:
            square1, square2 = (xp.einsum("...i,...i->...", x, x) for x in (x1, x2))
    if not all(np.isfinite(square).all() for square in (square1, square2)):
        raise ValueError("points must be of a size whose square float64 holds, up to 1e154; scale them down")
    return products, square1, square2
