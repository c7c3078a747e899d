"""Rotation of square images as an orthogonal representation that agrees with the grid's own quarter turns.

The spectral generator of rotation on side × side pixels, with D the spectral derivative (Trefethen, *Spectral Methods
in MATLAB*, chapter 3) and X the centred coordinate, is A = D x X − X x D, real and antisymmetric. It commutes with the
quarter turn P of the grid (np.rot90), so the images split into the sectors P = i^k, k = 0 … 3, each with its own
eigenvectors iA v = ω v. Every ω is rounded to the integer m nearest to it for which a quarter turn is P,

    R(θ) v = e^{−iθm} v,    m ≡ −k (mod 4),

so that R(θ) R(φ) = R(θ + φ), R(θ)ᵀ R(θ) = 1, R(90°) = np.rot90 and constant images stay. Eigenvectors of ω = 0 with
P = −1, of which an even side has side/2, turn as ±2, in pairs; which, is a choice, fixed by a pivoted QR. All of them
are odd under the reflections of the grid, so there R(θ) F = F R(−θ) fails. Unitary rotations of pixel grids: Wolf and
co-workers (arXiv:1106.0093, 1512.02246, 2203.05715).

With V_m the eigenvectors of m, all m equal to c modulo N turn alike, and an orbit is one discrete Fourier transform:

    R(2πf/N) x = Σ_c exp(−2πifc/N) Y_c,    Y_c = Σ_{m ≡ c mod N} V_m V_m* x.

N is a multiple of 4, so each class c lies in one sector, whose vectors are known from one quarter of their pixels; and
only one quarter of the pixels is computed: pixel Pʲp of pose f is pixel p of pose f − jN/4.
"""

from math import lcm

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy import fft

from symlib.support.kept import kept
from symlib.support.threads import in_threads, one_thread

_BLOCK = 32  # images at once, and fewer where what is made of them would take more than
_BLOCK_BYTES = 2**24
_KEPT_BYTES = 2**28  # eigenvectors kept between calls; 2·side⁴ bytes each side
_NULL = 1e-8  # eigenvalues ω below it are 0: the others of their sector are 2 and more
# An ω halfway between two m, up to rounding, is taken to the lower on every machine.
_TIE = 1e-6


