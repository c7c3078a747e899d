"""What each remedy does, read off κ, against dense linear algebra on C8, D4 and Q8.

The oracle knows neither κ nor a Fourier transform: it has the points, a kernel, and the system that a user would solve.
"""

import re

import numpy as np
import pytest

from symlib.cures import (
    committee_residuals,
    full_augmentation_residuals,
    full_augmentation_weights,
    leave_coset_out_residuals,
    partial_augmentation_residuals,
    random_elements_kappa,
    random_elements_residuals,
    subgroup_kappa,
)
from symlib.groups import cyclic, dihedral, quaternion
from symlib.spectral import spectral_loo_residuals
from symlib.support.hermitian import SingularMatrixError

C, RIDGE = 3, 0.07
SUBGROUPS = {
    "C8": [[0], [0, 4], [0, 2, 4, 6]],
    "D4": [[0, 2], [0, 1, 2, 3], [0, 4], [0, 5]],
    "Q8": [[0, 4], [0, 1, 4, 5]],
    "D5": [[0, 5], [0, 7]],
}
TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}


def kernel(a, b):
    """A kernel of points (n, |G|, 3) that no permutation of the |G| rows changes."""
    return np.exp(-2 * ((a[:, None] - b[None]) ** 2).sum(axis=(-1, -2))) + 0.3


class Problem:
    """Seeds in several copies of the regular representation, their orbits, labels, and two ways to κ."""

    def __init__(self, group):
        rng = np.random.default_rng(group.order + group.table[1, 2])
        self.group, n = group, group.order
        self.seeds, self.new = rng.standard_normal((2, C, n, 3)) / np.sqrt(3 * n)
        self.y = rng.standard_normal((C, 2))
        self.points = np.concatenate([self.moved(g, self.seeds) for g in range(n)])  # element-major
        self.labels = np.tile(self.y, (n, 1))
        self.gram = kernel(self.points, self.points)
        self.kappa = np.stack([kernel(self.seeds, self.moved(u, self.seeds)) for u in range(n)])

    def moved(self, g, x):
        return x[..., self.group.table[self.group.inverse[g]], :]

    def residuals(self, gram, trained, asked, labels=None, ridge=0.0):
        """Label minus prediction at points `asked` when points `trained` are trained on."""
        labels = self.labels if labels is None else labels
        system = gram[np.ix_(trained, trained)] + ridge * np.eye(len(trained))
        return labels[asked] - gram[np.ix_(asked, trained)] @ np.linalg.solve(system, labels[trained])


@pytest.fixture(params=[cyclic(8), dihedral(4), quaternion()], ids=lambda group: group.name)
def problem(request):
    return Problem(request.param)


@pytest.mark.parametrize("ridge", [0.0, RIDGE])
def test_augmentation_with_all_poses_is_averaging(problem, ridge):
    n, everywhere = problem.group.order, np.arange(C * problem.group.order)
    beta = full_augmentation_weights(problem.kappa, problem.y, problem.group, ridge)
    averaged = sum(kernel(problem.new, problem.moved(g, problem.seeds)) for g in range(n)) / n
    solved = np.linalg.solve(problem.gram + ridge * np.eye(C * n), problem.labels)
    np.testing.assert_allclose(averaged @ beta, kernel(problem.new, problem.points) @ solved, **TOLERANCE)
    # A seed that is new: none of its poses is trained on.
    expected = [
        problem.residuals(problem.gram, everywhere[everywhere % C != c], [c, 4 * C + c], ridge=ridge) for c in range(C)
    ]
    found = full_augmentation_residuals(problem.kappa, problem.y, problem.group, ridge)
    for pose in (0, 1):
        np.testing.assert_allclose(found, [both[pose] for both in expected], **TOLERANCE)
    one_column = full_augmentation_residuals(problem.kappa, problem.y[:, 1], problem.group, ridge)
    np.testing.assert_allclose(one_column, found[:, 1], rtol=1e-13)


def test_gradient_flow_takes_as_many_times_longer_on_the_seeds_alone(problem):
    n, time = problem.group.order, 3.0

    def flow(gram, y, time):
        values, vectors = np.linalg.eigh(gram)
        return vectors @ ((-np.expm1(-values * time) / values)[:, None] * (vectors.T @ y))

    averaged = sum(kernel(problem.new, problem.moved(g, problem.seeds)) for g in range(n)) / n
    on_all = kernel(problem.new, problem.points) @ flow(problem.gram, problem.labels, time)
    np.testing.assert_allclose(averaged @ flow(problem.kappa.mean(axis=0), problem.y, n * time), on_all, **TOLERANCE)


