"""Closed forms against an independent implementation, against finite networks, and at their delicate points."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symlib.datasets import mnist
from symlib.kernels import Kernel, mlp_kernel, rbf
from symlib.orbits import normalize


@pytest.fixture(scope="module")
def digits(nt_reference):
    return normalize(mnist()[0][nt_reference["index"]]).reshape(8, -1)


MLP_KEYS = ["mlp_1_1.000_1.0", "mlp_5_1.000_1.0", "mlp_3_1.400_0.1", "mlp_2_1.414_0.0"]


@pytest.mark.parametrize("key", MLP_KEYS)
def test_reference_values(digits, nt_reference, key):
    _, depth, w_std, b_std = key.split("_")
    w_std = np.sqrt(2) if w_std == "1.414" else float(w_std)
    kernel = mlp_kernel(digits, depth=int(depth), w_std=w_std, b_std=float(b_std))
    off_diagonal = ~np.eye(8, dtype=bool)
    for kind in ("nngp", "ntk"):
        expected = nt_reference[f"{key}_{kind}"]
        np.testing.assert_allclose(getattr(kernel, kind)[off_diagonal], expected[off_diagonal], rtol=1e-10)
        # On the diagonal θ = 0; the reference reaches it through arccos and carries √ε = 1e-8 of rounding there.
        np.testing.assert_allclose(getattr(kernel, kind).diagonal(), expected.diagonal(), rtol=1e-7)


@pytest.mark.parametrize("depth, w_std, b_std", [(1, 1.0, 1.0), (4, 1.3, 0.2), (2, np.sqrt(2), 0.0)])
def test_diagonal_in_closed_form(digits, depth, w_std, b_std):
    # At θ = 0 the ReLU halves variances and its derivative kernel is 1/2: the recursion is scalar.
    variance = w_std**2 * (digits**2).sum(-1) / digits.shape[-1] + b_std**2
    ntk = variance
    for _ in range(depth):
        variance = w_std**2 * variance / 2 + b_std**2
        ntk = w_std**2 * ntk / 2 + variance
    for kernel in (
        mlp_kernel(digits, depth=depth, w_std=w_std, b_std=b_std),
        mlp_kernel(digits, digits, depth=depth, w_std=w_std, b_std=b_std),
    ):
        np.testing.assert_allclose(kernel.nngp.diagonal(), variance, rtol=1e-14)
        np.testing.assert_allclose(kernel.ntk.diagonal(), ntk, rtol=1e-14)


@pytest.mark.parametrize("depth, w_std, b_std", [(1, 1.0, 1.0), (3, 1.4, 0.3)])
def test_neural_tangents(depth, w_std, b_std):
    stax = pytest.importorskip(
        "neural_tangents", reason="oracle: neural-tangents is not installed", exc_type=ImportError
    ).stax
    rng = np.random.default_rng(1)
    x1, x2 = rng.standard_normal((5, 11)), 3 * rng.standard_normal((3, 11))
    dense = stax.Dense(1, W_std=w_std, b_std=b_std)
    _, _, kernel_fn = stax.serial(*[dense, stax.Relu()] * depth, dense)
    with jax.experimental.enable_x64():
        expected = kernel_fn(jnp.asarray(x1), jnp.asarray(x2), ("nngp", "ntk"))
    ours = mlp_kernel(x1, x2, depth=depth, w_std=w_std, b_std=b_std)
    np.testing.assert_allclose(ours.nngp, expected.nngp, rtol=1e-12)
    np.testing.assert_allclose(ours.ntk, expected.ntk, rtol=1e-12)


def test_finite_networks_average_to_the_kernels():
    # One hidden layer of width m: both kernels are means over seeds, so their standard error is known.
    rng = np.random.default_rng(2)
    d, m, seeds, w, b = 6, 2048, 60, 1.2, 0.5
    x = rng.standard_normal((4, d))
    nngp, ntk = np.empty((2, seeds, 4, 4))
    for s in range(seeds):
        w1, b1, w2 = rng.standard_normal((d, m)), rng.standard_normal(m), rng.standard_normal(m)
        z = w / np.sqrt(d) * x @ w1 + b * b1
        h, on = np.maximum(z, 0), (z > 0) * w2
        nngp[s] = w**2 * h @ h.T / m + b**2
        # Inner product of the gradients: last layer, last bias, first layer and its bias through the active units.
        ntk[s] = nngp[s] + w**2 / m * (on @ on.T) * (w**2 * x @ x.T / d + b**2)
    exact = mlp_kernel(x, w_std=w, b_std=b)
    for samples, value in ((nngp, exact.nngp), (ntk, exact.ntk)):
        standard_error = samples.std(axis=0, ddof=1) / np.sqrt(seeds)
        z_scores = (samples.mean(axis=0) - value) / standard_error
        assert np.abs(z_scores).max() < 4.5
        assert np.abs(z_scores).max() > 0.05  # a comparison with itself would pass the line above


def test_batches_and_symmetry():
    rng = np.random.default_rng(3)
    x1, x2 = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 6, 5))
    kernel = mlp_kernel(x1, x2, depth=2)
    assert isinstance(kernel, Kernel) and kernel.ntk.shape == (2, 3, 4, 6)
    np.testing.assert_allclose(kernel.ntk[1, 2], mlp_kernel(x1[1, 2], x2[1, 2], depth=2).ntk, rtol=1e-13)
    np.testing.assert_allclose(mlp_kernel(x2, x1).ntk, np.swapaxes(mlp_kernel(x1, x2).ntk, -1, -2), rtol=1e-13)


def test_opposite_and_zero_vectors():
    x = np.array([[1.0, 2.0], [-1.0, -2.0], [0.0, 0.0]])
    kernel = mlp_kernel(x, b_std=0.0)
    assert np.isfinite(kernel.ntk).all() and kernel.ntk[0, 1] == 0 and kernel.nngp[2].tolist() == [0, 0, 0]


def test_rbf():
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((5, 3)), rng.standard_normal((4, 3))
    expected = np.exp(-((x[:, None] - y) ** 2).sum(-1) / (2 * 0.7**2))
    np.testing.assert_allclose(rbf(x, y, length_scale=0.7), expected, rtol=1e-13)
    assert (rbf(x, length_scale=0.7).diagonal() == 1).all()


def test_results_are_float64_and_the_global_setting_is_untouched():
    before = jax.config.jax_enable_x64
    for array in (*mlp_kernel(np.eye(3, dtype=np.float32)), rbf(np.eye(3), length_scale=1)):
        assert isinstance(array, np.ndarray) and array.dtype == np.float64
    assert jax.config.jax_enable_x64 is before
    assert jnp.ones(1).dtype == (jnp.float64 if before else jnp.float32)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: mlp_kernel(np.ones(3)), r"x1 must have at least 2 dimensions, got shape \(3,\)"),
        (
            lambda: mlp_kernel(np.ones((2, 3)), np.ones((2, 4))),
            r"vectors of one length, got shapes \(2, 3\) and \(2, 4\)",
        ),
        (lambda: mlp_kernel(np.ones((2, 1, 3)), np.ones((3, 1, 3))), "batch axes"),
        (lambda: mlp_kernel([[np.nan, 1.0]]), r"x1 must be finite, got nan at \(0, 0\)"),
        (lambda: mlp_kernel(np.eye(2), depth=0), "depth must be a whole number of at least 1, got 0"),
        (lambda: mlp_kernel(np.eye(2), w_std=-1), "w_std must be finite and at least 0, got -1"),
        (lambda: rbf(np.eye(2), length_scale=0), "length_scale must be positive"),
        (lambda: rbf(np.eye(2) * 1j, length_scale=1), "x1 must be real"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
