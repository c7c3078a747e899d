"""Rotation of square images about their centre by the angles 360·g/n: by splines, and exactly.

Spline rotation is scipy.ndimage.rotate(order=3, reshape=False), written as the linear map it is,

    R_g = S_g (P x P),    P: cubic B-spline prefilter of an axis,  S_g: 16 spline weights a pixel.

Steerable rotation is the exact one-parameter group of the pixel grid,

    R(theta) = exp(theta A),   A = D x X - X x D, the spectrum of iA rounded to integers,

with D the spectral derivative (Trefethen, Spectral Methods in MATLAB, ch. 3) and X the centred
coordinate. With V_m the eigenvectors of iA for the rounded eigenvalue m, all m equal to k modulo n
turn alike, so that an orbit is one discrete Fourier transform:

    R(2 pi g/n) x = sum_k exp(-2 pi i g k/n) Y_k,    Y_k = sum_{m = k mod n} V_m V_m* x.
"""

from functools import lru_cache
from math import gcd

import numpy as np
from scipy import fft, ndimage, sparse, special

from symlib.support.threads import one_thread

# Images a block: enough for the matrix products, few enough that a block stays in the cache.
_BLOCK = 32
_STEERABLE_BLOCK = 64


def spline_orbits(images, n):
    """Spline rotation of float64 images (C, side, side): (C, n, side, side), pose g at index g."""
    count, side, _ = images.shape
    # The grid maps to itself under quarter turns: only angles before the first one need weights.
    quarters = gcd(n, 4)
    sampler = _spline_sampler(n, n // quarters, side)
    orbits = np.empty((count, quarters, n // quarters, side, side))
    for start in range(0, count, _BLOCK):
        coefficients = images[start : start + _BLOCK]
        for axis in (-2, -1):
            coefficients = ndimage.spline_filter1d(coefficients, 3, axis=axis, mode="constant")
        # Images last: (pixels, images) is what a sparse matrix multiplies without a stride.
        columns = np.ascontiguousarray(coefficients.reshape(-1, side**2).T)
        turned = (sampler @ columns).reshape(n // quarters, side, side, -1)
        for q in range(quarters):
            further = np.rot90(turned, q * 4 // quarters, axes=(1, 2))
            orbits[start : start + _BLOCK, q] = further.transpose(3, 0, 1, 2)
    return orbits.reshape(count, n, side, side)


@lru_cache(maxsize=32)
def _spline_sampler(n, n_angles, side):
    """Spline coefficients to pixels, the first angles 360·g/n: sparse (n_angles·side², side²)."""
    angles = 360 * np.arange(n_angles) / n
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
    indices = index_y[..., :, None] * side + index_x[..., None, :]
    row_starts = np.arange(0, weights.size + 1, 16)
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


def steerable_orbits(images, n):
    """Exact rotation of float64 images (C, side, side): (C, n, side, side), pose g at index g."""
    count, side, _ = images.shape
    flat = images.reshape(count, side**2)
    bases = _class_bases(n, side)
    orbits = np.empty((count, n, side**2))
    parts = np.empty((min(count, _STEERABLE_BLOCK), n // 2 + 1, side**2), dtype=complex)
    for start in range(0, count, _STEERABLE_BLOCK):
        block = flat[start : start + _STEERABLE_BLOCK]
        conjugate = parts[: len(block)]  # of Y_k
        conjugate[:, 0] = block
        for k, (inward, outward) in enumerate(bases, start=1):
            conjugate[:, k] = (block @ inward @ outward).view(complex)
            # Class n - k is the conjugate of class k, n/2 its own. What no class takes is fixed.
            conjugate[:, 0] -= conjugate[:, k].real * (1 if 2 * k == n else 2)
        orbits[start : start + _STEERABLE_BLOCK] = fft.irfft(conjugate, n, axis=1, norm="forward")
    return orbits.reshape(count, n, side, side)


@lru_cache(maxsize=16)
def _class_bases(n, side):
    """Real matrices (inward, outward) for each class k = 1 .. n/2 of frequencies modulo n.

    With p + iq = Vᵀx, conj(Y_k) = conj(V) (p + iq): `x @ inward` is (p, q), and `@ outward` gives real and
    imaginary parts interleaved, which is how complex numbers lie in memory.
    """
    modes, vectors = _steerable_modes(side)
    classes = [vectors[:, modes % n == k].conj() for k in range(1, n // 2 + 1)]
    return [(np.concatenate([v.real, -v.imag], axis=1), np.concatenate([v.T, 1j * v.T]).view(float)) for v in classes]


@lru_cache(maxsize=4)
def _steerable_modes(side):
    """Nonzero integer angular frequencies (K,) and their orthonormal eigenvectors (side², K) of iA.

    They come in exactly conjugate pairs (m, v), (-m, v*), so that rotations are real.
    """
    frequencies = 2 * np.pi * np.fft.fftfreq(side)
    if side % 2 == 0:
        frequencies[side // 2] = 0  # the grid sees no slope in its fastest, alternating wave
    waves = np.fft.fft(np.eye(side), axis=0)
    derivative = np.fft.ifft(1j * frequencies[:, None] * waves, axis=0).real
    coordinate = np.diag(np.arange(side) - (side - 1) / 2)
    generator = np.kron(derivative, coordinate) - np.kron(coordinate, derivative)
    generator = (generator - generator.T) / 2
    with one_thread():  # more gain nothing at this size, and lose much where cores are busy
        omega, vectors = np.linalg.eigh(1j * generator)
    modes = np.rint(omega).astype(int)
    modes, vectors = modes[modes > 0], vectors[:, modes > 0]
    vectors -= vectors.mean(axis=0)  # orthogonal to constant images to the last digit
    return np.concatenate([modes, -modes]), np.concatenate([vectors, vectors.conj()], axis=1)
