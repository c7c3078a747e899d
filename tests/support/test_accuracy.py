"""Residuals of nearly singular matrices against 40-digit arithmetic: right to 1e-6, or refused with the remedy."""

import re

import mpmath
import numpy as np
import pytest

from symlib.gram import invariant_gram
from symlib.groups import cyclic, dihedral
from symlib.kernels import rbf
from symlib.regression import ensemble_covariance, holdout_residuals, loo_residuals
from symlib.spectral import (
    circulant_loo_error,
    expand_invariant,
    spectral_ensemble_covariance,
    spectral_holdout_residuals,
    spectral_loo_residuals,
)
from symlib.support import accuracy
from symlib.support.hermitian import IndefiniteMatrixError, SingularMatrixError

RNG = np.random.default_rng(0)
X = RNG.standard_normal((18, 3))
REPEATED = np.concatenate([RNG.standard_normal((12, 20)), np.zeros((2, 20))])
REPEATED[-2:] = REPEATED[:2]
COLLAPSED = np.kron(np.ones((6, 6)), [[2.0, 0.5], [0.5, 1.0]])
GRAMS = {
    "linear kernel": X @ X.T,
    "cubic kernel": (1 + X[:14] @ X[:14].T) ** 3,
    "smooth radial kernel": rbf(X, length_scale=10.0),
    "two points twice": REPEATED @ REPEATED.T,
    "collapsed orbits": COLLAPSED,
    "well conditioned": np.eye(9) + 0.1,
}


def exact(gram, labels, ridge, held_out):
    """e_H in 40 digits, each point alone where `held_out` is None: float64 numbers are taken as they are."""
    with mpmath.workdps(40):
        a = mpmath.matrix(gram.tolist()) + mpmath.mpf(ridge) * mpmath.eye(len(gram))
        inverse = a**-1
        weights = inverse * mpmath.matrix(labels.tolist())
        if held_out is None:
            return np.array([float(weights[i] / inverse[i, i]) for i in range(len(gram))])
        block = mpmath.matrix([[inverse[i, j] for j in held_out] for i in held_out])
        return np.array([float(e) for e in block**-1 * mpmath.matrix([weights[i] for i in held_out])])


def left_out_together(gram, labels, ridge):
    return holdout_residuals(gram, labels, [1, 4], ridge)[0]


def refused(call, *arguments):
    """The ridge that the refusal names; None where there was a result."""
    try:
        call(*arguments)
    except SingularMatrixError as error:
        return float(re.search(r"pass ridge=(\S+) or more", str(error))[1])


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e7])
@pytest.mark.parametrize("relative_ridge", [0.0, 1e-17, 1e-13, 1e-10, 1e-8, 1e-6])
@pytest.mark.parametrize("name", GRAMS)
def test_right_or_refused_with_a_ridge_that_does(name, relative_ridge, scale):
    gram = GRAMS[name] * scale
    ridge = relative_ridge * np.linalg.norm(gram, 2)
    labels = np.where(np.arange(len(gram)) % 2, -1.0, 1.0)
    for held_out in (None, [1, 4]):
        call = loo_residuals if held_out is None else left_out_together
        remedy = refused(call, gram, labels, ridge)
        assert remedy is None or remedy > ridge
        used = ridge if remedy is None else remedy
        expected = exact(gram, labels, used, held_out)
        np.testing.assert_array_less(
            np.abs(call(gram, labels, used) - expected) / np.maximum(np.abs(expected), 1), 1e-6
        )
        if remedy is not None:
            assert remedy < 1e-6 * np.linalg.norm(gram, 2)


def test_what_is_refused_and_what_is_not():
    labels = np.tile([1.0, -1.0], 9)
    # The customary ridge, against labels that three dimensions cannot hold: rounding decided the result.
    with pytest.raises(
        SingularMatrixError, match=r"gram at ridge 1e-10 is so close to singular.*pass ridge=\S+e-0[678] or more"
    ):
        loo_residuals(X @ X.T, labels, 1e-10)
    # Collapsed orbits predict each other: nothing is lost at any ridge.
    errors = [np.abs(loo_residuals(COLLAPSED, np.tile([1.0, -1.0], 6), ridge)).max() for ridge in (1e-4, 1e-8, 1e-12)]
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 1e4, rtol=1e-2)


def test_one_matrix_of_a_batch_is_enough():
    batch = np.stack([np.eye(18), X @ X.T, np.eye(18)])
    with pytest.raises(SingularMatrixError, match="pass ridge="):
        loo_residuals(batch, np.ones(18), 1e-12)


