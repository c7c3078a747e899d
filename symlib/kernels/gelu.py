"""One GELU layer on covariances: the closed form of GELU(a) = a P(normal ≤ a), in an arrangement that divides once.

For a, b jointly Gaussian with variances u, v and covariance c (Tsuchida, Pearce, van der Heide, Roosta and Gallagher
2021, Avoiding kernel fixed points; derived in book chapter 15), with r = c/√((1+u)(1+v)) and s² = 1 − r²:

    E[gelu(a) gelu(b)]  = c/4 + (c arcsin r + (r² + uv s²) √((1+u)(1+v)) / ((1+u)(1+v) s)) / 2π
    E[gelu′(a) gelu′(b)] = 1/4 + (arcsin r + (r/s) (1/((1+u)(1+v) s²) + (1 − uv)/((1+u)(1+v)) + 1)) / 2π

|r| stays below 1, so unlike the ReLU's θ the angle has no square-root singularity where a = ± b.
"""

import jax
import jax.numpy as jnp

from symlib.kernels.arc_cosine import half_angle


def gelu_step(cov: jax.Array, var1: jax.Array, var2: jax.Array) -> tuple[jax.Array, jax.Array]:
    """One GELU layer on covariances: (Σ, derivative kernel), JAX arrays of the shape of `cov`.

    `var1` and `var2` are the variances of the two sides, of shapes that broadcast with it.
    """
    inverse1, inverse2 = 1 / (1 + var1), 1 / (1 + var2)
    scale = jnp.sqrt(inverse1) * jnp.sqrt(inverse2)
    r = cov * scale
    size = jnp.abs(r)
    arcsine = jnp.sign(r) * (jnp.pi / 2 - half_angle((1 - size) / 2))
    # By Cauchy and Schwarz c² ≤ uv, which holds s² from below where rounding would not.
    square = jnp.maximum((1 - size) * (1 + size), inverse1 + inverse2 - inverse1 * inverse2)
    root = jnp.sqrt(square)
    variances = var1 * var2 * scale**2
    value = cov / 4 + (cov * arcsine + (r * r * scale + var1 * var2 * scale * square) / root) / (2 * jnp.pi)
    bracket = scale**2 / square + scale**2 - variances + 1
    return value, 0.25 + (arcsine + r / root * bracket) / (2 * jnp.pi)
