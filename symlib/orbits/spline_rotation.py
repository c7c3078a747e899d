"""Rotation of square images about their centre by splines: scipy.ndimage.rotate(order=3, reshape=False).

Written as the linear map that it is,

    R_g = S_g (P x P),    P: cubic B-spline prefilter of an axis,  S_g: 16 spline weights a pixel.
"""

from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse, special

from symlib.support.threads import in_threads

# Images a block: enough for the sparse products, few enough that a block stays in the cache.
_BLOCK = 32
# Bytes of one matrix S at most; more angles make several of them. So the cache below holds at most half a GiB.
_SAMPLER_BYTES = 2**24
_WEIGHT_BYTES = 12  # a float64 and its int32 column


def spline_orbits(images: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Spline rotation of float64 images (C, side, side): (C, n, side, side), pose g at index g."""
    count, side, _ = images.shape
    # The grid maps to itself under quarter turns: only angles before the first one need weights.
    quarters = gcd(n, 4)
    n_angles = n // quarters
    orbits = np.empty((count, quarters, n_angles, side, side))
    at_once = max(1, _SAMPLER_BYTES // (16 * side**2 * _WEIGHT_BYTES))

    def turn(start):
        coefficients = images[start : start + _BLOCK]
        for axis in (-2, -1):
            coefficients = ndimage.spline_filter1d(coefficients, 3, axis=axis, mode="constant")
        # Images last: (pixels, images) is what a sparse matrix multiplies without a stride.
        columns = np.ascontiguousarray(coefficients.reshape(-1, side**2).T)
        for first in range(0, n_angles, at_once):
            last = min(first + at_once, n_angles)
            turned = (_sampler(n, first, last, side) @ columns).reshape(last - first, side, side, -1)
            for q in range(quarters):
                further = np.rot90(turned, q * 4 // quarters, axes=(1, 2))
                orbits[start : start + _BLOCK, q, first:last] = further.transpose(3, 0, 1, 2)

    in_threads(turn, range(0, count, _BLOCK))
    return orbits.reshape(count, n, side, side)


@lru_cache(maxsize=32)
def _sampler(n, first, last, side):
    """Spline coefficients to pixels, the angles 360·g/n for first ≤ g < last: sparse ((last − first)·side², side²)."""
    angles = 360 * np.arange(first, last) / n
    c, s = special.cosdg(angles)[:, None], special.sindg(angles)[:, None]
    center = (side - 1) / 2
    row, column = np.indices((side, side)).reshape(2, 1, -1)
    # scipy's own order of operations: a pixel on the border must fall on the same side of it.
    y = (center - (c * center + s * center)) + c * row + s * column
    x = (center - (-s * center + c * center)) - s * row + c * column
    inside = (y >= 0) & (y <= side - 1) & (x >= 0) & (x <= side - 1)
    y, x = np.where(inside, y, 0), np.where(inside, x, 0)
    index_y, weight_y = _cubic_weights(y, side)
    index_x, weight_x = _cubic_weights(x, side)
    weights = weight_y[..., :, None] * weight_x[..., None, :] * inside[..., None, None]
    indices = (index_y[..., :, None] * side + index_x[..., None, :]).astype(np.int32)
    row_starts = np.arange(0, weights.size + 1, 16, dtype=np.int32)
    rows = (weights.ravel(), indices.ravel(), row_starts)
    return sparse.csr_matrix(rows, shape=(inside.size, side**2))


def _cubic_weights(coordinate, side):
    """The 4 neighbours of each coordinate and their cubic B-spline weights, on a new last axis.

    Coefficients continue beyond the border by mirroring about the border pixels (Thévenaz, Blu and
    Unser, Interpolation revisited, IEEE Trans. Med. Imaging 19, 2000).
    """
    low = np.floor(coordinate)
    t = coordinate - low
    u = 1 - t
    first = u**3 / 6
    second, third = (t * t * (t - 2) * 3 + 4) / 6, (u * u * (u - 2) * 3 + 4) / 6
    weights = np.stack([first, second, third, 1 - first - second - third], axis=-1)
    index = np.abs(low[..., None].astype(np.intp) + np.arange(-1, 3))
    period = max(2 * (side - 1), 1)  # an image of one pixel repeats it
    return np.minimum(index % period, -index % period), weights