def invariant(group, features):
    """κ of rank at most `features` for each irrep, exactly invariant: averages of a kernel over the group."""
    x = np.random.default_rng(1).standard_normal((3, group.order, features))
    gram = np.einsum("cgf,dhf->gchd", x, x)
    kappa = np.zeros((group.order, 3, 3))
    for g in range(group.order):
        for h in range(group.order):
            kappa[group.table[group.inverse[g], h]] += gram[g, :, h] / group.order
    return kappa


@pytest.mark.parametrize("group", [cyclic(6), dihedral(3)], ids=str)
@pytest.mark.parametrize("features", [1, 30])
@pytest.mark.parametrize("ridge", [0.0, 1e-12, 1e-10, 1e-7, 1e-3])
def test_the_group_formula_too(group, features, ridge):
    kappa, labels = invariant(group, features), np.array([1.0, -1.0, 1.0])
    gram, all_labels = expand_invariant(kappa, group), np.tile(labels, group.order)
    remedy = refused(spectral_loo_residuals, kappa, labels, group, ridge)
    used = ridge if remedy is None else remedy
    expected = exact(gram, all_labels, used, None)[:3]
    np.testing.assert_allclose(spectral_loo_residuals(kappa, labels, group, used), expected, rtol=1e-6, atol=1e-6)
    remedy = refused(spectral_holdout_residuals, kappa, labels, group, [(0, 0), (2, 1)], ridge)
    used = ridge if remedy is None else remedy
    expected = exact(gram, all_labels, used, [0, 7])
    found = spectral_holdout_residuals(kappa, labels, group, [(0, 0), (2, 1)], used)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("ridge", [0.0, 1e-14, 1e-10, 1e-6])
def test_the_circulant_formula_too(ridge):
    angle = 2 * np.pi * np.arange(12) / 12
    gram = np.cos(angle[:, None] - angle) + np.cos(2 * (angle[:, None] - angle))  # four of twelve frequencies
    remedy = refused(circulant_loo_error, gram, ridge)
    assert remedy is not None or ridge > 1e-12
    used = ridge if remedy is None else remedy
    column = gram[0]
    with mpmath.workdps(40):
        spectrum = [
            mpmath.fsum(mpmath.mpf(c) * mpmath.cos(2 * mpmath.pi * k * w / 12) for k, c in enumerate(column)) + used
            for w in range(12)
        ]
        expected = float(1 / spectrum[6] / (mpmath.fsum(1 / value for value in spectrum) / 12))
    np.testing.assert_allclose(circulant_loo_error(gram, used), expected, rtol=1e-5)


def test_the_estimate_bounds_the_error(monkeypatch):
    monkeypatch.setattr(accuracy, "ACCURACY", np.inf)
    estimates = []
    original = accuracy.relative_error
    monkeypatch.setattr(
        "symlib.regression.relative_error", lambda *of: estimates.append(original(*of)) or estimates[-1]
    )
    rng = np.random.default_rng(3)
    for _ in range(12):
        n = int(rng.integers(5, 20))
        x = rng.standard_normal((n, int(rng.integers(1, n))))
        gram, labels = x @ x.T, rng.choice([-1.0, 1.0], n)
        ridge = 10.0 ** rng.uniform(-11, -6) * np.linalg.norm(gram, 2)
        estimates.clear()
        expected = exact(gram, labels, ridge, None)
        error = np.abs(loo_residuals(gram, labels, ridge) - expected) / np.maximum(np.abs(expected), 1)
        assert 1e-5 * estimates[0] < error.max() < estimates[0]


def exact_spread(ntk, nngp, held_out, ridge):
    """The covariance of an ensemble in 40 digits."""
    with mpmath.workdps(40):
        inverse = (mpmath.matrix(ntk.tolist()) + mpmath.mpf(ridge) * mpmath.eye(len(ntk))) ** -1
        middle = inverse * mpmath.matrix(nngp.tolist()) * inverse
        s, middle = (mpmath.matrix([[m[i, j] for j in held_out] for i in held_out]) for m in (inverse, middle))
        return np.array((s**-1 * middle * s**-1).tolist(), dtype=float)


def relative_spread_error(found, expected):
    deviations = np.sqrt(np.diag(expected))
    return np.abs((found - expected) / np.outer(deviations, deviations)).max()


@pytest.mark.parametrize("relative_ridge", [0.0, 1e-13, 1e-10, 1e-8, 1e-6])
@pytest.mark.parametrize("name", GRAMS)
def test_the_spread_is_right_or_refused_with_a_ridge_that_does(name, relative_ridge):
    ntk, ridge = GRAMS[name], relative_ridge * np.linalg.norm(GRAMS[name], 2)
    nngp = np.exp(-np.abs(np.subtract.outer(np.arange(len(ntk)), np.arange(len(ntk)))) / 5)
    remedy = refused(ensemble_covariance, ntk, nngp, [1, 4], ridge)
    assert remedy is None or ridge < remedy < 1e-4 * np.linalg.norm(ntk, 2)
    used = ridge if remedy is None else remedy
    found = ensemble_covariance(ntk, nngp, [1, 4], used)
    assert relative_spread_error(found, exact_spread(ntk, nngp, [1, 4], used)) < 1e-6


