"""The kernel of a vision transformer in JAX, a block of pairs of images at a time: four axes (n1, T, n2, T).

The evaluation behind `vit` on an accelerator, and wherever Numba is missing.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from symlib.kernels.attention.traces import Network, Traces, nonlinearity

_AT_ONCE = 2**16  # covariances of a block on a CPU
_ON_ACCELERATOR = 2**22


def block_side(n_tokens: int) -> int:
    """How many images make one side of a block, at most."""
    at_once = _AT_ONCE if jax.default_backend() == "cpu" else _ON_ACCELERATOR
    return max(1, int(at_once**0.5) // n_tokens)


def readout_means(first: Traces, second: Traces, network: Network) -> NDArray[np.float64]:
    """Means of Σ and Θ over all pairs of tokens, behind the last layer norm: (2, n1, n2)."""
    keep = 1.0 if network.residual else 0.0
    return np.array(_means(tuple(first), tuple(second), keep, network.w2, network.b2, activation=network.activation))


@partial(jax.jit, static_argnames=("activation",))
def _means(first, second, keep, w2, b2, *, activation):
    def mixed(cov, attention1, attention2):
        return jnp.einsum("mlk,nimk->niml", attention2, jnp.einsum("nij,njmk->nimk", attention1, cov))

    def hidden(cov, ntk, scale1, scale2, var1, var2):
        scale = w2 * _rows(scale1) * scale2
        before = scale * cov + b2
        value, slope = nonlinearity(activation, before, _rows(var1), var2, symmetric=False)
        value = w2 * value + b2
        return keep * cov + value, keep * ntk + w2 * slope * (scale * ntk + before) + value

    def layer(state, records):
        cov, ntk = state
        attention, others = records[:2], records[2:]
        cov_mixed, ntk_mixed = mixed(cov, *attention), mixed(ntk, *attention)
        cov, ntk = keep * cov + cov_mixed + b2, keep * ntk + ntk_mixed + 2 * cov_mixed + b2
        return hidden(cov, ntk, *others), None

    # In the first layer Θ = Σ, an inner product of tokens, and attention mixes tokens before the two images meet.
    before, once = (jnp.tensordot(a, b, (2, 2)) for a, b in zip(first[:2], second[:2]))
    records = [jnp.moveaxis(part, 1, 0) for both in zip(first[2:5], second[2:5]) for part in both]
    state = hidden(keep * before + once + b2, keep * before + 3 * once + b2, *(part[0] for part in records[2:]))
    state, _ = lax.scan(layer, state, [part[1:] for part in records])
    scale = _rows(first[5]) * second[5]
    return [(scale * part).mean(axis=(1, 3)) for part in state]


def _rows(values):
    """(n1, T) along the first two of four axes."""
    return values[:, :, None, None]
