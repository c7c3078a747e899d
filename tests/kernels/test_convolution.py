"""Convolutional kernels against reference values, neural-tangents, finite networks, and their own symmetry.

Every test runs on both evaluations, compiled and in JAX, which must not differ.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symlib.conv_kernels import cnn_kernel
from symlib.datasets import mnist
from symlib.kernels import float64_scope
from symlib.kernels.convolution import cnn, jax_path, numba_path
from symlib.kernels.convolution.patches import distinct_patches
from symlib.orbits import normalize, translation_orbits

FLATTEN = ["cnnflat_1_3_1.0_0.0", "cnnflat_1_5_1.0_0.0", "cnnflat_2_3_1.2_0.1", "cnnflat_3_3_1.0_0.0"]
POOLED = ["cnngap_1_3_1.0_0.0", "cnngap_1_5_1.0_0.0", "cnngap_2_3_1.2_0.1"]
NUMBA = pytest.mark.skipif(numba_path.numba is None, reason="numba is not installed")


@pytest.fixture(params=["jax", pytest.param("compiled", marks=NUMBA)], autouse=True)
def evaluation(request, monkeypatch):
    """The module that evaluates."""
    monkeypatch.setattr(cnn, "available", lambda: request.param == "compiled")
    return numba_path if request.param == "compiled" else jax_path


@pytest.mark.parametrize("key", FLATTEN + POOLED)
def test_reference_values(nt_reference, key):
    name, depth, filter_size, w_std, b_std = key.split("_")
    n = len(nt_reference[f"{key}_ntk"])
    images = normalize(mnist()[0][nt_reference["index"][:n]])
    sizes = {"depth": int(depth), "filter_size": int(filter_size), "w_std": float(w_std), "b_std": float(b_std)}
    kernel = cnn_kernel(images, pooling="gap" if name == "cnngap" else "flatten", **sizes)
    # Digits share parallel patches (the background), where θ = 0: the reference reaches it through arccos, and its NTK
    # carries √ε = 1e-8 of rounding at each.
    np.testing.assert_allclose(kernel.nngp, nt_reference[f"{key}_nngp"], rtol=1e-11)
    np.testing.assert_allclose(kernel.ntk, nt_reference[f"{key}_ntk"], rtol=1e-8)


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="no floating point wider than 64 bits here")
def test_one_layer_on_digits_in_extended_precision():
    # Where the reference values lose half their digits, parallel patches, the formula in 80 bits does not.
    images = mnist()[0][:4].astype(np.longdouble)
    images -= images.mean(axis=(1, 2), keepdims=True)
    images /= np.sqrt((images**2).sum(axis=(1, 2), keepdims=True))

    def filter_mean(maps):
        return sum(np.roll(maps, (i, j), axis=(-2, -1)) for i in (-1, 0, 1) for j in (-1, 0, 1)) / np.longdouble(9)

    cov, var = filter_mean(images[:, None] * images), filter_mean(images**2)
    norms = np.sqrt(var[:, None] * var)
    cos = np.clip(cov / norms, -1, 1)
    pi = 4 * np.arctan(np.longdouble(1))
    derivative = (pi - np.arccos(cos)) / (2 * pi)
    relu = norms * (np.sqrt((1 - cos) * (1 + cos)) / (2 * pi) + derivative * cos)
    ours = cnn_kernel(images.astype(float))
    np.testing.assert_allclose(ours.nngp, relu.mean(axis=(-1, -2)).astype(float), rtol=1e-12)
    np.testing.assert_allclose(ours.ntk, (relu + cov * derivative).mean(axis=(-1, -2)).astype(float), rtol=1e-10)


@pytest.mark.parametrize("pooling", ["flatten", "gap"])
@pytest.mark.parametrize("depth, filter_size, w_std, b_std", [(1, 3, 1.0, 0.0), (2, 3, 1.3, 0.2), (1, 5, 0.8, 0.1)])
def test_neural_tangents(pooling, depth, filter_size, w_std, b_std):
    reason = "oracle: neural-tangents is not installed"
    stax = pytest.importorskip("neural_tangents", reason=reason, exc_type=ImportError).stax
    rng = np.random.default_rng(1)
    x1, x2 = rng.standard_normal((3, 6, 5)), 2 * rng.standard_normal((2, 6, 5))  # neither square nor equal in number
    scales = {"W_std": w_std, "b_std": b_std if b_std else None}
    conv = [stax.Conv(1, (filter_size, filter_size), padding="CIRCULAR", **scales), stax.Relu()]
    readout = stax.Flatten() if pooling == "flatten" else stax.GlobalAvgPool()
    _, _, kernel_fn = stax.serial(*conv * depth, readout, stax.Dense(1, **scales))
    with jax.experimental.enable_x64():
        expected = kernel_fn(jnp.asarray(x1[..., None]), jnp.asarray(x2[..., None]), ("nngp", "ntk"))
    ours = cnn_kernel(x1, x2, depth=depth, filter_size=filter_size, pooling=pooling, w_std=w_std, b_std=b_std)
    np.testing.assert_allclose(ours.nngp, expected.nngp, rtol=1e-9)
    np.testing.assert_allclose(ours.ntk, expected.ntk, rtol=1e-9)


@pytest.mark.parametrize("pooling", ["flatten", "gap"])
def test_finite_networks_average_to_the_nngp(pooling):
    rng = np.random.default_rng(2)
    seeds, width, w, b = 80, 256, 1.2, 0.3
    x = rng.standard_normal((3, 4, 5))
    patches = np.stack([np.roll(x, (-i, -j), axis=(1, 2)) for i in (-1, 0, 1) for j in (-1, 0, 1)], axis=-1)
    samples = np.empty((seeds, 3, 3))
    for s in range(seeds):
        hidden = np.maximum(w / 3 * patches @ rng.standard_normal((9, width)) + b * rng.standard_normal(width), 0)
        features = hidden.mean(axis=(1, 2)) if pooling == "gap" else hidden.reshape(3, -1) / np.sqrt(20)
        samples[s] = w**2 * features @ features.T / width + b**2
    exact = cnn_kernel(x, pooling=pooling, w_std=w, b_std=b).nngp
    z_scores = (samples.mean(axis=0) - exact) / (samples.std(axis=0, ddof=1) / np.sqrt(seeds))
    assert 0.05 < np.abs(z_scores).max() < 4.5


@pytest.mark.parametrize("b2", [0.0, 0.05])
def test_pooling_one_layer_by_patches_equals_pooling_by_shifts(evaluation, b2):
    images = normalize(mnist()[0][:3, 6:20, 6:18])
    settings = {"w2": 1.1, "b2": b2, "filter_size": 3, "symmetric": False}
    with float64_scope():
        by_patches = evaluation.pooled_patch_means(images[:2], images, **settings)
        by_shifts = evaluation.map_means(images[:2], images, depth=1, pooled=True, **settings)
    np.testing.assert_allclose(by_patches, by_shifts, rtol=1e-12)


def test_distinct_patches_are_all_patches_once():
    image = mnist()[0][0]
    patches, fractions = distinct_patches(image, 3)
    every = np.stack([np.roll(image, (-i, -j), (0, 1)).ravel() for i in (-1, 0, 1) for j in (-1, 0, 1)], axis=-1)
    expected, counts = np.unique(every, axis=0, return_counts=True)
    order = np.lexsort(patches.T[::-1])
    np.testing.assert_array_equal(patches[order], expected)
    np.testing.assert_allclose(fractions[order], counts / 784, rtol=1e-15)
    assert 100 < len(patches) < 400


def test_patches_that_share_their_sorting_number_stay_apart(monkeypatch):
    monkeypatch.setattr("symlib.kernels.convolution.patches.np.sqrt", lambda weights: np.zeros_like(weights))
    assert len(distinct_patches(np.arange(16.0).reshape(4, 4), 3)[0]) == 16


def test_vanishing_and_opposite_images():
    x = np.random.default_rng(6).standard_normal((1, 5, 5))
    images = np.concatenate([x, -x, np.zeros_like(x)])
    for pooling in ("flatten", "gap"):
        kernel = cnn_kernel(images, pooling=pooling)
        assert np.isfinite(kernel.ntk).all()
        assert np.all(kernel.ntk[2] == 0)
    # Opposite patches have θ = π: never active together.
    np.testing.assert_allclose(cnn_kernel(images).ntk[0, 1], 0.0, atol=1e-16)


def test_pooled_kernel_does_not_see_shifts_and_the_flattened_one_does():
    digit = normalize(translation_orbits(mnist()[0][:1], 4))[0]
    pooled = cnn_kernel(digit, pooling="gap").ntk
    np.testing.assert_allclose(pooled, pooled[0, 0], rtol=1e-9)
    flattened = cnn_kernel(digit).ntk
    assert flattened[0, 1] < 0.9 * flattened[0, 0]


@pytest.mark.parametrize("pooling", ["flatten", "gap"])
@pytest.mark.parametrize("depth", [1, 2])
def test_batches_blocks_and_symmetry(pooling, depth, monkeypatch):
    x = np.random.default_rng(3).standard_normal((2, 5, 4, 4))
    whole = cnn_kernel(x, pooling=pooling, depth=depth).ntk
    assert whole.shape == (2, 5, 5)
    np.testing.assert_allclose(whole, np.swapaxes(whole, -1, -2), rtol=1e-12)
    # Distinct sets, computed in blocks of two images.
    for module in (jax_path, numba_path):
        monkeypatch.setattr(module, "_AT_ONCE", 1200)
    part = cnn_kernel(x[1], x[1, :3].copy(), pooling=pooling, depth=depth).ntk
    np.testing.assert_allclose(part, whole[1, :, :3], rtol=1e-9)
    np.testing.assert_allclose(cnn_kernel(x[0], pooling=pooling, depth=depth).ntk, whole[0], rtol=1e-12)


IMAGES = np.ones((2, 5, 5))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: cnn_kernel(IMAGES[0]), r"x1 must have at least 3 dimensions, got shape \(5, 5\)"),
        (lambda: cnn_kernel(IMAGES, IMAGES[:, :4]), r"images of one size, got shapes \(2, 5, 5\) and \(2, 4, 5\)"),
        (lambda: cnn_kernel(IMAGES, filter_size=4), "filter_size must be odd and fit"),
        (lambda: cnn_kernel(IMAGES, filter_size=7), "filter_size must be odd and fit"),
        (lambda: cnn_kernel(IMAGES, pooling="max"), '"flatten" or "gap", got \'max\''),
        (lambda: cnn_kernel(IMAGES, depth=0), "depth must be a whole number"),
        (lambda: cnn_kernel(IMAGES, b_std=-1), "b_std must be finite and at least 0"),
        (lambda: cnn_kernel(IMAGES * np.nan), "x1 must be finite"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_memory_is_refused_before_it_is_allocated():
    images = np.broadcast_to(0.0, (60_000, 28, 28))
    with pytest.raises(MemoryError, match="cnn_kernel would need about .* GiB.*symlib.gram.gram"):
        cnn_kernel(images, images[:30_000])


def test_many_layers_compile_fast():
    images = np.random.default_rng(0).standard_normal((2, 3, 3))
    start = time.perf_counter()
    deep = cnn_kernel(images, depth=300, w_std=2**0.5)
    assert time.perf_counter() - start < 30
    assert np.isfinite(deep.ntk).all()


def test_masked_images_are_refused():
    with pytest.raises(TypeError, match="masked array"):
        cnn_kernel(np.ma.masked_equal(np.ones((2, 3, 3)), 1.0))
