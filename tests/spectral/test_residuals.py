"""The group formula against dense algebra, for random groups, sizes, ridges and label sets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symlib.datasets import mnist
from symlib.groups import FiniteGroup, cyclic, dihedral
from symlib.kernels import mlp_kernel
from symlib.orbits import normalize, points, rotation_orbits
from symlib.regression import holdout_residuals, loo_residuals
from symlib.spectral import (
    expand_invariant,
    project_invariant,
    spectral_holdout_residuals,
    spectral_loo_residuals,
)
from tests.samples import GROUPS, random_kappa

any_group = st.sampled_from(list(GROUPS.values()))
any_ridge = st.sampled_from([0.0, 1e-6, 0.3])


@settings(max_examples=60, deadline=None)
@given(any_group, st.integers(1, 5), any_ridge, st.integers(1, 3), st.integers(0, 10**6))
def test_group_formula_equals_dense_leave_one_out(group, n_orbits, ridge, k, seed):
    kappa = random_kappa(group, n_orbits, seed)
    labels = np.random.default_rng(seed).standard_normal((n_orbits, k))
    # With one orbit of one point nothing is left to learn from, and both sides return the label.
    dense = loo_residuals(expand_invariant(kappa, group), np.tile(labels, (group.order, 1)), ridge)
    spectral = spectral_loo_residuals(kappa, labels, group, ridge)
    scale = max(1, np.abs(dense).max())
    np.testing.assert_allclose(np.tile(spectral, (group.order, 1)), dense, rtol=1e-8, atol=1e-8 * scale)
    np.testing.assert_allclose(spectral_loo_residuals(kappa, labels[:, 0], group, ridge), spectral[:, 0], rtol=1e-10)


@settings(max_examples=60, deadline=None)
@given(any_group, st.integers(1, 4), any_ridge, st.integers(0, 10**6), st.data())
def test_any_held_out_set_equals_dense(group, n_orbits, ridge, seed, data):
    kappa = random_kappa(group, n_orbits, seed)
    labels = np.random.default_rng(seed).standard_normal(n_orbits)
    pair = st.tuples(st.integers(0, group.order - 1), st.integers(0, n_orbits - 1))
    held_out = data.draw(st.lists(pair, min_size=1, max_size=6, unique=True))
    index = [g * n_orbits + c for g, c in held_out]
    dense = holdout_residuals(expand_invariant(kappa, group), np.tile(labels, group.order), index, ridge)
    spectral = spectral_holdout_residuals(kappa, labels, group, held_out, ridge)
    for ours, theirs in zip(spectral, dense):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-8 * max(1, np.abs(theirs).max()))


def test_batches(group):
    kappa = random_kappa(group, 3, 5, batch=(2, 2))
    labels = np.array([[1.0, 0.5], [-1.0, 0.2], [0.3, 3.0]])
    together = spectral_loo_residuals(kappa, labels, group, 0.1)
    assert together.shape == (2, 2, 3, 2)
    np.testing.assert_allclose(together[1, 0], spectral_loo_residuals(kappa[1, 0], labels, group, 0.1), rtol=1e-10)
    residuals, covariance = spectral_holdout_residuals(kappa, labels, group, [(0, 1), (group.order - 1, 0)], 0.1)
    assert residuals.shape == (2, 2, 2, 2) and covariance.shape == (2, 2, 2, 2)
    alone = spectral_holdout_residuals(kappa[0, 1], labels, group, [(0, 1), (group.order - 1, 0)], 0.1)
    np.testing.assert_allclose(residuals[0, 1], alone[0], rtol=1e-9)
    np.testing.assert_allclose(covariance[0, 1], alone[1], rtol=1e-9)


def test_many_orbits_take_the_cholesky_path():
    group = cyclic(4)
    kappa = random_kappa(group, 40, 7)
    labels = np.random.default_rng(8).standard_normal(40)
    dense = loo_residuals(expand_invariant(kappa, group), np.tile(labels, 4), 0.01)
    np.testing.assert_allclose(
        np.tile(spectral_loo_residuals(kappa, labels, group, 0.01), 4), dense, rtol=1e-8, atol=1e-9
    )


def test_empty_batches_have_empty_results():
    kappa = np.zeros((2, 0, 4, 1, 1))
    for group in (cyclic(4), dihedral(2)):
        assert spectral_loo_residuals(kappa, [[1.0, -1.0]], group).shape == (2, 0, 1, 2)
        residuals, covariance = spectral_holdout_residuals(kappa, [1.0], group, [(0, 0), (1, 0)])
        assert residuals.shape == (2, 0, 2) and covariance.shape == (2, 0, 2, 2)


@pytest.mark.parametrize("n", [8, 16])
def test_group_formula_is_exact_on_digits_under_steerable_rotation(n):
    images, labels = mnist()
    pairs = np.array([[3, 2], [0, 9], [5, 18]])
    assert (labels[pairs[:, 0]] != labels[pairs[:, 1]]).all()
    orbits = rotation_orbits(images[pairs.ravel()], n, interpolation="steerable").reshape(3, 2, n, 28, 28)
    gram = mlp_kernel(points(normalize(orbits))).ntk
    dense = loo_residuals(gram, np.tile([1.0, -1.0], n)).reshape(3, n, 2)
    spectral = spectral_loo_residuals(project_invariant(gram, cyclic(n)), [1.0, -1.0], cyclic(n))
    assert np.abs(dense - spectral[:, None]).max() < 1e-10


def test_collapsed_orbits_have_a_clean_limit():
    # k(x, gx') = k(x, x'): the other poses are copies, and the error vanishes with the ridge.
    base = np.array([[2.0, 0.5], [0.5, 1.0]])
    for group in (cyclic(8), dihedral(4)):
        kappa = np.broadcast_to(base, (group.order, 2, 2)).copy()
        errors = [np.abs(spectral_loo_residuals(kappa, [1.0, -1.0], group, r)).max() for r in (1e-4, 1e-6, 1e-8, 1e-12)]
        assert np.isfinite(errors).all()
        np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), [1e2, 1e2, 1e4], rtol=0.05)
        with pytest.raises(ValueError, match="singular to working precision at ridge 0.*orbits collapse; pass ridge="):
            spectral_loo_residuals(kappa, [1.0, -1.0], group)


GOOD = random_kappa(cyclic(4), 2, 0)


@pytest.mark.parametrize(
    "kappa, labels, group, ridge, message",
    [
        (GOOD, [1, -1], cyclic(3), 0, r"\|G\| = 3 for this group, got \(4, 2, 2\); pass the group"),
        (random_kappa(cyclic(8), 2, 0), [1, -1], dihedral(4), 0, "does not fit this group"),
        (GOOD[..., :1], [1, -1], cyclic(4), 0, "kappa must have shape"),
        (GOOD, [1, -1, 1], cyclic(4), 0, r"one entry for each orbit of kappa, got \(3,\)"),
        (GOOD, [1, -1], cyclic(4), -1, "ridge must be finite and at least 0"),
        (np.zeros((4, 0, 0)), [], cyclic(4), 0, "kappa must hold at least one orbit"),
        (GOOD * np.nan, [1, -1], cyclic(4), 0, "kappa must be finite"),
        (-GOOD, [1, -1], cyclic(4), 10.0, "not positive semidefinite: lambda_min = -"),
    ],
)
def test_bad_input_is_named(kappa, labels, group, ridge, message):
    with pytest.raises(ValueError, match=message):
        spectral_loo_residuals(kappa, labels, group, ridge)
    with pytest.raises(ValueError, match=message):
        spectral_holdout_residuals(kappa, labels, group, [(0, 0)], ridge)


def test_bad_held_out_points_are_named():
    with pytest.raises(ValueError, match="held_out must lie in"):
        spectral_holdout_residuals(GOOD, [1, -1], cyclic(4), [(4, 0)])
    with pytest.raises(ValueError, match=r"shape \(h, 2\)"):
        spectral_holdout_residuals(GOOD, [1, -1], cyclic(4), [0, 1])


def test_a_user_table_gives_the_same_answer_as_the_built_in_group():
    group = dihedral(4)
    kappa = random_kappa(group, 2, 11)
    own = FiniteGroup(group.table)
    np.testing.assert_allclose(
        spectral_loo_residuals(kappa, [1.0, -1.0], own), spectral_loo_residuals(kappa, [1.0, -1.0], group), rtol=1e-9
    )
