"""The case that is diagnosed: the objects drawn, their folds, which points are one, and the designs to be asked about.

A design says which points (g, i) are trained on, and which cells (class, pose) are seen. With poses it is the data's
own, one pose a sample; without, all poses of all samples but a gap that is supposed. Where the gap is named by nobody,
each class in turn lacks a pose.

Points that coincide are one: of a coset gH of a seed with stabiliser H, and of samples that the group moves onto one
another, one is trained on and counted, and it is unseen only where all of them are.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symlib.diagnose.problem.inputs import Samples
from symlib.diagnose.report import Coverage, Refused
from symlib.groups import FiniteGroup

FOLDS = 5
THIN = 5  # samples below which a cell is thin
IN_TURN = 12  # classes that lack a pose in turn, at most


@dataclass(frozen=True)
class Design:
    """What is trained on, and the gaps that are asked about.

    Attributes
    ----------
    seen : (|G|, C) bool array of points
    cells : (k, |G|) bool array, which poses of which class are seen
    gaps : list of (class, pose), those that are reported
    """

    seen: NDArray[np.bool_]
    cells: NDArray[np.bool_]
    gaps: list[tuple[int, int]]


class Case:
    """The samples drawn, as orbits, with their folds and the points that coincide.

    Attributes
    ----------
    group : FiniteGroup
    y, objects, folds : (C,) int arrays, class, object (0 … m−1) and fold of each orbit
    pose : (C,) int array or None
    n_classes, n_folds : int
    first : (|G|, C) bool array, the distinct points
    """

    def __init__(
        self,
        group: FiniteGroup,
        y: NDArray,
        objects: NDArray,
        pose: NDArray | None,
        n_classes: int,
        cosets: NDArray,
        repeats: Sequence[tuple[int, int, int]],
        seed: int,
    ) -> None:
        """`cosets` (|G|, C): the smallest element with the same point; `repeats`: (i, j, u) with x_i = u x_j."""
        self.group, self.y, self.pose, self.n_classes = group, np.asarray(y), pose, n_classes
        self.objects = tied(objects, repeats)
        self.point = _point_ids(cosets, repeats, group, self.y)
        self.first = self.point == np.arange(self.point.size).reshape(self.point.shape)
        self.folds = folds_of(self.y, self.objects, n_classes, seed)
        self.n_folds = int(self.folds.max()) + 1

    @property
    def targets(self) -> NDArray[np.float64]:
        return np.eye(self.n_classes)[self.y]

    def anywhere(self, points: NDArray) -> NDArray[np.bool_]:
        """For every point whether it, or one that coincides with it, is in the mask `points` (|G|, C)."""
        found = np.zeros(points.size, bool)
        np.logical_or.at(found, self.point.ravel(), points.ravel())
        return found[self.point]

    def trained(self, design: Design) -> NDArray[np.bool_]:
        """The distinct points that the design trains on."""
        return self.anywhere(design.seen) & self.first

    def of_cells(self, cells: NDArray) -> NDArray[np.bool_]:
        """The points (|G|, C) in cells (k, |G|)."""
        return cells[self.y].T

    def unseen(self, design: Design, gaps: Sequence[tuple[int, int]] | None = None) -> NDArray[np.bool_]:
        """The distinct points of the design's gaps (or of these of them) that no seen pose makes as well."""
        wanted = np.zeros_like(design.cells)
        for label, pose in design.gaps if gaps is None else gaps:
            wanted[label, pose] = True
        # Of points that coincide one is asked about, in whichever of their cells it is wanted.
        return self.anywhere(self.of_cells(wanted)) & self.first & ~self.anywhere(self.of_cells(design.cells))

    def seen_points(self, design: Design) -> NDArray[np.bool_]:
        """Where seen poses are judged: each sample as it was observed, or without poses, all seen cells."""
        if self.pose is None:
            return self.anywhere(self.of_cells(design.cells)) & self.first
        observed = np.zeros(self.point.shape, bool)
        observed[self.pose, np.arange(len(self.y))] = True
        return observed & self.of_cells(design.cells)

    def restricted(self, orbits: NDArray) -> "Case":
        """The case with these orbits only, by index in ascending order; folds and what coincides are kept."""
        other = copy(self)
        other.y, other.objects, other.folds = self.y[orbits], self.objects[orbits], self.folds[orbits]
        other.pose = None if self.pose is None else self.pose[orbits]
        # Of points that coincide the first that is left stands for all.
        ids = self.point[:, orbits]
        _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
        other.point = first[inverse].reshape(ids.shape)
        other.first = other.point == np.arange(ids.size).reshape(ids.shape)
        return other

    def refined(self, group: FiniteGroup, pose: NDArray | None) -> "Case":
        """The same orbits and folds under another group, in these poses; its points are taken to be distinct."""
        other = copy(self)
        other.group, other.pose = group, pose
        other.point = np.arange(group.order * len(self.y)).reshape(group.order, -1)
        other.first = np.ones_like(other.point, bool)
        return other

    def observed(self) -> NDArray[np.bool_]:
        """The points of the data's own design: one pose a sample, or all of them."""
        seen = np.ones(self.point.shape, bool)
        if self.pose is not None:
            seen[:] = False
            seen[self.pose, np.arange(len(self.y))] = True
        return seen


