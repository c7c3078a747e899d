"""NNGP and NTK of infinitely wide convolutional ReLU networks, flattened or pooled: closed form, float64.

The network is (Conv, ReLU) × depth, then Flatten or global average pooling, then Dense, with circular padding and one
input channel. Covariances between pixel p of x and pixel p' of x' (Novak et al. 2019; Arora et al. 2019):

    Σ₀(p,p') = x(p) x'(p'),     Conv:  Σ(p,p') ← (w²/s²) Σ_δ Σ(p+δ, p'+δ) + b²,  Θ likewise, plus the new Σ
    ReLU as in `kernels`,       read-out:  mean over p = p' (flatten) or over all pairs (p, p') (gap), then Dense

Flattening needs p = p' only: one map of H·W covariances a pair of images. Pooling is its average over shifts,

    gap(x, x') = (1/HW) Σ_o flat(x, shift_o x'),

and for one layer it is a sum over pairs of patches, in which equal patches (a digit's background) merge.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from symlib.checks import finite_array, nonnegative, positive_int
from symlib.kernels import Kernel, float64_scope, relu_step

_AT_ONCE = 2**21  # covariances evaluated together: some 16 MB an array
_PATCHES_STEP = 512  # numbers of merged patches are rounded up to multiples, so that few sizes are compiled


def cnn_kernel(x1, x2=None, *, depth=1, filter_size=3, pooling="flatten", w_std=1.0, b_std=0.0):
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
    Kernel of two (..., n1, n2) float64 arrays. Cost of an entry in arc cosines: depth · H·W flattened; pooled
    depth · (H·W)², but for one layer only the product of the numbers of distinct patches of the two images.

    Raises
    ------
    ValueError
        For images that are not finite or do not match, an even or too large filter, an unknown pooling, or a standard
        deviation out of range.

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
    symmetric = x2 is None or x2 is x1
    x1 = finite_array(x1, "x1", min_ndim=3)
    x2 = x1 if symmetric else finite_array(x2, "x2", min_ndim=3)
    if x1.shape[-2:] != x2.shape[-2:]:
        raise ValueError(f"x1 and x2 must hold images of one size, got shapes {x1.shape} and {x2.shape}")
    if filter_size % 2 == 0 or filter_size > min(x1.shape[-2:]):
        raise ValueError(f"filter_size must be odd and fit images of {x1.shape[-2:]} pixels, got {filter_size}")

    batch = np.broadcast_shapes(x1.shape[:-3], x2.shape[:-3])
    sets1, sets2 = (np.broadcast_to(x, (*batch, *x.shape[-3:])).reshape(-1, *x.shape[-3:]) for x in (x1, x2))
    settings = {"w2": w2, "b2": b2, "filter_size": filter_size, "symmetric": symmetric}
    with float64_scope():
        if pooling == "gap" and depth == 1:
            means = [_pooled_patches(a, b, **settings) for a, b in zip(sets1, sets2)]
        else:
            means = [_averaged_maps(a, b, depth, pooling, **settings) for a, b in zip(sets1, sets2)]
    nngp, ntk = (np.reshape(part, (*batch, *part.shape[1:])) for part in map(np.array, zip(*means)))
    nngp = w2 * nngp + b2
    return Kernel(nngp, w2 * ntk + nngp)


def _in_blocks(evaluate, n1, n2, entry, symmetric):
    """(2, n1, n2) from `evaluate(rows, columns)` → two blocks, `entry` covariances an entry; a symmetric half once."""
    side = max(1, int((_AT_ONCE / entry) ** 0.5))
    out = np.empty((2, n1, n2))
    for i in range(0, n1, side):
        for j in range(i if symmetric else 0, n2, side):
            rows, columns = slice(i, i + side), slice(j, j + side)
            out[:, rows, columns] = block = np.array(evaluate(rows, columns))
            if symmetric:
                out[:, columns, rows] = block.swapaxes(-1, -2)
    return out


def _averaged_maps(x1, x2, depth, pooling, *, symmetric, **settings):
    """Means of Σ and Θ over the maps, and over shifts for "gap": (2, n1, n2)."""
    pixels = x1.shape[-1] * x1.shape[-2]
    shifts = pixels if pooling == "gap" else 1

    def evaluate(rows, columns):
        moved = _all_shifts(x2[columns]) if pooling == "gap" else x2[columns]
        means = np.array(_map_means(x1[rows], moved, depth=depth, **settings))
        return means.reshape(*means.shape[:2], -1, shifts).mean(axis=-1)

    return _in_blocks(evaluate, len(x1), len(x2), pixels * shifts, symmetric)


def _all_shifts(images):
    """Every circular shift of each image, (n·H·W, H, W), shifts of one image together."""
    _, height, width = images.shape
    shifts = [np.roll(images, (-i, -j), axis=(1, 2)) for i in range(height) for j in range(width)]
    return np.stack(shifts, axis=1).reshape(-1, height, width)


@partial(jax.jit, static_argnames=("depth", "filter_size"))
def _map_means(x1, x2, *, depth, filter_size, w2, b2):
    """Means over positions of Σ(p, p) and Θ(p, p) after the last ReLU, (n1, n2) each."""
    x1, x2 = jnp.asarray(x1), jnp.asarray(x2)
    cov, var1, var2 = x1[:, None] * x2, x1 * x1, x2 * x2
    ntk = jnp.zeros_like(cov)
    for _ in range(depth):
        cov, var1, var2 = (w2 * _filter_mean(maps, filter_size) + b2 for maps in (cov, var1, var2))
        ntk = w2 * _filter_mean(ntk, filter_size) + cov
        cov, derivative = relu_step(cov, jnp.sqrt(var1)[:, None] * jnp.sqrt(var2), symmetric=False)
        ntk, var1, var2 = ntk * derivative, var1 / 2, var2 / 2
    return cov.mean(axis=(-1, -2)), ntk.mean(axis=(-1, -2))


def _filter_mean(maps, size):
    """Circular mean over the size × size neighbourhood of every position of the last two axes."""
    reach = range(-(size // 2), size // 2 + 1)
    for axis in (-1, -2):
        maps = sum(jnp.roll(maps, shift, axis=axis) for shift in reach) / size
    return maps


def _pooled_patches(x1, x2, *, w2, b2, filter_size, symmetric):
    """Means of Σ and Θ over all pairs of positions for one layer, (2, n1, n2), equal patches merged."""
    merged1 = [_distinct_patches(image, filter_size) for image in x1]
    merged2 = merged1 if symmetric else [_distinct_patches(image, filter_size) for image in x2]

    def evaluate(rows, columns):
        return _patch_means(*_laid_out(merged1[rows]), *_laid_out(merged2[columns]), w2, b2)

    most = max(len(counts) for _, counts in merged1 + merged2)
    return _in_blocks(evaluate, len(x1), len(x2), most**2, symmetric)


def _distinct_patches(image, size):
    """The distinct size × size patches of an image, (m, size²), and the fraction of positions of each, (m,)."""
    reach = range(-(size // 2), size // 2 + 1)
    patches = np.stack([np.roll(image, (-i, -j), axis=(0, 1)).ravel() for i in reach for j in reach], axis=-1)
    distinct, counts = np.unique(patches, axis=0, return_counts=True)
    return distinct, counts / image.size


def _laid_out(merged):
    """The patches of several images one after another, padded, (M, size²), and their weights by image, (n, M)."""
    total = sum(len(counts) for _, counts in merged)
    patches = np.zeros((-(-total // _PATCHES_STEP) * _PATCHES_STEP, merged[0][0].shape[1]))
    weights = np.zeros((len(merged), len(patches)))
    start = 0
    for image, (distinct, counts) in enumerate(merged):
        stop = start + len(counts)
        patches[start:stop], weights[image, start:stop] = distinct, counts
        start = stop
    return patches, weights


@jax.jit
def _patch_means(patches1, weights1, patches2, weights2, w2, b2):
    area = patches1.shape[1]
    cov = w2 / area * (patches1 @ patches2.T) + b2
    var1, var2 = (w2 / area * jnp.sum(patches**2, axis=1) + b2 for patches in (patches1, patches2))
    nngp, derivative = relu_step(cov, jnp.sqrt(var1)[:, None] * jnp.sqrt(var2), symmetric=False)
    return weights1 @ nngp @ weights2.T, weights1 @ (cov * derivative) @ weights2.T
