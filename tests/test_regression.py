"""Leave-one-out and held-out residuals against regressions that really leave the points out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symlib.conv_kernels import cnn_kernel
from symlib.datasets import mnist
from symlib.kernels import mlp_kernel
from symlib.orbits import normalize, points, rotation_orbits
from symlib.regression import holdout_residuals, loo_residuals
from symlib.spectral import circulant_loo_error


def random_gram(n, seed, batch=()):
    factor = np.random.default_rng(seed).standard_normal((*batch, n, n + 2))
    return factor @ factor.swapaxes(-1, -2) / n


def refit(gram, labels, held_out, ridge):
    """Residual and covariance at the held-out points from a regression on the others, by the textbook formula."""
    keep = np.setdiff1d(np.arange(len(gram)), held_out)
    a = gram[np.ix_(keep, keep)] + ridge * np.eye(len(keep))
    cross = gram[np.ix_(held_out, keep)]
    covariance = gram[np.ix_(held_out, held_out)] + ridge * np.eye(len(held_out)) - cross @ np.linalg.solve(a, cross.T)
    return labels[held_out] - cross @ np.linalg.solve(a, labels[keep]), covariance


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 40), st.integers(0, 10**6), st.sampled_from([0.0, 1e-3, 2.0]), st.integers(1, 3), st.data())
def test_equals_refitting(n, seed, ridge, k, data):
    gram = random_gram(n, seed)
    labels = np.random.default_rng(seed + 1).standard_normal((n, k))
    held_out = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n - 1, unique=True))
    residuals, covariance = holdout_residuals(gram, labels, held_out, ridge)
    expected, expected_covariance = refit(gram, labels, held_out, ridge)
    np.testing.assert_allclose(residuals, expected, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(covariance, expected_covariance, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(
        loo_residuals(gram, labels, ridge)[held_out[0]],
        refit(gram, labels, held_out[:1], ridge)[0][0],
        rtol=1e-8,
        atol=1e-8,
    )


def test_batches_and_one_label_column():
    gram = random_gram(40, 0, batch=(2, 3))
    labels = np.random.default_rng(1).standard_normal(40)
    residuals = loo_residuals(gram, labels, 0.1)
    assert residuals.shape == (2, 3, 40)
    np.testing.assert_allclose(residuals[1, 2], loo_residuals(gram[1, 2], labels[:, None], 0.1)[:, 0], rtol=1e-10)
    held_residuals, covariance = holdout_residuals(gram, labels, [4, 0], 0.1)
    assert held_residuals.shape == (2, 3, 2) and covariance.shape == (2, 3, 2, 2)
    np.testing.assert_allclose(held_residuals[0, 1], refit(gram[0, 1], labels, [4, 0], 0.1)[0], rtol=1e-9)


def test_empty_batches_have_empty_results():
    gram = np.zeros((2, 0, 3, 3))
    assert loo_residuals(gram, np.ones((3, 4))).shape == (2, 0, 3, 4)
    residuals, covariance = holdout_residuals(gram, np.ones(3), [2, 0])
    assert residuals.shape == (2, 0, 2) and covariance.shape == (2, 0, 2, 2)


@pytest.mark.parametrize("n", [8, 16])
def test_reference_residuals_of_digit_pairs(loo_reference, n):
    pairs = loo_reference[f"mlp1_rot{n}_pairs"]
    orbits = normalize(rotation_orbits(mnist()[0][pairs.ravel()], n)).reshape(len(pairs), 2, n, 28, 28)
    gram = mlp_kernel(points(orbits)).ntk
    residuals = loo_residuals(gram, np.tile([1.0, -1.0], n))
    np.testing.assert_allclose(residuals, loo_reference[f"mlp1_rot{n}_loo_residuals"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(
        circulant_loo_error(gram), loo_reference[f"mlp1_rot{n}_paper_spectral"], rtol=0, atol=1e-4
    )


def test_reference_residuals_of_digit_pairs_under_a_convolutional_kernel(loo_reference):
    pairs = loo_reference["cnnflat_rot8_pairs"]
    orbits = normalize(rotation_orbits(mnist()[0][pairs.ravel()], 8)).reshape(len(pairs), 2, 8, 28, 28)
    gram = cnn_kernel(points(orbits, flatten=False)).ntk
    residuals = loo_residuals(gram, np.tile([1.0, -1.0], 8))
    np.testing.assert_allclose(residuals, loo_reference["cnnflat_rot8_loo_residuals"], rtol=0, atol=1e-4)
    spectral = loo_reference["cnnflat_rot8_paper_spectral"]
    np.testing.assert_allclose(circulant_loo_error(gram), spectral, rtol=0, atol=1e-4)


INDEFINITE = np.diag([2.0, 1.0, -0.25])
LARGE_INDEFINITE = np.diag([*np.ones(60), -0.25])


@pytest.mark.parametrize(
    "gram, labels, ridge, message",
    [
        (np.zeros((0, 0)), [], 0, "gram must hold at least one point"),
        (np.ones((2, 3)), [1, 1], 0, r"square in its last two axes, got shape \(2, 3\)"),
        ([[1.0, 0.5], [0.2, 1.0]], [1, 1], 0, r"symmetric: max \|K - K.T\| = 3.0e-01 at \(0, 1\); symmetrise it"),
        ([[1.0, np.inf], [np.inf, 1.0]], [1, 1], 0, r"gram must be finite, got inf at \(0, 1\)"),
        ([[np.nan, 0.0], [0.0, 1.0]], [1, 1], 0, "gram must be finite, got nan"),
        (INDEFINITE, [1, 1, 1], 0, "not positive semidefinite: lambda_min = -0.25"),
        (INDEFINITE, [1, 1, 1], 5.0, "a ridge does not mend an indefinite matrix"),
        (LARGE_INDEFINITE, np.ones(61), 5.0, "lambda_min = -0.25"),
        (np.ones((2, 2)), [1, 1], 0, "singular to working precision at ridge 0.*pass ridge="),
        (np.ones((50, 50)), np.ones(50), 0, "singular to working precision at ridge 0"),
        (
            np.eye(2),
            [1, 1, 1],
            0,
            r"labels must have shape \(2,\) or \(2, k\), one entry for each point of gram, got \(3,\)",
        ),
        (np.eye(2), [1, np.nan], 0, "labels must be finite"),
        (np.eye(2), [1, 1], -1e-3, "ridge must be finite and at least 0, got -0.001"),
        (np.eye(2), [1, 1], np.nan, "ridge must be finite"),
    ],
)
def test_bad_input_is_named(gram, labels, ridge, message):
    with pytest.raises(ValueError, match=message):
        loo_residuals(gram, labels, ridge)
    with pytest.raises(ValueError, match=message):
        holdout_residuals(gram, labels, [0], ridge)


@pytest.mark.parametrize(
    "held_out, message",
    [
        ([], "held_out is empty|integers"),
        ([0, 0], "names a point twice"),
        ([2], "must lie in"),
        ([-1], "must lie in"),
        ([[0, 1]], r"held_out must have shape \(h,\), got \(1, 2\)"),
        ([0.5], "must hold integers"),
    ],
)
def test_bad_held_out_sets_are_named(held_out, message):
    with pytest.raises(ValueError, match=message):
        holdout_residuals(np.eye(2), [1, 1], held_out)


@pytest.mark.parametrize("n", [10, 60])
def test_a_singular_gram_has_a_clean_limit_at_small_ridge(n):
    # All points equal: the others predict the label exactly, up to the ridge.
    for ridge in (1e-4, 1e-8):
        residuals = loo_residuals(np.ones((n, n)), np.ones(n), ridge)
        np.testing.assert_allclose(residuals, ridge / (n - 1 + ridge), rtol=1e-4)
