"""Rotation of square images as an orthogonal representation that agrees with the grid's own quarter turns.

The spectral generator of rotation on side × side pixels, with D the spectral derivative (Trefethen, *Spectral Methods
in MATLAB*, chapter 3) and X the centred coordinate, is the antisymmetric part A of D x X − X x D. It commutes with the
quarter turn P of the grid (np.rot90), so R² space splits into the sectors P = i^k, k = 0 … 3, each with its own
eigenvectors iA v = ω v. Every ω is rounded to the integer m nearest to it for which a quarter turn is P,

    R(θ) v = e^{−iθm} v,    m ≡ −k (mod 4),

so that R(θ) R(φ) = R(θ + φ), R(θ)ᵀ R(θ) = 1, R(90°) = np.rot90 and constant images stay, all to rounding. With V_m the
eigenvectors of m, all m equal to k modulo n turn alike, and an orbit is one discrete Fourier transform:

    R(2πg/n) x = Σ_k exp(−2πigk/n) Y_k,    Y_k = Σ_{m ≡ k mod n} V_m V_m* x.

Eigenvectors of ω = 0 with P = −1 turn as ±2, in pairs; which, is a choice, fixed by a pivoted QR. Unitary rotations of
pixel grids: Wolf and co-workers (arXiv:1106.0093, 1512.02246, 2203.05715).
"""

from functools import lru_cache

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy import fft

from symlib.support.threads import in_threads, one_thread

_BLOCK = 64  # images at once
_NULL = 1e-8  # eigenvalues ω below it are 0: the others are of order 1
# An ω halfway between two m, up to rounding, is taken to the lower on every machine.
_TIE = 1e-6
_KEPT_SIDE = 40  # bases of images up to this side are kept between calls: 40 MB at most each


