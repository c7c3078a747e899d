"""The group formula against dense leave-one-out on 130 digits in 64 poses, both from the same exact orbits.

The other side is what LAPACK does best: the Gram of all 8,320 points (upper half, mirrored), its Cholesky
inverse (potrf, potri), and e_i = (A⁻¹y)_i / (A⁻¹)_ii for every point.
"""

import numpy as np
from scipy.linalg import lapack

from benchmarks.measure import Row, side_by_side
from symlib.datasets import mnist
from symlib.gram import gram, invariant_gram
from symlib.groups import cyclic
from symlib.kernels import mlp_kernel
from symlib.orbits import normalize, points, rotation_orbits
from symlib.spectral import spectral_loo_residuals

POSES, RIDGE = 64, 0.0
GROUP = cyclic(POSES)


def rows(runs, quick):
    n_orbits = 40 if quick else 130
    orbits, labels = digit_orbits(n_orbits)
    seconds, (ours, theirs) = side_by_side(
        lambda: group_residuals(orbits, labels), lambda: dense_residuals(orbits, labels), runs
    )
    gap = np.abs(theirs.reshape(POSES, *ours.shape) - ours).max()
    return [
        Row(
            f"group formula, {n_orbits} orbits × {POSES} poses, Gram included",
            f"{seconds[0]:.3f} s",
            f"LAPACK, dense {seconds[1]:.1f} s",
            f"{seconds[1] / seconds[0]:.0f}×",
            "75×",
            "250×",
            f"{gap:.0e} in residuals, every pose",
        )
    ]


def digit_orbits(n_orbits):
    """Flattened steerable orbits (C, |G|, d) of the first digits, and their labels ±1, one column a class."""
    images, labels = mnist("bundled")
    orbits = normalize(rotation_orbits(images[:n_orbits], POSES, "steerable"))
    return orbits.reshape(n_orbits, POSES, -1), 2.0 * np.equal.outer(labels[:n_orbits], range(10)) - 1


def ntk(*x):
    return mlp_kernel(*x).ntk


def group_residuals(orbits, labels):
    """Residuals (C, k), the same for every pose."""
    kappa = invariant_gram(ntk, orbits, GROUP, progress=False)
    return spectral_loo_residuals(kappa, labels, GROUP, RIDGE)


def dense_residuals(orbits, labels):
    """Residuals (|G|·C, k) of every point, element-major."""
    return dense_loo(gram(ntk, points(orbits, ndim=1), progress=False), np.tile(labels, (POSES, 1)))


def dense_loo(a, y):
    """Residuals (n, k) of every point, of a Gram matrix that is overwritten."""
    a[np.diag_indices(len(a))] += RIDGE
    # The transpose of a symmetric matrix in C order is in Fortran order, so LAPACK works in place.
    factor, info = lapack.dpotrf(a.T, lower=True, overwrite_a=True, clean=False)
    inverse, info_inverse = lapack.dpotri(factor, lower=True, overwrite_c=True)
    if info or info_inverse:
        raise ValueError("the dense Gram matrix is not positive definite; raise RIDGE")
    diagonal = np.diagonal(inverse)[:, None]
    # Only the lower triangle is filled: (L + Lᵀ - diag) y.
    lower = np.tril(inverse)
    return (lower @ y + lower.T @ y - diagonal * y) / diagonal
