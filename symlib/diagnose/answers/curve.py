"""How many poses: share right at the poses that a class lacks against the number m of poses in which it is seen.

The m poses are the first m of all in a random order, a few times, or a subgroup; all other classes are as designed.
With poses, a sample of the class keeps its own if that is among the m, and is moved to one of them otherwise, so that
their number is the same for every m; without, every sample of the class is seen in all m.
"""

import numpy as np
from numpy.typing import NDArray

from symlib.diagnose.answers.prediction import predicted
from symlib.diagnose.answers.verdict import named
from symlib.diagnose.machine.bench import Bench
from symlib.diagnose.problem.case import Design
from symlib.diagnose.report import Curve, CurvePoint, Label
from symlib.diagnose.shares import mean_over, share_of
from symlib.groups.subgroups import subgroups_of_each_order

_ALL_UP_TO = 8  # poses of a group of which every m is tried
DRAWS, DRAWS_WITH_POSE = 3, 6


def curve_of(bench: Bench, design: Design, c: int, label: Label, target: float, confidence: float, seed: int) -> Curve:
    """The curve of class c; costs a design for each m, draw and subgroup."""
    case = bench.case
    order = case.group.order
    rng = np.random.default_rng([seed, 3])
    subgroups = {len(elements): elements for elements in subgroups_of_each_order(case.group)}
    # Where samples keep poses of their own, which poses they are matters more.
    orders = [rng.permutation(order) for _ in range(DRAWS if case.pose is None else DRAWS_WITH_POSE)]
    places = rng.random((case.y == c).sum())
    points: list[CurvePoint] = []
    for m in numbers_of_poses(order):
        whole = m == order
        sets = [poses[:m] for poses in (orders[:1] if whole else orders)]
        found = [_point(bench, design, c, sets, "random", confidence, places)]
        if m in subgroups and not whole:
            found.append(_point(bench, design, c, [subgroups[m]], "subgroup", confidence, places))
        points += [point for point in found if point is not None]
    n_star, n_subgroup = (
        min((p.poses for p in points if p.kind == kind and p.poses < order and p.share.value >= target), default=None)
        for kind in ("random", "subgroup")
    )
    return Curve(label, points, target, n_star, n_subgroup, _sentence(label, points, target, n_star, n_subgroup, order))


def numbers_of_poses(order: int) -> list[int]:
    """The m that are tried: all for small groups, else halving steps, with one short of all, and all."""
    if order <= _ALL_UP_TO:
        return list(range(1, order + 1))
    parts = {order * a // b for a, b in [(1, 4), (1, 3), (1, 2), (2, 3), (3, 4), (7, 8)]}
    return sorted({1, 2, 3, order - 1, order} | parts)


def with_poses(bench: Bench, design: Design, c: int, poses: NDArray, places: NDArray) -> Design:
    """The design in which class c is seen in these poses; `places` in [0, 1) say where a sample goes that must move."""
    case = bench.case
    members = np.flatnonzero(case.y == c)
    seen, cells = design.seen.copy(), design.cells.copy()
    chosen = np.zeros(case.group.order, bool)
    chosen[poses] = True
    cells[c] = chosen
    seen[:, members] = False
    if case.pose is None:
        seen[np.ix_(np.flatnonzero(chosen), members)] = True
    else:
        own = case.pose[members]
        seen[np.where(chosen[own], own, poses[(places * len(poses)).astype(int)]), members] = True
    return Design(seen, cells, [(c, int(g)) for g in np.flatnonzero(~chosen)])


def _point(bench, design, c, sets, kind, confidence, places):
    case = bench.case
    members = case.y == c
    draws = []
    for poses in sets:
        changed = with_poses(bench, design, c, poses, places)
        right = predicted(bench, changed).new
        asked = case.unseen(changed) if changed.gaps else case.first & members
        draws.append(mean_over(right, asked & members))
    shares = [share_of(draw, case.objects, confidence) for draw in draws]
    shares = [share for share in shares if share is not None]
    with_any = ~np.isnan(draws).all(axis=0)
    mean = np.full(len(case.y), np.nan)
    mean[with_any] = np.nanmean(np.array(draws)[:, with_any], axis=0)
    together = share_of(mean, case.objects, confidence)
    if together is None:  # the m poses make all points of the class
        return None
    values = [share.value for share in shares]
    return CurvePoint(len(sets[0]), together, kind, min(values), max(values), len(sets))


def _sentence(label, points, target, n_star, n_subgroup, order):
    if n_star is not None:
        at = next(p for p in points if p.poses == n_star and p.kind == "random")
        text = f"{n_star} of {order} poses of {named(label)}, drawn at random, reach {target:g} ({at.share})"
    else:
        text = f"No number of poses of {named(label)} short of all {order} reaches {target:g} where they are drawn"
    if n_subgroup is not None:
        text += f"; {n_subgroup} that are a subgroup do"
    return text + "."
