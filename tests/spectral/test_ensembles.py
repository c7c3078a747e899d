"""The spread of an ensemble by the group formula, against dense algebra and against inverting what was trained on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symlib.groups import cyclic
from symlib.regression import ensemble_covariance
from symlib.spectral import (
    expand_invariant,
    spectral_ensemble_covariance,
)
from tests.samples import GROUPS, random_kappa

any_group = st.sampled_from(list(GROUPS.values()))
any_ridge = st.sampled_from([0.0, 1e-6, 0.3])


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


GOOD = random_kappa(cyclic(4), 2, 0)


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
