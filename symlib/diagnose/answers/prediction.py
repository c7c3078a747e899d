"""Which points are predicted right, and from that the table: share right for each cell, with intervals over objects.

A point is right where the answer of its own class is larger than that of every other; a tie is not right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symlib.diagnose.machine.bench import Bench
from symlib.diagnose.problem.case import Case, Design
from symlib.diagnose.report import Coverage, Row
from symlib.diagnose.shares import mean_over, share_of

_TIE = 1e-9
_SPREAD_POINTS = 96  # over all cells of a design
_A_CELL = 20


@dataclass(frozen=True)
class Right:
    """Which points (|G|, C) are answered rightly: by the machine trained on all, and on other objects only.

    Attributes
    ----------
    known, new : (|G|, C) bool arrays
    """

    known: NDArray[np.bool_]
    new: NDArray[np.bool_]


def rightly(scores: NDArray, y: NDArray) -> NDArray[np.bool_]:
    """Whether scores (|G|, C, k) are largest, by more than rounding, for the class of their orbit."""
    own = np.eye(scores.shape[-1], dtype=bool)[y]
    best_other = np.where(own, -np.inf, scores).max(axis=-1)
    return np.where(own, scores, -np.inf).max(axis=-1) > best_other + _TIE


def predicted(bench: Bench, design: Design) -> Right:
    """What the machine of a design gets right."""
    known, new = bench.machine.answers(bench.case.trained(design))
    return Right(rightly(known, bench.case.y), rightly(new, bench.case.y))


def in_gaps(case: Case, design: Design, right: NDArray, gaps: Sequence[tuple[int, int]] | None = None) -> NDArray:
    """(C,) the part of an orbit's unseen points that is right; NaN where it has none."""
    return mean_over(right, case.unseen(design, gaps))


def in_seen(case: Case, design: Design, right: NDArray) -> NDArray[np.float64]:
    """(C,) the part of an orbit's seen poses that is right: as it was observed, or over all seen cells."""
    return mean_over(right, case.seen_points(design))


def rows_of(
    bench: Bench, design: Design, right: Right, classes: Sequence[int], coverage: Coverage, confidence: float
) -> list[Row]:
    """The rows of these classes, pose by pose."""
    case = bench.case
    trained = case.anywhere(case.trained(design))
    unseen = ~case.anywhere(case.of_cells(design.cells))
    spreads = cell_spreads(bench, design, classes)
    rows = []
    for c in classes:
        members = case.y == c
        for g in range(case.group.order):
            seen = bool(design.cells[c, g])
            here = members & (unseen[g] | seen)
            known = np.where(here & ~trained[g], right.known[g], np.nan)
            new = np.where(here, right.new[g], np.nan)
            known_share, new_share = (share_of(values, case.objects, confidence) for values in (known, new))
            count = int(coverage.counts[c, g]) if seen or not coverage.in_turn else 0
            rows.append(Row(coverage.classes[c], g, seen, count, known_share, new_share, spreads.get((c, g))))
    return rows


def cell_spreads(bench: Bench, design: Design, classes: Sequence[int]) -> dict[tuple[int, int], float]:
    """The mean standard deviation of an ensemble's answers in each cell, on a few points of it.

    Of networks trained alike from different starts, whose initial answers are kept (`regression.ensemble_covariance`):
    at a point p, Σ_pp − 2 wᵀΣ_Tp + wᵀΣ_TT w with w = (Θ_TT + σ²)⁻¹ Θ_Tp.
    """
    if bench.nngp is None:
        return {}
    case, machine = bench.case, bench.machine
    trained = case.trained(design)
    known = ~case.anywhere(trained)
    gaps = set(design.gaps)
    cells = [(c, g) for c in classes for g in range(case.group.order)]
    n_gaps = sum(cell in gaps for cell in cells)
    for_gap = min(_A_CELL, max(1, _SPREAD_POINTS // (2 * max(1, n_gaps))))
    for_seen = min(_A_CELL, max(1, _SPREAD_POINTS // (2 * max(1, len(cells) - n_gaps))))
    found: dict[tuple[int, int], float] = {}
    # Where a cell has no point that is not trained on: objects of the first fold, asked of that fold's machine.
    for fold, allowed in ((machine.n_folds, known), (0, np.broadcast_to(case.folds == 0, known.shape))):
        chosen, owner = [], []
        for cell in cells:
            if cell in found:
                continue
            c, g = cell
            orbits = np.flatnonzero((case.y == c) & allowed[g])[: for_gap if cell in gaps else for_seen]
            chosen += [g * len(case.y) + i for i in orbits]
            owner += [cell] * len(orbits)
        if not chosen:
            continue
        deviations = _deviations(bench, trained, fold, np.array(chosen))
        for cell in set(owner):
            found[cell] = float(deviations[[other == cell for other in owner]].mean())
    return found


def _deviations(bench, trained, fold, points):
    machine, shape = bench.machine, bench.case.first.shape
    everywhere = np.arange(shape[0] * shape[1])
    on = machine.trained(trained, fold)[..., None]

    def columns(matrix):
        return matrix.block(everywhere, points).reshape(*shape, -1)

    weights = machine.solver(trained, fold)(np.where(on, columns(machine.matrix), 0.0))
    towards = columns(bench.nngp)
    own = towards.reshape(len(everywhere), -1)[points, np.arange(len(points))]
    variance = own - 2 * (weights * towards).sum(axis=(0, 1)) + (weights * bench.nngp.times(weights)).sum(axis=(0, 1))
    return np.sqrt(np.maximum(variance, 0.0))