@pytest.mark.parametrize("ridge", [0.0, RIDGE])
def test_some_poses_are_a_held_out_set(problem, ridge):
    shown = np.random.default_rng(3).random((problem.group.order, C)) < 0.6
    shown[0], shown[-1] = True, False
    found = partial_augmentation_residuals(problem.kappa, problem.y, problem.group, shown, ridge)
    expected = problem.residuals(problem.gram, np.flatnonzero(shown), np.flatnonzero(~shown), ridge=ridge)
    np.testing.assert_allclose(found, expected, **TOLERANCE)


@pytest.mark.parametrize("ridge", [0.0, RIDGE])
@pytest.mark.parametrize("held_out", [[(0, 1)], [(5, 0), (0, 1), (2, 1), (3, 1), (7, 2)]])
def test_a_committee_of_moved_answers(problem, ridge, held_out):
    n = problem.group.order
    out = [g * C + c for g, c in held_out]
    trained = np.setdiff1d(np.arange(n * C), out)
    everywhere = problem.residuals(problem.gram, trained, np.arange(n * C), ridge=ridge)
    expected = everywhere.reshape(n, C, 2).mean(axis=0)
    found = committee_residuals(problem.kappa, problem.y, problem.group, held_out, ridge)
    np.testing.assert_allclose(found, expected, **TOLERANCE)
    if len(held_out) == 1 and not ridge:
        alone = spectral_loo_residuals(problem.kappa, problem.y, problem.group)
        np.testing.assert_allclose(found[1], alone[1] / n, rtol=1e-9)


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("m", [1, 2, 5, 8])
def test_features_averaged_over_random_elements(problem, m, replacement):
    n = problem.group.order
    # The expectation over every possible draw of k(g_i x, g_j x') / m²: pairs i = j, and pairs of two draws.
    pairs = np.array(
        [
            [kernel(problem.moved(g, problem.points), problem.moved(h, problem.points)) for h in range(n)]
            for g in range(n)
        ]
    )
    same = np.einsum("gg...->...", pairs) / n
    every = pairs.mean(axis=(0, 1))
    two = every if replacement else (n**2 * every - n * same) / (n * (n - 1))
    gram = (m * same + m * (m - 1) * two) / m**2
    seeds = random_elements_kappa(problem.kappa, problem.group, m, replacement=replacement)
    np.testing.assert_allclose(gram.reshape(n, C, n, C)[0].swapaxes(0, 1), seeds, **TOLERANCE)
    for ridge in (0.0, RIDGE):
        found = random_elements_residuals(problem.kappa, problem.y, problem.group, m, ridge, replacement=replacement)
        if m == n and not replacement and not ridge:
            assert (found == 0).all()
            continue
        for c in range(C):
            expected = problem.residuals(gram, np.delete(np.arange(n * C), C + c), [C + c], ridge=ridge)
            np.testing.assert_allclose(found[c], expected[0], rtol=1e-9, atol=1e-10)


def test_the_inverse_residual_is_linear_in_the_number_of_independent_elements(problem):
    inverse = [
        1 / random_elements_residuals(problem.kappa, problem.y, problem.group, m, replacement=True) for m in (1, 2, 5)
    ]
    np.testing.assert_allclose((inverse[2] - inverse[0]) / 4, inverse[1] - inverse[0], rtol=1e-8)


@pytest.mark.parametrize("ridge", [0.0, RIDGE])
# In D5, unlike in the others, conjugating by g and by its inverse take a subgroup to different ones.
@pytest.mark.parametrize("group", [cyclic(8), dihedral(4), quaternion(), dihedral(5)], ids=lambda group: group.name)
def test_leaving_out_a_coset_of_what_is_averaged_over(group, ridge):
    problem, n = Problem(group), group.order
    for subgroup in SUBGROUPS[group.name]:
        averaged = sum(kernel(problem.points, problem.moved(q, problem.points)) for q in subgroup) / len(subgroup)
        from_seeds = averaged.reshape(n, C, n, C)[0].swapaxes(0, 1)
        np.testing.assert_allclose(subgroup_kappa(problem.kappa, group, subgroup), from_seeds, **TOLERANCE)
        cosets = {frozenset(group.table[subgroup, g].tolist()) for g in range(n)}
        poses = [min(coset) for coset in cosets]
        found = leave_coset_out_residuals(problem.kappa, problem.y, group, subgroup, ridge)
        one_a_coset = np.array([g * C + c for g in poses for c in range(C)])
        plain = [g * C + c for c in range(C) for g in range(n)]
        for place, point in enumerate(one_a_coset):
            others = np.delete(one_a_coset, place)
            expected = problem.residuals(averaged, others, [point], ridge=ridge)[0]
            g, c = divmod(point, C)
            coset = group.table[subgroup, g]
            for pose in coset:
                np.testing.assert_allclose(found[pose, c], expected, **TOLERANCE)
            # The plain kernel, trained on all poses but the coset, with |Q| times the ridge.
            trained = np.setdiff1d(plain, coset * C + c)
            augmented = problem.residuals(problem.gram, trained, [point], ridge=len(subgroup) * ridge)[0]
            np.testing.assert_allclose(augmented, expected, **TOLERANCE)