def steerable_orbits(images: NDArray[np.float64], orbits: NDArray[np.float64]) -> None:
    """Steerable rotation of images (C, side, side) into `orbits` (C, n, side, side), pose g at index g.

    Raises
    ------
    ValueError
        If `n` is a multiple of 4 and the side is 2 modulo 4: then the quarter turn has determinant −1, and no rotation
        by a continuous angle leads to it.
    """
    n, side = orbits.shape[1:3]
    if n % 4 == 0 and side % 4 == 2:
        raise ValueError(
            f"steerable rotation has no quarter turns on images of {side} pixels a side (2 modulo 4), where np.rot90 "
            f"has determinant -1, and n = {n} asks for them; pad the images to a side that is odd or a multiple of 4, "
            'for example np.pad(images, [(0, 0), (0, 1), (0, 1)]), or use interpolation="spline"'
        )
    n_fine = lcm(n, 4)
    with one_thread():  # results do not depend on how many a BLAS has; more lose much where cores are busy
        classes = _classes(side, n_fine)
        at_once = max(1, min(_BLOCK, _BLOCK_BYTES // (4 * n_fine * side**2)))

        def turn(start):
            block = slice(start, start + at_once)
            _turn_block(images[block], orbits[block], classes, n_fine)

        in_threads(turn, range(0, len(images), at_once))


def _turn_block(images, orbits, classes, n_fine):
    n, side = orbits.shape[1:3]
    # conj of the coordinates in each sector, (C, 4, K): a Fourier transform over the quarter turns.
    sectors = fft.fft(_quarters(images), axis=1, norm="ortho")
    weight = np.full(sectors.shape[-1], 0.5)  # of a sector's unit vector at its first pixel
    if side % 2:
        sectors[..., -1] /= 2
        weight[-1] = 1.0
    conjugate = np.zeros((len(images), n_fine // 2 + 1, len(weight)), complex)  # of Y_c
    conjugate[:, 0] = sectors[:, 0]
    for c, vectors, adjoint in classes:
        conjugate[:, c] = sectors[:, -c % 4] @ vectors @ adjoint
        if c % 4 == 0:  # class N - c is the conjugate of class c, N/2 its own; what no class takes is fixed
            conjugate[:, 0] -= conjugate[:, c].real * (1 if 2 * c == n_fine else 2)
    conjugate *= weight
    fine = fft.irfft(conjugate, n_fine, axis=1, norm="forward")
    rows, columns = side // 2, (side + 1) // 2
    pose = np.arange(n) * (n_fine // n)
    for j in range(4):
        quarter = np.rot90(orbits, -j, axes=(2, 3))[:, :, :rows, :columns]
        turned = fine[:, (pose - j * (n_fine // 4)) % n_fine, : rows * columns]
        quarter[...] = turned.reshape(quarter.shape)
    if side % 2:
        orbits[:, :, rows, rows] = fine[:, pose % (n_fine // 4), -1]


def _quarters(images):
    """The pixels Pʲp of images (C, side, side), p in the first quarter: (C, 4, K); the centre is last."""
    side = images.shape[-1]
    rows, columns = side // 2, (side + 1) // 2
    turned = [np.rot90(images, -j, axes=(1, 2)) for j in range(4)]
    quarters = np.stack([x[:, :rows, :columns].reshape(len(x), -1) for x in turned], axis=1)
    if side % 2:
        centre = np.broadcast_to(images[:, None, rows, rows, None], (len(images), 4, 1))
        quarters = np.concatenate([quarters, centre], axis=2)
    return quarters


def _classes(side, n_fine):
    """For each class c = 1 … N/2 of frequencies that is not empty: c, its vectors V_c (K, K_c), and V_c*."""
    (even, v_even), (odd, v_odd), (negative, v_negative), (zero, single) = steerable_modes(side)
    # The mode −m has the conjugate vector, in sector −k. A null vector that found no partner is fixed; since N/4 is odd
    # wherever there is one, it is an image with P = −1 in class N/2.
    modes = np.concatenate([even, -even, odd, -odd, negative, -negative, zero + n_fine // 2])
    halves = [v for vectors in (v_even, v_odd, v_negative) for v in (vectors, vectors.conj())]
    vectors = np.concatenate([*halves, single], axis=1)
    class_of = modes % n_fine
    chosen = [(int(c), vectors[:, class_of == c]) for c in np.unique(class_of) if 0 < c <= n_fine // 2]
    return [(c, v, np.ascontiguousarray(v.conj().T)) for c, v in chosen]


@kept(_KEPT_BYTES, size=lambda sectors: sum(vectors.nbytes for _, vectors in sectors))
def steerable_modes(side: int) -> list[tuple[NDArray[np.int_], NDArray[np.complex128]]]:
    """Integer angular frequencies (K_k,) and orthonormal vectors (K, K_k) of the sectors k = 0, 1, 2, a row a pixel p.

    Sectors 0 and 2 have the opposite frequencies with the conjugate vectors as well, and sector 3 those of sector 1.
    The fourth pair is the null vector of sector 2 that found no partner, if there is one, with frequency 0.
    """
    n_fours = (side // 2) * ((side + 1) // 2)
    sectors = []
    single = np.empty((n_fours + side % 2, 0))
    with one_thread():
        for k in range(3):
            omega, vectors = np.linalg.eigh(1j * _sector_generator(side, k))
            modes = (4 * np.ceil((omega + k) / 4 - 0.5 - _TIE) - k).astype(int)
            if k != 1:
                turning = (omega > _NULL) & (modes > 0)
                modes, vectors = modes[turning], vectors[:, turning]
            if k == 0:
                constant = np.r_[np.full(n_fours, 2.0), np.ones(side % 2)] / side
                vectors -= np.outer(constant, constant @ vectors)  # to the last digit
            if k == 2:
                pairs, left = _null_pairs(vectors)
                single = left if left.size else single
                modes = np.r_[modes, np.full(pairs.shape[1], 2)]
                vectors = np.concatenate([vectors, pairs], axis=1)
            if side % 2 and k:  # the pixel in the centre is in sector 0 alone
                vectors = np.pad(vectors, [(0, 1), (0, 0)])
            sectors.append((modes, vectors))
    return [*sectors, (np.zeros(single.shape[1], int), single.astype(complex))]


def _sector_generator(side, k):
    """U* A U for the orthonormal basis U of {x : np.rot90(x) = i^k x}, a column for each four pixels that P exchanges.

    Column p has entries i^{−kj}/2 at the pixels Pʲp, and A commutes with P, so an entry is Σ_j i^{−kj} A(p, Pʲq).
    """
    frequencies = 2 * np.pi * np.fft.fftfreq(side)
    if side % 2 == 0:
        frequencies[side // 2] = 0  # the grid sees no slope in its fastest, alternating wave
    waves = np.fft.fft(np.eye(side), axis=0)
    derivative = np.fft.ifft(1j * frequencies[:, None] * waves, axis=0).real
    derivative = (derivative - derivative.T) / 2
    x = np.arange(side) - (side - 1) / 2
    row, column = np.indices((side // 2, (side + 1) // 2)).reshape(2, -1)
    norm = np.ones(len(row))
    if side % 2 and k == 0:  # the centre: four times the same pixel
        row, column, norm = np.r_[row, side // 2], np.r_[column, side // 2], np.r_[norm, 0.5]
    generator = np.zeros((len(row), len(row)), complex)
    r, c = row, column
    for j in range(4):
        slope_down = derivative[row[:, None], r] * ((column[:, None] == c) * x[c])
        slope_right = derivative[column[:, None], c] * ((row[:, None] == r) * x[r])
        generator += (1, -1j, -1, 1j)[k * j % 4] * (slope_down - slope_right)
        r, c = side - 1 - c, r  # where np.rot90 takes the pixel
    return generator * norm * norm[:, None]


def _null_pairs(vectors):
    """Null vectors of A in the sector P = −1 as pairs (a + ib)/√2, and of an odd number the one that is left.

    The space is what `vectors` and their conjugates leave; its basis is a function of that space, whatever the LAPACK.
    """
    projector = np.eye(len(vectors)) - 2 * (vectors @ vectors.conj().T).real
    rank = len(vectors) - 2 * vectors.shape[1]
    # Columns that are alike by symmetry would leave the choice of the pivot to rounding.
    weights = np.linspace(1, 2, len(projector))
    q, r, _ = scipy.linalg.qr(projector * weights, mode="economic", pivoting=True)
    basis = q[:, :rank] * np.sign(np.diagonal(r)[:rank])
    half = rank // 2
    return (basis[:, :half] + 1j * basis[:, half : 2 * half]) / np.sqrt(2), basis[:, 2 * half :]
