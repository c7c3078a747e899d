"""Residuals of poses that are left out, one at a time or together, by the group formula.

With A = K + σ²I and labels y_c constant on orbits, the residual of one left-out pose is

    e_c = [Â(1)⁻¹ y]_c / ( (1/|G|) Σ_ρ d_ρ tr [Â(ρ)⁻¹]_cc ),      Â(ρ) = κ̂(ρ) + σ²I,

one over the numerator being the signal (separation of the classes, at frequency zero) and one over the denominator the
noise (how sparsely the orbits are sampled), so that the error is noise / signal. Where a stabiliser fixes seeds, of
distinct points alone (`distinct`; n_c of them an orbit)

    e_c = n_c^(1/2) Σ_e [Ǎ(1)⁻¹]_ce n_e^(1/2) y_e / Σ_ρ d_ρ tr [Ǎ(ρ)⁻¹]_cc .

Derived in book chapters 06, 07 and 17.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.groups import FiniteGroup
from symlib.regression import holdout_from_inverse, in_shape_of, loo_from_inverse
from symlib.spectral.blocks import at_pairs, checked_problem, inverse_blocks
from symlib.support.accuracy import vouched


def spectral_loo_residuals(
    kappa: ArrayLike,
    labels: ArrayLike,
    group: FiniteGroup,
    ridge: float = 0.0,
    stabilisers: Sequence[ArrayLike] | None = None,
) -> NDArray[np.float64]:
    """Residual of each orbit's left-out pose by the group formula; exact when the Gram is invariant.

    Parameters
    ----------
    kappa : (..., |G|, C, C) array, the invariant Gram
    labels : (C,) or (C, k) array, one label an orbit, shared by its poses
    group : FiniteGroup
    ridge : float, absolute, at least 0
    stabilisers : sequence of C sequences of elements, optional
        For each seed the elements that fix it, `orbits.stabilisers(orbits, group)`: then every distinct point counts
        once. `[(0,)] * C` says that all poses are distinct points, whatever κ looks like.

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
        If κ does not fit the group; for labels of the wrong length or a negative ridge; if κ shows that points repeat
        and no stabilisers are given (`spectral.coincidences`); if they are given and are no subgroups, are not one for
        each orbit, or κ shows that they do not fix the seeds.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> kappa = np.array([[[2.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.5, 1.0]]])
    >>> spectral_loo_residuals(kappa, [1.0, -1.0], cyclic(2))
    array([ 0.72727273, -0.72727273])

    The first of two rhythms repeats after half of its length, so only two of its four shifts are distinct points:

    >>> from symlib import invariant_gram, rbf, shift_orbits, stabilisers
    >>> group, orbits = cyclic(4), shift_orbits([[1, 0, 1, 0], [1, 0, 0, 0]], 4)
    >>> kappa = invariant_gram(lambda a, b: rbf(a, b, length_scale=1.0), orbits, group)
    >>> spectral_loo_residuals(kappa, [1.0, -1.0], group, stabilisers=stabilisers(orbits, group)).round(3)
    array([ 1.624, -1.008])
    """
    kappa, columns, ridge, points, scale, dtype = checked_problem(kappa, labels, group, ridge, stabilisers)

    def compute(ridge):
        diagonal = squares = 0.0
        for i, weight, block in inverse_blocks(kappa, group, ridge, scale, points=points):
            traces, of_square = points.diagonals(i, block)
            diagonal, squares = diagonal + weight * traces, squares + weight * of_square
            if i == 0:
                weights, total = points.weights(block, columns)
        (residuals,), error = loo_from_inverse(diagonal, squares, weights, total, columns, scale)
        return residuals, error

    residuals = vouched(compute, ridge, scale.max(initial=0.0), kappa.shape[-1], "kappa", dtype)
    return in_shape_of(labels, residuals.reshape(*kappa.shape[:-3], *columns.shape))


def spectral_holdout_residuals(
    kappa: ArrayLike,
    labels: ArrayLike,
    group: FiniteGroup,
    held_out: ArrayLike,
    ridge: float = 0.0,
    stabilisers: Sequence[ArrayLike] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Residuals and posterior covariance of any set of poses left out together, by the group formula.

    (A⁻¹)[(g,c),(h,e)] = (1/|G|) Σ_ρ d_ρ Σ_ij [Â(ρ)⁻¹]_(c,i),(e,j) conj(ρ(g⁻¹h)_ij), then e_H = S (A⁻¹y)_H with
    S = ((A⁻¹)_HH)⁻¹. An arc of missing poses, or missing poses of several classes, is a choice of `held_out`.

    Parameters
    ----------
    kappa : (..., |G|, C, C) array, the invariant Gram
    labels : (C,) or (C, k) array
    group : FiniteGroup
    held_out : (h, 2) list of distinct (element, orbit) pairs; of a coset gH_c any element names the point
    ridge : float, absolute, at least 0
    stabilisers : sequence of C sequences of elements, optional
        For each seed the elements that fix it, `orbits.stabilisers(orbits, group)`: then every distinct point counts
        once. `[(0,)] * C` says that all poses are distinct points, whatever κ looks like.

    Returns
    -------
    residuals : (..., h) or (..., h, k) array
    covariance : (..., h, h) array

    Raises
    ------
    ValueError
        As `spectral_loo_residuals`; also for pairs that name a point twice or are out of range.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> kappa = np.array([[[2.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.5, 1.0]]])
    >>> spectral_holdout_residuals(kappa, [1.0, -1.0], cyclic(2), [(0, 0)])[0]
    array([0.72727273])
    """
    kappa, columns, ridge, points, scale, dtype = checked_problem(kappa, labels, group, ridge, stabilisers)
    orbit, between = points.held_out(held_out)

    def compute(ridge):
        block_at_h = squares = 0.0
        for i, weight, block in inverse_blocks(kappa, group, ridge, scale, points=points):
            characters = weight * group.irreps[i][between].conj()
            block_at_h = block_at_h + at_pairs(points.lifted(i, block), characters, orbit)
            squares = squares + at_pairs(points.lifted(i, block @ block), characters, orbit)
            if i == 0:
                weights, total = points.weights(block, columns)
        return holdout_from_inverse(block_at_h, squares, weights[:, orbit], total, columns, scale)

    residuals, covariance = vouched(compute, ridge, scale.max(initial=0.0), len(columns), "kappa", dtype)
    batch = kappa.shape[:-3]
    residuals = in_shape_of(labels, residuals.reshape(*batch, *residuals.shape[1:]))
    return residuals, covariance.reshape(*batch, *covariance.shape[1:])
