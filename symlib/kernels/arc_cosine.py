"""One ReLU layer on covariances: the arc-cosine formulas, with a polynomial in the place of the arc cosine.

For a, b jointly Gaussian with covariance Σ, n = √(Σ(a,a) Σ(b,b)) and cos θ = Σ(a,b)/n (Cho and Saul 2009; derived in
book chapter 04):

    E[relu(a) relu(b)] = n (sin θ + (π−θ) cos θ)/(2π),      E[1(a>0) 1(b>0)] = (π−θ)/(2π)

A Gram matrix of a network is made of millions of such θ. A library's arc cosine costs some 25 ns in XLA on a CPU core;
θ = 2 √z A(z), with z = (1−|cos θ|)/2 in [0, 1/2] and A a polynomial, runs in vector registers and costs a tenth.
"""

import jax
import jax.numpy as jnp
import numpy as np
from numpy.polynomial import chebyshev

# The inner product of a vector with ± a copy of itself rounds to within this of ± the product of their norms; θ goes
# with the square root of the gap, so without the snap equal or opposite points would lose half their digits.
SAME_DIRECTION = 32 * np.finfo(np.float64).eps


def angle_polynomial(degree):
    """Coefficients, lowest first, of A(z) = arcsin(√z)/√z as a polynomial in u = 4z − 1 for z in [0, 1/2].

    Interpolation at Chebyshev nodes; the nearest singularity, z = 1, lies at u = 3, so each degree gains a factor
    3 + √8 = 5.8: relative error 1e-12 at degree 12, rounding at 18 (Trefethen, *Approximation Theory and Approximation
    Practice*, theorem 8.2).
    """

    def ratio(u):
        root = np.sqrt((u + 1) / 4)
        return np.arcsin(root) / root

    return chebyshev.cheb2poly(chebyshev.chebinterpolate(ratio, degree))


_COEFFICIENTS = angle_polynomial(18)


def relu_step(cov: jax.Array, norms: jax.Array, symmetric: bool) -> tuple[jax.Array, jax.Array]:
    """One ReLU layer on covariances: (Σ, derivative kernel) = n (sin θ + (π−θ) cos θ)/(2π), (π−θ)/(2π).

    `cov` is Σ(x, x') and `norms` the product √(Σ(x,x) Σ(x',x')), JAX arrays of one shape. A vanishing norm gives
    Σ = 0. With `symmetric` the diagonal of the last two axes is known to have θ = 0.
    """
    cos = jnp.where(norms > 0, cov / jnp.where(norms > 0, norms, 1.0), 0.0)
    z = (1.0 - jnp.abs(cos)) / 2
    z = jnp.where(z < SAME_DIRECTION / 2, 0.0, z)
    if symmetric:
        z = jnp.where(jnp.eye(z.shape[-1], dtype=bool), 0.0, z)
    acute = half_angle(z)
    derivative = jnp.where(cos < 0, acute, jnp.pi - acute) / (2 * jnp.pi)
    return norms * (jnp.sqrt(z * (1.0 - z)) / jnp.pi + derivative * cos), derivative


def half_angle(z: jax.Array) -> jax.Array:
    """The angle θ in [0, π/2] of which z = (1 − cos θ)/2, for a JAX array z in [0, 1/2]: 2 arcsin √z."""
    u = 4.0 * z - 1.0
    ratio = _COEFFICIENTS[-1]
    for coefficient in _COEFFICIENTS[-2::-1]:
        ratio = ratio * u + coefficient
    return 2.0 * jnp.sqrt(z) * ratio
