"""Errors of kernel regression on left-out poses, read off the Fourier transform of the Gram matrix.

If k(gx, gx') = k(x, x'), the Gram matrix of orbits is K[(g,c),(h,d)] = κ_cd(g⁻¹h) and the group Fourier transform
makes it block diagonal, K ≅ ⊕_ρ κ̂(ρ) ⊗ I_dρ. With A = K + σ²I and labels y_c constant on orbits, the residual of one
left-out pose is

    e_c = [Â(1)⁻¹ y]_c / ( (1/|G|) Σ_ρ d_ρ tr [Â(ρ)⁻¹]_cc ),      Â(ρ) = κ̂(ρ) + σ²I,

one over the numerator being the signal (separation of the classes, at frequency zero) and one over the denominator the
noise (how sparsely the orbits are sampled), so that the error is noise / signal. The paper's case, ε = λ_N⁻¹/⟨λ⁻¹⟩ on
one circulant Gram, is Perin and Deny (2025). Derived in book chapters 06 and 07. Points are element-major: index
(g, c) ↦ g·C + c.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.fourier import real_blocks
from symlib.groups import FiniteGroup
from symlib.groups.averages import group_average, warn_if_averaged_away
from symlib.regression import (
    batch_pieces,
    holdout_from_inverse,
    in_shape_of,
    loo_from_inverse,
    spread_vouched,
    variances,
    warn_if_swapped,
)
from symlib.support.accuracy import coarser, perturbation, refuse_indefinite, relative_error, vouched
from symlib.support.checks import index_array, invariant_kappa, label_array, nonnegative, symmetric_gram
from symlib.support.hermitian import inverse, inverse_eigenvalues, norm_of_each
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


def project_invariant(gram: ArrayLike, group: FiniteGroup) -> NDArray[np.float64]:
    """The nearest G-invariant Gram in Frobenius norm, κ_cd(u) = (1/|G|) Σ_g K[(g,c),(gu,d)].

    Parameters
    ----------
    gram : (..., n, n) array, n = |G|·C, points element-major
    group : FiniteGroup

    Returns
    -------
    kappa : (..., |G|, C, C) array

    Raises
    ------
    ValueError
        If the Gram is not symmetric, or its size is no multiple of the group's order.

    Warns
    -----
    UserWarning
        If more of the Gram is averaged away than interpolation of an action explains: with the fraction, and the usual
        causes (points that are not element-major, the opposite multiplication).

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> project_invariant([[2.0, 1.0], [1.0, 2.0]], cyclic(2)).ravel()
    array([2., 1.])
    """
    gram = symmetric_gram(gram)
    *batch, n, _ = gram.shape
    if n % group.order:
        raise ValueError(
            f"gram has {n} points, no multiple of |G| = {group.order} for {group}; pass the group it was built with"
        )
    n_orbits = n // group.order
    blocks = gram.reshape(*batch, group.order, n_orbits, group.order, n_orbits)
    kappa = group_average(blocks, group.table)
    warn_if_averaged_away(gram, kappa, group, "project_invariant", stacklevel=3)
    return kappa


def expand_invariant(kappa: ArrayLike, group: FiniteGroup) -> NDArray[np.float64]:
    """The Gram (..., n, n) of an invariant one, K[(g,c),(h,d)] = κ_cd(g⁻¹h): block-circulant for cyclic groups.

    Parameters
    ----------
    kappa : (..., |G|, C, C) array
    group : FiniteGroup

    Returns
    -------
    (..., n, n) array, n = |G|·C, points element-major

    Raises
    ------
    ValueError
        If κ does not fit the group.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> expand_invariant(np.array([3.0, 1.0]).reshape(2, 1, 1), cyclic(2))
    array([[3., 1.],
           [1., 3.]])
    """
    kappa = invariant_kappa(kappa, group)
    *batch, order, n_orbits, _ = kappa.shape
    blocks = kappa[..., group.table[group.inverse], :, :]  # (..., g, h, c, d)
    return np.swapaxes(blocks, -3, -2).reshape(*batch, order * n_orbits, order * n_orbits)


def spectral_loo_residuals(
    kappa: ArrayLike, labels: ArrayLike, group: FiniteGroup, ridge: float = 0.0
) -> NDArray[np.float64]:
    """Residual of each orbit's left-out pose by the group formula; exact when the Gram is invariant.

    Parameters
    ----------
    kappa : (..., |G|, C, C) array, the invariant Gram
    labels : (C,) or (C, k) array, one label an orbit, shared by its poses
    group : FiniteGroup
    ridge : float, absolute, at least 0

    Returns
    -------
    (..., C) or (..., C, k) array, label minus prediction, the same for every pose of an orbit. Cost: one inversion of
    order C·d for each irrep (for conjugate irreps only one), O(|G| C³) for a cyclic group instead of O(|G|³ C³).
    Where orbits collapse (κ̂(ρ) = 0 for ρ ≠ 1) the residual tends to 0 with the ridge.

    Raises
    ------
    IndefiniteMatrixError, SingularMatrixError
        As `regression.loo_residuals`.
    ValueError
        If κ does not fit the group; for labels of the wrong length or a negative ridge.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> kappa = np.array([[[2.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.5, 1.0]]])
    >>> spectral_loo_residuals(kappa, [1.0, -1.0], cyclic(2))
    array([ 0.72727273, -0.72727273])
    """
    kappa, columns, ridge, scale, dtype = checked_kappa(kappa, labels, group, ridge)

    def compute(ridge):
        diagonal = squares = 0.0
        for i, weight, block in inverse_blocks(kappa, group, ridge, scale):
            d = group.irreps[i].shape[1]
            diagonal = diagonal + weight * _sum_by_orbit(np.diagonal(block, axis1=-2, axis2=-1).real, d)
            squares = squares + weight * _sum_by_orbit((block.real**2 + block.imag**2).sum(axis=-1), d)
            if i == 0:
                weights, total = _weights(block, columns, group)
        (residuals,), error = loo_from_inverse(diagonal, squares, weights, total, columns, scale)
        return residuals, error

    residuals = vouched(compute, ridge, scale.max(initial=0.0), kappa.shape[-1], "kappa", dtype)
    return in_shape_of(labels, residuals.reshape(*kappa.shape[:-3], *columns.shape))


def spectral_holdout_residuals(
    kappa: ArrayLike, labels: ArrayLike, group: FiniteGroup, held_out: ArrayLike, ridge: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Residuals and posterior covariance of any set of poses left out together, by the group formula.

    (A⁻¹)[(g,c),(h,e)] = (1/|G|) Σ_ρ d_ρ Σ_ij [Â(ρ)⁻¹]_(c,i),(e,j) conj(ρ(g⁻¹h)_ij), then e_H = S (A⁻¹y)_H with
    S = ((A⁻¹)_HH)⁻¹. An arc of missing poses, or missing poses of several classes, is a choice of `held_out`.

    Parameters
    ----------
    kappa : (..., |G|, C, C) array, the invariant Gram
    labels : (C,) or (C, k) array
    group : FiniteGroup
    held_out : (h, 2) list of distinct (element, orbit) pairs
    ridge : float, absolute, at least 0

    Returns
    -------
    residuals : (..., h) or (..., h, k) array
    covariance : (..., h, h) array

    Raises
    ------
    ValueError
        As `spectral_loo_residuals`; also for pairs that repeat or are out of range.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> kappa = np.array([[[2.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.5, 1.0]]])
    >>> spectral_holdout_residuals(kappa, [1.0, -1.0], cyclic(2), [(0, 0)])[0]
    array([0.72727273])
    """
    kappa, columns, ridge, scale, dtype = checked_kappa(kappa, labels, group, ridge)
    n_orbits = len(columns)
    orbit, between = _held_out(held_out, group, n_orbits)

    def compute(ridge):
        block_at_h = squares = 0.0
        for i, weight, block in inverse_blocks(kappa, group, ridge, scale):
            characters = weight * group.irreps[i][between].conj()
            block_at_h = block_at_h + _at_pairs(block, characters, orbit)
            squares = squares + _at_pairs(block @ block, characters, orbit)
            if i == 0:
                weights, total = _weights(block, columns, group)
        return holdout_from_inverse(block_at_h, squares, weights[:, orbit], total, columns, scale)

    residuals, covariance = vouched(compute, ridge, scale.max(initial=0.0), n_orbits, "kappa", dtype)
    batch = kappa.shape[:-3]
    residuals = in_shape_of(labels, residuals.reshape(*batch, *residuals.shape[1:]))
    return residuals, covariance.reshape(*batch, *covariance.shape[1:])


