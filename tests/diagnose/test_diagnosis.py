"""The predictions of diagnose against kernel regression on explicit points, with numpy.linalg and plain loops."""

import numpy as np
import pytest

from symlib.diagnose import diagnose
from symlib.diagnose.problem.case import folds_of
from symlib.groups import cyclic, dihedral
from symlib.orbits import dihedral_orbits
from symlib.regression import ensemble_covariance
from tests.diagnose.cases import answers, kernel, standardised, three_classes


def quiet(*args, architecture=kernel, remedies=False, **settings):
    return diagnose(*args, architecture=architecture, progress=False, remedies=remedies, **settings)


def written_out(x, group, move, pose, how=standardised):
    """points[g, i] (|G|, n, d): element g of the seed of sample i, one at a time."""
    n = len(x)
    rows = [
        [move(int(group.table[g, group.inverse[0 if pose is None else pose[i]]]), x[i]).ravel() for i in range(n)]
        for g in range(group.order)
    ]
    return how(np.array(rows))


def by_hand(points, y, seen, folds, ridge, other=None, k=3):
    """(known, new) booleans (|G|, n): right answers, training on the points of `seen`, whole and without each fold."""
    order, n = seen.shape

    def scores(trained):
        g, i = np.nonzero(trained)
        x = points[g, i]
        gram = (other or (lambda a, b: kernel(a, b)[1]))(x, x)
        alpha = np.linalg.solve(gram + ridge * np.eye(len(x)), np.eye(k)[y[i]])
        every = points.reshape(order * n, -1)
        return ((other or (lambda a, b: kernel(a, b)[1]))(every, x) @ alpha).reshape(order, n, k)

    known = scores(seen).argmax(-1) == y
    new = np.zeros((order, n), bool)
    for fold in range(folds.max() + 1):
        out = scores(seen & (folds != fold)).argmax(-1) == y
        new[:, folds == fold] = out[:, folds == fold]
    return known, new


def compare_table(report, known, new, seen, y, gaps):
    """Every row of the table, and every gap, against right answers by hand."""
    assert len(report.table) == len(report.coverage.classes) * len(seen)
    for row, asked in compared_rows(report, known, new, seen, y, gaps):
        if asked.any():
            assert row.known.n == asked.sum()
        else:
            assert row.known is None


def compared_rows(report, known, new, seen, y, gaps):
    """Every row and which samples (n,) it asks about known objects, after its shares were compared."""
    for row in report.table:
        c = report.coverage.classes.index(row.label)
        members = y == c
        assert row.seen == ((c, row.pose) not in gaps)
        assert row.new.value == pytest.approx(new[row.pose, members].mean(), abs=1e-12)
        asked = members & ~seen[row.pose]
        if asked.any():
            assert row.known.value == pytest.approx(known[row.pose, asked].mean(), abs=1e-12)
        yield row, asked


def shift(g, x):
    return np.roll(x, g, axis=-1)


