"""What every kernel shares: the pair of kernels of one network, float64 in JAX, inputs and their inner products.

Precision: everything is computed in float64 inside `jax`'s own scoped switch, so the caller's global JAX configuration
(float32 unless changed) is neither read nor touched, and results come back as NumPy float64 arrays.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from symlib.support.checks import finite_array
from symlib.support.threads import threads_for

# JAX 0.8 moved the scoped switch out of `experimental`.
float64_scope = partial(jax.enable_x64, True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64


class Kernel(NamedTuple):
    """The two kernels of one infinitely wide network, arrays (..., n1, n2).

    `nngp` governs a network of which only the last layer is trained; `ntk` one that is trained throughout.
    """

    nngp: np.ndarray
    ntk: np.ndarray


def point_sets(x1, x2):
    """Both inputs as arrays, and whether they are the same points (`x2` left out, or the same object)."""
    same = x2 is None or x2 is x1
    x1 = finite_array(x1, "x1", min_ndim=2)
    if same:
        return x1, x1, True
    x2 = finite_array(x2, "x2", min_ndim=2)
    if x1.shape[-1] != x2.shape[-1]:
        raise ValueError(f"x1 and x2 must hold vectors of one length, got shapes {x1.shape} and {x2.shape}")
    try:
        np.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    except ValueError:
        raise ValueError(f"batch axes of x1 and x2 do not match: shapes {x1.shape} and {x2.shape}") from None
    return x1, x2, False


def inner_products(x1, x2):
    """x·x', |x|² and |x'|²: (..., n1, n2), (..., n1), (..., n2)."""
    # On a CPU, NumPy's BLAS multiplies matrices several times faster than JAX does.
    xp = np if jax.default_backend() == "cpu" else jnp
    with threads_for(max(x1.shape[-2], x2.shape[-2])):
        products = xp.matmul(x1, x2.swapaxes(-1, -2))
    if x1 is x2:
        squares = xp.diagonal(products, axis1=-2, axis2=-1)
        return products, squares, squares
    return products, *(xp.einsum("...i,...i->...", x, x) for x in (x1, x2))
