"""The paper's spectral error: one circulant Gram matrix of two interleaved orbits, read off its eigenvalues.

Two orbits of N poses, interleaved a₀ b₀ a₁ b₁ … and labelled +1 −1 +1 −1 …: if K is circulant, the labels are its
eigenvector of frequency N, and the error of a left-out pose is ε = λ_N⁻¹ / ⟨λ⁻¹⟩, the mean over all 2N frequencies.
Source: Perin and Deny (2025); book chapter 06.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.regression import batch_pieces
from symlib.support.accuracy import perturbation, relative_error, vouched
from symlib.support.checks import nonnegative, symmetric_gram
from symlib.support.hermitian import inverse_eigenvalues
from symlib.support.threads import in_threads


def circulant_loo_error(gram: ArrayLike, ridge: float = 0.0) -> NDArray[np.float64]:
    """The paper's spectral error of two interleaved orbits with opposite labels, ε = λ_N⁻¹ / ⟨λ⁻¹⟩.

    λ are the eigenvalues of the 2N × 2N Gram after averaging its cyclic diagonals (the nearest circulant matrix), plus
    the ridge; λ_N belongs to the labels +1 −1 +1 −1 …, ⟨·⟩ is the mean over all 2N frequencies.

    Parameters
    ----------
    gram : (..., 2N, 2N) array, points interleaved a₀ b₀ a₁ b₁ … (element-major for two orbits)
    ridge : float, absolute, at least 0

    Returns
    -------
    (...) array, ε ≥ 0; the left-out pose is classified correctly where ε < 1.

    Raises
    ------
    ValueError
        As `regression.loo_residuals`; also for an odd number of points.

    Examples
    --------
    >>> float(circulant_loo_error([[2.0, 1.0], [1.0, 2.0]]))
    1.5
    """
    dtype = getattr(gram, "dtype", None)
    gram, ridge = symmetric_gram(gram), nonnegative(ridge, "ridge")
    if gram.shape[-1] % 2:
        raise ValueError(f"gram must hold two interleaved orbits, an even number of points, got {gram.shape[-1]}")
    eigenvalues = _circulant_eigenvalues(gram)
    scale, n = np.abs(eigenvalues).max(axis=-1), gram.shape[-1]

    def compute(ridge):
        inverses = inverse_eigenvalues(eigenvalues, ridge, "circularised gram", scale)
        signal, noise = 1 / inverses[..., n // 2], 1 / inverses.mean(axis=-1)
        error = noise / signal
        bound = perturbation(scale) * error * (1 / signal + (inverses**2).mean(axis=-1) * noise)
        return error, relative_error(bound, error, np.ones(1))

    return vouched(compute, ridge, scale.max(initial=0.0), n, "circularised gram", dtype)


def circulant_eigenvalues(gram: ArrayLike) -> NDArray[np.float64]:
    """Eigenvalues λ_ω, ω = 0 … n−1, of the circulant matrix nearest to a symmetric Gram matrix (diagonals averaged).

    Parameters
    ----------
    gram : (..., n, n) array

    Returns
    -------
    (..., n) array: the Fourier transform of the first column, real since the Gram is symmetric.

    Examples
    --------
    >>> circulant_eigenvalues([[2.0, 1.0], [1.0, 2.0]])
    array([3., 1.])
    """
    return _circulant_eigenvalues(symmetric_gram(gram))


def _circulant_eigenvalues(gram):
    *batch, n, _ = gram.shape
    flat = gram.reshape(-1, n, n)

    def spectrum(piece):
        # Rows written twice and read one entry further each: column k holds K[i, i + k].
        twice = np.concatenate([flat[piece], flat[piece]], axis=-1)
        b, row, entry = twice.strides
        diagonals = np.lib.stride_tricks.as_strided(twice, flat[piece].shape, (b, row + entry, entry), writeable=False)
        return np.fft.fft(diagonals.mean(axis=1), axis=-1).real

    return np.concatenate(in_threads(spectrum, batch_pieces(flat))).reshape(*batch, n)
