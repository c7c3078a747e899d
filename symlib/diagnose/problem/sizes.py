"""How many orbits are diagnosed, from what time and memory allow, and which: whole objects, every cell kept if it can.

With an invariant kernel the Gram matrix is κ, |G|·C²/2 entries, inverted by blocks of order C·d; else all |G|·C points
have their matrix in full. What varies (the gap, the curve, the remedies) costs a factorisation of the order of what is
taken out, at most a class in all its poses.
"""

import numpy as np
from numpy.typing import NDArray

from symlib.groups import FiniteGroup

GRAM_SECONDS = 500.0  # of one core
_BLOCK_WORK = 4e9  # cubes of the blocks of a group transform, complex ones four times
_POINTS = 3000  # of a matrix in full, or of a class in all its poses
_MOST = 1500  # orbits, whatever the group


def orbits_that_fit(
    group: FiniteGroup,
    exact: int,
    parts: int,
    entry_seconds: float,
    largest_class: float,
    point_size: int,
    posed: bool,
    memory_limit: int,
) -> int:
    """The number C of orbits that a diagnosis takes.

    Parameters
    ----------
    group : FiniteGroup
    exact : int, elements under which the kernel is invariant; where it is all of them, κ is enough
    parts : int, kernels that come with a call, 1 or 2
    entry_seconds : float, of a kernel evaluation
    largest_class : float, the part of all samples that the largest class is
    point_size : int, numbers that a point has
    posed : bool, whether each sample is seen in one pose, and few points are taken out
    memory_limit : int, bytes
    """
    order = group.order
    entries = GRAM_SECONDS / entry_seconds
    memory = memory_limit / 8 * 0.8
    from_time = np.sqrt(2 * entries * exact) / order
    if exact == order:
        dims = [(rho.shape[1], np.iscomplexobj(rho) and bool(np.abs(rho.imag).max() > 0)) for rho in group.irreps]
        # Of conjugate irreps one is inverted, hence 2 for a complex one and not 4.
        from_work = (
            _BLOCK_WORK * (4 if posed else 1) / sum(d**3 * (2 if is_complex else 1) for d, is_complex in dims)
        ) ** (1 / 3)
        # κ of each part, a workspace, six inverses, their transform; the points twice.
        each = order * (parts + 6) + 8 * parts
    else:
        from_work = _POINTS / order
        each = order**2 * (parts + 8)
    points = 3 * order * point_size
    from_memory = (-points + np.sqrt(points**2 + 4 * each * memory)) / (2 * each)
    bounds = [from_time, from_work, from_memory, _MOST]
    if not posed:
        bounds.append(_POINTS / (order * largest_class))  # the gap's class in all poses is taken out at once
    return max(2, int(min(bounds)))


def drawn(
    y: NDArray, objects: NDArray, pose: NDArray | None, n_classes: int, most: int, max_objects: int | None, seed: int
) -> NDArray[np.intp]:
    """Indices of the samples that are used: whole objects, classes in proportion, cells not left empty if it can be.

    Parameters
    ----------
    y, objects : (n,) int arrays
    pose : (n,) int array or None
    n_classes, most : int, the number of samples that fit
    max_objects : int or None
    seed : int
    """
    ids, first, sizes = np.unique(objects, return_index=True, return_counts=True)
    limit = len(ids) if max_objects is None else min(max_objects, len(ids))
    if len(y) <= most and limit == len(ids):
        return np.arange(len(y))
    rng = np.random.default_rng([seed, 0])
    order = rng.permutation(len(ids))
    of_class = y[first]
    share = np.bincount(of_class, minlength=n_classes) / len(ids)
    mean_size = len(y) / len(ids)
    budget = min(limit, most / mean_size)
    wanted = np.maximum(np.round(share * budget), min(8, budget / n_classes))
    chosen = np.zeros(len(ids), bool)
    used, taken = 0, np.zeros(n_classes)

    def take(o):
        nonlocal used
        if not chosen[o] and used + sizes[o] <= most and chosen.sum() < limit:
            chosen[o] = True
            used += sizes[o]
            taken[of_class[o]] += 1

    if pose is not None:  # an object for every cell that has one
        place = np.searchsorted(ids, objects)
        rank = np.empty(len(ids), int)
        rank[order] = np.arange(len(ids))
        held: set[tuple[int, int]] = set()
        for i in np.argsort(rank[place], kind="stable"):
            cell = (int(y[i]), int(pose[i]))
            if cell not in held and taken[y[i]] < wanted[y[i]]:
                held.add(cell)
                take(place[i])
    for o in order[np.argsort(share[of_class[order]], kind="stable")]:  # small classes first
        if taken[of_class[o]] < wanted[of_class[o]]:
            take(o)
    for o in order:  # what rounding left
        take(o) if chosen.sum() < budget else None
    return np.flatnonzero(np.isin(objects, ids[chosen]))
