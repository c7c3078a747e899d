"""Closed-form NNGP and NTK of infinitely wide fully connected ReLU networks.

One hidden layer, in the NTK parameterisation (theory: book chapter 04; arc-cosine formula of Cho and Saul 2009, NNGP
of Lee et al. 2018, NTK of Jacot et al. 2018):

    Σ₀ = w² x·x'/d + b²,   Θ₀ = Σ₀
    Σ ← w² n (sin θ + (π−θ) cos θ)/(2π) + b²,   Θ ← w² Θ (π−θ)/(2π) + Σ,   n = √(Σ(x,x) Σ(x',x')),  cos θ = Σ/n
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from numpy.typing import ArrayLike

from symlib.kernels.arc_cosine import relu_step
from symlib.kernels.kernel import Kernel, inner_products, over_batch, point_sets
from symlib.support.checks import nonnegative, positive_int


def mlp_kernel(
    x1: ArrayLike, x2: ArrayLike | None = None, *, depth: int = 1, w_std: float = 1.0, b_std: float = 1.0
) -> Kernel:
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
    Kernel of two (..., n1, n2) float64 arrays. Cost: one matrix product and `depth` arc cosines an entry. The sets of a
    batch are shared out among the cores.

    Raises
    ------
    ValueError
        For inputs that are not finite or do not match, or a depth or standard deviation out of range.
    TypeError
        For masked or sparse inputs.
    RuntimeError
        In a process that was forked after JAX had computed (`kernels.float64_scope`).

    Examples
    --------
    >>> k = mlp_kernel([[1.0, 0.0], [0.0, 1.0]])
    >>> k.ntk.round(4)
    array([[2.5   , 1.9102],
           [1.9102, 2.5   ]])
    """
    depth = positive_int(depth, "depth")
    w_std, b_std = nonnegative(w_std, "w_std"), nonnegative(b_std, "b_std")
    x1, x2, symmetric = point_sets(x1, x2)

    def evaluate(a, b):
        products = (product / x1.shape[-1] for product in inner_products(a, b))
        return _mlp(*products, w_std**2, b_std**2, depth, symmetric=symmetric, deep=depth > 1)

    return Kernel(*over_batch(evaluate, x1, x2, 2))


@partial(jax.jit, static_argnames=("symmetric", "deep"))
def _mlp(product, square1, square2, w2, b2, depth, *, symmetric, deep):
    def layer(cov, ntk, var1, var2):
        norms = jnp.sqrt(var1)[..., :, None] * jnp.sqrt(var2)[..., None, :]
        cov, derivative = relu_step(cov, norms, symmetric)
        cov = w2 * cov + b2
        # On the diagonal θ = 0, so a variance is halved by the ReLU.
        return cov, w2 * ntk * derivative + cov, w2 * var1 / 2 + b2, w2 * var2 / 2 + b2

    cov, var1, var2 = (w2 * covariance + b2 for covariance in (product, square1, square2))
    state = layer(cov, cov, var1, var2)
    if deep:  # a loop, not unrolled: a thousand layers are compiled as fast as two
        state = lax.fori_loop(1, depth, lambda _, state: layer(*state), state)
    return state[:2]
