"""Errors of kernel regression on left-out poses, read off the Fourier transform of the Gram matrix.

If k(gx, gx') = k(x, x'), the Gram matrix of orbits is K[(g,c),(h,d)] = κ_cd(g⁻¹h) and the group Fourier transform
makes it block diagonal, K ≅ ⊕_ρ κ̂(ρ) ⊗ I_dρ. With A = K + σ²I and labels y_c constant on orbits, the residual of one
left-out pose is

    e_c = [Â(1)⁻¹ y]_c / ( (1/|G|) Σ_ρ d_ρ tr [Â(ρ)⁻¹]_cc ),      Â(ρ) = κ̂(ρ) + σ²I,

the numerator being the signal (separation of the classes at frequency zero), the denominator the noise (how sparsely
the orbits are sampled). The paper's case, ε = λ_N⁻¹/⟨λ⁻¹⟩ on one circulant Gram, is Perin and Deny (2025). Derived in
book chapters 04 and 05. Points are element-major: index (g, c) ↦ g·C + c.
"""

import numpy as np

from symlib.fourier import real_blocks
from symlib.regression import from_inverse_rows
from symlib.support.checks import index_array, invariant_kappa, label_array, nonnegative, symmetric_gram
from symlib.support.hermitian import inverse, inverse_eigenvalues


def circulant_loo_error(gram, ridge=0.0):
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
    gram, ridge = symmetric_gram(gram), nonnegative(ridge, "ridge")
    if gram.shape[-1] % 2:
        raise ValueError(f"gram must hold two interleaved orbits, an even number of points, got {gram.shape[-1]}")
    eigenvalues = circulant_eigenvalues(gram)
    inverses = inverse_eigenvalues(eigenvalues, ridge, "circularised gram", np.abs(eigenvalues).max(axis=-1))
    return inverses[..., gram.shape[-1] // 2] / inverses.mean(axis=-1)


def circulant_eigenvalues(gram):
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
    gram = symmetric_gram(gram)
    n = gram.shape[-1]
    i = np.arange(n)
    column = gram[..., i, (i[:, None] + i) % n].mean(axis=-1)  # entry k: mean over i of K[i, i + k]
    return np.fft.fft(column, axis=-1).real


def project_invariant(gram, group):
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

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> project_invariant([[2.0, 1.0], [1.0, 4.0]], cyclic(2)).ravel()
    array([3., 1.])
    """
    gram = symmetric_gram(gram)
    *batch, n, _ = gram.shape
    if n % group.order:
        raise ValueError(
            f"gram has {n} points, no multiple of |G| = {group.order} for {group}; pass the group it was built with"
        )
    n_orbits = n // group.order
    blocks = gram.reshape(*batch, group.order, n_orbits, group.order, n_orbits)
    kappa = np.empty((*batch, group.order, n_orbits, n_orbits))
    for u in range(group.order):
        kappa[..., u, :, :] = blocks[..., np.arange(group.order), :, group.table[:, u], :].mean(axis=0)
    return kappa


def expand_invariant(kappa, group):
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


def spectral_loo_residuals(kappa, labels, group, ridge=0.0):
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
    ValueError
        If κ does not fit the group or is indefinite (λ_min is named); if it is singular at ridge 0; for labels of the
        wrong length or a negative ridge.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> kappa = np.array([[[2.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.5, 1.0]]])
    >>> spectral_loo_residuals(kappa, [1.0, -1.0], cyclic(2))
    array([ 0.72727273, -0.72727273])
    """
    kappa, labels, ridge = _checked(kappa, labels, group, ridge)
    denominator = 0.0
    for i, weight, block in _inverse_blocks(kappa, group, ridge):
        d = group.irreps[i].shape[1]
        diagonal = np.diagonal(block, axis1=-2, axis2=-1).real
        denominator = denominator + weight * diagonal.reshape(*diagonal.shape[:-1], -1, d).sum(axis=-1)
        if i == 0:
            numerator = block.real @ labels
    return numerator / (denominator if labels.ndim == 1 else denominator[..., None])


def spectral_holdout_residuals(kappa, labels, group, held_out, ridge=0.0):
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
    kappa, labels, ridge = _checked(kappa, labels, group, ridge)
    n_orbits = len(labels)
    element, orbit = index_array(held_out, (group.order, n_orbits), "held_out").T
    between = group.table[group.inverse[element][:, None], element]  # g⁻¹h for each pair of held-out points
    block_at_h = 0.0
    for i, weight, block in _inverse_blocks(kappa, group, ridge):
        rho = group.irreps[i]
        split = block.reshape(*block.shape[:-2], n_orbits, rho.shape[1], n_orbits, rho.shape[1])
        picked = split[..., orbit[:, None], :, orbit, :]  # separated index arrays come first: (h, h, ..., d, d)
        term = np.einsum("xy...ij,xyij->...xy", picked, rho[between].conj())
        block_at_h = block_at_h + weight * term.real
        if i == 0:
            solution = block.real @ labels
    at_h = np.take(solution, orbit, axis=-1 if labels.ndim == 1 else -2)
    return from_inverse_rows(block_at_h, at_h)


def _inverse_blocks(kappa, group, ridge):
    """(irrep index, multiplicity · d/|G|, Â(ρ)⁻¹), one of each pair of conjugate irreps, the trivial one first."""
    # ‖K‖₁, one element at a time: |κ| whole would be another copy of it.
    scale = sum(np.abs(kappa[..., u, :, :]).sum(axis=-1) for u in range(group.order)).max(axis=-1)
    for i, multiplicity, block in real_blocks(kappa, group):
        weight = multiplicity * group.irreps[i].shape[1] / group.order
        yield i, weight, inverse(block, ridge, f"kappa_hat(irrep {i})", scale)


def _checked(kappa, labels, group, ridge):
    kappa = invariant_kappa(kappa, group)
    return kappa, label_array(labels, kappa.shape[-1], "orbit of kappa"), nonnegative(ridge, "ridge")
