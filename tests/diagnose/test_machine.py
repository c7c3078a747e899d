"""Machines on every kind of design against numpy.linalg on the points written out, fold by fold."""

import numpy as np
import pytest

from symlib.diagnose.machine import fitted as machine_module
from symlib.diagnose.machine.fitted import Machine
from symlib.diagnose.machine.matrices import DenseMatrix, InvariantMatrix
from symlib.groups import cyclic, dihedral, quaternion, symmetric
from symlib.spectral import expand_invariant
from symlib.support.hermitian import SingularMatrixError
from tests.samples import random_kappa

RIDGE = 0.03
SUBGROUPS = {
    "C6": [[0, 3], [0, 2, 4], list(range(6))],
    "D4": [[0, 2], [0, 4], [0, 5]],
    "Q8": [[0, 1, 4, 5]],
    "S3": [[0, 1]],
}


def by_hand(gram, targets, trained, ridge=RIDGE):
    """Answers at all points of a machine trained on the points `trained` (|G|, C)."""
    points = np.flatnonzero(trained)
    labels = np.broadcast_to(targets, (*trained.shape, targets.shape[-1])).reshape(-1, targets.shape[-1])
    alpha = np.linalg.solve(gram[np.ix_(points, points)] + ridge * np.eye(len(points)), labels[points])
    return (gram[:, points] @ alpha).reshape(*trained.shape, -1)


def mean_over_poses(gram, group, elements):
    """(1/|Q|²) Σ k(qx, q'x') among all points, entry by entry."""
    n = len(gram) // group.order
    moved = [(group.table[q][:, None] * n + np.arange(n)).ravel() for q in elements]
    return sum(gram[np.ix_(a, b)] for a in moved for b in moved) / len(elements) ** 2


@pytest.fixture(autouse=True, params=[True, False], ids=["cut from a base", "factorised"])
def path(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(machine_module, "_FEW", 0)
        monkeypatch.setattr(machine_module, "_MERGED", 0)


def a_case(group, seed=0, n_orbits=7):
    rng = np.random.default_rng(seed)
    kappa = random_kappa(group, n_orbits, seed)
    targets = np.eye(3)[np.array([0, 1, 2, 1, 0, 2, 1])[:n_orbits]]
    folds = np.array([0, 1, 2, 0, 1, 0, 2])[:n_orbits]
    gap = np.ones((group.order, n_orbits), bool)
    gap[1, [0, 4]] = gap[2, 3] = False
    few = np.zeros_like(gap)
    few[rng.integers(group.order, size=n_orbits), np.arange(n_orbits)] = True
    return kappa, targets, folds, {"a gap": gap, "one pose each": few, "half": rng.random(gap.shape) < 0.5}


@pytest.mark.parametrize("dense", [False, True], ids=["kappa", "in full"])
@pytest.mark.parametrize("group", [cyclic(6), dihedral(4), quaternion(), symmetric(3)], ids=lambda group: group.name)
def test_designs_and_averages(group, dense):
    kappa, targets, folds, designs = a_case(group)
    gram = expand_invariant(kappa, group)
    base = np.ones((group.order, len(targets)), bool)
    matrix = DenseMatrix(gram) if dense else InvariantMatrix(kappa, group)
    machine = Machine(matrix, group, targets, folds, RIDGE, base)
    averages = [None, *SUBGROUPS[group.name]]
    for elements in averages:
        plain = gram if elements is None else mean_over_poses(gram, group, elements)
        used = machine if elements is None else machine.averaged(elements)
        for name, seen in designs.items():
            known, new = used.answers(seen)
            np.testing.assert_allclose(known, by_hand(plain, targets, seen), atol=1e-9, err_msg=name)
            for c in range(len(targets)):
                held_out = by_hand(plain, targets, seen & (folds != folds[c]))
                np.testing.assert_allclose(new[:, c], held_out[:, c], atol=1e-9, err_msg=name)


def test_a_base_of_distinct_points():
    """Two poses of an orbit are one point: the base has it once, and designs are cut from the base."""
    group = cyclic(6)
    rng = np.random.default_rng(3)
    seeds = rng.standard_normal((7, 6))
    seeds[2] = np.tile(seeds[2, :3], 2)  # fixed by three shifts
    points = np.concatenate([np.roll(seeds, g, axis=1) for g in range(6)])
    gram = np.exp(-((points[:, None] - points) ** 2).sum(-1) / 9)
    kappa, targets, folds, designs = a_case(group)
    kappa = gram[:7].reshape(7, 6, 7).swapaxes(0, 1)
    base = np.ones((6, 7), bool)
    base[3:, 2] = False
    for matrix in (InvariantMatrix(kappa, group), DenseMatrix(gram)):
        machine = Machine(matrix, group, targets, folds, RIDGE, base)
        seen = designs["a gap"] & base
        known, new = machine.answers(seen)
        np.testing.assert_allclose(known, by_hand(gram, targets, seen), atol=1e-9)
        np.testing.assert_allclose(new[:, 2], by_hand(gram, targets, seen & (folds != 2))[:, 2], atol=1e-9)
        averaged = machine.averaged([0, 2, 4])
        plain = mean_over_poses(gram, group, [0, 2, 4])
        np.testing.assert_allclose(averaged.answers(seen)[0], by_hand(plain, targets, seen), atol=1e-9)


def test_inverse_of_an_invariant_matrix():
    for group in (cyclic(5), cyclic(6), dihedral(4), quaternion()):
        kappa = random_kappa(group, 4, 1)
        found = InvariantMatrix(kappa, group).inverse(RIDGE).kappa
        wanted = np.linalg.inv(expand_invariant(kappa, group) + RIDGE * np.eye(4 * group.order))
        np.testing.assert_allclose(expand_invariant(found, group), wanted, atol=1e-9)


def test_what_is_too_near_to_singular_is_refused():
    group = cyclic(6)
    kappa, targets, folds, designs = a_case(group)
    collapsed = np.broadcast_to(kappa.mean(axis=0), kappa.shape).copy()
    machine = Machine(InvariantMatrix(collapsed, group), group, targets, folds, 0.0, np.ones((6, 7), bool))
    for seen in (designs["a gap"], designs["half"]):
        with pytest.raises(SingularMatrixError, match="ridge"):
            machine.answers(seen)
