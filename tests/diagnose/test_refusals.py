"""What is refused, each with what was wrong and what to do; and what is drawn where data are too many."""

import numpy as np
import pytest

from symlib.diagnose import Refused, diagnose
from symlib.diagnose.problem.sizes import drawn, orbits_that_fit
from symlib.groups import cyclic, dihedral, symmetric
from tests.diagnose.cases import kernel, three_classes

X, Y = three_classes(np.random.default_rng(0))
POSE = np.arange(30) % 12
GROUP = cyclic(12)


def shift(g, x):
    return np.roll(x, g, axis=-1)


def changed(array, index, value):
    array = np.array(array, dtype=object if value is None else None)
    array[index] = value
    return array


def ask(x=X, y=Y, group=GROUP, action=shift, **settings):
    return diagnose(x, y, group, action, progress=False, **({"architecture": kernel, "remedies": False} | settings))


REFUSALS = {
    "NaN in x": (dict(x=changed(X, (3, 2), np.nan)), r"x must be finite, got nan at \(3, 2\)"),
    "one axis": (dict(x=X[:, 0]), r"x must be \(n, d\).*x\[:, None\]"),
    "colours": (dict(x=np.ones((30, 4, 4, 3))), r"x.mean\(axis=-1\)"),
    "no samples": (dict(x=X[:0], y=Y[:0]), "none of them 0"),
    "text": (dict(x=np.full((30, 12), "a")), "x must hold numbers"),
    "y too short": (dict(y=Y[:-1]), r"y must have one entry a sample, \(30,\), got shape \(29,\)"),
    "y a column": (dict(y=Y[:, None]), r"got shape \(30, 1\); pass y\[:, 0\]"),
    "classes that floats merge": (dict(y=Y * 4.0 + 1e19), r"y holds 1e\+19, and beyond 2\^53"),
    "one-hot": (dict(y=np.eye(3)[Y]), r"y.argmax\(1\)"),
    "NaN in y": (dict(y=changed(Y.astype(float), 4, np.nan)), "y must hold classes, got nan at 4"),
    "None in y": (dict(y=changed(Y, 4, None)), "leave out samples without a label"),
    "numbers": (dict(y=Y + 0.5), "y must hold classes, whole numbers or strings, got 0.5.*cut a quantity"),
    "one class": (dict(y=np.zeros(30, int)), "at least two classes, got only 0"),
    "regression": (dict(y=np.arange(30)), "30 different values in 30 samples"),
    "one object": (dict(objects=np.where(Y == 1, 99, np.arange(30))), "class 1 has 1 object"),
    "an object without an id": (dict(objects=changed(np.arange(30), 4, None)), "objects must be ids, got None at 4"),
    "an object of an id that is NaN": (dict(objects=np.array([0, np.nan, *range(28)], object)), "got nan at 1"),
    "objects too short": (dict(objects=np.arange(7)), "objects must have one entry a sample"),
    "pose out of range": (dict(pose=POSE + 1), "pose must lie in 0 … 11.*got 12 at 11; take it modulo 12"),
    "angles": (dict(pose=POSE + 0.5), r"round\(a·n/360\) % n"),
    "unknown class": (dict(missing=[(7, 0)]), "names class 7, which no sample has; the classes are 0, 1, 2"),
    "unknown pose": (dict(missing=[(1, 12)]), r"names pose 12 of class 1; poses of .*C12.* are 0 … 11"),
    "no cells": (dict(missing=[]), "missing is empty"),
    "no list of cells": (dict(missing=5), r"list of \(class, pose\) pairs, got 5; pass"),
    "a cell alone": (dict(missing=(1, 2)), r"list of \(class, pose\) pairs, got the entry 1"),
    "cell twice": (dict(missing=[(1, 2), (1, 2)]), "names a cell twice"),
    "no pose left": (dict(missing=[(1, g) for g in range(12)]), "class 1 would be seen in no pose at all"),
    "no group": (dict(group=None), "group must be a name, as 'cyclic:12'.*, got None"),
    "a number for a group": (dict(group=12), "a FiniteGroup or its multiplication table, got 12"),
    "a group of too many elements": (dict(group="cyclic:100000000"), "does not fit into memory.*of fewer elements"),
    "unknown group": (dict(group="cyclc:12"), "cyclc:12.*not known.*cyclic"),
    "group that does not fit": (dict(group=cyclic(5), action="shift"), "n must divide the length of 12"),
    "group of one": (dict(group=cyclic(1)), "has one element, the identity.*pass a larger group"),
    "unknown action": (dict(action="shove"), "action 'shove' is not known"),
    "unknown architecture": (dict(architecture="mpl"), "architecture 'mpl' is not known, perhaps 'mlp"),
    "architecture of images": (dict(architecture="cnn"), r"needs images of shape \(H, W\)"),
    "kernel of another shape": (dict(architecture=lambda a, b: a @ b.T[:, :1]), "does not take these points"),
    "indefinite": (dict(architecture=lambda a, b: -(a @ b.swapaxes(-1, -2))), "not positive semidefinite"),
    "blank": (dict(x=changed(X, 5, 2.0)), "1 blank samples.*the first at 5.*standardise=False"),
    "no number for a ridge": (dict(ridge=None), "ridge must be one real number, got None"),
    "no number for a margin": (dict(margin="x"), "margin must be one real number, got 'x'"),
    "ridge": (dict(ridge=-1.0), "ridge must be finite and at least 0"),
    "margin": (dict(margin=1.5), r"margin must be a number in \[0, 1\), got 1.5"),
    "target": (dict(target=0), r"target must be a number in \(0, 1\]"),
    "confidence": (dict(confidence=95), r"confidence must be a number in \(0, 1\), got 95"),
    "max_objects": (dict(max_objects=2), r"of the \d samples that max_objects allows, class . has . object"),
    "no objects": (dict(max_objects=0), "max_objects must be a whole number of at least 1"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refused(name):
    settings, message = REFUSALS[name]
    with pytest.raises(ValueError, match=message):
        ask(**settings)


def test_an_action_that_is_none():
    group = dihedral(6)
    opposite = np.array([[group.table[g, j] for j in range(12)] for g in range(12)])  # x[gj]: the other way round
    with pytest.raises(Refused, match="does not obey the table.*opposite multiplication") as caught:
        ask(group=group, action=opposite)
    assert caught.value.checks[-1].status == "refused"
    right = np.array([[group.table[group.inverse[g], j] for j in range(12)] for g in range(12)])
    report = ask(group=group, action=right, missing=[(0, 7)])
    assert [check.name for check in report.checks][:2] == [
        "action obeys the table",
        "kernel is invariant when both points are moved",
    ]


def test_an_action_that_interpolates_is_warned_of():
    """Shifts by one and a half entries, linear in between."""

    def move(g, x):
        whole, half = divmod(3 * g, 2)
        moved = np.roll(x, whole, axis=-1)
        return (moved + np.roll(moved, 1, axis=-1)) / 2 if half else moved

    report = ask(group=cyclic(8), action=move, missing=[(0, 1)])
    check = report.checks[0]
    assert check.status == "warned" and "only approximately" in check.detail
    assert not report.settings["exact_action"] and not report.settings["invariant"]
    assert any("interpolates" in caution for caution in report.cautions)


def test_every_pose_of_a_sample_is_one_point():
    with pytest.raises(Refused, match="no gap holds a point of its own"):
        ask(action=lambda g, x: x, missing=[(0, 1)])


def test_too_small_a_ridge_is_named():
    with pytest.raises(ValueError, match="ridge"):
        ask(x=np.repeat(X, 2, axis=0)[:30] + 0, ridge=0.0, architecture=lambda a, b: a @ b.swapaxes(-1, -2), pose=POSE)


def test_a_remedy_whose_equations_are_singular_says_so():
    """Without a ridge, a kernel averaged over all poses has nothing to tell two poses of training points apart."""
    images = np.random.default_rng(8).standard_normal((20, 8, 8))
    settings = dict(missing=[(0, 3)], ridge=0.0, architecture="mlp", remedies=True)
    report = ask(images, np.arange(20) % 2, "cyclic:8", "translate", **settings)
    found = {remedy.name: remedy for remedy in report.remedies}
    assert found["close the gap"].applicable
    assert not found["matching architecture"].applicable
    assert "its numbers cannot be computed: the Gram matrix" in found["matching architecture"].why_not
    with pytest.raises(Refused, match="would need about .* GiB.*max_objects=") as caught:
        ask(images, np.arange(20) % 2, "cyclic:8", "translate", memory_limit=2**20)
    assert caught.value.checks[-1].status == "refused"


def test_whole_objects_are_drawn_and_cells_kept():
    rng = np.random.default_rng(1)
    y = rng.choice(4, size=3000, p=[0.55, 0.3, 0.14, 0.01])
    objects = 4 * rng.integers(500, size=3000) + y
    pose = np.where(rng.random(3000) < 0.02, rng.integers(12, size=3000), rng.integers(3, size=3000))
    chosen = drawn(y, objects, pose, 4, 600, None, 0)
    assert 500 <= len(chosen) <= 600 and (np.diff(chosen) > 0).all()
    rest = np.setdiff1d(np.arange(3000), chosen)
    assert not np.isin(objects[rest], objects[chosen]).any()
    cells = {(a, b) for a, b in zip(y.tolist(), pose.tolist())}
    kept = {(a, b) for a, b in zip(y[chosen].tolist(), pose[chosen].tolist())}
    assert len(kept) >= 0.8 * len(cells)
    shares = np.bincount(y[chosen], minlength=4) / len(chosen)
    assert abs(shares[0] - 0.55) < 0.1 and (np.bincount(y[chosen]) >= 8).all()
    np.testing.assert_array_equal(drawn(y, objects, pose, 4, 5000, None, 0), np.arange(3000))
    few = drawn(y, objects, None, 4, 5000, 30, 0)
    assert len(np.unique(objects[few])) == 30


def test_sizes_follow_group_kernel_and_memory():
    group_16 = cyclic(16)

    def fit(group=group_16, exact=16, entry=1e-7, largest=0.1, posed=False, limit=8 * 2**30):
        return orbits_that_fit(group, exact, 2, entry, largest, 784, posed, limit)

    assert fit() > fit(exact=1) and fit() > fit(entry=1e-3) and fit() > fit(largest=0.9) and fit() > fit(limit=2**27)
    assert fit(posed=True) > fit() > 100
    assert fit(exact=1, entry=1e-3) < fit(exact=4, entry=1e-3)
    assert 2 <= fit(group=symmetric(5), exact=120) < fit()


def test_fewer_samples_are_used_and_it_is_said():
    report = ask(max_objects=18, missing=[(0, 2)])
    assert report.settings["objects_used"] == 18 and report.settings["objects"] == 30
    assert report.coverage.counts[0, 0] == 9  # of all data
    assert any("18 of 30 samples were used" in caution for caution in report.cautions)


def test_vectors_too_short_to_be_centred():
    rng = np.random.default_rng(2)
    turns = np.array([[[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]] for a in 2 * np.pi * np.arange(6) / 6])
    y = np.repeat([0, 1], 20)
    x = np.array([[1.0, 0], [3.0, 0.5]])[y] + 0.1 * rng.standard_normal((40, 2))
    report = ask(x, y, cyclic(6), turns, missing=[(0, 3)], architecture="mlp")
    assert report.settings["standardised"] == "whole" and report.settings["invariant"]
    assert ask(x, y, cyclic(6), turns, missing=[(0, 3)], standardise=False).settings["standardised"] == "none"


def test_groups_of_one_element_overflowing_entries_and_single_objects():
    x, y = np.random.default_rng(0).standard_normal((6, 8)), np.array([0, 1, 0, 1, 0, 1])
    for wanted, points, classes, group in (
        ("one element", x, y, "cyclic:1"),
        ("overflow", 1e200 * x, y, "cyclic:8"),
        ("class 1 has 1 object", x[:3], [0, 0, 1], "cyclic:8"),
    ):
        with pytest.raises(Refused, match=wanted):
            diagnose(points, classes, group, "shift", progress=False)


@pytest.mark.parametrize("group", [cyclic(12), dihedral(6)], ids=str)
def test_poses_the_other_way_round_or_of_other_samples_are_noticed(group):
    rng = np.random.default_rng(5)
    seeds, y = three_classes(rng)
    pose = rng.integers(0, group.order, len(y))

    def action(g, x):  # rotations and reflections of twelve entries, two entries a step of the dihedral group
        step = 12 // (group.order if group.name == "C12" else group.order // 2)
        reflected, k = divmod(int(g), 12 // step)
        return np.roll(x[..., ::-1] if reflected else x, k * step, axis=-1)

    x = np.stack([action(p, seed) for p, seed in zip(pose, seeds)])

    def check(given):
        report = diagnose(x, y, group, action, pose=given, architecture=kernel, progress=False, remedies=False)
        return next(check for check in report.checks if check.name == "poses bring samples of a class together")

    assert check(pose).status == "passed"
    inverse = check(group.inverse[pose])
    assert inverse.status == "warned" and "group.inverse[pose]" in inverse.remedy
    # All samples upright, and poses that say otherwise.
    x = seeds
    assert check(pose).status == "warned" and "belongs to these samples" in check(pose).remedy
    assert check(np.full(len(y), 3)).status == "passed"
