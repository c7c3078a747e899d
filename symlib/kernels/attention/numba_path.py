"""The kernel of a vision transformer, compiled by Numba where it is installed (an optional dependency).

The formulas are those of `jax_path`. A block of pairs of images is a matrix, with a row for each token of the images of
one side and a column for each of the other. Attention multiplies it by small matrices from both sides, which BLAS does;
a hidden layer is one pass over it: a division, a square root and a polynomial an entry, in vector registers.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from symlib.kernels.attention.traces import Network, Traces
from symlib.kernels.compiled import OPTIONS, compiled_angle, numba

_AT_ONCE = 2**16  # covariances of a block: the arrays that a layer works on stay in the second-level cache

# Of the polynomial for the angle, to rounding: where two tokens are one, attention mixes the errors of all others into
# their covariance, and the ReLU's angle goes with the square root of the error.
_DEGREE = 18


def block_side(n_tokens: int) -> int:
    """How many images make one side of a block, at most."""
    return max(1, int(_AT_ONCE**0.5) // n_tokens)


def readout_means(first: Traces, second: Traces, network: Network) -> NDArray[np.float64]:
    """Means of Σ and Θ over all pairs of tokens, behind the last layer norm: (2, n1, n2)."""
    (n1, t), n2 = first.readout.shape, len(second.readout)
    hidden = _compiled_hidden(network.activation)
    keep = 1.0 if network.residual else 0.0

    # In the first layer Θ = Σ, an inner product of tokens, and attention mixes tokens before the two images meet.
    state, mixed = (
        np.repeat((_flat(a) @ _flat(b).T)[None], 2, axis=0)
        for a, b in ((first.embedded, second.embedded), (first.attended, second.attended))
    )
    left = np.empty((2, n1, t, n2 * t))
    for layer in range(network.depth):
        if layer:
            np.matmul(first.attention[:, layer], state.reshape(left.shape), out=left)
            # Views (2, n2, n1·T, T): by image of the second side.
            source, target = (a.reshape(2, n1 * t, n2, t).swapaxes(1, 2) for a in (left, mixed))
            np.matmul(source, second.attention[:, layer].swapaxes(-1, -2), out=target)
        scale1, var1, scale2, var2 = (
            np.ravel(part[:, layer]) for side in (first, second) for part in (side.scale, side.variance)
        )
        hidden(state, mixed, scale1, var1, scale2, var2, keep, network.w2, network.b2)
    by_row = np.matmul(first.readout[:, None], state.reshape(left.shape)).reshape(2, n1, n2, t)
    return np.einsum("anmt,mt->anm", by_row, second.readout) / t**2


def _flat(tokens):
    return tokens.reshape(-1, tokens.shape[-1])


@lru_cache
def _compiled_hidden(activation):
    angle = compiled_angle(_DEGREE)

    @numba.njit(inline="always", **OPTIONS)
    def gelu(cov, var1, var2):
        """As `gelu_step`."""
        inverse1, inverse2 = 1.0 / (1.0 + var1), 1.0 / (1.0 + var2)
        scale = math.sqrt(inverse1 * inverse2)
        r = cov * scale
        _, supplement = angle(r)
        arcsine = supplement - 0.5 * math.pi
        square = max((1.0 - r) * (1.0 + r), inverse1 + inverse2 - inverse1 * inverse2)
        root = 1.0 / math.sqrt(square)
        both = var1 * var2 * scale
        value = 0.25 * cov + (cov * arcsine + (r * r * scale + both * square) * root) / (2.0 * math.pi)
        bracket = scale * scale * (1.0 + root * root) - both * scale + 1.0
        return value, 0.25 + (arcsine + r * root * bracket) / (2.0 * math.pi)

    @numba.njit(inline="always", **OPTIONS)
    def relu(cov, var1, var2):
        """As `relu_step`."""
        norm = math.sqrt(var1) * math.sqrt(var2)
        cos = cov / norm if norm > 0.0 else 0.0
        sine, supplement = angle(cos)
        return norm * (sine + cos * supplement) / (2.0 * math.pi), supplement / (2.0 * math.pi)

    nonlinearity = gelu if activation == "gelu" else relu

    @numba.njit(**OPTIONS)
    def hidden(state, mixed, scale1, var1, scale2, var2, keep, w2, b2):
        """From Σ and Θ before attention and behind it to Σ and Θ behind the hidden layer, in the place of `state`."""
        for i in range(len(scale1)):
            cov, ntk, cov_mixed, ntk_mixed = state[0, i], state[1, i], mixed[0, i], mixed[1, i]
            row_scale, row_var = w2 * scale1[i], var1[i]
            for k in range(len(scale2)):
                sigma = keep * cov[k] + cov_mixed[k] + b2
                theta = keep * ntk[k] + ntk_mixed[k] + 2.0 * cov_mixed[k] + b2
                scale = row_scale * scale2[k]
                before = scale * sigma + b2
                value, slope = nonlinearity(before, row_var, var2[k])
                value = w2 * value + b2
                cov[k] = keep * sigma + value
                ntk[k] = keep * theta + w2 * slope * (scale * theta + before) + value

    return hidden
