"""Kernels of vision transformers against reference values, neural-tangents, finite networks and what they must keep.

What depends on how pairs are evaluated runs on both evaluations, compiled and in JAX, which must not differ.
"""

import json
import time
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symlib import cyclic, gram_matrix, invariant_gram, mnist, normalize, rotation_orbits, vit_kernel
from symlib.kernels.attention import jax_path, numba_path, vit
from symlib.kernels.attention.tokens import position_root, tokens
from symlib.kernels.compiled import numba

REFERENCE = ["vit0", "vit1", "vit2", "vit5", "vit7", "vit8"]
NUMBA = pytest.mark.skipif(numba is None, reason="numba is not installed")


@pytest.fixture(params=["jax", pytest.param("compiled", marks=NUMBA)])
def _both(request, monkeypatch):
    monkeypatch.setattr(vit, "available", lambda: request.param == "compiled")


both_evaluations = pytest.mark.usefixtures("_both")


@both_evaluations
@pytest.mark.parametrize("key", REFERENCE)
def test_reference_values(vit_reference, key):
    (settings,) = (s for s in json.loads(str(vit_reference["settings"])) if s["key"] == key)
    images = 28 * normalize(mnist()[0][settings["images"]])
    settings = {name: value for name, value in settings.items() if name not in ("key", "images")}
    kernel = vit_kernel(images, **settings)
    np.testing.assert_allclose(kernel.nngp, vit_reference[f"{key}_nngp"], rtol=1e-12)
    np.testing.assert_allclose(kernel.ntk, vit_reference[f"{key}_ntk"], rtol=1e-12)


IMAGES = np.random.default_rng(1).standard_normal((5, 6, 4))  # neither square
FIRST, SECOND = IMAGES[:3], 2 * IMAGES[3:]  # nor equal in number
SETTINGS = [
    {"depth": 2, "w_std": 1.3, "b_std": 0.4, "position_std": 0.8, "position_length": 1.2, "activation": "relu"},
    {"depth": 3, "w_std": 0.9, "b_std": 0.2, "position_std": 1.1, "residual": False},
    {"depth": 1, "w_std": 1.2, "b_std": 0.0, "layer_norm": False},
    {"depth": 2, "w_std": 1.2, "b_std": 0.3, "activation": "relu", "layer_norm": False},
]


@both_evaluations
@pytest.mark.parametrize("case", range(len(SETTINGS)))
@pytest.mark.filterwarnings("ignore:Linear scaling attention", "ignore:`FanIn` layers assume")
def test_neural_tangents(case):
    expected = by_neural_tangents(case)
    ours = vit_kernel(FIRST, SECOND, patch=2, **SETTINGS[case])
    np.testing.assert_allclose(ours.nngp, expected.nngp, rtol=1e-11)
    np.testing.assert_allclose(ours.ntk, expected.ntk, rtol=1e-9)


@cache
def by_neural_tangents(case):
    reason = "oracle: neural-tangents is not installed"
    stax = pytest.importorskip("neural_tangents", reason=reason, exc_type=ImportError).stax
    choice = {"position_std": 0.0, "activation": "gelu", "layer_norm": True, "residual": True} | SETTINGS[case]
    w, b = choice["w_std"], choice["b_std"]
    std = {"W_std": w, "b_std": b or None}
    gains = {f"W_{name}_std": w for name in ("key", "query", "value", "out")} | {"b_std": b or None}
    norm = [stax.LayerNorm(axis=-1, eps=1e-12)] if choice["layer_norm"] else []
    activation = stax.Gelu() if choice["activation"] == "gelu" else stax.Relu()
    attention = [stax.GlobalSelfAttention(1, 1, 1, 1, **gains)]
    layers = [stax.Dense(1)]
    for part in [attention, [stax.Dense(1, **std), activation, stax.Dense(1, **std)]] * choice["depth"]:
        inner = stax.serial(*norm, *part)
        around = stax.serial(stax.FanOut(2), stax.parallel(inner, stax.Identity()), stax.FanInSum())
        layers.append(around if choice["residual"] else inner)
    _, _, kernel_fn = stax.serial(*layers, *norm, stax.GlobalAvgPool(), stax.Dense(1, **std))
    with jax.experimental.enable_x64():
        return kernel_fn(*(embedded(images, choice) for images in (FIRST, SECOND)), ("nngp", "ntk"))