def test_batches_go_through_every_prediction(problem):
    group = problem.group
    two = np.stack(
        [
            problem.kappa,
            problem.kappa + 0.5 * problem.kappa[:1].mean() * (np.arange(group.order) == 0)[:, None, None] * np.eye(C),
        ]
    )
    shown = np.ones((group.order, C), bool)
    shown[[1, 3], [0, 2]] = False
    calls = [
        lambda kappa: full_augmentation_weights(kappa, problem.y, group, 0.1),
        lambda kappa: full_augmentation_residuals(kappa, problem.y, group, 0.1),
        lambda kappa: partial_augmentation_residuals(kappa, problem.y, group, shown, 0.1),
        lambda kappa: committee_residuals(kappa, problem.y, group, np.argwhere(~shown), 0.1),
        lambda kappa: random_elements_residuals(kappa, problem.y, group, 3, 0.1),
        lambda kappa: leave_coset_out_residuals(kappa, problem.y, group, SUBGROUPS[group.name][1], 0.1),
        lambda kappa: subgroup_kappa(kappa, group, SUBGROUPS[group.name][1]),
    ]
    for call in calls:
        together = call(two)
        for one, alone in zip(together, two):
            np.testing.assert_allclose(one, call(alone), rtol=1e-11)


def test_what_is_refused():
    group = cyclic(4)
    kappa = np.array([4.0, 1.0, 0.5, 1.0]).reshape(4, 1, 1)
    flat = np.ones((4, 1, 1))  # collapsed orbits
    y = [1.0]
    calls = {
        r"m must be at most \|G\| = 4": lambda: random_elements_kappa(kappa, group, 5),
        "m must be a whole number": lambda: random_elements_kappa(kappa, group, 0),
        "subgroup must be closed: 1·1 = 2": lambda: leave_coset_out_residuals(kappa, y, group, [0, 1]),
        r"shown must be a boolean array \(\|G\|, C\) = \(4, 1\)": lambda: partial_augmentation_residuals(
            kappa, y, group, np.ones((4, 1))
        ),
        "shown must leave out at least one pose": lambda: partial_augmentation_residuals(
            kappa, y, group, np.ones((4, 1), bool)
        ),
        "ridge must be finite and at least 0": lambda: full_augmentation_residuals(kappa, y, group, -1.0),
        "is singular to working precision": lambda: leave_coset_out_residuals(flat, y, group, [0, 2]),
        "averaged gram is singular": lambda: full_augmentation_weights(0 * flat, y, group),
        "not positive semidefinite": lambda: leave_coset_out_residuals(-kappa, y, group, [0, 2], 9.0),
        "kappa must have shape": lambda: committee_residuals(kappa[:3], y, group, [(0, 0)]),
    }
    for message, call in calls.items():
        with pytest.raises(ValueError, match=message):
            call()


def test_weights_that_rounding_decides_are_refused_with_a_ridge_that_would_do():
    group, rng = cyclic(8), np.random.default_rng(3)
    seeds = rng.standard_normal((3, 2))  # three seeds on a plane: the averaged Gram is singular but for rounding
    kappa = np.stack([seeds @ seeds.T] * 8)
    y = np.array([1.0, -1.0, 1.0])
    with pytest.raises(SingularMatrixError, match=r"pass ridge=\S+ or more") as refusal:
        full_augmentation_weights(kappa, y, group, 1e-14)
    ridge = float(re.search(r"ridge=(\S+) or", str(refusal.value))[1])  # of regression on all poses
    beta = full_augmentation_weights(kappa, y, group, ridge)
    few = full_augmentation_weights(kappa * (1 + 1e-15), y, group, ridge)
    assert np.abs(kappa[0] @ (beta - few)).max() < 1e-5 * np.abs(y).max()
    with pytest.raises(SingularMatrixError, match=r"pass ridge=\S+ or more") as refusal:
        full_augmentation_residuals(kappa, y, group, 0.0)
    full_augmentation_residuals(kappa, y, group, float(re.search(r"ridge=(\S+) or", str(refusal.value))[1]))
