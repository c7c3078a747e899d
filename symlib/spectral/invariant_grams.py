"""Between a Gram matrix of orbits and the invariant Gram κ, which is one column of its blocks.

If k(gx, gx') = k(x, x'), then K[(g,c),(h,d)] = κ_cd(g⁻¹h) = k(x_c, g⁻¹h·x_d). Points are element-major: index (g, c) ↦
g·C + c; where seeds have stabilisers, the distinct points alone, in the order of `orbits.distinct_points`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.groups import FiniteGroup
from symlib.groups.averages import group_average, warn_if_averaged_away
from symlib.orbits.repeats import checked_stabilisers, distinct_points, first_of_coset
from symlib.support.checks import invariant_kappa, symmetric_gram


def project_invariant(
    gram: ArrayLike, group: FiniteGroup, stabilisers: Sequence[ArrayLike] | None = None
) -> NDArray[np.float64]:
    """The nearest G-invariant Gram in Frobenius norm, κ_cd(u) = (1/|G|) Σ_g K[(g,c),(gu,d)].

    Parameters
    ----------
    gram : (..., n, n) array, n = |G|·C, points element-major
    group : FiniteGroup
    stabilisers : sequence of C sequences of elements, optional
        For each seed the elements that fix it. Then the Gram is that of the distinct points, in the order of
        `orbits.distinct_points`.

    Returns
    -------
    kappa : (..., |G|, C, C) array

    Raises
    ------
    ValueError
        If the Gram is not symmetric, or its size is no multiple of the group's order (with stabilisers: is not their
        number of distinct points).

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
    if stabilisers is not None:
        gram = _with_repeats(gram, group, stabilisers)
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


def expand_invariant(
    kappa: ArrayLike, group: FiniteGroup, stabilisers: Sequence[ArrayLike] | None = None
) -> NDArray[np.float64]:
    """The Gram (..., n, n) of an invariant one, K[(g,c),(h,d)] = κ_cd(g⁻¹h): block-circulant for cyclic groups.

    Parameters
    ----------
    kappa : (..., |G|, C, C) array
    group : FiniteGroup
    stabilisers : sequence of C sequences of elements, optional
        For each seed the elements that fix it: only the distinct points then have a row.

    Returns
    -------
    (..., n, n) array, n = |G|·C, points element-major; with stabilisers n = Σ_c |G|/|H_c|, in the order of
    `orbits.distinct_points`

    Raises
    ------
    ValueError
        If κ does not fit the group, or the stabilisers are not one subgroup for each orbit.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> expand_invariant(np.array([3.0, 1.0]).reshape(2, 1, 1), cyclic(2))
    array([[3., 1.],
           [1., 3.]])
    """
    kappa = invariant_kappa(kappa, group)
    if stabilisers is not None:
        element, orbit = distinct_points(checked_stabilisers(stabilisers, group, kappa.shape[-1]), group).T
        return kappa[..., group.table[group.inverse[element][:, None], element], orbit[:, None], orbit]
    *batch, order, n_orbits, _ = kappa.shape
    blocks = kappa[..., group.table[group.inverse], :, :]  # (..., g, h, c, d)
    return np.swapaxes(blocks, -3, -2).reshape(*batch, order * n_orbits, order * n_orbits)


def _with_repeats(gram, group, stabilisers):
    """The Gram matrix of all (g, c), from that of the distinct points."""
    first = first_of_coset(checked_stabilisers(stabilisers, group), group)
    pairs = np.argwhere(first == np.arange(group.order)[:, None])
    if gram.shape[-1] != len(pairs):
        raise ValueError(
            f"gram has {gram.shape[-1]} points, where orbits with these stabilisers have {len(pairs)} distinct ones; "
            "pass the Gram of symlib.orbits.distinct_points(stabilisers, group)"
        )
    place = np.empty(first.shape, dtype=np.intp)
    place[tuple(pairs.T)] = np.arange(len(pairs))
    every = place[first, np.arange(first.shape[1])].ravel()  # element-major
    return gram[..., every[:, None], every]
