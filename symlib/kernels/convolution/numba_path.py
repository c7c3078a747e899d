"""Convolutional kernels compiled for a CPU's vector registers, by Numba where it is installed (an optional dependency).

The formulas are those of `cnn`, pair of images by pair of images, so that all maps of a pair stay in the
first-level cache. Per pair of positions the work is one inner product or filter mean, two square roots and a
polynomial of degree 12 for the angle (relative error 1e-12).
"""

import math
from functools import lru_cache

import numpy as np

from symlib.kernels.compiled import OPTIONS, compiled_angle, numba
from symlib.kernels.convolution.jax_path import deviations
from symlib.kernels.convolution.patches import unit_patches
from symlib.support.threads import in_threads

_DEGREE = 12  # of the polynomial for the angle: relative error 1e-12
_LANES = 16  # numbers that a loop takes at a time: 4 a register, unrolled 4 times
_AT_ONCE = 2**23  # numbers held at once where an image is laid out in every shift: 64 MB
_PIECE = 10  # numbers of a patch that an inner loop multiplies at most: a 3 × 3 patch and its bias


def pooled_patch_means(x1, x2, *, w2, b2, filter_size, symmetric):
    """Means of Σ and Θ over all pairs of positions after one layer, (2, n1, n2), equal patches merged."""
    laid1 = _laid_out(x1, filter_size, w2, b2)
    laid2 = laid1 if symmetric else _laid_out(x2, filter_size, w2, b2)
    patch_row = _compiled_patch_row(laid1[0].shape[1])
    out = np.empty((2, len(x1), len(x2)))
    _rows(patch_row, _first_columns(len(x1), 0, symmetric), *laid1, *laid2, out)
    return _mirrored(out) if symmetric else out


