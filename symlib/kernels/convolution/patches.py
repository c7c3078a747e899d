"""The distinct patches of an image: equal ones, such as a digit's background, are kept once, with their number."""

from functools import lru_cache

import numpy as np


def distinct_patches(image, size):
    """Distinct circular patches (m, size²) of an image (H, W), and the fraction of positions of each (m,)."""
    patches = image.ravel()[_pixels_of_patches(image.shape, size)]
    # One number a patch sorts faster than patches do. It is summed column by column, so equal patches agree to the bit.
    key = sum(column * weight for column, weight in zip(patches.T, np.sqrt(np.arange(2.0, 2.0 + size**2))))
    _, first, inverse, counts = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    distinct = patches[first]
    if not np.array_equal(distinct[inverse], patches):  # two patches share a number
        distinct, counts = np.unique(patches, axis=0, return_counts=True)
    return distinct, counts / image.size


@lru_cache
def _pixels_of_patches(shape, size):
    """Indices into the raveled image of the pixels of the patch around each position, (H·W, size²)."""
    index = np.arange(shape[0] * shape[1]).reshape(shape)
    reach = range(-(size // 2), size // 2 + 1)
    return np.stack([np.roll(index, (-i, -j), axis=(0, 1)).ravel() for i in reach for j in reach], axis=-1)


def unit_patches(image, size, w2, b2):
    """Distinct patches as unit vectors of their covariance w²/s² u·v + b²: (m, size² or + 1), and weights (m,).

    A weight is the fraction of positions times the norm, so that Σ over pairs of weights · q(cos θ) is a mean over
    positions of n · q(cos θ). A bias is one more coordinate. A vanishing patch gets weight 0.
    """
    patches, fractions = distinct_patches(image, size)
    vectors = np.sqrt(w2) / size * patches
    if b2:
        vectors = np.column_stack([vectors, np.full(len(vectors), np.sqrt(b2))])
    norms = np.linalg.norm(vectors, axis=1)
    return vectors / np.where(norms > 0, norms, 1.0)[:, None], fractions * norms
