"""Convolutional kernels in JAX: the evaluation behind `cnn` on an accelerator, and wherever Numba is missing.

Both functions work through blocks of pairs of images, so that a bounded number of covariances is alive at once.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from symlib.kernels.arc_cosine import relu_step
from symlib.kernels.convolution.patches import unit_patches

_AT_ONCE = 2**20  # covariances evaluated together: 8 MB an array
_UNROLLED = 3  # layers compiled one by one; more are a loop, so that a thousand are compiled as fast
_PATCHES_STEP = 512  # numbers of merged patches are rounded up to multiples, so that few sizes are compiled


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


def map_means(x1, x2, *, pooled, symmetric, **settings):
    """Means of Σ and Θ after the last ReLU over positions, or with `pooled` over pairs of positions: (2, n1, n2)."""
    pixels = x1.shape[-1] * x1.shape[-2]
    shifts = pixels if pooled else 1

    def evaluate(rows, columns):
        moved = _all_shifts(x2[columns]) if pooled else x2[columns]
        means = np.array(_map_means(x1[rows], moved, **settings))
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
    scales = {"filter_size": filter_size, "w2": w2, "b2": b2}
    std1, std2 = (deviations(x, depth=depth, **scales) for x in (x1, x2))
    cov = jnp.asarray(x1)[:, None] * jnp.asarray(x2)

    def layer(maps, stds):
        cov, ntk = maps
        cov = w2 * _filter_mean(cov, filter_size) + b2
        ntk = w2 * _filter_mean(ntk, filter_size) + cov
        cov, derivative = relu_step(cov, stds[0][:, None] * stds[1], symmetric=False)
        return (cov, ntk * derivative), None

    stds = tuple(jnp.moveaxis(std, 1, 0) for std in (std1, std2))
    (cov, ntk), _ = lax.scan(layer, (cov, jnp.zeros_like(cov)), stds, unroll=min(depth, _UNROLLED))
    return cov.mean(axis=(-1, -2)), ntk.mean(axis=(-1, -2))


@partial(jax.jit, static_argnames=("depth", "filter_size"))
def deviations(x, *, depth, filter_size, w2, b2):
    """Standard deviations √Σ(p, p) of one image with itself before the ReLU of every layer, (n, depth, H, W)."""

    def layer(after, _):
        variance = w2 * _filter_mean(after, filter_size) + b2
        return variance / 2, variance  # θ = 0

    _, variances = lax.scan(layer, jnp.square(x), length=depth, unroll=min(depth, _UNROLLED))
    return jnp.sqrt(jnp.moveaxis(variances, 0, 1))


def _filter_mean(maps, size):
    """Circular mean over the size × size neighbourhood of every position of the last two axes."""
    reach = range(-(size // 2), size // 2 + 1)
    for axis in (-1, -2):
        maps = sum(jnp.roll(maps, shift, axis=axis) for shift in reach) / size
    return maps


def pooled_patch_means(x1, x2, *, w2, b2, filter_size, symmetric):
    """Means of Σ and Θ over all pairs of positions after one layer, (2, n1, n2), equal patches merged."""
    units1 = [unit_patches(image, filter_size, w2, b2) for image in x1]
    units2 = units1 if symmetric else [unit_patches(image, filter_size, w2, b2) for image in x2]

    def evaluate(rows, columns):
        return _patch_means(*_laid_out(units1[rows]), *_laid_out(units2[columns]))

    most = max(len(weights) for _, weights in units1 + units2)
    return _in_blocks(evaluate, len(x1), len(x2), most**2, symmetric)


def _laid_out(units):
    """The unit patches of several images one after another, padded, (M, area), and their weights by image, (n, M)."""
    total = sum(len(weights) for _, weights in units)
    patches = np.zeros((-(-total // _PATCHES_STEP) * _PATCHES_STEP, units[0][0].shape[1]))
    weights = np.zeros((len(units), len(patches)))
    start = 0
    for image, (distinct, weight) in enumerate(units):
        stop = start + len(weight)
        patches[start:stop], weights[image, start:stop] = distinct, weight
        start = stop
    return patches, weights


@jax.jit
def _patch_means(patches1, weights1, patches2, weights2):
    cos = patches1 @ patches2.T
    nngp, derivative = relu_step(cos, jnp.ones_like(cos), symmetric=False)
    return weights1 @ nngp @ weights2.T, weights1 @ (cos * derivative) @ weights2.T
