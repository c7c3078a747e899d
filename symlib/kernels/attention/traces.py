"""The recursion of each image with itself: what a layer does to a *pair* of images, but for their two covariances.

Attention, the scales of the layer norms and the variances at the hidden layers depend on each image alone. They are
found here, image by image; for n images that is n recursions beside the n²/2 of the pairs.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from symlib.kernels.arc_cosine import relu_step
from symlib.kernels.gelu import gelu_step

EPSILON = 1e-12  # of the layer norm, added to the variance
_TOGETHER = 16  # images that are traced together, at most
_AT_ONCE = 2**15  # numbers of an array (images, T, T) that is traced at once


class Network(NamedTuple):
    """What the recursion needs to know of the network."""

    depth: int
    w2: float
    b2: float
    activation: str
    layer_norm: bool
    residual: bool


class Traces(NamedTuple):
    """What the recursion of pairs needs of n images, arrays with n in front."""

    embedded: NDArray  # tokens e, (n, T, D)
    attended: NDArray  # w² G diag(scale) e of the first layer, (n, T, D): only then two images meet, in inner products
    attention: NDArray  # w² G diag(scale) of every layer, (n, depth, T, T): what acts on Σ before its layer norm
    scale: NDArray  # 1/√(Σ_ii + ϵ), the layer norm before the hidden layer, (n, depth, T)
    variance: NDArray  # Σ₁_ii at the hidden layer, (n, depth, T)
    readout: NDArray  # 1/√(Σ_ii + ϵ), the last layer norm, (n, T)

    def of(self, images: NDArray) -> "Traces":
        """Those of some of the images."""
        return Traces(*(part[images] for part in self))


def trace(embedded: NDArray, network: Network) -> Traces:
    """The traces of images whose tokens are (n, T, D).

    Raises ValueError where a variance leaves the range of float64.
    """
    at_once = max(1, min(_TOGETHER, _AT_ONCE // embedded.shape[1] ** 2))
    settings = network._asdict()
    w2, b2 = settings.pop("w2"), settings.pop("b2")
    pieces = []
    for start in range(0, max(1, len(embedded)), at_once):
        piece = embedded[start : start + at_once]
        # Filled up to one shape, for which JAX compiles once.
        filled = np.concatenate([piece, np.zeros((at_once - len(piece), *piece.shape[1:]))])
        pieces.append([np.asarray(part)[: len(piece)] for part in _trace(filled, w2, b2, **settings)])
    traces = Traces(embedded, *(np.concatenate(part) for part in zip(*pieces)))
    if not all(np.isfinite(part).all() for part in traces):
        raise ValueError(
            "the images must be of a size whose square float64 holds, up to 1e154, in every layer; scale them down, or "
            "take fewer layers where layer_norm is off"
        )
    return traces


def nonlinearity(activation, cov, var1, var2, symmetric):
    """(Σ, derivative kernel) behind the hidden layer, JAX arrays of the shape of `cov`."""
    if activation == "gelu":
        return gelu_step(cov, var1, var2)
    return relu_step(cov, jnp.sqrt(var1) * jnp.sqrt(var2), symmetric)


@partial(jax.jit, static_argnames=("depth", "activation", "layer_norm", "residual"))
def _trace(embedded, w2, b2, *, depth, activation, layer_norm, residual):
    def normed(cov):
        variance = jnp.diagonal(cov, axis1=-2, axis2=-1)
        scale = 1 / jnp.sqrt(variance + EPSILON) if layer_norm else jnp.ones_like(variance)
        return scale, scale[..., :, None] * cov * scale[..., None, :]

    def layer(cov, _):
        scale, tilde = normed(cov)
        attention = w2 * jax.nn.softmax(w2 * tilde, axis=-1) * scale[..., None, :]
        mixed = attention @ cov @ jnp.swapaxes(attention, -1, -2) + b2
        cov = cov + mixed if residual else mixed
        scale, tilde = normed(cov)
        before = w2 * tilde + b2
        variance = jnp.diagonal(before, axis1=-2, axis2=-1)
        value, _ = nonlinearity(activation, before, variance[..., :, None], variance[..., None, :], symmetric=True)
        after = w2 * value + b2
        return cov + after if residual else after, (attention, scale, variance)

    cov, by_layer = lax.scan(layer, embedded @ jnp.swapaxes(embedded, -1, -2), length=depth)
    attention, scale, variance = (jnp.moveaxis(part, 0, 1) for part in by_layer)
    return attention[:, 0] @ embedded, attention, scale, variance, normed(cov)[0]
