"""The accuracy of a caller's model in every cell, by hand."""

import numpy as np
import pytest

from symlib.diagnose import Refused, diagnose
from symlib.diagnose.answers.measured import classes_of
from symlib.groups import cyclic
from tests.diagnose.cases import kernel, three_classes

LABELS = ["a", "b", "c"]


def shift(g, x):
    return np.roll(x, g, axis=-1)


def test_cells_beside_the_prediction():
    seeds, y = three_classes(np.random.default_rng(3), d=8)
    names = np.array(LABELS)[y]
    pose = np.arange(30) % 8
    pose[(y == 1) & (pose == 5)] = 4
    x = np.array([np.roll(seed, p) for seed, p in zip(seeds, pose)])
    weights = np.random.default_rng(4).standard_normal((8, 3))

    def model(points):
        return points @ weights

    settings = dict(pose=pose, architecture=kernel, progress=False, remedies=False)
    report = diagnose(x, names, cyclic(8), shift, model=model, **settings)
    assert len(report.measured.rows) == 24
    for row, predicted in zip(report.measured.rows, report.table):
        assert (row.label, row.pose, row.seen, row.new) == (
            predicted.label,
            predicted.pose,
            predicted.seen,
            predicted.new,
        )
        members = [i for i in range(30) if names[i] == row.label]
        moved = np.array([np.roll(seeds[i], row.pose) for i in members])
        assert row.share.value == pytest.approx(np.mean((moved @ weights).argmax(1) == LABELS.index(row.label)))
    gap = next(row for row in report.measured.rows if not row.seen and row.label == "b")
    assert report.coverage.gaps == [("b", 5)] and report.measured.unseen.value == pytest.approx(gap.share.value)
    observed = [(np.roll(seeds[i], pose[i]) @ weights).argmax() == 1 for i in range(30) if y[i] == 1]
    assert report.measured.seen.value == pytest.approx(np.mean(observed))


def test_what_models_return():
    points = np.random.default_rng(0).standard_normal((5, 3, 3))
    codes = np.array([2, 0, 1, 1, 0])
    given = dict(
        labels=lambda p: np.array(LABELS)[codes[: len(p)]],
        scores=lambda p: np.eye(3)[codes[: len(p)]],
        flat=lambda p: np.eye(3)[codes[: len(p)]] + 0 * (p @ np.zeros((9, 3))),
    )
    for model in given.values():
        np.testing.assert_array_equal(classes_of(model, points, LABELS), codes)
    signs = np.array([-1.0, 2, 0.5, -3, 1])
    for model in (lambda p: signs[: len(p)], lambda p: signs[: len(p), None]):
        np.testing.assert_array_equal(classes_of(model, points, [4, 7]), signs > 0)
    np.testing.assert_array_equal(classes_of(lambda p: np.full(len(p), "z"), points, LABELS), [-1] * 5)
    with pytest.raises(Refused, match=r"scores \(b, k\) with k = 3.*got shape \(5, 2\)"):
        classes_of(lambda p: np.zeros((len(p), 2)), points, LABELS)
    with pytest.raises(Refused, match=r"model must take points \(2, 3, 3\).*ValueError"):
        classes_of(lambda p: p @ np.zeros((7, 3)), points, LABELS)


def test_a_module_of_torch_is_asked_as_it_is():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3), torch.nn.Dropout(0.9), torch.nn.Flatten(), torch.nn.Linear(8, 3)
    )
    points = np.random.default_rng(1).standard_normal((40, 4, 4))
    network.train()
    found = classes_of(network, points, LABELS)
    assert network.training  # left as it was, and asked without dropout
    network.eval()
    with torch.no_grad():
        wanted = network(torch.as_tensor(points[:, None], dtype=torch.float32)).argmax(1).numpy()
    np.testing.assert_array_equal(found, wanted)


def test_answers_that_are_no_class_are_refused_or_said():
    """Codes 0 … k−1 of classes that have other names would be an accuracy of 0 without a word."""
    x, y = three_classes(np.random.default_rng(3), d=8)
    settings = dict(missing=[(6, 2)], architecture=kernel, progress=False, remedies=False)
    with pytest.raises(Refused, match=r"none of the classes of y, which are 5, 6, 7.*scores"):
        diagnose(x, y + 5, cyclic(8), shift, model=lambda p: np.zeros(len(p), int), **settings)
    some = diagnose(x, y + 5, cyclic(8), shift, model=lambda p: np.where(p[:, 0] > 0, 6, 9), **settings)
    assert "of its answers are no class of y, and count as wrong" in some.measured.note
    with pytest.raises(Refused, match="model gives NaN for 1 of 2 points"):
        classes_of(lambda p: np.array([[0.0, np.nan, 1.0], [1.0, 0.0, 0.0]]), np.ones((2, 8)), LABELS)
    every = diagnose(x, y + 5, cyclic(8), shift, model=lambda p: np.full(len(p), 6), **settings)
    assert "no class" not in every.measured.note