def spectral_ensemble_covariance(
    kappa_ntk: ArrayLike, kappa_nngp: ArrayLike, group: FiniteGroup, held_out: ArrayLike, ridge: float = 0.0
) -> NDArray[np.float64]:
    """Covariance, over random starts, of what infinitely wide trained networks answer at poses left out together.

    `regression.ensemble_covariance` by the group formula: A⁻¹ΣA⁻¹ is invariant as Θ and Σ are, with the blocks
    Â(ρ)⁻¹ Σ̂(ρ) Â(ρ)⁻¹, Â(ρ) = Θ̂(ρ) + σ²I, and Cov_H = S (A⁻¹ΣA⁻¹)_HH S with S = ((A⁻¹)_HH)⁻¹. What it is the
    covariance of, and which ridge that is, stands there.

    Parameters
    ----------
    kappa_ntk, kappa_nngp : (..., |G|, C, C) arrays, the invariant Grams Θ and Σ of one network
    group : FiniteGroup
    held_out : (h, 2) list of distinct (element, orbit) pairs
    ridge : float, absolute, at least 0; added to Θ

    Returns
    -------
    (..., h, h) array, in the order of `held_out`. Cost: that of `spectral_holdout_residuals`, twice.

    Raises
    ------
    IndefiniteMatrixError, SingularMatrixError
        As `regression.ensemble_covariance`.
    ValueError
        If a κ does not fit the group, or the two are not of one shape; for pairs that repeat or are out of range, or a
        negative ridge.

    Warns
    -----
    UserWarning
        As `regression.ensemble_covariance`, if the two seem to be swapped.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> theta = np.array([2.0, 1.0]).reshape(2, 1, 1)
    >>> sigma = np.array([1.0, 0.0]).reshape(2, 1, 1)
    >>> spectral_ensemble_covariance(theta, sigma, cyclic(2), [(1, 0)]).round(12)
    array([[1.25]])
    """
    dtype = coarser(kappa_ntk, kappa_nngp)
    theta = invariant_kappa(kappa_ntk, group, "kappa_ntk")
    sigma = invariant_kappa(kappa_nngp, group, "kappa_nngp")
    if theta.shape != sigma.shape:
        raise ValueError(
            f"kappa_ntk and kappa_nngp must be of one shape, got {theta.shape} and {sigma.shape}; pass both kernels of "
            "one network among the same orbits"
        )
    n_orbits, ridge = theta.shape[-1], nonnegative(ridge, "ridge")
    orbit, between = _held_out(held_out, group, n_orbits)
    scale, scale_nngp = _norm(theta), _norm(sigma)
    flat = sigma.reshape(-1, *sigma.shape[-3:])
    of_orbits = variances(flat[:, 0])  # the same at every pose
    largest = of_orbits.max(axis=-1, initial=0.0)
    sigma_blocks = {i: block for i, _, block in real_blocks(flat, group)}
    for i, block in sigma_blocks.items():
        refuse_indefinite(block, f"kappa_nngp_hat(irrep {i})", scale_nngp, dtype)

    def compute(ridge):
        sums: list[Any] = [0.0] * 5  # at H: X, XΣX, and for the bound X², (XΣX)², XDX
        for i, weight, x in inverse_blocks(theta, group, ridge, scale, "kappa_ntk"):
            characters = weight * group.irreps[i][between].conj()
            drawn = x @ sigma_blocks[i] @ x
            scaled = x * np.repeat(of_orbits, group.irreps[i].shape[1], axis=-1)[:, None]
            blocks = x, drawn, x @ x, drawn @ drawn, scaled @ x
            sums = [total + _at_pairs(block, characters, orbit) for total, block in zip(sums, blocks)]
        x_h, drawn_h, *squares = sums
        s = inverse(x_h, 0.0, "(A^-1)_HH", norm_of_each(x_h))
        covariance = s @ drawn_h @ s
        reach, used, reach_nngp = (np.einsum("bij,bji->bi", s @ square, s) for square in squares)
        # S cancels much of the sums at H, which are as exact as they are large.
        rows, columns = np.linalg.norm(s, axis=-1), np.linalg.norm(covariance, axis=-1)
        rounding = perturbation(norm_of_each(drawn_h))[:, None, None] * rows[:, :, None] * rows[:, None]
        inverting = perturbation(norm_of_each(x_h))[:, None, None] * rows[:, :, None] * columns[:, None]
        return spread_vouched(
            (covariance + covariance.swapaxes(-1, -2)) / 2,
            reach,
            used,
            np.diagonal(squares[0], axis1=-2, axis2=-1),
            reach_nngp,
            rounding + inverting + inverting.swapaxes(-1, -2),
            (scale, scale_nngp / np.where(largest > 0, largest, np.inf)),
        )

    (covariance,) = vouched(compute, ridge, scale.max(initial=0.0), n_orbits, "kappa_ntk", dtype, "covariance")
    warn_if_swapped(variances(theta[..., 0, :, :]), variances(sigma[..., 0, :, :]), stacklevel=3)
    return covariance.reshape(*theta.shape[:-3], *covariance.shape[1:])


