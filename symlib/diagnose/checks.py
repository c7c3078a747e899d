"""What is looked at before anything is predicted; each function returns a `Check`, or raises `Refused` with why.

How far an action misses its table is measured against the distances between the poses of a sample: an exact action
misses by rounding, an interpolated one by a part of them, and what misses by most of them is no action of this group.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from symlib.diagnose.machine.kernel_values import PointKernel, exact_subgroup
from symlib.diagnose.machine.matrices import PointMatrix
from symlib.diagnose.problem.neighbours import Neighbours
from symlib.diagnose.problem.orbit_points import Move
from symlib.diagnose.report import Check, Label, Refused
from symlib.diagnose.shares import share_of
from symlib.groups import FiniteGroup
from symlib.orbits.actions import moved_points, refuse_what_is_no_action
from symlib.support.hermitian import PSD_TOLERANCE

NO_ACTION = 0.7  # of the distance between poses, from which on an action is none of this group
NEAR = 0.1  # of the typical distance between classes, below which two samples are nearly the same
_SAMPLES = 12
_POINTS = 400
_NEARER, _FARTHER = 0.9, 1.05  # of mean square distances within classes: what noise does not explain
_RATIO = 5  # of the largest class to the smallest


def check_action(x: NDArray, move: Move, group: FiniteGroup) -> tuple[Check, bool]:
    """Whether h(gx) = (hg)x on a few samples: the check, and whether it is exact."""
    few = x[np.unique(np.linspace(0, len(x) - 1, _SAMPLES).astype(int))]
    moved = {g: moved_points(move, g, few) for g in range(group.order)}
    try:
        refuse_what_is_no_action(move, few, moved, group, range(group.order), group.generators)
    except ValueError as error:
        failure = str(error)
    else:
        return Check(
            "action obeys the table", "passed", f"exactly, on {len(few)} samples and all of {group.name}"
        ), True
    poses = np.stack([moved[g].reshape(len(few), -1) for g in range(group.order)])
    spread = np.sqrt((np.abs(poses - poses.mean(axis=0)) ** 2).sum(axis=-1).mean() * 2)
    worst, where = 0.0, (0, 0)
    for h in [0, *group.generators]:
        for g in range(group.order):
            gap = moved_points(move, h, moved[g]).reshape(len(few), -1) - poses[group.table[h, g]]
            miss = np.sqrt((gap**2).sum(axis=-1).mean()) / max(spread, 1e-300)
            if miss > worst:
                worst, where = float(miss), (h, g)
    if worst > NO_ACTION:
        raise Refused(f"{failure} (that is {worst:.0%} of the distance between two poses)")
    detail = (
        f"only approximately, as interpolated actions do: moving by {where[1]} and then by {where[0]} misses moving by "
        f"{group.table[where]} by {worst:.0%} of the distance between two poses, the worst on {len(few)} samples"
    )
    remedy = 'what follows is computed without use of invariance; an exact action (such as "rotate-exact") is quicker'
    return Check("action obeys the table", "warned", detail, remedy), False


def check_invariance(kernel: PointKernel, orbits: NDArray, group: FiniteGroup) -> tuple[Check, float, NDArray]:
    """How far the kernel is from k(gx, gx') = k(x, x'): the check, the gap, and the subgroup for which it holds."""
    gaps = kernel.invariance_gaps(orbits, group)
    exact, gap, where = exact_subgroup(gaps, group), float(gaps.max()), int(gaps.argmax())
    name = "kernel is invariant when both points are moved"
    if len(exact) == group.order:
        return Check(name, "passed", f"to {gap:.1e} of its largest value; |G| times fewer values do"), gap, exact
    detail = f"it changes by {gap:.1e} of its largest value, most by element {where}; all points are evaluated"
    if len(exact) > 1:
        detail += f" (less those that {len(exact)} elements, under which it is invariant, save)"
    remedy = "no number is wrong for it; with an exact action and an invariant kernel more objects fit"
    return Check(name, "warned", detail, remedy), gap, exact


def check_repeats(sizes: NDArray, repeats: Sequence[tuple[int, int, int]], dropped: int, order: int) -> Check:
    """Points that coincide; `sizes` are the orders of the stabilisers, `dropped` samples of an orbit had before."""
    name = "points that coincide count once"
    fixed, parts = int((sizes > 1).sum()), []
    if fixed:
        parts.append(
            f"{fixed} of {len(sizes)} samples are left alone by some elements (by {sizes.max()} of {order} at most): "
            "these poses are one point, unseen only where all of them are"
        )
    if repeats:
        parts.append(f"{len(repeats)} pairs of samples are one another, moved: they are kept in one fold")
    if dropped:
        parts.append(f"{dropped} samples repeat an orbit that is there already, and were left out")
    if not parts:
        return Check(name, "passed", "no sample is left alone by an element, or is another one moved")
    remedy = "" if not (repeats or dropped) else "give objects= if samples of one object belong together"
    return Check(name, "warned" if repeats or dropped else "passed", "; ".join(parts), remedy)


def check_poses(orbits: NDArray, y: NDArray, pose: NDArray, group: FiniteGroup) -> Check:
    """Whether samples of a class are nearer each other once their poses are undone, than as they are, or undone twice.

    Poses the other way round, or of other samples, make a wrong prediction that nothing else would show. `orbits` are
    those of the seeds, pose⁻¹ x.
    """
    name, rows = "poses bring samples of a class together", np.arange(len(y))
    undone, observed = orbits[:, 0], orbits[rows, pose]
    opposite = orbits[rows, group.table[pose, pose]]  # what would be the seeds if pose⁻¹ were meant
    given, raw, other = (_within_classes(points, y) for points in (undone, observed, opposite))
    if raw == 0 or all(len(np.unique(pose[y == c])) == 1 for c in np.unique(y)):
        return Check(name, "passed", "nothing to compare: each class stands in one pose")
    detail = f"within classes, the mean square distance is {given / raw:.2f} of what it is as observed"
    if other < _NEARER * min(given, raw):
        remedy = "pose must be the element g with x = g·seed; if yours brings x back, pass group.inverse[pose]"
        return Check(name, "warned", f"{detail}, and {other / raw:.2f} with the inverse poses", remedy)
    if given > _FARTHER * raw:
        remedy = "look whether pose belongs to these samples, in this order, and counts the steps of this group"
        return Check(name, "warned", detail, remedy)
    return Check(name, "passed", detail)


def _within_classes(points, y):
    """Mean square distance from the class's mean."""
    flat = points.reshape(len(points), -1)
    return float(np.mean([((flat[y == c] - flat[y == c].mean(axis=0)) ** 2).sum(axis=1).mean() for c in np.unique(y)]))


