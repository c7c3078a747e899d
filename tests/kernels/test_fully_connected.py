"""Closed forms against an independent implementation, against finite networks, and at their delicate points."""

import multiprocessing
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symlib.datasets import mnist
from symlib.kernels import Kernel, mlp_kernel, rbf
from symlib.orbits import normalize

RNG = np.random.default_rng(0)


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


def test_a_thousand_layers_compile_as_fast_as_two(digits):
    start = time.perf_counter()
    deep = mlp_kernel(digits, depth=1000, w_std=2**0.5, b_std=0.0)
    assert time.perf_counter() - start < 20  # unrolled: more than ten minutes
    # At w² = 2 the variance stays, and all points become alike: Σ tends to that of one point with itself.
    np.testing.assert_allclose(deep.nngp / deep.nngp[0, 0], 1, atol=1e-4)


@pytest.mark.parametrize("depth", [2, 5])
def test_layers_in_a_loop_are_the_recursion(digits, depth):
    """The slow, dull second algorithm: the formulas of the module, with arccos."""
    w2, b2 = 1.7, 0.3
    cov = w2 * digits[:3] @ digits[3:].T / 784 + b2
    var1, var2 = (w2 * (x**2).sum(-1) / 784 + b2 for x in (digits[:3], digits[3:]))
    ntk = cov
    for _ in range(depth):
        norms = np.sqrt(np.outer(var1, var2))
        theta = np.arccos(np.clip(cov / norms, -1, 1))
        cov = w2 * norms * (np.sin(theta) + (np.pi - theta) * np.cos(theta)) / (2 * np.pi) + b2
        ntk = w2 * ntk * (np.pi - theta) / (2 * np.pi) + cov
        var1, var2 = w2 * var1 / 2 + b2, w2 * var2 / 2 + b2
    found = mlp_kernel(digits[:3], digits[3:], depth=depth, w_std=w2**0.5, b_std=b2**0.5)
    np.testing.assert_allclose(found.nngp, cov, rtol=1e-12)
    np.testing.assert_allclose(found.ntk, ntk, rtol=1e-12)


def test_results_are_the_callers_own(digits):
    for array in (*mlp_kernel(digits), rbf(digits, length_scale=1.0), *mlp_kernel(np.tile(digits, (1000, 1, 1)))):
        array[..., 0, 0] += 1.0


def test_a_batch_is_its_sets_one_by_one(monkeypatch):
    x1, x2 = RNG.standard_normal((2, 1003, 9, 4)), RNG.standard_normal((1003, 5, 4))
    batch = mlp_kernel(x1, x2).ntk, mlp_kernel(x1).nngp, rbf(x1, x2, length_scale=2.0)
    for i, j in [(0, 0), (1, 500), (0, 1002)]:
        one = x1[i, j]
        alone = mlp_kernel(one, x2[j]).ntk, mlp_kernel(one).nngp, rbf(one, x2[j], length_scale=2.0)
        for whole, expected in zip(batch, alone):
            np.testing.assert_allclose(whole[i, j], expected, rtol=1e-13)
    monkeypatch.setattr("symlib.support.threads.usable_cores", lambda: 1)
    np.testing.assert_array_equal(mlp_kernel(x1, x2).ntk, batch[0])


@pytest.mark.parametrize("offset", [0.0, 1e8, -1.7e9])
@pytest.mark.parametrize("spread", [1.0, 1e6])
def test_radial_kernel_of_points_far_from_the_origin_and_from_each_other(offset, spread):
    near = RNG.integers(-3, 4, (6, 2)) * 0.5  # differences of all points are exact in float64
    x = offset + np.concatenate([near, near + spread])
    distance2 = ((x[:, None] - x) ** 2).sum(-1)
    found = rbf(x, length_scale=1.5)
    np.testing.assert_allclose(found, np.exp(-distance2 / 4.5), rtol=1e-11, atol=0)
    np.testing.assert_allclose(rbf(x[:5], x[3:], length_scale=1.5), found[:5, 3:], rtol=1e-11)
    np.testing.assert_array_equal(found.diagonal(), 1)


@pytest.mark.parametrize("length_scale", [1e-100, 1e-3, 1e100])
def test_radial_kernel_at_extreme_length_scales(length_scale):
    x = np.array([[0.0], [1.0], [1e-100]])
    with np.errstate(over="ignore", under="ignore"):
        expected = np.exp(-((np.abs(x - x.T) / length_scale) ** 2) / 2)
    np.testing.assert_allclose(rbf(x, length_scale=length_scale), expected, rtol=1e-12)


def test_points_too_large_for_float64_are_refused():
    with pytest.raises(ValueError, match="scale them down"):
        mlp_kernel([[1e200, 0.0], [0.0, 1.0]])


@pytest.mark.parametrize("kernel", [mlp_kernel, lambda *x: rbf(*x, length_scale=1.0)])
def test_masked_points_are_refused(kernel):
    masked = np.ma.masked_equal([[1.0, 999.0], [1.0, 2.0]], 999.0)
    for arguments in ([masked], [np.eye(2), masked]):
        with pytest.raises(TypeError, match="masked array"):
            kernel(*arguments)


FORKED = """
import multiprocessing, sys
import numpy as np
from symlib import cnn_kernel, mlp_kernel, rbf

CALLS = {
    "mlp": lambda: mlp_kernel(np.eye(3)).ntk.sum(),
    "rbf": lambda: rbf(np.eye(3), length_scale=1.0).sum(),
    "cnn": lambda: cnn_kernel(np.ones((2, 5, 5)), depth=2).ntk.sum(),
    "gap": lambda: cnn_kernel(np.ones((2, 5, 5)), pooling="gap").ntk.sum(),
}

def call(name):
    return CALLS[name]()

before = sys.argv[1] == "computed"
if before:
    call("mlp")
with multiprocessing.get_context("fork").Pool(2) as pool:
    for name in CALLS:
        result = pool.apply_async(call, (name,))
        try:
            print(name, result.get(30) > 0)
        except RuntimeError as error:
            print(name, str(error))
"""


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork")
@pytest.mark.parametrize("before", ["computed", "not yet"])
def test_a_forked_process_has_a_result_or_an_error_at_once(before):
    command = [sys.executable, "-W", "ignore", "-c", FORKED, before]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    lines = done.stdout.splitlines()
    assert len(lines) == 4, done.stderr
    wanted = "forked after JAX had computed" if before == "computed" else "True"
    assert all(wanted in line for line in lines), lines
