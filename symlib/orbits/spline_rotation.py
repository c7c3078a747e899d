"""Rotation of square images about their centre by splines: scipy.ndimage.rotate(order=3, reshape=False).

Written as the linear map that it is,

    R_g = S_g (P x P),    P: cubic B-spline prefilter of an axis,  S_g: 16 spline weights a pixel.
"""

from math import gcd

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse, special

from symlib.support.kept import kept
from symlib.support.threads import in_threads

# Images a block: enough for the sparse products, few enough that a block stays in the cache.
_BLOCK = 32
# Bytes of one matrix S, of which more angles make several, and of all those kept between calls.
_SAMPLER_BYTES, _KEPT_BYTES = 2**24, 2**28
_WEIGHT_BYTES = 12  # a float64 and its int32 column


def spline_orbits(images: NDArray[np.float64], orbits: NDArray[np.float64]) -> None:
    """Spline rotation of images (C, side, side) into `orbits` (C, n, side, side), pose g at index g."""
    n, side = orbits.shape[1:3]
    # The grid maps to itself under quarter turns: only angles before the first one need weights.
    quarters = gcd(n, 4)
    n_angles = n // quarters
    at_once = max(1, _SAMPLER_BYTES // (16 * side**2 * _WEIGHT_BYTES))
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(images), _BLOCK)]
    for first in range(0, n_angles, at_once):
        angles = slice(first, min(first + at_once, n_angles))
        sampler = _sampler(n, angles.start, angles.stop, side)
        poses = orbits.reshape(len(images), quarters, n_angles, side, side)[:, :, angles]
        in_threads(lambda block: _turn_block(sampler, images[block], poses[block]), blocks)  # noqa: B023 runs at once


def _turn_block(sampler, images, poses):
    """Fill in the poses (C, quarters, angles, side, side)."""
    quarters, side = poses.shape[1], poses.shape[-1]
    turned = (sampler @ _spline_coefficients(images)).reshape(-1, side, side, len(poses))
    poses[:, 0] = turned.transpose(3, 0, 1, 2)
    for q in range(1, quarters):
        poses[:, q] = np.rot90(poses[:, 0], q * 4 // quarters, axes=(-2, -1))


def _spline_coefficients(images):
    """Spline coefficients of images (C, side, side): (side², C), as a sparse matrix multiplies without a stride."""
    for axis in (-2, -1):
        images = ndimage.spline_filter1d(images, 3, axis=axis, mode="constant")
    return np.ascontiguousarray(images.reshape(len(images), -1).T)


@kept(_KEPT_BYTES, size=lambda s: s.data.nbytes + s.indices.nbytes + s.indptr.nbytes)
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