def check_labels(near: Neighbours, y: NDArray, labels: list[Label], indices: NDArray) -> Check:
    """The same input, or nearly, under two labels once moved by the group: as a 6 and a 9."""
    name = "no input under two labels once moved"
    remedy = (
        "there the symmetry is false: averaging over the group cannot tell these apart; merge the classes, or use a "
        "subgroup that keeps them apart"
    )
    share = near.distance / near.typical if near.typical > 0 else 0.0
    i, j, u = near.pair
    pair = (
        f"sample {indices[i]} ({labels[y[i]]!r}) and sample {indices[j]} ({labels[y[j]]!r}) moved by element {u} are "
        f"{share:.1e} of the typical distance between classes apart"
    )
    if share <= NEAR:
        kind = "the same" if share <= 1e-5 else "nearly the same"
        return Check(name, "warned", f"{kind}: {pair}; {near.close} of {len(y)} samples have such a twin", remedy)
    a, b, moved, still = near.confusion
    if moved >= 0.25 and moved - still >= 0.1:
        detail = (
            f"moved by the group, {moved:.0%} of class {labels[a]!r} have their nearest neighbour in class "
            f"{labels[b]!r}, and {still:.0%} as they are; {pair}"
        )
        return Check(name, "warned", detail, remedy)
    return Check(name, "passed", f"the nearest: {pair}")


