"""Inverses of Hermitian positive semidefinite matrices plus a ridge, refused by name when they do not exist.

Every exact and spectral error is built from entries of (K + σ²I)⁻¹, so this is the one place that decides what
counts as positive semidefinite and as singular in float64; `accuracy` decides what may be read off the inverse.
Inverse from a Cholesky factor: Golub and Van Loan, *Matrix Computations*, 4th ed., section 4.2.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from symlib.support.threads import threads_for

# An eigenvalue below -PSD_TOLERANCE · ‖K‖ is a property of the matrix; one above it may be rounding.
PSD_TOLERANCE = 1e-10
EPSILON = float(np.finfo(np.float64).eps)
# From this order on, one Cholesky call a matrix is quicker than numpy's batched eigendecomposition.
_CHOLESKY_FROM = 32


class IndefiniteMatrixError(np.linalg.LinAlgError, ValueError):
    """A matrix that should be positive semidefinite has a negative eigenvalue that rounding does not explain."""


class SingularMatrixError(np.linalg.LinAlgError, ValueError):
    """A matrix is so close to singular that what was asked cannot be told from it in float64."""


def inverse(matrix: NDArray, ridge: float, name: str, scale: NDArray | None = None) -> NDArray:
    """(matrix + ridge · I)⁻¹ for a stack of Hermitian positive semidefinite matrices.

    Parameters
    ----------
    matrix : (..., n, n) array, real symmetric or complex Hermitian
    ridge : float, absolute, at least 0 (validated by the caller)
    name : str, what to call the matrix in errors
    scale : (...) array, optional
        The size against which rounding is judged, ‖matrix‖₁ if left out. A block of a larger matrix carries the
        rounding of the whole.

    Returns
    -------
    (..., n, n) array

    Raises
    ------
    IndefiniteMatrixError
        If an eigenvalue lies below -1e-10 · scale, whatever the ridge.
    SingularMatrixError
        If an eigenvalue plus the ridge is no larger than rounding, n · 2.2e-16 · scale.
    """
    flat = matrix.reshape(-1, *matrix.shape[-2:])
    scale = norm_of_each(matrix) if scale is None else scale
    scale = np.broadcast_to(scale, matrix.shape[:-2]).ravel()
    with threads_for(flat.shape[-1]):
        return _inverse_of_stack(flat, ridge, name, scale).reshape(matrix.shape)


def norm_of_each(matrix: NDArray) -> NDArray[np.float64]:
    """‖·‖₁ of each matrix of a stack, one at a time: |matrix| whole would be another copy of it."""
    flat = matrix.reshape(-1, *matrix.shape[-2:])
    return np.array([np.abs(one).sum(axis=0).max() for one in flat]).reshape(matrix.shape[:-2])


def _inverse_of_stack(flat, ridge, name, scale):
    if flat.shape[-1] < _CHOLESKY_FROM:
        return _eigen_inverse(flat, ridge, name, scale)
    result = np.empty_like(flat)
    for one, out, size in zip(flat, result, scale):
        quick = _cholesky_inverse(one, ridge, size)
        out[:] = _eigen_inverse(one[None], ridge, name, size)[0] if quick is None else quick
    return result


def inverse_eigenvalues(eigenvalues: NDArray, ridge: float, name: str, scale: NDArray) -> NDArray:
    """1 / (λ + ridge) for eigenvalues (..., n) and a scale (...); raises as `inverse`."""
    lowest, scale = eigenvalues.min(axis=-1), np.broadcast_to(scale, eigenvalues.shape[:-1])
    _refuse_negative(lowest, name, scale)
    singular = lowest + ridge <= eigenvalues.shape[-1] * EPSILON * scale
    if singular.any():
        raise SingularMatrixError(
            f"{name} is singular to working precision at ridge {ridge:g}: lambda_min = {lowest[singular][0]:.1e} at "
            f"scale {scale[singular][0]:.1e}, as when points repeat or orbits collapse"
        )
    return 1.0 / (eigenvalues + ridge)


def refuse_indefinite(matrix: NDArray, name: str, scale: NDArray) -> None:
    """Raise as `inverse` where a matrix of a stack (..., n, n) is not positive semidefinite at its scale (...)."""
    flat, scale = matrix.reshape(-1, *matrix.shape[-2:]), np.broadcast_to(scale, matrix.shape[:-2]).ravel()
    with threads_for(flat.shape[-1]):
        for one, size in zip(flat, scale):
            # Cholesky settles it at a fraction of the cost of eigenvalues, but for zero and what lies at the bound.
            shifted = np.array(one, order="F")
            shifted[np.diag_indices(len(one))] += PSD_TOLERANCE * size
            (potrf,) = lapack.get_lapack_funcs(("potrf",), (one,))
            if potrf(shifted, lower=True, overwrite_a=True, clean=False)[1] != 0:
                _refuse_negative(np.linalg.eigvalsh(one)[:1], name, size[None])


def _refuse_negative(lowest, name, scale):
    """Raise where a smallest eigenvalue (...) is more negative than rounding at that scale (...) explains."""
    bad = lowest < -PSD_TOLERANCE * scale
    if bad.any():
        raise IndefiniteMatrixError(
            f"{name} is not positive semidefinite: lambda_min = {lowest[bad][0]:.6g}, below the "
            f"{-PSD_TOLERANCE * scale[bad][0]:.1e} that rounding explains; check the kernel, "
            "for a ridge does not mend an indefinite matrix"
        )


def _eigen_inverse(flat, ridge, name, scale):
    """Inverses of a stack through eigenvalues: slower, and it can say what is wrong."""
    eigenvalues, vectors = np.linalg.eigh(flat)
    weights = inverse_eigenvalues(eigenvalues, ridge, name, scale)
    return (vectors * weights[:, None, :]) @ vectors.conj().swapaxes(-1, -2)


def _cholesky_inverse(one, ridge, scale):
    """The inverse of one matrix, or None where its definiteness or condition is in doubt."""
    potrf, potri = lapack.get_lapack_funcs(("potrf", "potri"), (one,))

    def factor(shift):
        # Fortran order lets LAPACK work in place: another copy of a large Gram would double the memory.
        shifted = np.array(one, order="F")
        shifted[np.diag_indices(len(one))] += shift
        return potrf(shifted, lower=True, overwrite_a=True, clean=False)

    # A ridge can hide negative eigenvalues of the matrix itself, so look below it.
    if ridge > PSD_TOLERANCE * scale and factor(PSD_TOLERANCE * scale)[1] != 0:
        return None
    lower, info = factor(ridge)
    if info != 0:
        return None
    result, info = potri(lower, lower=True, overwrite_c=True)
    if info != 0:
        return None
    _mirror_lower(result)
    condition = (scale + ridge) * np.abs(result).sum(axis=0).max()
    return result if condition * len(one) * EPSILON < 1 else None


def _mirror_lower(matrix, block=512):
    """Copy the lower triangle onto the upper one in place, block by block."""
    n = len(matrix)
    for start in range(0, n, block):
        rows = slice(start, min(start + block, n))
        lower = np.tril(matrix[rows, rows], -1)
        matrix[rows, rows] = lower + lower.conj().T + np.diag(matrix[rows, rows].diagonal().real)
        matrix[rows, rows.stop :] = matrix[rows.stop :, rows].conj().T