def embedded(images, choice):
    """Tokens whose inner products are the covariances after the embedding, with a dense root of the positions."""
    patches = np.array([[[x[i : i + 2, j : j + 2].ravel() for j in (0, 2)] for i in (0, 2, 4)] for x in images])
    at = np.array([(i, j) for i in range(3) for j in range(2)])
    apart = ((at[:, None] - at) ** 2).sum(axis=-1)
    length = choice.get("position_length")
    root = choice["position_std"] * np.linalg.cholesky(np.exp(-apart / (2 * length**2)) if length else np.eye(6))
    bias = np.full((len(images), 6, 1), choice["b_std"])
    parts = [choice["w_std"] / 2 * patches.reshape(-1, 6, 4), bias, np.tile(root, (len(images), 1, 1))]
    features = np.concatenate(parts, axis=-1)
    return jnp.asarray(features * features.shape[-1] ** 0.5)


@both_evaluations
def test_finite_networks_average_to_both_kernels():
    # Standard errors are near one per cent. At width 64 the mean is off by more than that, a term of order 1/width.
    samples = finite_networks(width=192, n_networks=80)
    exact = vit_kernel(IMAGES[:3], patch=2, depth=1, **FINITE)
    for sample, kernel in zip(samples.swapaxes(0, 1), exact):
        z_scores = (sample.mean(axis=0) - kernel) / (sample.std(axis=0, ddof=1) / len(sample) ** 0.5)
        assert 0.05 < np.abs(z_scores).max() < 4.5


FINITE = {"w_std": 1.1, "b_std": 0.3, "position_std": 0.6}


@cache
def finite_networks(width, n_networks):
    """Kernels of the last layer and of all gradients of random networks of one block, (networks, 2, 3, 3)."""
    w, b, rho = FINITE.values()
    patches = tokens(IMAGES[:3], 2, 4.0, 0.0, None)  # w/p = 1: the bare patches, (3, 6, 4)

    def normed(x):
        x = x - x.mean(axis=-1, keepdims=True)
        return x / jnp.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-12)

    def dense(weights, x, bias=True):
        return w / x.shape[-1] ** 0.5 * x @ weights[0] + (b * weights[1] if bias else 0.0)

    def network(weights, x):
        x = dense(weights["embed"], x) + rho * weights["position"]
        tilde = normed(x)
        query = dense(weights["query"], tilde, bias=False)  # and key
        attention = jax.nn.softmax(query @ query.T / width)
        x = x + dense(weights["out"], attention @ dense(weights["value"], tilde, bias=False))
        hidden = jax.nn.gelu(dense(weights["hidden"], normed(x)), approximate=False)
        x = x + dense(weights["after"], hidden)
        return dense(weights["read"], normed(x).mean(axis=0))[0]

    shapes = {"embed": (4, width), "read": (width, 1)}
    shapes |= {name: (width, width) for name in ("query", "value", "out", "hidden", "after")}

    @jax.jit
    def kernels(key):
        keys = iter(jax.random.split(key, 2 * len(shapes) + 1))
        weights = {n: [jax.random.normal(next(keys), a) for a in (s, s[1:])] for n, s in shapes.items()}
        weights["position"] = jax.random.normal(next(keys), (6, width))
        gradients = jax.vmap(jax.grad(network), (None, 0))(weights, patches)
        parts = gradients["read"], gradients
        flat = [jnp.concatenate([g.reshape(3, -1) for g in jax.tree.leaves(part)], axis=1) for part in parts]
        return [f @ f.T for f in flat]

    with jax.experimental.enable_x64():
        return np.array([kernels(jax.random.key(seed)) for seed in range(n_networks)])


