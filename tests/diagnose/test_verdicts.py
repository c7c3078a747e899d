"""Verdicts on data whose answer is known, and intervals that are honest about few objects."""

import numpy as np
import pytest

from symlib.claims import share_interval
from symlib.diagnose import diagnose
from symlib.diagnose.answers.verdict import verdict_of
from symlib.diagnose.problem.orbit_points import prepared
from symlib.diagnose.shares import difference_of, mean_over, share_of
from symlib.groups import cyclic
from symlib.kernels import mlp_kernel
from tests.diagnose.cases import kernel, three_classes


def shift(g, x):
    return np.roll(x, g, axis=-1)


def quiet(*args, architecture=kernel, remedies=False, **settings):
    return diagnose(*args, architecture=architecture, progress=False, remedies=remedies, **settings)


def two_shapes(n, noise=0.15, seed=0):
    shapes = np.zeros((2, 12))
    shapes[0, [0, 1, 2]], shapes[1, [0, 2, 5]] = [3, 2, 1], [3, 2, 1]
    y = np.repeat([0, 1], n)
    return shapes[y] + noise * np.random.default_rng(seed).standard_normal((2 * n, 12)), y


def test_an_invariant_kernel_says_yes_whatever_is_missing():
    x, y = two_shapes(60)
    group = cyclic(4)

    def move(g, points):
        return np.roll(points, 3 * g, axis=-1)

    def pooled(a, b):
        return sum(kernel(a, move(q, b))[1] for q in range(4)) / 4

    report = quiet(x, y, group, move, missing=[(1, 2), (1, 3)], architecture=pooled, remedies=True)
    assert report.verdict == "yes" and report.unseen.value == 1 and report.sentence.startswith("Yes: ")
    assert [gap.verdict for gap in report.gaps] == ["yes", "yes"]
    assert report.curve.n_star == 1
    averaging = next(r for r in report.remedies if r.name == "average over the group")
    assert averaging.gain.value == 0 and averaging.gain.low < 0 < averaging.gain.high


def test_sparse_orbits_say_no_and_averaging_helps():
    x, y = two_shapes(20)
    report = quiet(x, y, cyclic(12), shift, missing=[(1, 4)], remedies=True)
    assert report.verdict == "no" and report.gaps[0].verdict == "no"
    assert report.unseen.value < 0.2 and report.seen.value > 0.9
    averaging = next(r for r in report.remedies if r.name == "average over the group")
    assert averaging.gain.low > 0.5 and averaging.harm.low > -0.2
    assert report.curve.n_star is None and "No number" in report.curve.sentence
    assert report.lowest.value == min(report.gaps[0].known.value, report.gaps[0].new.value)


def test_three_objects_cannot_tell():
    x, y = two_shapes(3)
    report = quiet(x, y, cyclic(12), shift, missing=[(1, 4)])
    assert report.unseen.value == 0 and report.seen.value == 1  # as clear as three objects can be
    assert report.verdict == "cannot tell" and report.sentence.startswith("Cannot tell: ")
    assert {check.name: check.status for check in report.checks}["objects are enough"] == "warned"


def test_a_false_symmetry_is_found_and_averaging_harms():
    """One shape, upright a 6 and turned by half a 9."""
    rng = np.random.default_rng(3)
    six = np.array([0.0, 3, 2, 1, 0, 0, 1, 0])
    y = np.repeat([6, 9, 1], 24)
    other = np.array([1.0, 0, 2, 0, 2, 0, 0, 2])
    clean = {6: six, 9: np.roll(six, 4), 1: other}
    x = np.array([clean[c] for c in y]) + 0.05 * rng.standard_normal((72, 8))
    pose = rng.choice([0, 1, 7], size=72)
    pose[(y == 1) & (pose == 1)] = 0
    x = np.array([np.roll(row, p) for row, p in zip(x, pose)])
    report = quiet(x, y, cyclic(8), shift, pose=pose, remedies=True)
    check = next(c for c in report.checks if c.name == "no input under two labels once moved")
    assert check.status == "warned" and "moved by element 4" in check.detail and "(6)" in check.detail
    averaging = next(r for r in report.remedies if r.name == "average over the group")
    assert averaging.harm.high < -0.2
    assert any("false" in caution for caution in report.cautions)
    # The same input exactly, once; and so often that a class is one object.
    x[30] = np.roll(x[2], pose[30] - pose[2] + 4)
    check = next(c for c in quiet(x, y, cyclic(8), shift, pose=pose).checks if c.name == check.name)
    assert "the same: sample 2 (6) and sample 30 (9) moved by element 4" in check.detail
    exact = np.array([np.roll(clean[c], p) for c, p in zip(y, pose)])
    with pytest.raises(ValueError, match="fewer than two objects, samples that the group moves onto one another"):
        quiet(exact, y, cyclic(8), shift, pose=pose)