def inverse_blocks(
    kappa: NDArray, group: FiniteGroup, ridge: float, scale: NDArray, name: str = "kappa"
) -> Iterator[tuple[int, float, NDArray]]:
    """(irrep index, multiplicity · d/|G|, Â(ρ)⁻¹), one of each pair of conjugate irreps, the trivial one first."""
    flat = kappa.reshape(-1, *kappa.shape[-3:])
    for i, multiplicity, block in real_blocks(flat, group):
        weight = multiplicity * group.irreps[i].shape[1] / group.order
        yield i, weight, inverse(block, ridge, f"{name}_hat(irrep {i})", scale)


def _held_out(held_out, group, n_orbits):
    """The orbits (h,) of held-out points, and g⁻¹h for each pair of them, (h, h)."""
    element, orbit = index_array(held_out, (group.order, n_orbits), "held_out").T
    return orbit, group.table[group.inverse[element][:, None], element]


def _weights(block, labels, group):
    """α = A⁻¹y on each orbit, and |α|² over all points, from the block of the trivial irrep."""
    weights = block.real @ labels
    return weights, group.order * (weights**2).sum(axis=1)


def _at_pairs(block, characters, orbit):
    """Σ_ij block_(c,i),(e,j) · characters_ij for each pair of points of these orbits: (b, h, h), real."""
    d = characters.shape[-1]
    n_orbits = block.shape[-1] // d
    split = block.reshape(len(block), n_orbits, d, n_orbits, d)
    picked = split[:, orbit[:, None], :, orbit, :]  # separated index arrays come first: (h, h, b, d, d)
    return np.einsum("xybij,xyij->bxy", picked, characters).real


def _sum_by_orbit(values, d):
    return values.reshape(*values.shape[:-1], values.shape[-1] // d, d).sum(axis=-1)


def checked_kappa(
    kappa: ArrayLike, labels: ArrayLike, group: FiniteGroup, ridge: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, NDArray[np.float64], np.dtype | None]:
    """κ (..., |G|, C, C), the labels as columns (C, k), the ridge, ‖K‖₁ of each of the batch (b,), and κ's dtype."""
    dtype = getattr(kappa, "dtype", None)
    kappa = invariant_kappa(kappa, group)
    labels = label_array(labels, kappa.shape[-1], "orbit of kappa")
    return kappa, labels.reshape(len(labels), -1), nonnegative(ridge, "ridge"), _norm(kappa), dtype


def _norm(kappa):
    """‖K‖₁ of each matrix of the batch, one element at a time: |κ| whole would be another copy of it."""
    return sum(np.abs(kappa[..., u, :, :]).sum(axis=-1) for u in range(kappa.shape[-3])).max(axis=-1).reshape(-1)