def coverage_of(data: Samples, group: FiniteGroup) -> Coverage:
    """Counts of the design over all data, its gaps and thin cells; in turn, a gap each for the 12 largest classes."""
    k = len(data.labels)
    if data.pose is None:
        counts = np.repeat(np.bincount(data.y, minlength=k)[:, None], group.order, axis=1)
    else:
        counts = np.zeros((k, group.order), np.intp)
        np.add.at(counts, (data.y, data.pose), 1)
    natural = [(int(c), int(g)) for c, g in np.argwhere(counts == 0)]
    supposed = list(data.missing or [])
    what_if, in_turn = bool(supposed), not natural and not supposed
    if in_turn:
        largest = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[:IN_TURN])
        supposed, what_if = [(int(c), int(counts[c].argmin())) for c in largest], True
    gaps = natural + [cell for cell in supposed if cell not in natural]
    if not in_turn:
        for cell in supposed:
            counts[cell] = 0
        empty = np.flatnonzero(counts.sum(axis=1) == 0)
        if empty.size:
            raise Refused(
                f"class {data.labels[empty[0]]!r} would be seen in no pose at all; leave it at least one in missing"
            )
    thin = [(c, g) for c, g in np.argwhere((counts > 0) & (counts < THIN)).tolist()]

    def named(cells):
        return [(data.labels[c], int(g)) for c, g in cells]

    return Coverage(data.labels, list(range(group.order)), counts, named(gaps), named(thin), what_if, in_turn)


def designs_of(case: Case, coverage: Coverage) -> list[Design]:
    """The designs to be asked about: one, or one for each class that lacks a pose in turn."""
    gaps = [(coverage.classes.index(label), pose) for label, pose in coverage.gaps]
    whole = case.observed()
    counts = np.asarray(coverage.counts)
    if not coverage.in_turn:
        return [_design(case, whole, counts > 0, gaps)]
    return [_design(case, whole, counts > 0, [gap]) for gap in gaps]


def _design(case, whole, cells, gaps):
    cells, seen = cells.copy(), whole.copy()
    for label, pose in gaps:
        cells[label, pose] = False
        seen[pose, case.y == label] = False
    return Design(seen, cells, gaps)


def folds_of(y: NDArray, objects: NDArray, n_classes: int, seed: int) -> NDArray[np.intp]:
    """Folds of whole objects, the classes dealt out evenly: (n,) numbers 0 … F−1, F at most 5."""
    rng = np.random.default_rng([seed, 1])
    ids, first = np.unique(objects, return_index=True)
    fewest = min(len(np.unique(objects[y == c])) for c in range(n_classes))
    n_folds = min(FOLDS, fewest)
    if n_folds < 2:
        raise Refused(
            "a class has fewer than two objects, samples that the group moves onto one another being one; add objects "
            "that differ, or leave the class out"
        )
    fold_of, dealt = {}, 0
    for c in range(n_classes):
        for name in rng.permutation(ids[y[first] == c]):
            fold_of[name] = dealt % n_folds
            dealt += 1
    return np.array([fold_of[name] for name in objects], dtype=np.intp)


def tied(objects: NDArray, repeats: Sequence[tuple[int, int, int]]) -> NDArray[np.intp]:
    """Objects of which samples repeat made one: numbers 0 … m−1."""
    objects = np.array(objects)
    for i, j, _ in repeats:
        if objects[i] != objects[j]:
            objects[objects == max(objects[i], objects[j])] = min(objects[i], objects[j])
    return np.unique(objects, return_inverse=True)[1].astype(np.intp)


def _point_ids(cosets, repeats, group, y):
    """For every point (g, c) the index of the first that coincides with it and has its class."""
    n = cosets.shape[1]
    ids = cosets * n + np.arange(n)
    changed = True
    while changed:
        changed = False
        for i, j, u in repeats:
            if y[i] != y[j]:
                continue
            moved = group.table[:, u]  # g x_i = gu x_j
            lowest = np.minimum(ids[:, i], ids[moved, j])
            if (lowest < ids[:, i]).any() or (lowest < ids[moved, j]).any():
                ids[:, i], ids[moved, j] = lowest, lowest
                changed = True
    return ids
