"""The spectral formulas against dense algebra, for random groups, sizes, ridges and label sets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symlib.datasets import circles, mnist
from symlib.gram import invariant_gram
from symlib.groups import FiniteGroup, cyclic, dihedral
from symlib.kernels import cnn_kernel, mlp_kernel, rbf
from symlib.orbits import dihedral_orbits, normalize, points, rotation_orbits
from symlib.regression import ensemble_covariance, holdout_residuals, loo_residuals
from symlib.spectral import (
    circulant_eigenvalues,
    circulant_loo_error,
    expand_invariant,
    project_invariant,
    spectral_ensemble_covariance,
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


@settings(max_examples=40, deadline=None)
@given(any_group, st.integers(1, 4), any_ridge, st.integers(0, 10**6), st.data())
def test_the_spread_of_an_ensemble_equals_dense(group, n_orbits, ridge, seed, data):
    kappa_nngp = random_kappa(group, n_orbits, seed + 1)
    kappa_ntk = kappa_nngp + random_kappa(group, n_orbits, seed)
    pair = st.tuples(st.integers(0, group.order - 1), st.integers(0, n_orbits - 1))
    held_out = data.draw(st.lists(pair, min_size=1, max_size=6, unique=True))
    index = [g * n_orbits + c for g, c in held_out]
    dense = ensemble_covariance(expand_invariant(kappa_ntk, group), expand_invariant(kappa_nngp, group), index, ridge)
    spectral = spectral_ensemble_covariance(kappa_ntk, kappa_nngp, group, held_out, ridge)
    np.testing.assert_allclose(spectral, dense, rtol=1e-10, atol=1e-10 * max(1, np.abs(dense).max()))


@pytest.mark.parametrize("group", [GROUPS["D4"], GROUPS["Q8"]], ids=str)
def test_the_spread_on_groups_that_do_not_commute(group):
    """Points of one orbit, whose order under g⁻¹h matters, against inverting the points trained on alone."""
    kappa_nngp = random_kappa(group, 3, 2, batch=(2,))
    kappa_ntk = kappa_nngp + random_kappa(group, 3, 1, batch=(2,))
    held_out = [(1, 0), (5, 0), (6, 2), (2, 1)]
    index = np.array([g * 3 + c for g, c in held_out])
    keep = np.setdiff1d(np.arange(24), index)
    found = spectral_ensemble_covariance(kappa_ntk, kappa_nngp, group, held_out, 0.2)
    assert found.shape == (2, 4, 4) and found.flags.writeable
    for covariance, *kappas in zip(found, kappa_ntk, kappa_nngp):
        theta, sigma = (expand_invariant(kappa, group) for kappa in kappas)
        carried = np.eye(24)[index]
        carried[:, keep] = -theta[np.ix_(index, keep)] @ np.linalg.inv(theta[np.ix_(keep, keep)] + 0.2 * np.eye(20))
        np.testing.assert_allclose(covariance, carried @ sigma @ carried.T, atol=1e-12)
    with pytest.warns(UserWarning, match="ntk is smaller than nngp at every point"):
        spectral_ensemble_covariance(kappa_nngp, kappa_ntk, group, held_out)
    kappa = np.zeros((2, 0, 8, 1, 1))
    assert spectral_ensemble_covariance(kappa, kappa, group, [(0, 0), (1, 0)]).shape == (2, 0, 2, 2)


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


@pytest.mark.filterwarnings("ignore:project_invariant averages away")
def test_projection_is_the_nearest_invariant_gram(group):
    n = 3 * group.order
    factor = np.random.default_rng(9).standard_normal((n, n))
    gram = factor @ factor.T
    kappa = project_invariant(gram, group)
    nearest = expand_invariant(kappa, group)
    np.testing.assert_allclose(project_invariant(nearest, group), kappa, atol=1e-10)
    # The remainder is orthogonal to every invariant matrix.
    other = expand_invariant(random_kappa(group, 3, 10), group)
    assert abs(((gram - nearest) * other).sum()) < 1e-9 * np.linalg.norm(gram) * np.linalg.norm(other)


def test_expansion_is_the_gram_of_moved_points():
    n, group = 5, cyclic(5)
    orbits = circles(n, separation=0.8)
    kappa = invariant_gram(lambda *x: rbf(*x, length_scale=0.9), orbits, group)
    np.testing.assert_allclose(
        expand_invariant(kappa, group), rbf(points(orbits, ndim=1), length_scale=0.9), atol=1e-12
    )


@pytest.mark.parametrize("n", [3, 8])
def test_papers_formula_is_exact_on_two_circles(n):
    gram = rbf(points(circles(n, separation=0.7), ndim=1), length_scale=0.5)
    error = circulant_loo_error(gram, 1e-8)
    residuals = loo_residuals(gram, np.tile([1.0, -1.0], n), 1e-8)
    np.testing.assert_allclose(np.abs(residuals), error, rtol=1e-9)


def test_circularised_eigenvalues_by_averaging_shifts():
    gram = random_kappa(cyclic(1), 6, 3)[0]
    shift = np.roll(np.eye(6), 1, axis=0)
    average = sum(np.linalg.matrix_power(shift, k) @ gram @ np.linalg.matrix_power(shift, k).T for k in range(6)) / 6
    np.testing.assert_allclose(np.sort(circulant_eigenvalues(gram)), np.linalg.eigvalsh(average), atol=1e-12)


def test_the_circularised_spectrum_is_the_same_bit_for_bit_alone_and_in_a_batch():
    gram = random_kappa(cyclic(1), 26, 4, batch=(3, 70))[:, :, 0]
    together = circulant_eigenvalues(gram)
    assert together.shape == (3, 70, 26)
    alone = [[circulant_eigenvalues(one) for one in row] for row in gram]
    np.testing.assert_array_equal(together, alone)


def test_empty_batches_have_empty_results():
    gram, kappa = np.zeros((0, 4, 4)), np.zeros((2, 0, 4, 1, 1))
    assert circulant_eigenvalues(gram).shape == (0, 4) and circulant_loo_error(gram).shape == (0,)
    assert project_invariant(gram, cyclic(4)).shape == (0, 4, 1, 1)
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


@pytest.mark.parametrize(
    "ntk, nngp, group, held_out, message",
    [
        (GOOD, GOOD[:, :1, :1], cyclic(4), [(0, 0)], r"of one shape, got \(4, 2, 2\) and \(4, 1, 1\)"),
        (GOOD, GOOD[None], cyclic(4), [(0, 0)], "of one shape"),
        (GOOD, GOOD, cyclic(3), [(0, 0)], "kappa_ntk must have shape"),
        (GOOD, GOOD * np.nan, cyclic(4), [(0, 0)], "kappa_nngp must be finite"),
        (GOOD, GOOD + [[[0, 1], [0, 0]]] * 4, cyclic(4), [(0, 0)], "kappa_nngp does not fit this group"),
        (GOOD, -GOOD, cyclic(4), [(0, 0)], r"kappa_nngp_hat\(irrep 0\) is not positive semidefinite: lambda_min = -"),
        (-GOOD, GOOD, cyclic(4), [(0, 0)], r"kappa_ntk_hat\(irrep 0\) is not positive semidefinite: lambda_min = -"),
        (np.ones((4, 2, 2)), GOOD, cyclic(4), [(0, 0)], "singular to working precision at ridge 0.*pass ridge="),
        (GOOD, GOOD, cyclic(4), [(0, 2)], "held_out must lie in"),
        (GOOD, GOOD, cyclic(4), [(0, 0), (0, 0)], "names a point twice"),
    ],
)
def test_bad_kernels_of_an_ensemble_are_named(ntk, nngp, group, held_out, message):
    with pytest.raises(ValueError, match=message):
        spectral_ensemble_covariance(ntk, nngp, group, held_out)


def test_other_bad_input_is_named():
    with pytest.raises(ValueError, match="even number of points, got 3"):
        circulant_loo_error(np.eye(3))
    with pytest.raises(ValueError, match="circularised gram is not positive semidefinite: lambda_min = -1"):
        circulant_loo_error([[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(ValueError, match=r"gram has 6 points, no multiple of \|G\| = 4"):
        project_invariant(np.eye(6), cyclic(4))
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


DIGITS = mnist()[0][[3, 2, 1, 0]]


@pytest.mark.parametrize("kernel", [mlp_kernel, lambda x: rbf(x, length_scale=0.5), lambda x: x @ x.T])
def test_points_in_the_order_of_orbits_are_noticed(kernel):
    orbits = normalize(rotation_orbits(DIGITS, 8))
    x = points(orbits)
    orbit_major = orbits.reshape(32, -1)
    grams = [gram.ntk if hasattr(gram, "ntk") else gram for gram in (kernel(x), kernel(orbit_major))]
    project_invariant(grams[0], cyclic(8))  # spline rotations are no exact action, and trip nothing
    with pytest.warns(UserWarning, match=r"averages away \S+ of the Gram.*not element-major.*opposite multiplication"):
        project_invariant(grams[1], cyclic(8))


def test_the_opposite_multiplication_is_noticed():
    group = dihedral(4)
    opposite = FiniteGroup(group.table.T)
    orbits = normalize(dihedral_orbits(DIGITS))
    gram = mlp_kernel(points(orbits)).ntk
    project_invariant(gram, group)
    with pytest.warns(UserWarning, match="opposite multiplication"):
        project_invariant(gram, opposite)
    # The action of inverses, index g holding the image under the inverse of g, is a right action.
    with pytest.warns(UserWarning, match="opposite multiplication"):
        project_invariant(mlp_kernel(points(orbits[:, group.inverse])).ntk, group)


@pytest.mark.parametrize("n", [2, 8, 16])
def test_the_rotations_of_the_book_trip_no_warning(n):
    orbits = normalize(rotation_orbits(DIGITS, n)).reshape(2, 2, n, 28, 28)
    images = points(orbits, flatten=False)
    for kernel in (mlp_kernel(points(orbits)), cnn_kernel(images), cnn_kernel(images, pooling="gap")):
        project_invariant(kernel.ntk, cyclic(n))
        project_invariant(kernel.nngp, cyclic(n))