def in_extended_precision(x1, x2, *, patch, depth, activation, b=0.0):
    """NNGP and NTK of two images as the definition has them, one matrix after another, w = 1, in long double."""
    one = np.longdouble(1)
    pi = 4 * np.arctan(one)

    def covariance(x, y):
        pieces = [
            [
                im[i : i + patch, j : j + patch].ravel()
                for i in range(0, len(im), patch)
                for j in range(0, im.shape[1], patch)
            ]
            for im in (x, y)
        ]
        u, v = (np.array(piece, np.longdouble) for piece in pieces)
        return (u[:, None] * v).sum(axis=-1) / patch**2 + b**2

    def activate(cov, u, v):
        if activation == "relu":
            norm = np.sqrt(u * v)
            cos = np.clip(np.divide(cov, norm, out=0 * cov, where=norm > 0), -1, 1)
            slope = (pi - np.arccos(cos)) / (2 * pi)
            return norm * np.sqrt(1 - cos**2) / (2 * pi) + norm * cos * slope, slope
        plus, square = (1 + u) * (1 + v), (1 + u) * (1 + v) - cov**2
        root = np.sqrt(square)
        angle = np.arctan(cov / root)
        value = ((cov**2 + u * v * square) / (plus * root) + cov * angle) / (2 * pi) + cov / 4
        slope = one / 4 + angle / (2 * pi) + cov / (2 * pi * root) * (1 / square + (1 - u * v) / plus + 1)
        return value, slope

    # Image with image for all three pairings, so that nothing is shared with the code under test.
    pairs = {"11": covariance(x1, x1), "22": covariance(x2, x2), "12": covariance(x1, x2)}
    ntk = pairs["12"]

    def normed():
        scale = [1 / np.sqrt(np.diag(pairs[own]) + one / 10**12) for own in ("11", "22")]
        outer = {name: scale[int(name[0]) - 1][:, None] * scale[int(name[1]) - 1] for name in pairs}
        return {name: pairs[name] * outer[name] for name in pairs}, ntk * outer["12"]

    for _ in range(depth):
        tilde, ntk_tilde = normed()
        soft = [np.exp(tilde[own]) / np.exp(tilde[own]).sum(axis=1, keepdims=True) for own in ("11", "22")]
        mixed = {n: (soft[int(n[0]) - 1] @ tilde[n] @ soft[int(n[1]) - 1].T) for n in pairs}
        ntk = ntk + soft[0] @ (ntk_tilde + 2 * tilde["12"]) @ soft[1].T + b**2
        pairs = {n: pairs[n] + mixed[n] + b**2 for n in pairs}
        tilde, ntk_tilde = normed()
        before = {n: tilde[n] + b**2 for n in pairs}
        var = [np.diag(before[own]) for own in ("11", "22")]
        after = {n: activate(before[n], var[int(n[0]) - 1][:, None], var[int(n[1]) - 1]) for n in pairs}
        ntk = ntk + after["12"][1] * (ntk_tilde + before["12"]) + after["12"][0] + b**2
        pairs = {n: pairs[n] + after[n][0] + b**2 for n in pairs}
    tilde, ntk_tilde = normed()
    nngp = tilde["12"].mean() + b**2
    return float(nngp), float(ntk_tilde.mean() + nngp)


@both_evaluations
@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="no floating point wider than 64 bits here")
@pytest.mark.parametrize("activation, b, accuracy", [("gelu", 0.0, 1e-12), ("gelu", 0.3, 1e-12), ("relu", 0.0, 1e-8)])
def test_equal_opposite_and_zero_images_and_patches(activation, b, accuracy):
    x = IMAGES[0]
    tiled = np.tile(x[:2, :2], (3, 2))  # one patch six times
    half = np.where(np.arange(6)[:, None] < 2, x, 0.0)  # four patches of zeros
    faint = 1e-6 * x  # where ϵ is as large as the variance
    images = np.array([x, x, -x, tiled, half, faint, np.zeros_like(x)])
    settings = {"patch": 2, "depth": 2, "activation": activation}
    expected = [[in_extended_precision(u, v, b=b, **settings) for v in images] for u in images]
    expected = np.moveaxis(np.array(expected), -1, 0)
    for kernel in (vit_kernel(images, b_std=b, **settings), vit_kernel(images, images.copy(), b_std=b, **settings)):
        np.testing.assert_allclose(kernel, expected, rtol=accuracy, atol=1e-14)


def test_vanishing_weights_leave_the_bias():
    kernel = vit_kernel(IMAGES, patch=2, w_std=0.0, b_std=0.5)
    np.testing.assert_allclose(kernel, 0.25, rtol=1e-15)


@both_evaluations
def test_without_positions_patches_are_a_bag():
    x = mnist()[0][:2]
    rows = x.reshape(2, 4, 7, 28)[:, [2, 0, 3, 1]].reshape(2, 28, 28)  # rows of patches in another order
    both = 28 * normalize(np.concatenate([x, rows]))
    bag = vit_kernel(both, patch=7, b_std=0.1).ntk
    np.testing.assert_allclose(bag[:2, 2:], bag[:2, :2], rtol=1e-12)
    placed, near = (
        vit_kernel(both, patch=7, b_std=0.1, position_std=1.0, position_length=length).ntk for length in (None, 3.0)
    )
    alike = [k[0, 2] / np.sqrt(k[0, 0] * k[2, 2]) for k in (placed, near)]
    assert alike[0] < alike[1] - 0.01 and alike[1] < 0.9999  # far-reaching positions tell places apart less


def test_positions_have_the_stated_covariance():
    root = position_root(3, 2, 0.7, 1.3)
    at = np.array([(i, j) for i in range(3) for j in range(2)])
    apart = ((at[:, None] - at) ** 2).sum(axis=-1)
    np.testing.assert_allclose(root @ root.T, 0.49 * np.exp(-apart / (2 * 1.3**2)), rtol=1e-14)


