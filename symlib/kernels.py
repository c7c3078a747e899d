"""Closed-form kernels: the radial basis function, and the NNGP and NTK of infinitely wide fully connected networks.

One hidden layer, in the NTK parameterisation (theory: book chapter 03; arc-cosine formula of Cho and Saul 2009, NNGP
of Lee et al. 2018, NTK of Jacot et al. 2018):

    Σ₀ = w² x·x'/d + b²,   Θ₀ = Σ₀
    Σ ← w² n (sin θ + (π−θ) cos θ)/(2π) + b²,   Θ ← w² Θ (π−θ)/(2π) + Σ,   n = √(Σ(x,x) Σ(x',x')),  cos θ = Σ/n

Precision: everything is computed in float64 inside `jax`'s own scoped switch, so the caller's global JAX configuration
(float32 unless changed) is neither read nor touched, and results come back as NumPy float64 arrays.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from symlib.arc_cosine import relu_step
from symlib.checks import finite_array, nonnegative, positive, positive_int
from symlib.threads import threads_for

# JAX 0.8 moved the scoped switch out of `experimental`.
float64_scope = partial(jax.enable_x64, True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64


class Kernel(NamedTuple):
    """The two kernels of one infinitely wide network, arrays (..., n1, n2).

    `nngp` governs a network of which only the last layer is trained; `ntk` one that is trained throughout.
    """

    nngp: np.ndarray
    ntk: np.ndarray


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
    x1, x2, symmetric = _inputs(x1, x2)
    with float64_scope():
        return np.asarray(_rbf(*_inner_products(x1, x2), length_scale, symmetric))


def mlp_kernel(x1, x2=None, *, depth=1, w_std=1.0, b_std=1.0):
    """NNGP and NTK of a fully connected ReLU network with `depth` hidden layers.

    The network is Dense, (ReLU, Dense) × depth with a scalar output, weights w_std/√fan_in · N(0, 1), biases
    b_std · N(0, 1).

    Parameters
    ----------
    x1 : (..., n1, d) array; leading axes are a batch
    x2 : (..., n2, d) array, optional, `x1` if left out
    depth : int, hidden layers, at least 1
    w_std, b_std : float, at least 0

    Returns
    -------
    Kernel of two (..., n1, n2) float64 arrays. Cost: one matrix product and `depth` arc cosines an entry.

    Raises
    ------
    ValueError
        For inputs that are not finite or do not match, or a depth or standard deviation out of range.

    Examples
    --------
    >>> k = mlp_kernel([[1.0, 0.0], [0.0, 1.0]])
    >>> k.ntk.round(4)
    array([[2.5   , 1.9102],
           [1.9102, 2.5   ]])
    """
    depth = positive_int(depth, "depth")
    w_std, b_std = nonnegative(w_std, "w_std"), nonnegative(b_std, "b_std")
    x1, x2, symmetric = _inputs(x1, x2)
    with float64_scope():
        products = (product / x1.shape[-1] for product in _inner_products(x1, x2))
        return Kernel(*map(np.asarray, _mlp(*products, w_std**2, b_std**2, depth, symmetric)))


def _inputs(x1, x2):
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


def _inner_products(x1, x2):
    """x·x', |x|² and |x'|²: (..., n1, n2), (..., n1), (..., n2)."""
    # On a CPU, NumPy's BLAS multiplies matrices several times faster than JAX does.
    xp = np if jax.default_backend() == "cpu" else jnp
    with threads_for(max(x1.shape[-2], x2.shape[-2])):
        products = xp.matmul(x1, x2.swapaxes(-1, -2))
    if x1 is x2:
        squares = xp.diagonal(products, axis1=-2, axis2=-1)
        return products, squares, squares
    return products, *(xp.einsum("...i,...i->...", x, x) for x in (x1, x2))


@partial(jax.jit, static_argnames=("depth", "symmetric"))
def _mlp(product, square1, square2, w2, b2, depth, symmetric):
    cov, var1, var2 = (w2 * covariance + b2 for covariance in (product, square1, square2))
    ntk = cov
    for _ in range(depth):
        norms = jnp.sqrt(var1)[..., :, None] * jnp.sqrt(var2)[..., None, :]
        cov, derivative = relu_step(cov, norms, symmetric)
        cov = w2 * cov + b2
        ntk = w2 * ntk * derivative + cov
        # On the diagonal θ = 0, so a variance is halved by the ReLU.
        var1, var2 = w2 * var1 / 2 + b2, w2 * var2 / 2 + b2
    return cov, ntk


@partial(jax.jit, static_argnames="symmetric")
def _rbf(product, square1, square2, length_scale, symmetric):
    distance2 = square1[..., :, None] + square2[..., None, :] - 2 * product
    if symmetric:
        distance2 = jnp.where(jnp.eye(distance2.shape[-1], dtype=bool), 0.0, distance2)
    return jnp.exp(-jnp.maximum(distance2, 0.0) / (2 * length_scale**2))