def test_without_gaps_each_class_lacks_a_pose_in_turn():
    x, y = three_classes(np.random.default_rng(2))
    report = quiet(x, y, cyclic(12), shift)
    assert report.coverage.in_turn and report.coverage.what_if
    assert sorted(report.coverage.gaps) == [(0, 0), (1, 0), (2, 0)]
    assert len(report.table) == 36 and sum(not row.seen for row in report.table) == 3
    shares = [gap.new.value for gap in report.gaps]
    assert shares == sorted(shares)
    # With every cell seen, each class lacks its rarest pose.
    group, pose = cyclic(2), np.arange(30) % 2
    pose[0] = 1
    report = quiet(x[:, :8], y, group, lambda g, v: np.roll(v, 4 * g, axis=-1), pose=pose)
    counts = report.coverage.counts
    assert report.coverage.gaps == [(c, int(counts[c].argmin())) for c in range(3)] and counts.min() > 0


def test_share_of_single_objects_is_wilsons():
    right = np.array([1.0] * 11 + [0.0] * 3)
    found, wanted = share_of(right, np.arange(14), 0.9), share_interval(right, 0.9)
    assert (found.value, found.low, found.high) == pytest.approx(tuple(wanted)) and found.n == 14
    # Two samples an object say no more than one.
    twice = share_of(np.repeat(right, 2), np.repeat(np.arange(14), 2), 0.9)
    assert (twice.value, twice.low, twice.high, twice.n) == pytest.approx((found.value, found.low, found.high, 14))
    assert share_of(np.full(3, np.nan), np.arange(3), 0.9) is None


def test_share_and_difference_of_objects_of_unlike_size():
    objects = np.array([0, 0, 0, 1, 2, 2])
    right = np.array([1, 1, 0, 1, 0, np.nan])
    found = share_of(right, objects, 0.95)
    assert found.value == pytest.approx(3 / 5) and found.n == 3
    effective = 25 / (9 + 1 + 1)
    z2 = 1.959963984540054**2
    middle = (0.6 + z2 / 2 / effective) / (1 + z2 / effective)
    assert (found.low + found.high) / 2 == pytest.approx(middle)
    change = difference_of(np.array([-1, 0, 0, 1, 0, 0.0]), objects, 0.95)
    assert change.value == pytest.approx(0) and change.low < 0 < change.high and change.n == 3


def test_difference_is_bonett_and_prices():
    """Of −1, 0, 1: (b − c)/(n + 2) ± q √((b̃ + c̃ − (b̃ − c̃)²)/(n + 2)), b̃ = (b + 1)/(n + 2), with Student's q."""
    change = np.array([-1] * 9 + [0] * 28 + [1] * 3, float)
    found = difference_of(change, np.arange(40), 0.95)
    b, c = 4 / 42, 10 / 42
    half = 2.0226909 * np.sqrt((b + c - (b - c) ** 2) / 42)
    assert (found.low, found.high) == pytest.approx((b - c - half, b - c + half), abs=1e-7)
    assert found.value == pytest.approx(-6 / 40)


@pytest.mark.parametrize("n", [6, 12, 40])
def test_intervals_hold_for_few_objects(n):
    """Two-sided, over 800 sets: they miss the truth in about 5 %; 9 % would be three standard errors more."""
    rng = np.random.default_rng(n)
    p = np.array([0.25, 0.7, 0.05])
    missed = 0
    for _ in range(800):
        found = difference_of(rng.choice([-1.0, 0.0, 1.0], size=n, p=p), np.arange(n), 0.95)
        missed += not found.low <= p[2] - p[0] <= found.high
    assert missed / 800 < 0.09


