"""Leave-one-out and held-out residuals against regressions that really leave the points out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symlib.conv_kernels import cnn_kernel
from symlib.datasets import mnist
from symlib.kernels import mlp_kernel
from symlib.orbits import normalize, points, rotation_orbits
from symlib.regression import ensemble_covariance, holdout_residuals, loo_residuals
from symlib.spectral import circulant_loo_error
from symlib.support.hermitian import SingularMatrixError


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


def retrained(ntk, nngp, held_out, ridge):
    """The covariance of f_H = f₀_H + Θ_HR (Θ_RR + σ²)⁻¹ (y - f₀)_R with f₀ from N(0, Σ): R alone is inverted."""
    keep = np.setdiff1d(np.arange(len(ntk)), held_out)
    learnt = np.linalg.solve(ntk[np.ix_(keep, keep)] + ridge * np.eye(len(keep)), ntk[np.ix_(keep, held_out)]).T
    cross = learnt @ nngp[np.ix_(keep, held_out)]
    return nngp[np.ix_(held_out, held_out)] - cross - cross.T + learnt @ nngp[np.ix_(keep, keep)] @ learnt.T


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 40), st.integers(0, 10**6), st.sampled_from([0.0, 1e-3, 2.0]), st.data())
def test_spread_equals_starts_carried_through_training(n, seed, ridge, data):
    nngp = random_gram(n, seed + 1)
    ntk = nngp + random_gram(n, seed)
    held_out = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n - 1, unique=True))
    found = ensemble_covariance(ntk, nngp, held_out, ridge)
    expected = retrained(ntk, nngp, held_out, ridge)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8 * np.abs(expected).max())
    np.testing.assert_array_equal(found, found.T)


def test_spread_in_batches_and_pieces():
    nngp = random_gram(60, 1, batch=(2, 20))
    ntk = nngp + random_gram(60, 0, batch=(2, 20))
    found = ensemble_covariance(ntk, nngp, [7, 3], 0.1)
    assert found.shape == (2, 20, 2, 2) and found.flags.writeable
    for i in ((0, 0), (1, 7), (1, 19)):
        np.testing.assert_allclose(found[i], retrained(ntk[i], nngp[i], [7, 3], 0.1), rtol=1e-9)
    assert ensemble_covariance(np.zeros((2, 0, 3, 3)), np.zeros((2, 0, 3, 3)), [2, 0]).shape == (2, 0, 2, 2)


def test_spread_of_networks_whose_last_layer_alone_is_trained_is_the_posterior():
    gram, labels = random_gram(30, 5), np.ones(30)
    np.testing.assert_allclose(
        ensemble_covariance(gram, gram, [4, 9, 2]), holdout_residuals(gram, labels, [4, 9, 2])[1], rtol=1e-10
    )
    other = mlp_kernel(np.random.default_rng(0).standard_normal((9, 4)))
    posterior = holdout_residuals(other.ntk, np.ones(9), [0])[1]
    assert not np.isclose(ensemble_covariance(other.ntk, other.nngp, [0]), posterior, rtol=0.05)


@pytest.mark.parametrize("ridge", [0.0, 0.05])
def test_spread_by_neural_tangents(ridge):
    reason = "oracle: neural-tangents is not installed"
    nt = pytest.importorskip("neural_tangents", reason=reason, exc_type=ImportError)
    jax = pytest.importorskip("jax")
    dense = nt.stax.Dense(1, W_std=1.3, b_std=0.4)
    _, _, kernel_fn = nt.stax.serial(dense, nt.stax.Relu(), dense, nt.stax.Relu(), dense)
    x = np.random.default_rng(2).standard_normal((13, 6))
    held_out, others = [3, 0, 11, 5], np.setdiff1d(np.arange(13), [3, 0, 11, 5])
    labels = np.random.default_rng(3).choice([-1.0, 1.0], 13)
    with jax.experimental.enable_x64():
        predict = nt.predict.gradient_descent_mse_ensemble(
            kernel_fn, x[others], labels[others, None], diag_reg=ridge, diag_reg_absolute_scale=True
        )
        mean, expected = predict(x_test=x[held_out], get="ntk", compute_cov=True)
    kernel = mlp_kernel(x, depth=2, w_std=1.3, b_std=0.4)
    found = ensemble_covariance(kernel.ntk, kernel.nngp, held_out, ridge)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)
    residuals, _ = holdout_residuals(kernel.ntk, labels, held_out, ridge)
    np.testing.assert_allclose(labels[held_out] - residuals, np.ravel(mean), rtol=1e-8)


@pytest.mark.parametrize(
    "ntk, nngp, ridge, message",
    [
        (np.eye(3), np.eye(2), 0, r"ntk and nngp must be of one shape, got \(3, 3\) and \(2, 2\)"),
        (np.eye(3)[None], np.eye(3), 0, "of one shape"),
        (np.eye(2), [[1.0, 0.5], [0.2, 1.0]], 0, "nngp must be symmetric"),
        ([[1.0, 0.5], [0.2, 1.0]], np.eye(2), 0, "ntk must be symmetric"),
        (np.eye(2), [[np.nan, 0.0], [0.0, 1.0]], 0, "nngp must be finite"),
        (np.eye(3), INDEFINITE, 0, "nngp is not positive semidefinite: lambda_min = -0.25"),
        (np.eye(61), LARGE_INDEFINITE, 9.0, "nngp is not positive semidefinite: lambda_min = -0.25"),
        (INDEFINITE, np.eye(3), 5.0, "ntk is not positive semidefinite: lambda_min = -0.25"),
        (np.ones((2, 2)), np.eye(2), 0, "ntk is singular to working precision at ridge 0.*pass ridge="),
        (np.eye(2), np.eye(2), -1, "ridge must be finite and at least 0"),
        (np.eye(2), INDEFINITE[1:, 1:].astype(np.float32), 0, "nngp is not.*came as float32"),
    ],
)
def test_bad_kernels_of_an_ensemble_are_named(ntk, nngp, ridge, message):
    with pytest.raises(ValueError, match=message):
        ensemble_covariance(ntk, nngp, [0], ridge)


def test_a_nngp_without_full_rank_is_a_kernel():
    x = np.random.default_rng(1).standard_normal((40, 3))
    np.testing.assert_allclose(
        ensemble_covariance(np.eye(40), x @ x.T, [5, 1]), (x @ x.T)[np.ix_([5, 1], [5, 1])], rtol=1e-12
    )
    assert (ensemble_covariance(np.eye(3), np.zeros((3, 3)), [0]) == 0).all()


def test_kernels_in_the_wrong_order_are_noticed():
    kernel = mlp_kernel(np.random.default_rng(0).standard_normal((9, 4)))
    with pytest.warns(
        UserWarning, match="ntk is smaller than nngp at every point.*pass kernel.ntk, kernel.nngp"
    ) as told:
        ensemble_covariance(*kernel, [0])
    assert [warning.filename for warning in told] == [__file__]
    ensemble_covariance(kernel.ntk, kernel.nngp, [0])
    ensemble_covariance(kernel.nngp, kernel.nngp, [0])


def test_a_kernel_that_is_zero_is_refused_without_a_warning():
    for call in (
        lambda: loo_residuals(np.zeros((2, 2)), [1, -1]),
        lambda: holdout_residuals(np.zeros((2, 2)), [1, -1], [0]),
    ):
        with pytest.raises(SingularMatrixError, match=r"pass ridge=\S+ or more"):
            call()
