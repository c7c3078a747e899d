"""The radial basis function: a kernel of distances."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.kernels.kernel import inner_products, over_batch, point_sets
from symlib.support.checks import positive
from symlib.support.threads import in_threads

# |x|/ℓ up to which inner products give the exponent to 1e-12: its error is about 4 ε |x|²/ℓ².
_FAR = 33.0


def rbf(x1: ArrayLike, x2: ArrayLike | None = None, *, length_scale: float) -> NDArray[np.float64]:
    """Radial basis function kernel exp(−|x − x'|² / (2 ℓ²)).

    With L = 1/(√2 ℓ) this is exp(−L² |x − x'|²), the form in which Perin and Deny (2025) write it. Distances come from
    inner products about the mean of the points, and where those would round them, because the points lie many length
    scales apart, from differences, which takes several times as long.

    Parameters
    ----------
    x1 : (..., n1, d) array
    x2 : (..., n2, d) array, optional, `x1` if left out
    length_scale : float, ℓ > 0, in the units of the inputs

    Returns
    -------
    (..., n1, n2) array, float64

    Raises
    ------
    ValueError
        For inputs that are not finite or do not match, or a length scale that is not positive.
    TypeError
        For masked or sparse inputs.

    Examples
    --------
    >>> rbf([[0.0], [1.0]], length_scale=1.0).round(3)
    array([[1.   , 0.607],
           [0.607, 1.   ]])
    >>> float(rbf([[1.7e9], [1.7e9 + 60]], length_scale=60.0)[0, 1].round(3))  # seconds since 1970
    0.607
    """
    length_scale = positive(length_scale, "length_scale")
    x1, x2, symmetric = point_sets(x1, x2)
    centre = x1.mean(axis=-2, keepdims=True)
    near1 = x1 - centre
    near2 = near1 if symmetric else x2 - centre
    if max(_farthest(near1), _farthest(near2)) > _FAR * length_scale:
        return _from_differences(x1, x2, length_scale)

    def evaluate(a, b):
        return (_rbf(*inner_products(a, b), length_scale, symmetric),)

    return over_batch(evaluate, near1, near2, 1)[0]


def _farthest(x):
    """The largest |x|, infinite where its square is."""
    with np.errstate(over="ignore"):
        return float(np.sqrt(np.einsum("...i,...i->...", x, x).max(initial=0.0)))


def _from_differences(x1, x2, length_scale):
    """Set by set: differences of near points are exact, whatever their offset (Sterbenz)."""
    from scipy.spatial.distance import cdist

    batch = np.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    sets1, sets2 = (np.broadcast_to(x, (*batch, *x.shape[-2:])).reshape(-1, *x.shape[-2:]) for x in (x1, x2))
    out = np.empty((len(sets1), x1.shape[-2], x2.shape[-2]))

    def fill(i):
        # In units of the length scale, whose square neither overflows nor vanishes where a distance does.
        distance = cdist(sets1[i], sets2[i]) / length_scale
        with np.errstate(over="ignore", under="ignore"):
            out[i] = np.exp(-(distance**2) / 2)

    in_threads(fill, range(len(sets1)))
    return out.reshape(*batch, *out.shape[1:])


@partial(jax.jit, static_argnames="symmetric")
def _rbf(product: jax.Array, square1: jax.Array, square2: jax.Array, length_scale: float, symmetric: bool):
    distance2 = square1[..., :, None] + square2[..., None, :] - 2 * product
    if symmetric:
        distance2 = jnp.where(jnp.eye(distance2.shape[-1], dtype=bool), 0.0, distance2)
    return jnp.exp(-jnp.maximum(distance2, 0.0) / (2 * length_scale**2))
