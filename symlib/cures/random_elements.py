"""Features averaged over m random elements of the group, in the place of all of them.

A feature φ becomes (1/m) Σ_i φ(g_i x), with elements drawn anew for each of infinitely many features. The kernel is the
expectation over the draw,

    k_t = (1 − t) k̄ + t k,      t = 1/m (drawn independently) or (|G| − m)/(m(|G| − 1)) (without replacement),

so the Fourier block of the trivial irrep stays and every other is multiplied by t. Random *data augmentation* is not of
this form (`cures.augmentation`): the two agree at m = 1 and m = |G| only. Book chapter 14.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.groups import FiniteGroup
from symlib.spectral import refuse_repeated_points, spectral_loo_residuals
from symlib.support.checks import invariant_kappa, positive_int


def random_elements_kappa(
    kappa: ArrayLike, group: FiniteGroup, m: int, *, replacement: bool = False
) -> NDArray[np.float64]:
    """κ_t(u) = (1 − t) κ̄ + t κ(u) with κ̄ = (1/|G|) Σ_u κ(u): the invariant Gram of features averaged over m elements.

    Parameters
    ----------
    kappa : (..., |G|, C, C) array, the invariant Gram of the features as they are
    group : FiniteGroup
    m : int, elements drawn for each feature; at most |G| without replacement
    replacement : bool
        Whether an element may be drawn twice: t = 1/m, else t = (|G| − m)/(m(|G| − 1)).

    Returns
    -------
    (..., |G|, C, C) array, which every function of κ takes

    Raises
    ------
    ValueError
        If κ does not fit the group, or `m` is out of range.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> kappa = np.array([3.0, 1.0]).reshape(2, 1, 1)
    >>> [random_elements_kappa(kappa, cyclic(2), m).ravel().tolist() for m in (1, 2)]
    [[3.0, 1.0], [2.0, 2.0]]
    """
    kappa = invariant_kappa(kappa, group)
    t = _share_unaveraged(group, m, replacement)
    return (1 - t) * kappa.mean(axis=-3, keepdims=True) + t * kappa


def random_elements_residuals(
    kappa: ArrayLike, labels: ArrayLike, group: FiniteGroup, m: int, ridge: float = 0.0, *, replacement: bool = False
) -> NDArray[np.float64]:
    """Residual of each orbit's left-out pose with features averaged over m random elements.

    At ridge 0, 1/e_c = ( [κ̂(1)⁻¹]_cc + t⁻¹ Σ_{ρ≠1} d_ρ tr[κ̂(ρ)⁻¹]_cc ) / ( |G| [κ̂(1)⁻¹y]_c ): linear in 1/t, that is,
    with replacement in m.

    Parameters
    ----------
    kappa : (..., |G|, C, C) array, the invariant Gram of the features as they are
    labels : (C,) or (C, k) array
    group : FiniteGroup
    m : int, elements drawn for each feature; at most |G| without replacement
    ridge : float, absolute, at least 0
    replacement : bool

    Returns
    -------
    (..., C) or (..., C, k) array, label minus prediction. All |G| elements without replacement make orbits collapse:
    then the limit of ridge 0 is 0, and is returned.

    Raises
    ------
    ValueError
        As `random_elements_kappa` and `spectral_loo_residuals`; also if κ shows that points repeat, for which there is
        no formula here.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> kappa = np.array([[[2.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.5, 1.0]]])
    >>> random_elements_residuals(kappa, [1.0, -1.0], cyclic(2), 2)
    array([0., 0.])
    """
    dtype = getattr(kappa, "dtype", None)
    kappa = invariant_kappa(kappa, group)
    refuse_repeated_points(kappa, group, dtype)
    averaged = random_elements_kappa(kappa, group, m, replacement=replacement)
    distinct = [(0,)] * kappa.shape[-1]  # however close the average brings them
    if not ridge and group.order > 1 and not _share_unaveraged(group, m, replacement):
        # Collapsed orbits; the kernel of the seeds alone must still be one, which the residuals of κ itself tell.
        return np.zeros_like(spectral_loo_residuals(kappa, labels, group, stabilisers=distinct))
    return spectral_loo_residuals(averaged, labels, group, ridge, distinct)


def _share_unaveraged(group, m, replacement):
    """t: what is left of every block but the trivial one."""
    m = positive_int(m, "m")
    if replacement:
        return 1 / m
    if m > group.order:
        raise ValueError(
            f"m must be at most |G| = {group.order} where no element is drawn twice, got {m}; or pass replacement=True"
        )
    return (group.order - m) / (m * (group.order - 1)) if group.order > 1 else 1.0
