"""The radial basis function: a kernel of distances."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from symlib.kernels.kernel import float64_scope, inner_products, point_sets
from symlib.support.checks import positive


def rbf(x1, x2=None, *, length_scale):
    """Radial basis function kernel exp(−|x − x'|² / (2 ℓ²)).

    With L = 1/(√2 ℓ) this is exp(−L² |x − x'|²), the form in which Perin and Deny (2025) write it.

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

    Examples
    --------
    >>> rbf([[0.0], [1.0]], length_scale=1.0).round(3)
    array([[1.   , 0.607],
           [0.607, 1.   ]])
    """
    length_scale = positive(length_scale, "length_scale")
    x1, x2, symmetric = point_sets(x1, x2)
    with float64_scope():
        return np.asarray(_rbf(*inner_products(x1, x2), length_scale, symmetric))


@partial(jax.jit, static_argnames="symmetric")
def _rbf(product, square1, square2, length_scale, symmetric):
    distance2 = square1[..., :, None] + square2[..., None, :] - 2 * product
    if symmetric:
        distance2 = jnp.where(jnp.eye(distance2.shape[-1], dtype=bool), 0.0, distance2)
    return jnp.exp(-jnp.maximum(distance2, 0.0) / (2 * length_scale**2))