def map_means(x1, x2, *, depth, w2, b2, filter_size, symmetric, pooled):
    """Means of Σ and Θ after the last ReLU over positions, or with `pooled` over pairs of positions: (2, n1, n2)."""
    scales = {"depth": depth, "filter_size": filter_size, "w2": w2, "b2": b2}
    height, width = x1.shape[-2:]
    shifts = [(-p, -q) for p in range(height) for q in range(width)] if pooled else [(0, 0)]

    def prepared(x, shifts):
        maps = np.concatenate([x[:, None], deviations(x, **scales)], axis=1)  # (n, 1 + depth, H, W)
        moved = np.stack([np.roll(maps, shift, axis=(-2, -1)) for shift in shifts], axis=1)
        x, std = np.split(_with_margins(moved.reshape(-1, *maps.shape[1:]), filter_size // 2), [1], axis=1)
        return x[:, 0], std, np.divide(1.0, std, out=np.zeros_like(std), where=std > 0)

    first = prepared(x1, [(0, 0)])
    map_row = _compiled_map_row(filter_size)
    inside = _with_margins(np.full((height, width), 1 / (height * width)), filter_size // 2)
    sizes = (inside, height, width + filter_size - 1, len(shifts), w2, b2)
    out = np.empty((2, len(x1), len(x2)))
    # The shifts of a few images at a time: their maps would fill the memory otherwise.
    at_once = max(1, _AT_ONCE // (len(shifts) * inside.size * (1 + 2 * depth)))
    for start in range(0, len(x2), at_once):
        part = prepared(x2[start : start + at_once], shifts)
        block = np.empty((2, len(x1), len(part[0]) // len(shifts)))
        _rows(map_row, _first_columns(len(x1), start, symmetric), *first, *part, *sizes, block)
        out[:, :, start : start + at_once] = block
    return _mirrored(out) if symmetric else out


def _with_margins(maps, reach):
    """Maps (..., H, W) with room for `reach` pixels on every side, rows one after another, and some slack at the end.

    A filter then is a sum over constant offsets in one long row, which vector registers take without remainders.
    """
    padded = np.pad(maps, [(0, 0)] * (maps.ndim - 2) + [(reach, reach)] * 2)
    flat = padded.reshape(*maps.shape[:-2], -1)
    return np.pad(flat, [(0, 0)] * (flat.ndim - 1) + [(0, 2 * _LANES)])


def _first_columns(n, start, symmetric):
    """The column at which each of n rows begins in a block that starts at column `start` of the Gram matrix."""
    return [max(i - start, 0) if symmetric else 0 for i in range(n)]


def _rows(row, begins, *arguments):
    """Run `row(i, begin, ...)`, pairs (i, j ≥ begin), for all i on all cores: compiled code holds no lock."""
    in_threads(lambda i: row(i, begins[i], *arguments), range(len(begins)))


def _mirrored(out):
    """The upper triangle copied below the diagonal, for both kernels."""
    upper = np.triu(out)
    return upper + np.triu(out, 1).swapaxes(-1, -2)


def _laid_out(images, size, w2, b2):
    """Unit patches of each image (n, area, M), their weights (n, M), and their number (n,)."""
    parts = [unit_patches(image, size, w2, b2) for image in images]
    area = parts[0][0].shape[1]
    # Whole pieces and whole vector registers: zeros fill up each patch, and patches of weight 0 each image.
    area = _whole(area, min(area, _PIECE))
    counts = np.array([len(weights) for _, weights in parts])
    longest = _whole(counts.max(), _LANES)
    units, weights = np.zeros((len(parts), area, longest)), np.zeros((len(parts), longest))
    for image, (unit, weight) in enumerate(parts):
        units[image, : unit.shape[1], : len(weight)], weights[image, : len(weight)] = unit.T, weight
    return units, weights, counts


def _whole(number, step):
    """`number` rounded up to a multiple of `step`."""
    return -(-number // step) * step


# Numba lets an index be negative, which keeps a loop out of vector registers unless it runs from 0: hence the windows.


@lru_cache
def _compiled_patch_row(area):
    angle = compiled_angle(_DEGREE)

    # Constants of the compiled code, so that inner products are unrolled: in one piece where `area` is small, else in
    # pieces that leave the patches in registers.
    piece = min(area, _PIECE)
    last = area - piece

    @numba.njit(**OPTIONS)
    def patch_row(i, begin, units1, weights1, counts1, units2, weights2, counts2, out):
        partial = np.empty(units2.shape[2] if last > 0 else 0)
        for j in range(begin, out.shape[2]):
            u, v, weights = units1[i], units2[j], weights2[j]
            whole = -(-counts2[j] // _LANES) * _LANES
            sines = slopes = 0.0
            for p in range(counts1[i]):
                for start in range(0, last, piece):
                    for q in range(whole):
                        cos = partial[q] if start > 0 else 0.0
                        for d in range(piece):
                            cos += u[start + d, p] * v[start + d, q]
                        partial[q] = cos
                row_sines = row_slopes = 0.0
                for q in range(whole):
                    cos = partial[q] if last > 0 else 0.0
                    for d in range(piece):
                        cos += u[last + d, p] * v[last + d, q]
                    sine, supplement = angle(cos)
                    row_sines += weights[q] * sine
                    row_slopes += weights[q] * cos * supplement
                sines += weights1[i, p] * row_sines
                slopes += weights1[i, p] * row_slopes
            out[0, i, j] = (sines + slopes) / (2.0 * math.pi)
            out[1, i, j] = slopes / (2.0 * math.pi)

    return patch_row


@lru_cache
def _compiled_map_row(size):
    angle = compiled_angle(_DEGREE)
    reach = size // 2

    @numba.njit(**OPTIONS)
    def sliding_mean(source, target, step):
        """Means of `size` neighbours at distances 0, step, 2 step, …"""
        for k in range(len(target)):
            target[k] = source[k] / size
        for d in range(1, size):
            window = source[d * step :]
            for k in range(len(target)):
                target[k] += window[k] / size

    @numba.njit(**OPTIONS)
    def filter_mean(maps, sums, centre, height, stride):
        """Circular mean over size × size windows, in place, of maps in the layout of `_with_margins`."""
        width = stride - 2 * reach
        for p in range(reach, reach + height):
            row = maps[p * stride : (p + 1) * stride]
            for r in range(reach):
                row[r] = row[r + width]
                row[reach + width + r] = row[reach + r]
        margin = reach * stride
        above, below = maps[:margin], maps[margin + height * stride :]
        top, bottom = maps[margin:], maps[height * stride :]
        for k in range(margin):
            above[k] = bottom[k]
            below[k] = top[k]
        sliding_mean(maps, sums, 1)
        sliding_mean(sums, centre, stride)

    @numba.njit(**OPTIONS)
    def multiply(a, b, out):
        for k in range(len(out)):
            out[k] = a[k] * b[k]

    # Few arrays a loop: the compiler checks at run time that they do not overlap, and gives up when they are many.
    @numba.njit(**OPTIONS)
    def relu_layer(cov, ntk, norm, inverse, first, w2, b2):
        for k in range(len(cov)):
            value = w2 * cov[k] + b2
            slope = value if first else w2 * ntk[k] + value
            cos = value * inverse[k]
            sine, supplement = angle(cos)
            cov[k] = norm[k] * (sine + cos * supplement) / (2.0 * math.pi)
            ntk[k] = slope * supplement / (2.0 * math.pi)

    @numba.njit(**OPTIONS)
    def map_row(i, begin, x1, std1, inverse1, x2, std2, inverse2, inside, height, stride, shifts, w2, b2, out):
        depth, length = std1.shape[1:]
        start = reach * (stride + 1)
        stop = start - (-height * stride // _LANES) * _LANES
        maps_cov, maps_ntk = np.zeros(length), np.zeros(length)
        sums = np.zeros(stop - start + 2 * reach * stride)
        norm, inverse = np.empty(stop - start), np.empty(stop - start)
        cov, ntk, mean = maps_cov[start:stop], maps_ntk[start:stop], inside[start:stop]
        for j in range(begin, out.shape[2]):
            mean_nngp = mean_ntk = 0.0
            for shifted in range(j * shifts, (j + 1) * shifts):
                multiply(x1[i], x2[shifted], maps_cov)
                for layer in range(depth):
                    filter_mean(maps_cov, sums, cov, height, stride)
                    if layer > 0:
                        filter_mean(maps_ntk, sums, ntk, height, stride)
                    multiply(std1[i, layer, start:stop], std2[shifted, layer, start:stop], norm)
                    multiply(inverse1[i, layer, start:stop], inverse2[shifted, layer, start:stop], inverse)
                    relu_layer(cov, ntk, norm, inverse, layer == 0, w2, b2)
                for k in range(len(cov)):
                    mean_nngp += mean[k] * cov[k]
                    mean_ntk += mean[k] * ntk[k]
            out[0, i, j] = mean_nngp / shifts
            out[1, i, j] = mean_ntk / shifts

    return map_row
