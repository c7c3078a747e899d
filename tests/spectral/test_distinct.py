"""Orbits with stabilisers, each distinct point once, against dense algebra on boards, graphs and random cosets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symlib.gram import invariant_gram
from symlib.groups import cyclic, dihedral, symmetric
from symlib.kernels import mlp_kernel
from symlib.orbits import dihedral_orbits, distinct_points, permutation_orbits, stabilisers
from symlib.regression import ensemble_covariance, holdout_residuals, loo_residuals
from symlib.spectral import (
    expand_invariant,
    project_invariant,
    spectral_ensemble_covariance,
    spectral_holdout_residuals,
    spectral_loo_residuals,
)
from symlib.spectral.blocks import at_pairs, blocks_among
from symlib.spectral.distinct import points_of
from symlib.support.hermitian import IndefiniteMatrixError, SingularMatrixError
from tests.samples import (
    GROUPS,
    final_boards,
    graphs_of_five_nodes,
    one_of_each_orbit,
    repeating_orbits,
)

any_group = st.sampled_from([*GROUPS.values(), cyclic(6)])
any_ridge = st.sampled_from([0.0, 1e-6, 0.3])


def assert_same(found, expected, scale=1.0):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * max(scale, np.abs(expected).max()))


class Case:
    """Kernels of seeds and of all distinct points, and the labels of both."""

    def __init__(self, group, orbits, features, columns, seed):
        self.group, self.stabilisers = group, stabilisers(orbits, group)
        self.pairs = distinct_points(self.stabilisers, group)
        self.kappa = invariant_gram(mlp_kernel, features(orbits), group, ndim=1, progress=False)
        points = orbits[self.pairs[:, 1], self.pairs[:, 0]]
        assert len(np.unique(points, axis=0)) == len(points)
        self.gram = mlp_kernel(features(points))
        self.labels = np.random.default_rng(seed).choice([-1.0, 1.0], (len(orbits), *columns))
        self.all_labels = self.labels[self.pairs[:, 1]]


def boards():
    places = dihedral_orbits(np.arange(9).reshape(1, 3, 3)).reshape(8, 9).astype(int)
    seeds = one_of_each_orbit(final_boards()[0], places)

    def one_hot(board):
        return np.sqrt(3) * np.concatenate([board == value for value in (1, -1, 0)], axis=-1)

    return Case(dihedral(4), permutation_orbits(seeds, places), one_hot, (), 0)


def graphs():
    points, places = graphs_of_five_nodes()
    orbits = permutation_orbits(one_of_each_orbit(points, places), places)
    return Case(symmetric(5), orbits, lambda edges: 2 * edges - 1, (2,), 1)


@pytest.fixture(scope="module", params=[boards, graphs], ids=["boards", "graphs"])
def case(request):
    return request.param()


def test_boards_and_graphs_are_all_there(case):
    count = (958, 138, 104) if case.group.order == 8 else (1024, 34, 0)
    free = [len(elements) for elements in case.stabilisers].count(1)
    assert (len(case.pairs), len(case.labels), free) == count
    assert_same(expand_invariant(case.kappa.ntk, case.group, case.stabilisers), case.gram.ntk)
    assert_same(project_invariant(case.gram.ntk, case.group, case.stabilisers), case.kappa.ntk)


@pytest.mark.parametrize("ridge", [0.0, 1e-2])
def test_boards_and_graphs_against_dense(case, ridge):
    arguments = case.kappa.ntk, case.labels, case.group
    found = spectral_loo_residuals(*arguments, ridge, case.stabilisers)
    dense = loo_residuals(case.gram.ntk, case.all_labels, ridge)
    assert np.abs(found[case.pairs[:, 1]] - dense).max() < 1e-10 and np.abs(dense).max() > 1
    rng = np.random.default_rng(2)
    index = rng.choice(len(case.pairs), 90, replace=False)
    element, orbit = case.pairs[index].T
    twin = [case.group.table[g, rng.choice(case.stabilisers[c])] for g, c in zip(element, orbit)]  # any of the coset
    held_out = np.stack([twin, orbit], axis=1)
    residuals, covariance = spectral_holdout_residuals(*arguments, held_out, ridge, case.stabilisers)
    dense = holdout_residuals(case.gram.ntk, case.all_labels, index, ridge)
    assert np.abs(residuals - dense[0]).max() < 1e-10 and np.abs(covariance - dense[1]).max() < 1e-10
    found = spectral_ensemble_covariance(
        case.kappa.ntk, case.kappa.nngp, case.group, held_out[:30], ridge, case.stabilisers
    )
    assert np.abs(found - ensemble_covariance(case.gram.ntk, case.gram.nngp, index[:30], ridge)).max() < 1e-10


def test_the_trap_and_its_size(case):
    """Where twins stay in training nothing is difficult: what the formula for distinct points would have said."""
    arguments = case.kappa.ntk, case.labels, case.group, 1e-6
    with pytest.raises(ValueError, match=r"points repeat: .*stabilisers=symlib.orbits.stabilisers\(orbits, group\)"):
        spectral_loo_residuals(*arguments)
    fixed = np.array([len(elements) > 1 for elements in case.stabilisers])
    told_otherwise = spectral_loo_residuals(*arguments, [(0,)] * len(case.labels))[fixed]
    assert np.abs(told_otherwise).mean() < 1e-5
    assert np.abs(spectral_loo_residuals(*arguments, case.stabilisers)[fixed]).mean() > 0.1


@settings(max_examples=60, deadline=None)
@given(any_group, st.integers(1, 5), any_ridge, st.integers(1, 3), st.integers(0, 10**6))
def test_random_cosets_against_dense_leave_one_out(group, n_orbits, ridge, k, seed):
    subgroups, gram, pairs, kappa = repeating_orbits(group, n_orbits, seed)
    labels = np.random.default_rng(seed).standard_normal((n_orbits, k))
    np.testing.assert_array_equal(distinct_points(subgroups, group), pairs)
    assert_same(expand_invariant(kappa, group, subgroups), gram)
    assert_same(project_invariant(gram, group, subgroups), kappa)
    dense = loo_residuals(gram, labels[pairs[:, 1]], ridge)
    found = spectral_loo_residuals(kappa, labels, group, ridge, subgroups)
    assert_same(found[pairs[:, 1]], dense)
    assert_same(spectral_loo_residuals(kappa, labels[:, 0], group, ridge, subgroups), found[:, 0])


@settings(max_examples=40, deadline=None)
@given(any_group, st.integers(1, 4), any_ridge, st.integers(0, 10**6), st.data())
def test_random_cosets_left_out_together(group, n_orbits, ridge, seed, data):
    subgroups, gram, pairs, kappa = repeating_orbits(group, n_orbits, seed, batch=(2,))
    labels = np.random.default_rng(seed).standard_normal((n_orbits, 2))
    index = data.draw(st.lists(st.integers(0, len(pairs) - 1), min_size=1, max_size=6, unique=True))
    held_out = [(group.table[g, data.draw(st.sampled_from(subgroups[c]))], c) for g, c in pairs[index]]
    dense = holdout_residuals(gram, labels[pairs[:, 1]], index, ridge)
    for found, expected in zip(spectral_holdout_residuals(kappa, labels, group, held_out, ridge, subgroups), dense):
        assert_same(found, expected)
    nngp = repeating_orbits(group, n_orbits, seed, batch=())
    ntk = kappa + nngp[3]
    found = spectral_ensemble_covariance(ntk, np.stack([nngp[3]] * 2), group, held_out, ridge, subgroups)
    assert_same(found, ensemble_covariance(gram + nngp[1], np.stack([nngp[1]] * 2), index, ridge))


def test_trivial_stabilisers_are_the_formula_for_free_orbits():
    group = GROUPS["C7⋊C3"]
    _, _, _, kappa = repeating_orbits(group, 4, 3)
    distinct = kappa + 0.5 * (np.arange(21) == 0)[:, None, None] * np.eye(4)
    labels = [1.0, -1.0, 2.0, 0.5]
    alone = [(0,)] * 4
    expected = spectral_loo_residuals(distinct, labels, group, 0.1)
    np.testing.assert_array_equal(spectral_loo_residuals(distinct, labels, group, 0.1, alone), expected)
    np.testing.assert_array_equal(expand_invariant(distinct, group, alone), expand_invariant(distinct, group))


def test_rounding_is_judged_by_the_size_of_the_distinct_points_alone():
    subgroups, gram, _, kappa = repeating_orbits(dihedral(4), 4, 124, batch=(3,))
    found = points_of(kappa, dihedral(4), subgroups).norm(kappa)
    np.testing.assert_allclose(found, np.abs(gram).sum(axis=-1).max(axis=-1), rtol=1e-12)


def test_a_number_for_each_orbit_is_a_diagonal_matrix_of_the_points():
    group = GROUPS["C7⋊C3"]
    subgroups, _, pairs, kappa = repeating_orbits(group, 4, 20)
    assert {len(elements) for elements in subgroups} == {1, 3, 7}
    points, values = points_of(kappa, group, subgroups), np.array([[2.0, -1.0, 0.5, 3.0]])
    orbit, between = points.held_out(pairs)
    found = 0.0
    for i, multiplicity, _ in blocks_among(kappa, group, points):
        rho = group.irreps[i]
        diagonal = points.lifted(i, np.diag(points.repeated(i, values)[0])[None])
        found = found + at_pairs(diagonal, multiplicity * rho.shape[1] / 21 * rho[between].conj(), orbit)
    np.testing.assert_allclose(found[0], np.diag(values[0, orbit]), atol=1e-12)


def test_one_point_an_orbit_is_regression_on_the_seeds():
    rng = np.random.default_rng(0)
    seeds = rng.standard_normal((5, 7))
    kappa = np.stack([seeds @ seeds.T] * 8)
    labels = rng.standard_normal(5)
    found = spectral_loo_residuals(kappa, labels, dihedral(4), 0.1, [range(8)] * 5)
    np.testing.assert_allclose(found, loo_residuals(seeds @ seeds.T, labels, 0.1), rtol=1e-10)


def test_what_cannot_be_trusted_is_refused():
    group = dihedral(4)
    subgroups, gram, _, kappa = repeating_orbits(group, 4, 124)
    assert sorted(len(elements) for elements in subgroups) == [1, 2, 4, 8]
    labels = [1.0, -1.0, 0.5, 2.0]
    with pytest.raises(IndefiniteMatrixError, match=r"kappa_hat\(irrep 0\) is not positive semidefinite"):
        spectral_loo_residuals(-kappa, labels, group, 30.0, subgroups)
    twice = np.concatenate([gram, gram[:1]])  # the first seed again, as an orbit of its own
    assert len(twice) == len(gram) + 1
    again = kappa[:, [0, 1, 2, 3, 0]][:, :, [0, 1, 2, 3, 0]]
    with pytest.raises(SingularMatrixError, match=r"singular to working precision at ridge 0.*pass ridge="):
        spectral_loo_residuals(again, [*labels, 1.0], group, 0.0, [*subgroups, subgroups[0]])


KAPPA = repeating_orbits(dihedral(4), 4, 124)[3]
SUBGROUPS = repeating_orbits(dihedral(4), 4, 124)[0]


@pytest.mark.parametrize(
    "subgroups, held_out, message",
    [
        (SUBGROUPS[:3], [(0, 0)], r"each of 4 seeds, got 3 entries; symlib.stabilisers\(orbits, group\)"),
        ([(0, 1)] * 4, [(0, 0)], r"stabilisers\[0\] must be closed: 1·1 = 2"),
        ([(0,), (), (0,), (0,)], [(0, 0)], r"stabilisers\[1\] is empty"),
        ([(0, 8)] * 4, [(0, 0)], r"stabilisers\[0\] must lie in 0..size-1"),
        ([(0, 0)] * 4, [(0, 0)], r"stabilisers\[0\] names a point twice"),
    ],
)
def test_bad_stabilisers_are_named(subgroups, held_out, message):
    for call in (
        lambda: spectral_loo_residuals(KAPPA, np.ones(4), dihedral(4), 0.0, subgroups),
        lambda: spectral_holdout_residuals(KAPPA, np.ones(4), dihedral(4), held_out, 0.0, subgroups),
        lambda: spectral_ensemble_covariance(KAPPA, KAPPA, dihedral(4), held_out, 0.0, subgroups),
        lambda: expand_invariant(KAPPA, dihedral(4), subgroups),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_two_names_of_one_point_are_refused():
    c = [len(elements) for elements in SUBGROUPS].index(2)
    other = SUBGROUPS[c][1]
    with pytest.raises(ValueError, match=rf"names a point twice: \(0, {c}\) and \({other}, {c}\) are one coset"):
        spectral_holdout_residuals(KAPPA, np.ones(4), dihedral(4), [(0, c), (other, c)], 0.0, SUBGROUPS)
    with pytest.raises(ValueError, match="names a point twice"):
        spectral_holdout_residuals(KAPPA, np.ones(4), dihedral(4), [(1, c), (1, c)], 0.0, SUBGROUPS)
    with pytest.raises(ValueError, match="20 points, where orbits with these stabilisers have 15 distinct ones"):
        project_invariant(np.eye(20), dihedral(4), SUBGROUPS)
