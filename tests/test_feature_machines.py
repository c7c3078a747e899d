"""Feature machines: against autodiff, the published algorithm written plainly, and the theorem on closed data."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symlib.datasets import mnist
from symlib.feature_machines import recursive_feature_machine
from symlib.gram import gram, invariant_gram
from symlib.groups import cyclic, dihedral
from symlib.kernels import float64_scope, rbf
from symlib.orbits import dihedral_orbits, normalize, points, rotation_operators
from symlib.regression import loo_residuals
from symlib.spectral import spectral_loo_residuals
from symlib.support.hermitian import SingularMatrixError

KERNELS = ["gaussian", "laplace", "polynomial"]


def plain_kernel(name, length_scale, x, z, metric):
    """k_M of two points, from the definition; the gradient of a distance of 0 counts as 0."""
    if name == "polynomial":
        return (1 + x @ metric @ z / length_scale**2) ** 3
    square = (x - z) @ metric @ (x - z)
    if name == "gaussian":
        return jnp.exp(-square / (2 * length_scale**2))
    apart = square > 1e-20
    return jnp.where(apart, jnp.exp(-jnp.sqrt(jnp.where(apart, square, 1.0)) / length_scale), 1.0)


def published_algorithm(x, y, name, length_scale, iterations, ridge):
    """Algorithm 1 of Radhakrishnan et al. (2024), with autodiff for the gradients: the metric and f of every round."""
    with float64_scope():
        x, y, metric = jnp.array(x), jnp.array(y), jnp.eye(x.shape[1])
        rounds = []
        for _ in range(iterations + 1):

            def row(z, metric=metric):
                return jax.vmap(lambda point: plain_kernel(name, length_scale, z, point, metric))(x)

            weights = jnp.linalg.solve(jax.vmap(row)(x) + ridge * jnp.eye(len(x)), y)

            def f(z, row=row, weights=weights):
                return row(z) @ weights

            rounds.append((np.array(metric), np.array(jax.vmap(f)(x)), np.array(jax.vmap(jax.jacobian(f))(x))))
            gradients = rounds[-1][2]
            metric = jnp.array(np.einsum("ncd,nce->de", gradients, gradients) / len(x))
    return rounds


@pytest.mark.parametrize("kernel", KERNELS)
def test_as_the_published_algorithm(kernel):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((9, 4)) + [0, 3, 0, 0], rng.standard_normal((9, 2))
    expected = published_algorithm(x, y, kernel, 1.7, 3, 0.05)
    options = {"kernel": kernel, "length_scale": 1.7, "ridge": 0.05, "normalise": False}
    machine = recursive_feature_machine(x, y, iterations=3, history=True, **options)
    assert machine.metrics.shape == (4, 4, 4) and machine.all_weights.shape == (4, 9, 2)
    for iteration, (metric, fitted, gradients) in enumerate(expected):
        then = machine.at(iteration)
        np.testing.assert_allclose(then.metric, metric, rtol=1e-7, atol=1e-9 * np.abs(metric).max())
        np.testing.assert_allclose(then.predict(x), fitted, rtol=1e-7, atol=1e-8)
        np.testing.assert_allclose(then.gradients(x), gradients, rtol=1e-6, atol=1e-7 * np.abs(gradients).max())
        alone = recursive_feature_machine(x, y, iterations=iteration, **options)
        np.testing.assert_array_equal(alone.metric, then.metric)
        assert alone.metrics is None
    assert np.abs(expected[3][0] / expected[2][0] - 1).max() > 0.05, "the metric stood still, so little is compared"


@pytest.mark.parametrize("kernel", KERNELS)
def test_gradients_at_new_points_are_finite_differences(kernel):
    rng = np.random.default_rng(1)
    x, y, new, step = rng.standard_normal((8, 5)), rng.standard_normal((8, 3)), rng.standard_normal((2, 5)), 1e-6
    machine = recursive_feature_machine(x, y, kernel=kernel, length_scale=2.0, iterations=2, ridge=0.1)
    gradients = machine.gradients(new)
    assert gradients.shape == (2, 3, 5)
    for axis, along in enumerate(step * np.eye(5)):
        slope = (machine.predict(new + along) - machine.predict(new - along)) / (2 * step)
        np.testing.assert_allclose(gradients[:, :, axis], slope, rtol=1e-6, atol=1e-8)


def test_a_case_by_hand():
    """Two points, k = 1 + x·Mz: f is affine, M = 2 vvᵀ/29 with v = (5, -2), and f(1, 1) goes from 4 to 7."""
    options = {"kernel": "polynomial", "degree": 1, "length_scale": 1.0, "ridge": 0.0, "history": True}
    machine = recursive_feature_machine([[1.0, 0.0], [0.0, 2.0]], [9.0, 0.0], iterations=1, **options)
    np.testing.assert_allclose(machine.at(0).weights[:, 0], [5, -1], rtol=1e-12)
    np.testing.assert_allclose(machine.at(0).predict([[1.0, 1.0]]), [5 * 2 - 1 * 3], rtol=1e-12)
    np.testing.assert_allclose(machine.metric, 2 / 29 * np.outer([5, -2], [5, -2]), rtol=1e-12)
    np.testing.assert_allclose(machine.predict([[1.0, 1.0]]), [7.0], rtol=1e-12)


def test_the_power_of_the_metric_and_its_trace():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((7, 3)), rng.standard_normal(7)
    options = {"length_scale": 2.0, "iterations": 1, "ridge": 0.1}
    outer = recursive_feature_machine(x, y, normalise=False, **options).metric
    half = recursive_feature_machine(x, y, normalise=False, power=0.5, **options).metric
    np.testing.assert_allclose(half @ half, outer, atol=1e-12 * outer.max())
    for power, matrix in ((1.0, outer), (0.5, half)):
        scaled = recursive_feature_machine(x, y, power=power, **options).metric
        np.testing.assert_allclose(scaled, 3 * matrix / np.trace(matrix), rtol=1e-10)


def test_without_updates_it_is_kernel_regression_and_sets_do_not_meet():
    rng = np.random.default_rng(3)
    x, y, new = rng.standard_normal((2, 3, 6, 4)), rng.standard_normal((2, 3, 6, 2)), rng.standard_normal((5, 4))
    plain = recursive_feature_machine(x, y, length_scale=1.5, iterations=0, ridge=0.1)
    weights = np.linalg.solve(rbf(x, length_scale=1.5) + 0.1 * np.eye(6), y)
    np.testing.assert_allclose(plain.predict(new), rbf(new, x, length_scale=1.5) @ weights, rtol=1e-10)
    for kernel in KERNELS:
        options = {"kernel": kernel, "length_scale": 1.5, "iterations": 2, "ridge": 0.1, "history": True}
        together = recursive_feature_machine(x, y, **options)
        assert together.metric.shape == (2, 3, 4, 4) and together.predict(new).shape == (2, 3, 5, 2)
        assert together.metrics.shape == (2, 3, 3, 4, 4) and together.gradients(new).shape == (2, 3, 5, 2, 4)
        alone = recursive_feature_machine(x[1, 2], y[1, 2], **options)
        np.testing.assert_allclose(together.of((1, 2)).metric, alone.metric, rtol=1e-10)
        np.testing.assert_allclose(together.predict(new)[1, 2], alone.predict(new), rtol=1e-10)
        np.testing.assert_allclose(together.of((1, 2)).at(1).predict(new), alone.at(1).predict(new), rtol=1e-10)
        shared = recursive_feature_machine(x, y[0, 0], **options)
        np.testing.assert_allclose(shared.of((0, 0)).weights, together.of((0, 0)).weights, rtol=1e-10)
        single = recursive_feature_machine(x, y[..., 0], **options)
        assert single.predict(new).shape == (2, 3, 5)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_shift_of_all_points_changes_what_it_should(kernel):
    rng = np.random.default_rng(4)
    x, y, offset = rng.standard_normal((6, 3)), rng.standard_normal(6), np.array([1e5, 0, 0])
    options = {"kernel": kernel, "length_scale": 2.0, "iterations": 2, "ridge": 0.1}
    here = recursive_feature_machine(x, y, **options)
    if kernel == "polynomial":
        assert (
            np.abs(recursive_feature_machine(x + offset / 1e5, y, **options).predict(x) - here.predict(x)).max() > 0.1
        )
    else:
        there = recursive_feature_machine(x + offset, y, **options)
        np.testing.assert_allclose(there.predict(x[:2] + offset), here.predict(x[:2]), rtol=1e-6)


def closed_data(name):
    """A group, its matrices on digits of 7 × 7 pixels, and five orbits (5, |G|, 49) of them with labels."""
    images, _ = mnist()
    chosen = images[[3, 14, 159, 265, 358]].reshape(5, 7, 4, 7, 4).mean(axis=(2, 4))
    if name == "C8":
        group, matrices = cyclic(8), rotation_operators(8, 7, "steerable")
    else:
        turned = dihedral_orbits(np.eye(49).reshape(-1, 7, 7)).reshape(49, 8, 49)
        group, matrices = dihedral(4), turned.transpose(1, 2, 0)
    orbits = np.einsum("gde,ce->cgd", matrices, 7 * normalize(chosen).reshape(5, 49))
    return group, matrices, orbits, np.array([1.0, -1.0, 1.0, 0.5, -1.0])


def commutator(metric, matrices):
    gaps = [np.linalg.norm(matrix @ metric - metric @ matrix) for matrix in matrices]
    return max(gaps) / np.linalg.norm(metric)


CASES = [("C8", "gaussian"), ("C8", "polynomial"), ("D4", "gaussian"), ("D4", "laplace")]


@pytest.mark.parametrize(("name", "kernel"), CASES)
def test_on_closed_data_the_metric_commutes_and_the_group_formula_is_exact(name, kernel):
    group, matrices, orbits, labels = closed_data(name)
    x, y = points(orbits, ndim=1), np.tile(labels, group.order)
    machine = recursive_feature_machine(x, y, kernel=kernel, length_scale=7.0, iterations=4, ridge=0.01, history=True)
    fresh = np.random.default_rng(0).standard_normal(49)
    for iteration in range(5):
        then = machine.at(iteration)
        assert commutator(then.metric, matrices) < 1e-10
        spread = np.ptp(then.predict(matrices @ fresh))
        assert spread < 1e-9 * np.abs(y).max()
        dense = loo_residuals(gram(then.kernel, x, progress=False), y, 0.01).reshape(group.order, -1)
        kappa = invariant_gram(then.kernel, orbits, group, progress=False)
        np.testing.assert_allclose(
            dense, np.tile(spectral_loo_residuals(kappa, labels, group, 0.01), (group.order, 1)), atol=1e-9
        )
    assert np.linalg.norm(machine.metric - np.eye(49)) > 5, "nothing was learnt, so nothing is tested"


def test_labels_that_carry_a_character_keep_the_metric_commuting():
    _, matrices, orbits, labels = closed_data("D4")
    sign = np.repeat([1.0, -1.0], 4)  # a reflection changes it
    y = np.outer(sign, labels).ravel()
    machine = recursive_feature_machine(points(orbits, ndim=1), y, length_scale=7.0, iterations=3, ridge=0.01)
    assert commutator(machine.metric, matrices) < 1e-10
    answers = machine.predict(matrices @ np.random.default_rng(0).standard_normal(49))
    np.testing.assert_allclose(answers, sign * answers[0], atol=1e-10)
    assert abs(answers[0]) > 1e-4


@pytest.mark.parametrize(("name", "kernel"), CASES)
def test_three_controls_in_which_it_must_fail(name, kernel):
    """Labels that are not constant on orbits; a pose missing; the error of a machine that never saw the pose."""
    group, matrices, orbits, labels = closed_data(name)
    x, y = points(orbits, ndim=1), np.tile(labels, group.order)
    options = {"kernel": kernel, "length_scale": 7.0, "iterations": 3, "ridge": 0.01}
    mixed = recursive_feature_machine(x, np.random.default_rng(0).permutation(y), **options)
    assert commutator(mixed.metric, matrices) > 0.3
    without = recursive_feature_machine(x[1:], y[1:], **options)
    assert commutator(without.metric, matrices) > 0.03
    kappa = invariant_gram(recursive_feature_machine(x, y, **options).kernel, orbits, group, progress=False)
    formula = spectral_loo_residuals(kappa, labels, group, 0.01)[0]
    honest = y[0] - without.predict(x[:1])[0]
    assert abs(honest - formula) > 0.02


def orbits_with_classes(complete, replicates, relabelled):
    """Two vectors lack a cyclic shift each, the others are complete, a class each: x, one-hot labels, the two."""
    x, y, left_out = [], [], []
    for replicate in range(replicates):
        rng = np.random.default_rng([7, replicate])
        seeds = rng.standard_normal((complete + 2, 4, 8))
        seeds *= 32**0.5 / np.linalg.norm(seeds, axis=(1, 2), keepdims=True)
        orbits = np.stack([np.roll(seeds, g, axis=1).reshape(-1, 32) for g in range(4)], axis=1)
        classes = np.tile(np.arange(complete + 2)[:, None], (1, 4))
        if relabelled:
            for pose in range(4):
                classes[2:, pose] = 2 + rng.permutation(complete)
        seen = np.ones((complete + 2, 4), bool)
        seen[[0, 1], [1, 3]] = False
        x.append(orbits[seen])
        y.append(np.eye(complete + 2)[classes[seen]])
        left_out.append(orbits[~seen])
    return np.array(x), np.array(y) - 1 / (complete + 2), np.array(left_out)


def test_many_classes_teach_the_symmetry_and_relabelled_ones_do_not():
    own = {}
    for relabelled in (False, True):
        x, y, left_out = orbits_with_classes(14, 6, relabelled)
        machine = recursive_feature_machine(x, y, length_scale=32**0.5, history=True)
        for iteration in (0, 5):
            own[iteration, relabelled] = machine.at(iteration).predict(left_out)[:, [0, 1], [0, 1]].mean()
    assert own[5, False] > 0.6
    assert max(abs(own[key]) for key in ((0, False), (0, True), (5, True))) < 0.25


X, Y = np.random.default_rng(5).standard_normal((2, 4, 3)), np.arange(4.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": X[0, 0]}, "x must have at least 2 dimensions"),
        ({"x": X[:, :0]}, "n and d at least 1"),
        ({"x": np.full((4, 3), np.nan)}, "x must be finite"),
        ({"x": 1e200 * X}, "whose square float64 holds"),
        ({"y": Y[:3]}, r"y must have shape \(4,\) or \(2, 4\) or \(4, k\) or \(2, 4, k\), one entry for each point"),
        ({"kernel": "cosine"}, "kernel must be one of gaussian, laplace, polynomial, got 'cosine'"),
        ({"length_scale": 0}, "length_scale must be positive"),
        ({"length_scale": 1e-3}, "there is no metric to learn"),
        ({"y": 0 * Y}, "there is no metric to learn"),
        ({"iterations": -1}, "iterations must be a whole number of at least 0"),
        ({"ridge": -1}, "ridge must be finite and at least 0"),
        ({"power": 0}, "power must be positive"),
        ({"degree": 0}, "degree must be a whole number of at least 1"),
    ],
)
def test_what_cannot_be_trusted_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        recursive_feature_machine(**{"x": X, "y": Y, "length_scale": 1.0, **change})


def test_points_that_repeat_need_a_ridge_and_its_size_is_named():
    x, y = np.concatenate([X[0], X[0, :1]]), np.append(Y, 9.0)
    with pytest.raises(SingularMatrixError, match=r"the Gram matrix.*pass ridge=\S+ or more") as refusal:
        recursive_feature_machine(x, y, length_scale=1.0, ridge=0.0, iterations=0)
    enough = float(str(refusal.value).split("ridge=")[1].split()[0])
    recursive_feature_machine(x, y, length_scale=1.0, ridge=enough, iterations=0)
    with pytest.raises(SingularMatrixError):
        recursive_feature_machine(x, y, length_scale=1.0, ridge=enough / 2, iterations=0)
    with pytest.raises(SingularMatrixError, match="rounding may change"):
        recursive_feature_machine(x, y, length_scale=1.0, ridge=1e-12, iterations=0)
    machine = recursive_feature_machine(x, y, length_scale=1.0, iterations=0)
    with pytest.raises(ValueError, match="kept no history"):
        machine.at(0)
    with pytest.raises(ValueError, match=r"vectors of length 3, got shape \(4, 2\)"):
        machine.predict(x[:4, :2])
