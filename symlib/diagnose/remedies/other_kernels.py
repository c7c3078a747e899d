"""Remedies that need kernel values of their own: denser poses, and an architecture that has the symmetry built in.

Each is computed on as many of the objects as time allows, and compared with the design as it is on the same ones.
"""

import numpy as np
from numpy.typing import NDArray

from symlib.diagnose.answers.prediction import predicted
from symlib.diagnose.checks import check_action
from symlib.diagnose.machine.bench import Bench, bench
from symlib.diagnose.machine.kernel_values import PointKernel, exact_subgroup
from symlib.diagnose.names import NamedAction, named_action, named_architecture
from symlib.diagnose.problem.case import Case, Design
from symlib.diagnose.problem.orbit_points import moved_orbits, prepared
from symlib.diagnose.problem.sizes import drawn, orbits_that_fit
from symlib.diagnose.remedies.recomputed import Before, before, compared
from symlib.diagnose.report import Remedy
from symlib.groups import FiniteGroup, cyclic, dihedral

_CANDIDATES = ["cnn-gap", "c4-gap", "d4-gap"]
_GRAM_SHARE = 3.0  # of the seconds that the Gram matrix of the diagnosis may take, this part a remedy
_SIDE = 8  # entries along an axis, below which no pose in between is interpolated
_LEAST = 5  # samples of every class, below which a remedy is not tried


def denser_poses(start: Before, x: NDArray, action: NamedAction, how: str, entry_seconds: float, seed: int) -> Remedy:
    """Twice as many poses of the same turn: the gap stays, its neighbours come closer."""
    name = "denser poses"
    what = "The group is sampled twice as densely; poses next to a seen one are seen, the gap itself is not."
    group = start.bench.case.group
    finer, embedding = _finer(group)
    if finer is None:
        return Remedy(name, what, False, why_not=f"{group.name} is no group of turns or steps that could be halved")
    try:
        if action.name not in _BY_NAME:
            raise ValueError(f"the action is given for the {group.order} elements of {group.name} only")
        move = named_action(action.name, finer, x.shape[1:])
        if not check_action(x, move, finer)[1] and min(x.shape[1:]) < _SIDE:
            raise ValueError(f"points of shape {x.shape[1:]} hold too little to be interpolated")
    except ValueError as error:
        return Remedy(name, what, False, why_not=f"there are no poses in between: {error}")
    case = start.bench.case
    keep = _few(case, 2 * group.order, start.bench, entry_seconds, x[0].size, seed)
    if _too_few(case, keep):
        reason = f"twice as many poses take too long here: {len(keep)} samples are too few to tell"
        return Remedy(name, what, False, why_not=reason)
    pose = None if case.pose is None else embedding[case.pose[keep]]
    orbits = prepared(moved_orbits(x[keep], move, finer, pose), how)
    fine_case = case.restricted(keep).refined(finer, pose)
    kernel = start.bench.kernel
    exact = exact_subgroup(kernel.invariance_gaps(orbits, finer), finer)
    fine = bench(fine_case, orbits, kernel, exact, start.bench.ridge, start.bench.memory_limit, start.bench.progress)
    coarse = _embedded(start.design, keep, finer, embedding)
    denser = _denser(coarse, fine_case, finer, np.random.default_rng([seed, 5]))
    as_it_is = before(fine, coarse, start.confidence)
    if not as_it_is.unseen[~np.isnan(as_it_is.unseen)].size:
        return Remedy(name, what, False, why_not="among the objects that time allows none is in a gap")
    size = fine_case.trained(denser).sum() / as_it_is.size
    return compared(as_it_is, name, _on(what, keep, case), [predicted(fine, denser).new], training=float(size))


_BY_NAME = ("shift", "translate", "rotate", "rotate-exact", "flip-rotate")