@both_evaluations
@pytest.mark.parametrize("depth", [1, 3])
def test_batches_blocks_and_symmetry(depth, monkeypatch):
    x = np.random.default_rng(3).standard_normal((2, 7, 4, 6))
    settings = {"patch": 2, "depth": depth, "position_std": 0.5}
    whole = vit_kernel(x, **settings).ntk
    assert whole.shape == (2, 7, 7) and whole.flags.writeable
    np.testing.assert_array_equal(whole, whole.swapaxes(-1, -2))
    for module in (jax_path, numba_path):  # blocks of three images and less, few traces at a time
        monkeypatch.setattr(module, "_AT_ONCE", 18**2)
    monkeypatch.setattr(vit, "_TRACED", 1)
    np.testing.assert_allclose(vit_kernel(x, **settings).ntk, whole, rtol=1e-12)
    part = vit_kernel(x[:, 2:6], x[1, :5].copy(), **settings).ntk
    np.testing.assert_allclose(part[1], whole[1, 2:6, :5], rtol=1e-12)
    alone = [
        [vit_kernel(x[0, i : i + 1], x[1, j : j + 1], **settings).ntk[0, 0] for j in range(5)] for i in range(2, 6)
    ]
    np.testing.assert_allclose(part[0], alone, rtol=1e-12)


def test_gram_matrices_of_orbits():
    orbits = 28 * normalize(rotation_orbits(mnist()[0][:3], 4))
    points = orbits.swapaxes(0, 1).reshape(12, 28, 28)
    kappa = invariant_gram(lambda *x: vit_kernel(*x, patch=14), orbits, cyclic(4))
    whole = gram_matrix(lambda *x: vit_kernel(*x, patch=14), points, block_size=5, progress=False)
    assert np.linalg.eigvalsh(whole.ntk)[0] > 0
    blocks = whole.ntk.reshape(4, 3, 4, 3)
    for g in range(4):
        for u in range(4):
            np.testing.assert_allclose(blocks[g, :, (g + u) % 4], kappa.ntk[u], rtol=1e-10)
    # A quarter turn permutes the places of both images alike, so with positions it is a symmetry still.
    placed = invariant_gram(lambda *x: vit_kernel(*x, patch=7, position_std=1.0).ntk, orbits, cyclic(4))
    assert placed.shape == (4, 3, 3)


ONES = np.ones((2, 6, 4))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: vit_kernel(ONES[0], patch=2), r"x1 must have at least 3 dimensions, got shape \(6, 4\)"),
        (lambda: vit_kernel(ONES, ONES[:, :4], patch=2), r"images of one size, got shapes \(2, 6, 4\) and \(2, 4, 4\)"),
        (lambda: vit_kernel(ONES[None], np.ones((2, 2, 6, 4)).repeat(2, 0)[:3], patch=2), None),
        (lambda: vit_kernel(ONES, patch=3), "6 × 4 pixels, got 3; 1, 2 fit"),
        (lambda: vit_kernel(np.ones((2, 5, 4)), patch=2), "5 × 4 pixels, got 2; 1 fits"),
        (lambda: vit_kernel(ONES, patch=0), "patch must be a whole number of at least 1, got 0"),
        (lambda: vit_kernel(ONES, patch=2, depth=1.5), "depth must be a whole number"),
        (lambda: vit_kernel(ONES, patch=2, w_std=-1.0), "w_std must be finite and at least 0"),
        (lambda: vit_kernel(ONES, patch=2, position_std=np.nan), "position_std must be finite and at least 0"),
        (lambda: vit_kernel(ONES, patch=2, position_length=0.0), "position_length must be positive"),
        (lambda: vit_kernel(ONES, patch=2, activation="tanh"), 'must be "gelu" or "relu", got \'tanh\''),
        (lambda: vit_kernel(np.full((2, 6, 4), np.inf), patch=2), r"x1 must be finite, got inf at \(0, 0, 0\)"),
        (lambda: vit_kernel(1e200 * ONES, patch=2), "whose square float64 holds"),
    ],
)
def test_refusals(call, message):
    if message is None:  # batches of one and of three go together
        assert call().ntk.shape == (3, 2, 2)
        return
    with pytest.raises(ValueError, match=message):
        call()


def test_refused_before_memory_is_gone():
    images = np.broadcast_to(np.zeros((1, 4, 4)), (50_000, 4, 4))
    with pytest.raises(MemoryError, match="use symlib.gram_matrix"):
        vit_kernel(images, images[:30_000], patch=2)


@both_evaluations
def test_many_layers_compile_fast():
    start = time.process_time()
    deep = vit_kernel(IMAGES, patch=2, depth=200)
    assert time.process_time() - start < 15
    assert np.isfinite(deep.ntk).all()


def test_masked_images_are_refused():
    with pytest.raises(TypeError, match="masked array"):
        vit_kernel(np.ma.masked_equal(ONES, 1.0), patch=2)