def test_the_estimate_bounds_the_error_of_the_spread(monkeypatch):
    monkeypatch.setattr(accuracy, "ACCURACY", np.inf)
    estimates = []
    original = accuracy.relative_error
    monkeypatch.setattr(
        "symlib.regression.relative_error", lambda *of: estimates.append(original(*of)) or estimates[-1]
    )
    rng, ratios = np.random.default_rng(5), {"dense": [], "spectral": []}
    for group in (cyclic(6), dihedral(3)) * 5:
        ntk, ridge = invariant(group, int(rng.integers(1, 3))), 10.0 ** rng.uniform(-9, -5)
        nngp = (0.3 * ntk + invariant(group, 10)) / 100
        held_out = [(0, 0), (1, 0), (2, 1), (4, 2), (5, 0)][: int(rng.integers(1, 6))]
        full = [expand_invariant(kappa, group) for kappa in (ntk, nngp)]
        index = [3 * g + c for g, c in held_out]
        expected = exact_spread(*full, index, ridge)
        for kind, call, arguments in (
            ("spectral", spectral_ensemble_covariance, (ntk, nngp, group, held_out, ridge)),
            ("dense", ensemble_covariance, (*full, index, ridge)),
        ):
            estimates.clear()
            ratios[kind].append(relative_spread_error(call(*arguments), expected) / estimates[0])
    for kind in ratios.values():
        assert max(kind) < 1 and np.median(kind) > 1e-4


def test_where_no_ridge_helps_the_search_ends():
    for order in (3, 2000):
        with pytest.raises(SingularMatrixError, match="change the covariance by 1e.00 of their size; leave out points"):
            accuracy.vouched(lambda ridge: (None, 1.0), 0.0, 1.0, order, "ntk", what="covariance")


def test_float32_is_said_to_be_float32():
    p = np.random.default_rng(0).standard_normal((60, 3)).astype(np.float32)
    gram = (1 + p @ p.T) ** 2
    assert gram.dtype == np.float32
    with pytest.raises(IndefiniteMatrixError, match="came as float32.*compute it in float64"):
        loo_residuals(gram, np.tile([1.0, -1.0], 30), 0.1)
    with pytest.raises(SingularMatrixError, match="pass ridge=.*came as float32"):
        loo_residuals(np.ones((4, 4), np.float32), np.ones(4))
    wide = p.astype(np.float64)
    assert np.isfinite(loo_residuals((1 + wide @ wide.T) ** 2, np.tile([1.0, -1.0], 30), 0.1)).all()


def test_both_errors_are_of_numpy_and_are_value_errors():
    for error in (SingularMatrixError, IndefiniteMatrixError):
        assert issubclass(error, np.linalg.LinAlgError) and issubclass(error, ValueError)


def test_a_large_arc_of_missing_poses_is_not_refused(monkeypatch):
    """Errors of many held-out points add up in squares: their plain sum refused what is right in ten digits."""
    # On this small set the estimate is 1e-14, and would be 8e-14 with the plain sum.
    monkeypatch.setattr(accuracy, "ACCURACY", 3e-14)
    group, n_orbits = cyclic(32), 24
    angle = 2 * np.pi * np.arange(32) / 32
    rng = np.random.default_rng(0)
    orbits = sum(
        rng.standard_normal((n_orbits, 1, 6)) * np.stack([np.cos(k * angle), np.sin(k * angle)], -1)[:, [0, 1] * 3]
        for k in range(1, 5)
    )
    kappa = invariant_gram(lambda a, b: rbf(a, b, length_scale=0.3), orbits, group, project=True, progress=False)
    labels = np.where(np.arange(n_orbits) % 2, 1.0, -1.0)
    held_out = [(g, c) for g in range(16) for c in range(1, n_orbits, 2)]
    found = spectral_holdout_residuals(kappa, labels, group, held_out)[0]
    gram, index = expand_invariant(kappa, group), [g * n_orbits + c for g, c in held_out]
    rest = np.setdiff1d(np.arange(len(gram)), index)
    all_labels = np.tile(labels, 32)
    answers = gram[np.ix_(index, rest)] @ np.linalg.solve(gram[np.ix_(rest, rest)], all_labels[rest])
    np.testing.assert_allclose(found, all_labels[index] - answers, atol=1e-7)