def test_what_no_object_contradicts_still_needs_many():
    def verdict(n):
        return verdict_of(difference_of(np.zeros(n), np.arange(n), 0.95), 0.05)

    assert [verdict(n) for n in (3, 20, 50, 60, 200)] == ["cannot tell"] * 3 + ["yes"] * 2
    assert verdict_of(difference_of(np.full(3, -1.0), np.arange(3), 0.95), 0.05) == "cannot tell"
    assert verdict_of(difference_of(np.full(8, -1.0), np.arange(8), 0.95), 0.05) == "no"
    assert verdict_of(difference_of(np.zeros(1), np.arange(1), 0.95), 0.9) == "cannot tell"
    assert verdict_of(None, 0.05) == "cannot tell"


def test_mean_over_skips_what_was_not_asked():
    right = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0]], bool)
    where = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 0]], bool)
    np.testing.assert_array_equal(mean_over(right, where), [2 / 3, 1 / 2, np.nan])


def test_guessing_in_every_pose_is_no_yes():
    """Labels that say nothing: unseen poses are as right as seen ones, which is no recognition."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((60, 8)), np.arange(60) % 2
    report = diagnose(x, y, "cyclic:8", "shift", margin=0.3, progress=False, remedies=False)
    assert report.difference.low > -0.3  # within the margin, and yet
    assert report.verdict == "cannot tell"
    assert all(gap.verdict != "yes" for gap in report.gaps)
    told_apart = next(check for check in report.checks if "told apart" in check.name)
    assert told_apart.status == "warned"
    assert "guessing" in report.sentence


def test_prediction_alone_leaves_out_curve_and_remedies():
    shapes = np.array([[3.0, 2, 1, 0, 0, 0, 0, 0], [3.0, 0, 2, 0, 0, 1, 0, 0]])
    y = np.repeat([0, 1], 10)
    x = shapes[y] + 0.1 * np.random.default_rng(0).standard_normal((20, 8))
    given = {"missing": [(1, 3)], "progress": False}
    alone, whole = (diagnose(x, y, "cyclic:8", "shift", remedies=wanted, **given) for wanted in (False, True))
    assert alone.curve is None and alone.remedies == []
    assert whole.curve is not None and whole.remedies
    assert alone.table == whole.table and alone.sentence == whole.sentence
    assert "nan" not in str(alone)


def test_intervals_hold_the_truth_of_fresh_objects_and_yes_is_never_wrong():
    """Two shapes whose shifts lie so near each other that a missing one costs a part of the objects.

    The truth of a draw is the machine that learnt from all of it, asked about 400 fresh objects.
    """
    shapes = np.exp(-((np.arange(8) - np.array([[3.0], [3.9]])) ** 2) / np.array([[2.0], [4.5]]))
    held, wrong_yes, differences = [], 0, []
    for draw in range(24):
        rng = np.random.default_rng(draw)
        y = np.arange(40) % 2
        x, fresh = (shapes[c] + 0.25 * rng.standard_normal((len(c), 8)) for c in (y, np.ones(400, int)))
        report = diagnose(x, y, "cyclic:8", "shift", missing=[(1, 0)], progress=False, remedies=False)
        orbits, asked = (prepared(np.stack([np.roll(a, g, axis=1) for g in range(8)], 1), "each") for a in (x, fresh))
        trained = np.ones((40, 8), bool)
        trained[y == 1, 0] = False
        points, labels = orbits[trained], np.where(np.repeat(y, 8).reshape(40, 8), 1.0, -1.0)[trained]
        ridge = report.settings["ridge_absolute"] * np.eye(len(points))
        weights = np.linalg.solve(mlp_kernel(points).ntk + ridge, labels)
        right = (mlp_kernel(asked.reshape(-1, 8), points).ntk @ weights > 0).reshape(400, 8)
        truth = right[:, 0].mean() - right[:, 1:].mean()
        held.append(report.difference.low <= truth <= report.difference.high)
        wrong_yes += report.verdict == "yes" and truth < -0.05
        differences.append((report.difference.value, truth))
    estimate, truth = np.mean(differences, axis=0)
    assert -0.9 < truth < -0.1  # neither nothing nor all is lost
    assert abs(estimate - truth) < 0.08
    assert np.mean(held) >= 0.85
    assert wrong_yes == 0
