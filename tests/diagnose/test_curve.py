"""The designs of the curve by hand, its end against the full design, and the subgroups that are tried."""

import numpy as np
import pytest

from symlib.diagnose import diagnose
from symlib.diagnose.answers.curve import numbers_of_poses
from symlib.diagnose.problem.case import folds_of
from symlib.groups import cyclic, dihedral, quaternion, symmetric
from symlib.groups.subgroups import cyclic_subgroups, subgroups_of_each_order
from tests.diagnose.cases import answers, kernel, standardised, three_classes


def shift(g, x):
    return np.roll(x, g, axis=-1)


def right(points, y, seen, folds, ridge):
    out = np.zeros(seen.shape, bool)
    for fold in range(folds.max() + 1):
        g, i = np.nonzero(seen & (folds != fold))
        scores = answers(points[g, i], y[i], points.reshape(-1, points.shape[-1]), 3, ridge)
        out[:, folds == fold] = (scores.argmax(-1).reshape(seen.shape) == y)[:, folds == fold]
    return out


@pytest.mark.parametrize("posed", [False, True])
def test_points_of_the_curve(posed):
    rng = np.random.default_rng(11)
    seeds, y = three_classes(rng, d=6, counts=(8, 11, 9), noise=0.6)
    pose = rng.integers(6, size=28) if posed else np.zeros(28, int)
    if posed:
        pose[(y == 1) & (pose == 2)] = 3
    x = np.array([np.roll(seed, p) for seed, p in zip(seeds, pose)])
    settings = dict(pose=pose) if posed else dict(missing=[(1, 2)])
    report = diagnose(
        x, y, cyclic(6), shift, architecture=kernel, ridge=0.05, progress=False, standardise=False, **settings
    )
    curve = report.curve
    assert curve.label == report.gaps[0].label
    points = np.array([[np.roll(seed, g) for seed in seeds] for g in range(6)])
    folds, ridge = folds_of(y, np.arange(28), 3, 0), report.settings["ridge_absolute"]
    observed = np.zeros((6, 28), bool)
    observed[pose, np.arange(28)] = True
    found = {(point.poses, point.kind): point for point in curve.points}
    assert [p for p, kind in found if kind == "random"] == [1, 2, 3, 4, 5, 6]
    # In all six poses, and in the subgroup {0, 3} or {0}.
    members = y == curve.label
    for m, kind, poses in [(6, "random", range(6)), (1, "subgroup", [0])]:
        seen = observed.copy() if posed else np.ones((6, 28), bool)
        if not posed:
            seen[2, members] = False
        seen[:, members] = False
        for i in np.flatnonzero(members):
            if posed:
                seen[pose[i] if pose[i] in poses else 0, i] = True
            else:
                seen[list(poses), i] = True
        unseen = [g for g in range(6) if g not in poses] or list(range(6))
        wanted = right(points, y, seen, folds, ridge)[unseen][:, members].mean()
        assert found[m, kind].share.value == pytest.approx(wanted), (m, kind)
    reached = [p for p, kind in found if kind == "random" and p < 6 and found[p, kind].share.value >= 0.9]
    assert curve.n_star == min(reached, default=None)
    for point in curve.points:
        assert point.lowest - 1e-12 <= point.share.value <= point.highest + 1e-12
        assert point.draws == (1 if point.kind == "subgroup" or point.poses == 6 else 6 if posed else 3)


def test_numbers_and_subgroups():
    assert numbers_of_poses(4) == [1, 2, 3, 4]
    assert numbers_of_poses(12) == [1, 2, 3, 4, 6, 8, 9, 10, 11, 12]
    orders = {
        group.name: [len(q) for q in subgroups_of_each_order(group)]
        for group in (cyclic(12), dihedral(4), quaternion(), symmetric(4))
    }
    assert orders == {"C12": [1, 2, 3, 4, 6], "D4": [1, 2, 4], "Q8": [1, 2, 4], "S4": [1, 2, 3, 4, 6, 8, 12]}
    assert [q.tolist() for q in subgroups_of_each_order(dihedral(4))][2] == [0, 1, 2, 3]  # the turns
    assert [len(q) for q in cyclic_subgroups(quaternion())] == [2, 4, 4, 4]
    for q in subgroups_of_each_order(symmetric(4)):
        assert np.isin(symmetric(4).table[np.ix_(q, q)], q).all()


def test_standardised_points_of_the_oracle():
    x = standardised(np.random.default_rng(0).standard_normal((3, 7)))
    np.testing.assert_allclose([(x**2).sum(1), x.sum(1)], [[7] * 3, [0] * 3], atol=1e-12)
