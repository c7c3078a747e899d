"""NNGP and NTK of infinitely wide convolutional ReLU networks, flattened or pooled: closed form, float64.

The network is (Conv, ReLU) × depth, then Flatten or global average pooling, then Dense, with circular padding and one
input channel. Covariances between pixel p of x and pixel p' of x' (Novak et al. 2019; Arora et al. 2019):

    Σ₀(p,p') = x(p) x'(p'),     Conv:  Σ(p,p') ← (w²/s²) Σ_δ Σ(p+δ, p'+δ) + b²,  Θ likewise, plus the new Σ
    ReLU as in `kernels`,       read-out:  mean over p = p' (flatten) or over all pairs (p, p') (gap), then Dense

Flattening needs p = p' only: one map of H·W covariances a pair of images. Pooling is its average over shifts,

    gap(x, x') = (1/HW) Σ_o flat(x, shift_o x'),

and for one layer it is a sum over pairs of patches, in which equal patches (a digit's background) merge.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from symlib.kernels.compiled import available
from symlib.kernels.convolution import jax_path, numba_path
from symlib.kernels.kernel import Kernel, float64_scope, image_sets
from symlib.support.checks import nonnegative, positive_int
from symlib.support.memory import MEMORY_LIMIT, refuse_beyond_memory


def cnn_kernel(
    x1: ArrayLike,
    x2: ArrayLike | None = None,
    *,
    depth: int = 1,
    filter_size: int = 3,
    pooling: Literal["flatten", "gap"] = "flatten",
    w_std: float = 1.0,
    b_std: float = 0.0,
) -> Kernel:
    """NNGP and NTK of a convolutional ReLU network with `depth` convolutional layers and a scalar output.

    Parameters
    ----------
    x1 : (..., n1, H, W) array of images; leading axes are a batch
    x2 : (..., n2, H, W) array, optional, `x1` if left out
    depth : int, convolutional layers, at least 1
    filter_size : int, odd, at most H and W: height and width of every filter, in pixels
    pooling : {"flatten", "gap"}
        How the last layer reads the maps: each position with weights of its own, or their global average.
    w_std, b_std : float, at least 0

    Returns
    -------
    Kernel of two (..., n1, n2) float64 arrays; where `x2` is left out, half of it is computed. An entry takes
    depth · H·W evaluations of the arc-cosine formula flattened and depth · (H·W)² pooled, but for one layer only the
    product of the numbers of distinct patches of the two images. With Numba installed an evaluation takes 2 to 6 ns on
    one CPU core: for 28 × 28 digits 5 µs an entry flattened, 0.1 ms pooled (1 ms if they were rotated by interpolation,
    which leaves no two patches equal), 6 ms pooled after two layers. Without it, 3 to 13 times as much.

    Raises
    ------
    ValueError
        For images that are not finite or do not match, an even or too large filter, an unknown pooling, or a standard
        deviation out of range.
    TypeError
        For masked or sparse images.
    MemoryError
        If the result would exceed 8 GiB.
    RuntimeError
        In a process that was forked after JAX had computed (`kernels.float64_scope`).

    Examples
    --------
    >>> images = np.arange(32.0).reshape(2, 4, 4)
    >>> cnn_kernel(images).ntk.shape, cnn_kernel(images[:1], images, pooling="gap").nngp.shape
    ((2, 2), (1, 2))
    """
    depth, filter_size = positive_int(depth, "depth"), positive_int(filter_size, "filter_size")
    w2, b2 = nonnegative(w_std, "w_std") ** 2, nonnegative(b_std, "b_std") ** 2
    if pooling not in ("flatten", "gap"):
        raise ValueError(f'pooling must be "flatten" or "gap", got {pooling!r}')
    x1, x2, symmetric = image_sets(x1, x2)
    if filter_size % 2 == 0 or filter_size > min(x1.shape[-2:]):
        raise ValueError(f"filter_size must be odd and fit images of {x1.shape[-2:]} pixels, got {filter_size}")

    batch = np.broadcast_shapes(x1.shape[:-3], x2.shape[:-3])
    entries = int(np.prod(batch, dtype=int)) * x1.shape[-3] * x2.shape[-3]
    # The sets of a batch are laid out one after the other.
    layouts = (x1.shape[-3] + x2.shape[-3]) * x1.shape[-1] * x1.shape[-2] * (filter_size**2 + 2 * depth)
    refuse_beyond_memory(4 * entries + layouts, MEMORY_LIMIT, "cnn_kernel", "use symlib.gram.gram, block by block")
    sets1, sets2 = (np.broadcast_to(x, (*batch, *x.shape[-3:])).reshape(-1, *x.shape[-3:]) for x in (x1, x2))
    settings = {"w2": w2, "b2": b2, "filter_size": filter_size, "symmetric": symmetric}
    module = numba_path if available() else jax_path
    with float64_scope():
        if pooling == "gap" and depth == 1:
            means = [module.pooled_patch_means(a, b, **settings) for a, b in zip(sets1, sets2)]
        else:
            settings |= {"depth": depth, "pooled": pooling == "gap"}
            means = [module.map_means(a, b, **settings) for a, b in zip(sets1, sets2)]
    nngp, ntk = (np.reshape(part, (*batch, *part.shape[1:])) for part in map(np.array, zip(*means)))
    nngp = w2 * nngp + b2
    return Kernel(nngp, w2 * ntk + nngp)
