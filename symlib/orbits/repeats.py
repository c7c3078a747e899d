"""Points that repeat within an orbit: the elements that fix each seed, and the distinct points that are left.

The stabiliser of a seed is H_c = {h : h x_c = x_c}, a subgroup. Elements of one coset gH_c make the same point of it,
so that orbit c has n_c = |G|/|H_c| distinct points. A formula that counts |G| of them leaves one copy out while its
twins stay in training, and finds nothing difficult. Book chapter 17.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.groups import FiniteGroup
from symlib.groups.subgroups import coset_representatives, subgroup_elements
from symlib.support.checks import SYMMETRY_TOLERANCE, finite_array, positive

_SLACK = 10  # how much farther apart than a seed and its copy the other pairs of copies may lie


def stabilisers(
    orbits: ArrayLike, group: FiniteGroup, *, tolerance: float = SYMMETRY_TOLERANCE
) -> list[tuple[int, ...]]:
    """For each seed the elements that fix it, H_c = {h : h x_c = x_c}.

    Parameters
    ----------
    orbits : (C, |G|, …) array; index g of the group axis is element g acting on the seed
    group : FiniteGroup
    tolerance : float, above 0
        An element fixes a seed if it moves it by no more than this fraction of the seed's norm. The default is rounding
        of an exact action; an interpolated one moves what it should leave alone by some per cent, and needs a
        tolerance between that and the distance of points that are meant to differ.

    Returns
    -------
    list of C tuples of elements in ascending order, the identity first; (0,) for a seed that nothing else fixes

    Raises
    ------
    ValueError
        If the orbits do not fit the group or are not finite; if what was found of a seed is no subgroup, or elements of
        one coset make different points: the orbits are of another group or table, or the tolerance cuts through what
        interpolation moves.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> from symlib.orbits import shift_orbits
    >>> stabilisers(shift_orbits([[1, 2, 1, 2], [1, 2, 3, 4]], 4), cyclic(4))
    [(0, 2), (0,)]
    """
    orbits, tolerance = finite_array(orbits, "orbits", min_ndim=3), positive(tolerance, "tolerance")
    if orbits.shape[1] != group.order or 0 in orbits.shape:
        raise ValueError(f"orbits must have shape (C, |G|, …) with |G| = {group.order} for {group}, got {orbits.shape}")
    return [_stabiliser(orbit.reshape(group.order, -1), group, tolerance, c) for c, orbit in enumerate(orbits)]


def _stabiliser(poses, group, tolerance, c):
    """The elements that fix seed c, whose poses (|G|, d) these are."""
    size = np.linalg.norm(poses[0])
    found = np.flatnonzero(np.linalg.norm(poses - poses[0], axis=1) <= tolerance * size)
    remedy = (
        f"pass the group whose action made these orbits, or another tolerance= (it is {tolerance:g} of the seed's norm)"
    )
    try:
        elements = subgroup_elements(found, group, f"what fixes seed {c}")
    except ValueError as error:
        raise ValueError(f"{error}; {remedy}") from None
    apart = np.max([np.linalg.norm(poses[group.table[:, h]] - poses, axis=1) for h in elements], axis=0)
    if apart.max() > _SLACK * tolerance * size:
        g = int(apart.argmax())
        raise ValueError(
            f"elements {elements.tolist()} fix seed {c}, but of the coset {group.table[g, elements].tolist()}, which "
            f"must make one point of it, two differ by {apart.max() / size:.1e} of its norm; {remedy}"
        )
    return tuple(elements.tolist())


def distinct_points(stabilisers: Sequence[ArrayLike], group: FiniteGroup) -> NDArray[np.intp]:
    """The distinct points of orbits as (element, orbit) pairs: of every coset gH_c the smallest element.

    Parameters
    ----------
    stabilisers : sequence of C sequences of elements, as `stabilisers` finds them
    group : FiniteGroup

    Returns
    -------
    (n, 2) array of int, n = Σ_c |G|/|H_c|, in element-major order: by element, then by orbit. Where nothing repeats it
    is every pair, and (g, c) has index g·C + c.

    Raises
    ------
    ValueError
        If an entry of `stabilisers` is no subgroup.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> distinct_points([(0, 2), (0,)], cyclic(4)).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1], [2, 1], [3, 1]]
    """
    first = first_of_coset(checked_stabilisers(stabilisers, group), group)
    return np.argwhere(first == np.arange(group.order)[:, None])


def checked_stabilisers(
    stabilisers: Sequence[ArrayLike], group: FiniteGroup, n_orbits: int | None = None
) -> list[NDArray[np.intp]]:
    """Each entry's elements in ascending order; ValueError for one that is no subgroup, or another number of them."""
    if n_orbits is not None and len(stabilisers) != n_orbits:
        raise ValueError(
            f"stabilisers must name the elements that fix each of {n_orbits} seeds, got {len(stabilisers)} entries; "
            "symlib.stabilisers(orbits, group) finds them"
        )
    known: dict[tuple, NDArray] = {}  # the same few subgroups all over
    for c, entry in enumerate(stabilisers):
        if not np.size(entry):
            raise ValueError(f"stabilisers[{c}] is empty; the identity fixes every seed: (0,)")
        key = tuple(np.ravel(entry).tolist())
        if key not in known:
            known[key] = subgroup_elements(entry, group, f"stabilisers[{c}]")
    return [known[tuple(np.ravel(entry).tolist())] for entry in stabilisers]


def first_of_coset(stabilisers: list[NDArray[np.intp]], group: FiniteGroup) -> NDArray[np.intp]:
    """The smallest element of the coset gH_c, for every g and c: (|G|, C)."""
    few = {id(elements): elements for elements in stabilisers}
    known = {key: coset_representatives(elements, group) for key, elements in few.items()}
    return np.stack([known[id(elements)] for elements in stabilisers], axis=1)