def matching_architecture(start: Before, architecture: str, seed: int) -> Remedy:
    """The architecture of symlib that does not see what most elements of the group do."""
    name = "matching architecture"
    what = "A network that has (a part of) the symmetry built in takes the place of this one."
    shape = start.bench.orbits.shape[2:]
    if len(shape) != 2:
        reason = "symlib's architectures with a symmetry built in are of images; averaging is that for other data"
        return Remedy(name, what, False, why_not=reason)
    orbits, group = start.bench.orbits, start.bench.case.group
    least = len(start.bench.kernel.fixing(orbits, group))
    best = None
    for candidate in _CANDIDATES:
        try:
            kernel = PointKernel(named_architecture(candidate, shape).kernel, orbits)
        except ValueError:
            continue
        fixed = kernel.fixing(orbits, group)
        if len(fixed) > max(least, 1 if best is None else len(best[2])):
            best = candidate, kernel, fixed
    if best is None:
        reason = (
            f"{architecture} has as much of it as any of {', '.join(_CANDIDATES)}"
            if least > 1
            else f"none of {', '.join(_CANDIDATES)} leaves out of account what an element of {group.name} does"
        )
        return Remedy(name, what, False, why_not=reason)
    candidate, kernel, fixed = best
    seconds = kernel.seconds_an_entry(orbits)
    exact = exact_subgroup(kernel.invariance_gaps(orbits, group), group)
    case = start.bench.case
    keep = _few(case, group.order, start.bench, seconds, int(np.prod(shape)), seed, len(exact), kernel)
    if _too_few(case, keep):
        reason = f"{candidate} would do, but its kernel takes too long here: {len(keep)} samples are too few to tell"
        return Remedy(name, what, False, why_not=reason)
    smaller = case.restricted(keep)
    design = Design(start.design.seen[:, keep], start.design.cells, start.design.gaps)
    plain = start if len(keep) == len(case.y) else before(start.bench.on(keep), design, start.confidence)
    ready = (kernel, exact, start.bench.ridge, start.bench.memory_limit, start.bench.progress)
    other = bench(smaller, orbits[keep], *ready)
    what = (
        f"{candidate}, which does not see what {len(fixed)} of {group.order} elements do, takes the place of this one."
    )
    news = [predicted(other, design).new]
    return compared(plain, f"{name}: {candidate}", _on(what, keep, case), news, asking=None)


def _few(case: Case, order: int, like: Bench, seconds: float, size: int, seed: int, exact=None, kernel=None):
    """Orbits, by index, that a group of that order allows; whole objects."""
    n = len(case.y)
    if exact is None:  # of twice as many poses: what leaves the kernel alone is among them
        exact = order if len(like.exact) == like.case.group.order else len(like.exact)
    most = orbits_that_fit(
        case.group if order == case.group.order else cyclic(order),
        exact,
        2 if (kernel or like.kernel).paired else 1,
        seconds * _GRAM_SHARE,
        float(np.bincount(case.y).max() / n),
        size,
        case.pose is not None,
        like.memory_limit,
    )
    if n <= most:
        return np.arange(n)
    return drawn(case.y, case.objects, case.pose, case.n_classes, most, None, seed)


def _finer(group: FiniteGroup) -> tuple[FiniteGroup | None, NDArray]:
    """The group of half the steps, and where the elements of this one are in it."""
    n = group.order
    if np.array_equal(group.table, cyclic(n).table) and n > 1:
        return cyclic(2 * n), 2 * np.arange(n)
    if n % 2 == 0 and n > 4 and np.array_equal(group.table, dihedral(n // 2).table):
        half = n // 2
        return dihedral(n), np.concatenate([2 * np.arange(half), n + 2 * np.arange(half)])
    return None, np.arange(n)


def _too_few(case, keep):
    return len(keep) < len(case.y) and np.bincount(case.y[keep], minlength=case.n_classes).min() < _LEAST


def _embedded(design, keep, finer, embedding):
    seen = np.zeros((finer.order, len(keep)), bool)
    seen[embedding] = design.seen[:, keep]
    cells = np.zeros((len(design.cells), finer.order), bool)
    cells[:, embedding] = design.cells
    return Design(seen, cells, [(c, int(embedding[g])) for c, g in design.gaps])


def _denser(coarse, case, finer, rng):
    """The half steps next to seen poses are seen too: all of a class's samples there, or each sample once more."""
    step, back = finer.table[1], finer.table[finer.inverse[1]]  # h ↦ rh, h ↦ r⁻¹h
    between = (coarse.cells[:, step] | coarse.cells[:, back]) & ~coarse.cells
    for c, g in coarse.gaps:
        between[c, g] = False
    cells = coarse.cells | between
    if case.pose is None:
        seen = case.of_cells(cells)
    else:
        seen = coarse.seen.copy()
        turn = np.where(rng.random(len(case.y)) < 0.5, step[case.pose], back[case.pose])
        seen[turn, np.arange(len(case.y))] = True
    return Design(seen, cells, coarse.gaps)


def _on(what, keep, case):
    return what if len(keep) == len(case.y) else f"{what} (Computed on {len(keep)} samples of {len(case.y)}.)"