def steerable_orbits(images: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Steerable rotation of float64 images (C, side, side): (C, n, side, side), pose g at index g.

    Raises
    ------
    ValueError
        If `n` is a multiple of 4 and the side is 2 modulo 4: then the quarter turn has determinant −1, and no rotation
        by a continuous angle leads to it.
    """
    count, side, _ = images.shape
    if n % 4 == 0 and side % 4 == 2:
        raise ValueError(
            f"steerable rotation has no quarter turns on images of {side} pixels a side (2 modulo 4), where np.rot90 "
            f"has determinant -1, and n = {n} asks for them; pad the images to a side that is odd or a multiple of 4, "
            'for example np.pad(images, [(0, 0), (0, 1), (0, 1)]), or use interpolation="spline"'
        )
    flat = images.reshape(count, side**2)
    bases = (_kept_class_bases if side <= _KEPT_SIDE else _class_bases)(n, side)
    orbits = np.empty((count, n, side**2))

    def turn(start):
        block = flat[start : start + _BLOCK]
        conjugate = np.empty((len(block), n // 2 + 1, side**2), dtype=complex)  # of Y_k
        conjugate[:, 0] = block
        for k, (inward, outward) in enumerate(bases, start=1):
            conjugate[:, k] = (block @ inward @ outward).view(complex)
            # Class n - k is the conjugate of class k, n/2 its own. What no class takes is fixed.
            conjugate[:, 0] -= conjugate[:, k].real * (1 if 2 * k == n else 2)
        orbits[start : start + _BLOCK] = fft.irfft(conjugate, n, axis=1, norm="forward")

    in_threads(turn, range(0, count, _BLOCK))
    return orbits.reshape(count, n, side, side)


def _class_bases(n, side):
    """Real matrices (inward, outward) for each class k = 1 .. n/2 of frequencies modulo n.

    With p + iq = Vᵀx, conj(Y_k) = conj(V) (p + iq): `x @ inward` is (p, q), and `@ outward` gives real and
    imaginary parts interleaved, which is how complex numbers lie in memory.
    """
    modes, vectors = steerable_modes(side)
    # The mode −m has the conjugate vector.
    classes = [
        np.concatenate([vectors[:, modes % n == k].conj(), vectors[:, -modes % n == k]], axis=1)
        for k in range(1, n // 2 + 1)
    ]
    return [
        (np.concatenate([v.real, -v.imag], axis=1), np.ascontiguousarray(np.concatenate([v.T, 1j * v.T])).view(float))
        for v in classes
    ]


_kept_class_bases = lru_cache(maxsize=8)(_class_bases)


@lru_cache(maxsize=2)
def steerable_modes(side: int) -> tuple[NDArray[np.int_], NDArray[np.complex128]]:
    """Positive integer angular frequencies (K,) and their orthonormal vectors (side², K).

    The conjugate vectors have the opposite frequencies; what is orthogonal to all of them is fixed.
    """
    with one_thread():  # more gain nothing at this size, and lose much where cores are busy
        sectors = [_even_sector(side, 0), _odd_sector(side), _even_sector(side, 2)]
    modes = np.concatenate([modes for modes, _ in sectors])
    vectors = np.concatenate([vectors for _, vectors in sectors], axis=1)
    vectors -= vectors.mean(axis=0)  # orthogonal to constant images to the last digit
    modes.flags.writeable = vectors.flags.writeable = False
    return modes, vectors


def _even_sector(side, k):
    """Modes and vectors of the real sector k = 0 or 2, whose eigenvalues come in pairs ±ω."""
    basis = _sector_basis(side, k)
    omega, vectors = np.linalg.eigh(1j * (basis.T @ _generator(side) @ basis))
    positive = omega > _NULL
    omega, vectors = omega[positive], vectors[:, positive]
    modes = _nearest(omega, k)
    if k == 2:
        pairs = _null_pairs(basis, vectors, side)
        modes = np.concatenate([modes, np.full(pairs.shape[1], 2)])
        vectors = np.concatenate([vectors, pairs], axis=1)
    turning = modes > 0
    return modes[turning], basis @ vectors[:, turning]


def _odd_sector(side):
    """Modes and vectors of sector 1 and, conjugate, of sector 3."""
    basis = _sector_basis(side, 1)
    omega, vectors = np.linalg.eigh(1j * (basis.conj().T @ _generator(side) @ basis))
    modes, vectors = _nearest(omega, 1), basis @ vectors
    return np.abs(modes), np.where(modes > 0, vectors, vectors.conj())


def _nearest(omega, k):
    """The integer nearest to each ω that is −k modulo 4."""
    return (4 * np.ceil((omega + k) / 4 - 0.5 - _TIE) - k).astype(int)


def _generator(side):
    """The antisymmetric part of D x X − X x D, (side², side²)."""
    frequencies = 2 * np.pi * np.fft.fftfreq(side)
    if side % 2 == 0:
        frequencies[side // 2] = 0  # the grid sees no slope in its fastest, alternating wave
    waves = np.fft.fft(np.eye(side), axis=0)
    derivative = np.fft.ifft(1j * frequencies[:, None] * waves, axis=0).real
    coordinate = np.diag(np.arange(side) - (side - 1) / 2)
    generator = np.kron(derivative, coordinate) - np.kron(coordinate, derivative)
    return (generator - generator.T) / 2


def _sector_basis(side, k):
    """Orthonormal basis of the images with np.rot90(x) = i^k x: a column for each four pixels that P exchanges."""
    number = np.arange(side**2).reshape(side, side)
    goes_to = np.empty(side**2, int)
    goes_to[np.rot90(number).ravel()] = number.ravel()
    pixels = number[: side // 2, : (side + 1) // 2].ravel()  # one of each four
    basis = np.zeros((side**2, len(pixels)), complex)
    for turn in range(4):
        basis[pixels, np.arange(len(pixels))] = (1, -1j, -1, 1j)[k * turn % 4] / 2
        pixels = goes_to[pixels]
    if side % 2 and k == 0:  # the pixel in the centre
        basis = np.concatenate([basis, np.eye(side**2)[:, [side**2 // 2]]], axis=1)
    return basis.real if k % 2 == 0 else basis


def _null_pairs(basis, vectors, side):
    """Pairs (a + ib)/√2 of null vectors of A in the sector P = −1, in that sector's basis.

    A turn by ±2 exchanges a and b. Reflections turn rotations round, R(θ) F = F R(−θ), where F a = a and F b = −b; so
    even and odd null vectors are paired as far as there are as many of both. Of a side that is 2 modulo 4 one is left.
    """
    null = np.eye(basis.shape[1]) - 2 * (vectors @ vectors.conj().T).real
    mirrored = np.fliplr(np.arange(side**2).reshape(side, side)).ravel()
    flip = basis.T @ basis[mirrored]
    even, odd = (_fixed_basis((null + sign * null @ flip) / 2) for sign in (1, -1))
    paired = min(even.shape[1], odd.shape[1])
    left = np.concatenate([even[:, paired:], odd[:, paired:]], axis=1)
    half = left.shape[1] // 2
    first = np.concatenate([even[:, :paired], left[:, :half]], axis=1)
    second = np.concatenate([odd[:, :paired], left[:, half : 2 * half]], axis=1)
    return (first + 1j * second) / np.sqrt(2)


def _fixed_basis(projector):
    """Orthonormal basis of what a projector leaves, a function of the projector alone: the same for every LAPACK."""
    rank = round(np.trace(projector))
    # Columns that are alike by symmetry would leave the choice of the pivot to rounding.
    weights = np.linspace(1, 2, len(projector))
    q, r, _ = scipy.linalg.qr(projector * weights, mode="economic", pivoting=True)
    return q[:, :rank] * np.sign(np.diagonal(r)[:rank])
