"""NNGP and NTK of infinitely wide vision transformers: closed form, float64 (theory: book chapter 15).

The network is pre-norm like `models.ViT`, with an attention that has a limit in closed form (Hron et al. 2020): queries
and keys share their weights, and their products are divided by the width d, not by √d. With T tokens an image, i and j
tokens, a tilde behind a layer norm, S the covariance of an image with itself, and φ, φ̇ the activation's two
expectations (`gelu`, `arc_cosine`):

    embedding    Σ_ij = w²/p² ⟨x_i, x'_j⟩ + b² + ρ² R_ij,   Θ = Σ;   R_ij = δ_ij or exp(−|i−j|²/2ℓ²)
    layer norm   Σ̃_ij = Σ_ij/√((S_x,ii + ϵ)(S_x',jj + ϵ)),   Θ̃ likewise,   ϵ = 10⁻¹²
    attention    G_x = softmax_j(w² S̃_x,ij):   Σᴬ = w⁴ G_x Σ̃ G_x'ᵀ + b²,   Θᴬ = w⁴ G_x (Θ̃ + 2 Σ̃) G_x'ᵀ + b²
    hidden layer Σ₁ = w² Σ̃ + b²:   Σᴹ = w² φ(Σ₁) + b²,   Θᴹ = w² φ̇(Σ₁) (w² Θ̃ + Σ₁) + Σᴹ
    residuals    Σ ← Σ + Σᴬ, then Σ ← Σ + Σᴹ,   Θ likewise
    read-out     layer norm, mean over all (i, j), Dense
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.kernels.attention import jax_path, numba_path
from symlib.kernels.attention.tokens import position_root, tokens
from symlib.kernels.attention.traces import Network, trace
from symlib.kernels.compiled import available
from symlib.kernels.kernel import Kernel, float64_scope, image_sets
from symlib.support.checks import nonnegative, positive, positive_int
from symlib.support.memory import MEMORY_LIMIT, refuse_beyond_memory
from symlib.support.threads import in_threads

_TRACED = 2**25  # numbers that the traces of the sets of a batch hold at a time: 256 MB


def vit_kernel(
    x1: ArrayLike,
    x2: ArrayLike | None = None,
    *,
    patch: int,
    depth: int = 2,
    w_std: float = 1.0,
    b_std: float = 0.0,
    position_std: float = 0.0,
    position_length: float | None = None,
    activation: Literal["gelu", "relu"] = "gelu",
    layer_norm: bool = True,
    residual: bool = True,
) -> Kernel:
    """NNGP and NTK of a vision transformer with `depth` blocks and a scalar output.

    The network cuts an image into patches and embeds each (Dense, plus a position); then comes `depth` times attention,
    Dense, activation, Dense, each of the two parts behind a layer norm and with a residual; then a layer norm, the mean
    over the tokens and Dense. Queries and keys are tied, and their products divided by the width.

    Parameters
    ----------
    x1 : (..., n1, H, W) array of images; leading axes are a batch
    x2 : (..., n2, H, W) array, optional, `x1` if left out
    patch : int, side of a patch in pixels; divides H and W
    depth : int, blocks, at least 1
    w_std, b_std : float, at least 0, of all weights and biases
    position_std : float, at least 0; with 0 the network does not know where a patch was
    position_length : float, optional, in patches
        Positions are correlated over this distance, exp(−|i−j|²/2ℓ²); if left out, each has a vector of its own.
    activation : {"gelu", "relu"}
    layer_norm, residual : bool; without them the network has none

    Returns
    -------
    Kernel of two (..., n1, n2) float64 arrays; where `x2` is left out, half of it is computed. With T patches an image
    an entry takes (depth − 1)·4T³ multiplications in attention and depth·T² evaluations of the activation's formula;
    with Numba installed, for 28 × 28 pixels and depth 2, 1, 6 and 65 µs at patch 14, 7 and 4 on one core. Blocks
    of images are shared out among the cores.

    Raises
    ------
    ValueError
        For images that are not finite or do not match, a patch that does not divide their sides, an unknown activation,
        or a depth, length or standard deviation out of range.
    TypeError
        For masked or sparse images.
    MemoryError
        If the result would exceed 8 GiB.
    RuntimeError
        In a process that was forked after JAX had computed (`kernels.float64_scope`).

    Source: Hron, Bahri, Sohl-Dickstein and Novak 2020, Infinite attention: NNGP and NTK for deep attention networks.

    Examples
    --------
    >>> images = np.arange(32.0).reshape(2, 4, 4)
    >>> vit_kernel(images, patch=2).ntk.shape, vit_kernel(images[:1], images, patch=4, position_std=1.0).nngp.shape
    ((2, 2), (1, 2))
    """
    x1, x2, symmetric = image_sets(x1, x2)
    patch, depth = positive_int(patch, "patch"), positive_int(depth, "depth")
    height, width = x1.shape[-2:]
    if height % patch or width % patch:
        fits = [str(p) for p in range(1, min(height, width) + 1) if not (height % p or width % p)]
        raise ValueError(
            f"patch must divide both sides of images of {height} × {width} pixels, got {patch}; "
            f"{', '.join(fits)} fit{'s' if len(fits) == 1 else ''}"
        )
    w2, b2 = nonnegative(w_std, "w_std") ** 2, nonnegative(b_std, "b_std") ** 2
    position_std = nonnegative(position_std, "position_std")
    length = None if position_length is None else positive(position_length, "position_length")
    if activation not in ("gelu", "relu"):
        raise ValueError(f'activation must be "gelu" or "relu", got {activation!r}')
    network = Network(depth, w2, b2, activation, bool(layer_norm), bool(residual))
    root = position_root(height // patch, width // patch, position_std, length)

    batch = np.broadcast_shapes(x1.shape[:-3], x2.shape[:-3])
    n_sets, n1, n2 = int(np.prod(batch, dtype=int)), x1.shape[-3], x2.shape[-3]
    n_tokens = height * width // patch**2
    traced = (n1 if symmetric else n1 + n2) * depth * n_tokens * (n_tokens + 2)
    need = 2 * n_sets * n1 * n2 + max(traced, min(_TRACED, n_sets * traced))
    refuse_beyond_memory(need, MEMORY_LIMIT, "vit_kernel", "use symlib.gram_matrix, block by block")
    sets1, sets2 = (np.broadcast_to(x, (*batch, *x.shape[-3:])).reshape(-1, *x.shape[-3:]) for x in (x1, x2))

    def traces(sets):
        return trace(tokens(sets.reshape(-1, height, width), patch, w2, b2, root), network)

    out = np.empty((2, n_sets, n1, n2))
    at_once = max(1, _TRACED // max(1, traced))
    with float64_scope():
        for start in range(0, n_sets, at_once):
            some = slice(start, start + at_once)
            first = traces(sets1[some])
            second = first if symmetric else traces(sets2[some])
            _fill(out[:, some], first, second, network, symmetric)
    nngp, ntk = out.reshape(2, *batch, n1, n2)
    nngp = w2 * nngp + b2
    return Kernel(nngp, w2 * ntk + nngp)


def _fill(out: NDArray, first, second, network: Network, symmetric: bool) -> None:
    """Means at the read-out into `out` (2, sets, n1, n2), block by block, a symmetric half once."""
    path = numba_path if available() else jax_path
    _, n_sets, n1, n2 = out.shape
    side = path.block_side(first.readout.shape[1])
    rows = _pieces(n1, side)
    columns = rows if symmetric else _pieces(n2, side)
    work = [(s, a, b) for s in range(n_sets) for a in rows for b in columns if not symmetric or a[0] <= b[0]]

    def fill(block):
        s, a, b = block
        with float64_scope():
            values = path.readout_means(first.of(s * n1 + a), second.of(s * n2 + b), network)
        transposed = values.swapaxes(-1, -2)
        if symmetric:
            values = (values + transposed) / 2 if a is b else values
            out[:, s, b[:, None], a] = transposed
        out[:, s, a[:, None], b] = values

    in_threads(fill, work)


def _pieces(n, side):
    """0 … n−1 in pieces of one length, as short as few pieces allow; the last names its last index again to fill up."""
    if not n:
        return []
    length = -(-n // -(-n // side))
    return [np.minimum(np.arange(start, start + length), n - 1) for start in range(0, n, length)]
