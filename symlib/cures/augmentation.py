"""Data augmentation in kernel regression: with all poses it is averaging, with some it is a held-out set.

Trained on all poses g·x_c with labels y_c and ridge σ², kernel regression answers at any x whatsoever

    f(x) = k(x, X)(K + σ²)⁻¹ y = k̄(x, X_s)(K̄_s + σ²/|G|)⁻¹ y_s,      K̄_s = (1/|G|) Σ_u κ(u),

the averaged kernel on the seeds X_s alone, with a ridge |G| times smaller. (Mei, Misiakiewicz and Montanari 2021 state
that augmentation with an unstructured kernel is regression with the invariant one; Dao et al. 2019 and Elesedy 2021 the
like. The ridge, and training for |G| times as long: book chapter 14.)
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.groups import FiniteGroup
from symlib.regression import fitted_weights, in_shape_of, loo_residuals
from symlib.spectral import checked_kappa, spectral_holdout_residuals
from symlib.support.checks import invariant_kappa, plain_array


def full_augmentation_weights(
    kappa: ArrayLike, labels: ArrayLike, group: FiniteGroup, ridge: float = 0.0
) -> NDArray[np.float64]:
    """Weights β of the seeds with which f(x) = Σ_c k̄(x, x_c) β_c is regression on all poses of all seeds.

    β = (K̄_s + σ²/|G|)⁻¹ y, K̄_s = (1/|G|) Σ_u κ(u): |G| times the weight of each of the |G| poses.

    Parameters
    ----------
    kappa : (..., |G|, C, C) array, the invariant Gram of the kernel before averaging
    labels : (C,) or (C, k) array
    group : FiniteGroup
    ridge : float, absolute, at least 0: that of regression on all poses

    Returns
    -------
    (..., C) or (..., C, k) array. Cost: one inversion of order C.

    Raises
    ------
    IndefiniteMatrixError, SingularMatrixError
        If K̄_s has a negative eigenvalue, or is so close to singular at this ridge that rounding may change answers by
        more than 1e-6 of the labels; the smallest ridge that would do is named.
    ValueError
        If κ does not fit the group; for labels of the wrong length or a negative ridge.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> kappa = np.array([[[2.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.5, 1.0]]])
    >>> full_augmentation_weights(kappa, [1.0, -1.0], cyclic(2))
    array([ 1., -1.])
    """
    # |G|·(K̄_s + σ²/|G|) = κ̂(1) + σ², so that errors name the ridge of regression on all poses.
    kappa, columns, ridge, _, dtype = checked_kappa(kappa, labels, group, ridge)
    weights = fitted_weights(kappa.sum(axis=-3), columns, ridge, "averaged gram", dtype)
    return in_shape_of(labels, group.order * weights)


def full_augmentation_residuals(
    kappa: ArrayLike, labels: ArrayLike, group: FiniteGroup, ridge: float = 0.0
) -> NDArray[np.float64]:
    """Residual at a new seed, in whatever pose, when all others are trained on in all poses: leave an orbit out.

    e_c = [B⁻¹y]_c / [B⁻¹]_cc with B = K̄_s + σ²/|G|: leave-one-out among the seeds with the averaged kernel.

    Parameters
    ----------
    kappa : (..., |G|, C, C) array, the invariant Gram of the kernel before averaging
    labels : (C,) or (C, k) array
    group : FiniteGroup
    ridge : float, absolute, at least 0: that of regression on all poses

    Returns
    -------
    (..., C) or (..., C, k) array, label minus prediction, the same in every pose

    Raises
    ------
    ValueError
        As `full_augmentation_weights`, and as `regression.loo_residuals`.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> kappa = np.array([[[2.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.5, 1.0]]])
    >>> full_augmentation_residuals(kappa, [1.0, -1.0], cyclic(2)).round(12)
    array([ 1.33333333, -1.33333333])
    """
    return loo_residuals(invariant_kappa(kappa, group).sum(axis=-3), labels, ridge)  # |G|·B: the factor cancels


def partial_augmentation_residuals(
    kappa: ArrayLike, labels: ArrayLike, group: FiniteGroup, shown: ArrayLike, ridge: float = 0.0
) -> NDArray[np.float64]:
    """Residuals at the poses that are not shown, when each orbit is shown in poses of its own.

    Augmentation with some poses has no kernel of its own: what is not shown is a held-out set H, the complement, and
    e_H = ((A⁻¹)_HH)⁻¹ (A⁻¹y)_H by the group formula (`spectral_holdout_residuals`).

    Parameters
    ----------
    kappa : (..., |G|, C, C) array, the invariant Gram
    labels : (C,) or (C, k) array
    group : FiniteGroup
    shown : (|G|, C) array of bool, whether pose g of orbit c is trained on; not all of them
    ridge : float, absolute, at least 0

    Returns
    -------
    (..., h) or (..., h, k) array, label minus prediction at the h poses that are not shown, in the order of
    `np.argwhere(~shown)`

    Raises
    ------
    ValueError
        If `shown` is of another shape or kind, or shows all poses or none; as `spectral_holdout_residuals`.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> kappa = np.array([[[2.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.5, 1.0]]])
    >>> partial_augmentation_residuals(kappa, [1.0, -1.0], cyclic(2), [[False, True], [True, True]])
    array([0.72727273])
    """
    shown = plain_array(shown, "shown")
    kappa = invariant_kappa(kappa, group)
    wanted = (group.order, kappa.shape[-1])
    if shown.dtype != bool or shown.shape != wanted:
        raise ValueError(
            f"shown must be a boolean array (|G|, C) = {wanted}, got {shown.dtype} of shape {shown.shape}; set "
            "shown[g, c] where pose g of orbit c is trained on"
        )
    if shown.all() or not shown.any():
        raise ValueError(f"shown must leave out at least one pose and show at least one, got {shown.sum()} shown")
    return spectral_holdout_residuals(kappa, labels, group, np.argwhere(~shown), ridge)[0]