def test_without_pose_two_gaps():
    x, y = three_classes(np.random.default_rng(0), counts=(9, 13, 8), noise=0.6)
    group, gaps = cyclic(12), [(0, 3), (2, 5)]
    report = quiet(x, y, group, shift, missing=gaps, ridge=0.01)
    points = written_out(x, group, shift, None)
    seen = np.ones((12, 30), bool)
    for c, g in gaps:
        seen[g, y == c] = False
    gram = kernel(points[0], points[0])[1]
    ridge = 0.01 * np.diag(gram).mean()
    assert report.settings["ridge_absolute"] == pytest.approx(ridge)
    folds = folds_of(y, np.arange(30), 3, 0)
    known, new = by_hand(points, y, seen, folds, ridge)
    compare_table(report, known, new, seen, y, gaps)
    # Of objects: unseen minus seen, each in its own class's gap.
    unseen = np.concatenate([new[g, y == c] for c, g in gaps])
    others = np.concatenate([new[np.arange(12) != g][:, y == c].mean(0) for c, g in gaps])
    assert report.unseen.value == pytest.approx(unseen.mean())
    assert report.difference.value == pytest.approx((unseen - others).mean())
    # The spread of an ensemble at the gap, known objects, from the full matrices.
    every = points.reshape(-1, 12)
    nngp, ntk = kernel(every, every)
    held_out = np.flatnonzero(~seen.ravel())
    spread = np.sqrt(np.diag(ensemble_covariance(ntk, nngp, held_out, ridge)))
    for c, g in gaps:
        row = next(r for r in report.table if (r.label, r.pose) == (c, g))
        at = [a for a, p in enumerate(held_out) if p // 30 == g and y[p % 30] == c]
        assert row.spread == pytest.approx(spread[at].mean(), rel=1e-6)


def test_with_pose_repeated_objects_and_strings():
    rng = np.random.default_rng(1)
    seeds, y = three_classes(rng, counts=(11, 14, 10), noise=0.5)
    objects = np.arange(35) // 2
    order = np.argsort(rng.random(35))  # objects of mixed neighbours: make their classes agree
    seeds, y = seeds[order], y[order]
    objects = np.array([f"tune {y[i]}-{objects[i] % 4}" for i in range(35)])
    group = cyclic(12)
    pose = rng.integers(12, size=35)
    pose[(y == 1) & np.isin(pose, [2, 7])] = 3
    x = np.array([np.roll(seed, p) for seed, p in zip(seeds, pose)])
    names = np.array(["crotchet", "minim", "quaver"])[y]
    report = quiet(x, names, "cyclic:12", "shift", pose=pose, objects=objects, seed=4)
    points = written_out(x, group, shift, pose)
    seen = np.zeros((12, 35), bool)
    seen[pose, np.arange(35)] = True
    ids = np.unique(objects, return_inverse=True)[1]
    folds = folds_of(y, ids, 3, 4)
    ridge = report.settings["ridge_absolute"]
    known, new = by_hand(points, y, seen, folds, ridge)
    counts = np.array([[((y == c) & (pose == g)).sum() for g in range(12)] for c in range(3)])
    np.testing.assert_array_equal(report.coverage.counts, counts)
    gaps = [(int(c), int(g)) for c, g in np.argwhere(counts == 0)]
    assert (1, 2) in gaps and (1, 7) in gaps
    assert all(asked.any() for _, asked in compared_rows(report, known, new, seen, y, gaps))
    assert report.table[0].new.n == len(set(ids[y == 0]))  # intervals are over objects
    for i in range(35):  # an object's samples share a fold
        assert len(set(folds[ids == ids[i]])) == 1
    observed = new[pose, np.arange(35)]
    asked = np.isin(y, [c for c, _ in gaps])
    assert report.seen.value == pytest.approx(observed[asked].mean())


def test_kernel_that_is_not_invariant_on_images_under_the_dihedral_group():
    rng = np.random.default_rng(2)
    y = np.repeat([0, 1], (9, 12))
    base = np.zeros((2, 4, 4))
    base[0, 0, :3], base[1, :3, 0], base[1, 0, 1] = 1, 1, 1
    x = base[y] + 0.4 * rng.standard_normal((21, 4, 4))
    weights = rng.uniform(0.5, 1.5, 16)

    def weighted(a, b):
        return np.exp(-((((a[:, None] - b[None]) * weights) ** 2).sum(-1)) / 40)

    def move(g, image):
        return dihedral_orbits(np.reshape(image, (-1, 4, 4)))[:, g].reshape(np.shape(image))

    group = dihedral(4)
    report = quiet(x, y, group, move, missing=[(1, 6)], architecture=weighted, ridge=0.02, remedies=True)
    assert not report.settings["invariant"] and report.checks[1].status == "warned"
    points = written_out(x, group, lambda g, v: move(g, v), None)
    seen = np.ones((8, 21), bool)
    seen[6, y == 1] = False
    folds = folds_of(y, np.arange(21), 2, 0)
    known, new = by_hand(points, y, seen, folds, 0.02, weighted, k=2)
    compare_table(report, known, new, seen, y, [(1, 6)])
    # A kernel averaged in both arguments, on the same design.
    orbit = lambda p: [move(g, p.reshape(-1, 4, 4)).reshape(len(p), 16) for g in range(8)]  # noqa: E731
    averaged = lambda a, b: sum(weighted(p, q) for p in orbit(a) for q in orbit(b)) / 64  # noqa: E731
    _, new_averaged = by_hand(points, y, seen, folds, 0.02, averaged, k=2)
    remedy = next(r for r in report.remedies if r.name == "average over the group")
    assert remedy.share.value == pytest.approx(new_averaged[6, y == 1].mean())
    assert remedy.gain.value == pytest.approx(new_averaged[6, y == 1].mean() - new[6, y == 1].mean())


def test_boards_with_stabilisers_count_distinct_points():
    """Nine cells under the square: boards that a reflection or a turn fixes have fewer poses than eight."""
    rng = np.random.default_rng(5)
    x = rng.integers(-1, 2, size=(40, 3, 3)).astype(float)
    x[::4] = np.maximum(x[::4], x[::4, :, ::-1])  # mirror images of themselves
    x[1] = 1.0
    x[1, 1, 1] = -1  # all of D4 fixes it
    x[0, 0, 0] = x[0, 0, 2] = 1
    y = (x[:, 1, 1] > 0).astype(int)
    group = dihedral(4)

    def move(g, image):
        return dihedral_orbits(np.reshape(image, (-1, 3, 3)))[:, g].reshape(np.shape(image))

    report = quiet(x, y, group, move, missing=[(1, 5), (0, 2)], ridge=0.01)
    points = written_out(x, group, move, None)
    keep = kept_orbits(points, y)
    points, y = points[:, keep], y[keep]
    n = len(y)
    same = np.array([[[np.allclose(points[g, i], points[h, i]) for h in range(8)] for i in range(n)] for g in range(8)])
    gap = np.zeros((8, n), bool)
    gap[5, y == 1] = gap[2, y == 0] = True
    trained_any = np.einsum("gih,hi->gi", same, ~gap) > 0
    first = np.array([[not same[g, i, :g].any() for i in range(n)] for g in range(8)])
    folds = folds_of(y, np.arange(n), 2, 0)
    known, new = by_hand(points, y, trained_any & first, folds, report.settings["ridge_absolute"], k=2)
    assert 0 < (~trained_any & gap).sum() < gap.sum()
    for c, g in [(1, 5), (0, 2)]:
        row = next(r for r in report.table if (r.label, r.pose) == (c, g))
        asked = (y == c) & ~trained_any[g]
        assert row.new.n == asked.sum() and row.new.value == pytest.approx(new[g, asked].mean())
        assert row.known.value == pytest.approx(known[g, asked].mean())
    unseen = ~trained_any & gap & first
    parts = [new[unseen[:, i], i].mean() for i in range(n) if unseen[:, i].any()]
    assert report.unseen.value == pytest.approx(np.mean(parts)) and report.unseen.n == len(parts) < n
    # The spread at a gap feels how often a point is trained on: once.
    train = points[trained_any & first]
    row = next(r for r in report.table if (r.label, r.pose) == (1, 5))
    asked = points[5, (y == 1) & ~trained_any[5]]
    every = np.concatenate([train, asked])
    nngp, ntk = kernel(every, every)
    held_out = np.arange(len(train), len(every))
    covariance = ensemble_covariance(ntk, nngp, held_out, report.settings["ridge_absolute"])
    assert len(asked) <= 20 and row.spread == pytest.approx(np.sqrt(np.diag(covariance)).mean(), rel=1e-6)


def kept_orbits(points, y):
    """Samples that are no earlier sample of their class, moved."""
    keep = []
    for j in range(points.shape[1]):
        if not any(y[i] == y[j] and any(np.allclose(points[0, i], points[u, j]) for u in range(8)) for i in keep):
            keep.append(j)
    return keep


def test_remedies_by_hand():
    rng = np.random.default_rng(7)
    seeds, y = three_classes(rng, d=8, counts=(10, 12, 9), noise=0.5)
    group = cyclic(8)
    pose = rng.integers(8, size=31)
    pose[(y == 1) & np.isin(pose, [2, 3])] = 6
    x = np.array([np.roll(seed, p) for seed, p in zip(seeds, pose)])
    report = quiet(x, y, group, shift, pose=pose, ridge=0.02, remedies=True)
    points, ridge = written_out(x, group, shift, pose), report.settings["ridge_absolute"]
    folds = folds_of(y, np.arange(31), 3, 0)
    cells = np.array([[((y == c) & (pose == g)).any() for g in range(8)] for c in range(3)])
    seen = np.zeros((8, 31), bool)
    seen[pose, np.arange(31)] = True
    unseen = ~cells[y].T
    with_gap = unseen.any(axis=0)
    _, start = by_hand(points, y, seen, folds, ridge)

    def share(new):
        return np.mean([new[unseen[:, i], i].mean() for i in np.flatnonzero(with_gap)])

    found = {remedy.name: remedy for remedy in report.remedies}
    assert report.unseen.value == pytest.approx(share(start))
    for name, design in [("close the gap", seen | unseen), ("augment within the seen poses", seen | ~unseen)]:
        _, new = by_hand(points, y, design, folds, ridge)
        assert found[name].share.value == pytest.approx(share(new)), name
        assert found[name].gain.value == pytest.approx(share(new) - share(start)), name
        assert found[name].training == pytest.approx(design.sum() / seen.sum())
        own = new[pose, np.arange(31)].mean() - start[pose, np.arange(31)].mean()
        assert found[name].harm.value == pytest.approx(own, abs=1e-12), name

    for elements in ([0, 4], list(range(8))):

        def averaged(a, b, elements=elements):
            return sum(kernel(a, np.roll(b, q, axis=-1))[1] for q in elements) / len(elements)

        _, new = by_hand(points, y, seen, folds, ridge, averaged)
        name = "average over the group" if len(elements) == 8 else "average over the subgroup {0, 4}"
        assert found[name].share.value == pytest.approx(share(new)), name
        assert found[name].asking == len(elements)
    committee = np.zeros((8, 31), bool)
    for fold in range(folds.max() + 1):
        g, i = np.nonzero(seen & (folds != fold))
        scores = answers(points[g, i], y[i], points.reshape(-1, 8), 3, ridge).reshape(8, 31, 3).mean(axis=0)
        committee[:, folds == fold] = (scores.argmax(-1) == y)[folds == fold]
    assert found["committee over all poses"].share.value == pytest.approx(share(committee))
    assert 0 <= found["one random pose a sample"].share.value <= 1 and found["one random pose a sample"].draws == 3
    applicable = [remedy for remedy in report.remedies if remedy.applicable]
    order = [(-round(r.gain.low, 2), r.training * (r.asking or 1)) for r in applicable]
    assert order == sorted(order)