def check_definite(matrix: PointMatrix, first: NDArray, ridge: float, seed: int) -> Check:
    """Whether the kernel is positive semidefinite, on up to 400 distinct points, and the ridge beside that."""
    points = np.flatnonzero(first)
    rng = np.random.default_rng([seed, 2])
    points = np.sort(rng.choice(points, min(_POINTS, len(points)), replace=False))
    values = np.linalg.eigvalsh(matrix.block(points, points))
    lowest, largest = float(values[0]), float(values[-1])
    name = "kernel is positive semidefinite"
    if lowest < -PSD_TOLERANCE * largest * 10:
        raise Refused(
            f"the kernel is not positive semidefinite: the least eigenvalue among {len(points)} points is "
            f"{lowest:.1e}, the largest {largest:.1e}; check the kernel, for a ridge does not mend an indefinite matrix"
        )
    return Check(
        name, "passed", f"eigenvalues from {lowest:.1e} to {largest:.1e} among {len(points)} points; ridge {ridge:.1e}"
    )


def check_balance(y: NDArray, labels: list[Label]) -> Check:
    counts = np.bincount(y, minlength=len(labels))
    most, least = int(counts.argmax()), int(counts.argmin())
    detail = f"{labels[most]!r} has {counts[most]} samples, {labels[least]!r} {counts[least]}"
    if counts[most] == counts[least]:
        detail = f"each has {counts[most]} samples"
    if counts[most] > _RATIO * counts[least]:
        remedy = "answers lean towards the large classes; balance them, or read each class by itself"
        return Check("classes are balanced", "warned", detail, remedy)
    return Check("classes are balanced", "passed", detail)


def check_objects(objects: NDArray, y: NDArray, labels: list[Label], margin: float, confidence: float) -> Check:
    """Whether there are objects enough for a verdict: for "yes" an interval has to fit into the margin."""
    counts = [len(np.unique(objects[y == c])) for c in range(len(labels))]
    least = int(np.argmin(counts))
    total = len(np.unique(objects))
    from scipy import stats

    quantile = float(stats.norm.ppf((1 + confidence) / 2))
    needed = int(np.ceil(np.sqrt(2) * quantile / max(margin, 1e-9))) if margin > 0 else None
    detail = f"{total} objects, the fewest {counts[least]} of class {labels[least]!r}"
    if needed is None or counts[least] < needed:
        more = f"at least {needed} are" if needed is not None else "no number is"
        detail += f"; {more} needed for the interval of a class to fit within a margin of {margin:g}"
        return Check(
            "objects are enough", "warned", detail, "add objects, or allow a larger margin; read the intervals"
        )
    return Check("objects are enough", "passed", detail)


def check_told_apart(right: NDArray, y: NDArray, objects: NDArray, labels: list[Label], confidence: float) -> Check:
    """Whether classes are told apart in seen poses: the share right, mean over classes, against guessing, 1/k.

    `right` (C,) is the part of an orbit's seen poses that is right, as a new object; NaN where it has none. Where
    guessing does as well, unseen poses are no worse than seen ones for a reason that is no recognition.
    """
    name, k = "classes are told apart in seen poses", len(labels)
    shares = [share_of(np.where(y == c, right, np.nan), objects, confidence) for c in range(k)]
    asked = [share for share in shares if share is not None]
    mean = float(np.mean([share.value for share in asked]))
    # Lower ends of independent classes, added in squares.
    low = mean - float(np.sqrt(sum((share.value - share.low) ** 2 for share in asked))) / len(asked)
    detail = f"{mean:.0%} of new objects are right, mean over classes (at least {max(low, 0.0):.0%})"
    detail += f"; guessing is {1 / k:.0%}"
    if low > 1 / k:
        return Check(name, "passed", detail)
    remedy = (
        "no verdict on poses is given: add samples, take another architecture, or standardise=False if the mean or the "
        "length of a sample tells its class"
    )
    return Check(name, "warned", detail, remedy)
