"""The equivariant kernel against the recursion over all poses and positions, finite networks, and its own symmetry."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symlib.datasets import mnist
from symlib.kernels import cnn_kernel, equivariant_cnn_kernel, float64_scope
from symlib.kernels import equivariant as module
from symlib.orbits import dihedral_orbits, normalize

GROUPS = {"C4": range(4), "D4": range(8)}
SETTINGS = [
    ("C4", 1, 3, 1.0, 0.0),
    ("C4", 2, 3, 1.2, 0.3),
    ("C4", 3, 3, 0.9, 0.1),
    ("D4", 1, 3, 1.1, 0.2),
    ("D4", 2, 3, 1.2, 0.0),
]


class Poses:
    """The symmetries of the square as maps of offsets (row, column), built from the two that generate them."""

    def __init__(self, group, side, filter_size):
        turn, flip = np.array([[0, -1], [1, 0]]), np.array([[1, 0], [0, -1]])  # of (row, column), rows down
        powers = [np.linalg.matrix_power(turn, k) for k in range(4)]
        self.maps = powers if group == "C4" else powers + [power @ flip for power in powers]
        reach = np.arange(filter_size) - filter_size // 2
        self.offsets = np.array([(i, j) for i in reach for j in reach])
        p = np.array([(i, j) for i in range(side) for j in range(side)])
        # index[u][p, δ]: the pixel at p + uδ, around the edge.
        self.index = [((p[:, None] + self.offsets @ u.T) % side) @ [side, 1] for u in self.maps]
        products = [[self._place(u @ h) for h in self.maps] for u in self.maps]
        self.table = np.array(products)

    def _place(self, u):
        return next(i for i, other in enumerate(self.maps) if np.array_equal(u, other))


def relu(cov, var1, var2):
    norm = np.sqrt(var1 * var2)
    cos = np.clip(cov / norm, -1, 1)
    angle = np.arccos(cos)
    return norm * (np.sin(angle) + (np.pi - angle) * cos) / (2 * np.pi), (np.pi - angle) / (2 * np.pi)


def recursion(x, y, group, depth, filter_size, w_std, b_std, counts_input=False):
    """NNGP and NTK by the definition: Σ and Θ between all (pose, position) of x and all of y."""
    side, poses, w2, b2 = x.shape[-1], Poses(group, x.shape[-1], filter_size), w_std**2, b_std**2
    order, area = len(poses.maps), filter_size**2

    def layer(after, lifted):
        out = np.zeros((order, side**2, order, side**2))
        for u in range(order):
            for v in range(order):
                for h in range(order if lifted else 1):
                    block = after[poses.table[u, h], :, poses.table[v, h]] if lifted else after
                    for d in range(area):
                        out[u, :, v] += block[np.ix_(poses.index[u][:, d], poses.index[v][:, d])]
        return out / (area * (order if lifted else 1))

    def maps(a, b, variances):
        cov, ntk, own = np.outer(a, b), np.outer(a, b) if counts_input else None, []
        for i in range(depth):
            cov = w2 * layer(cov, i > 0) + b2
            ntk = cov if ntk is None else w2 * layer(ntk, i > 0) + cov
            own.append(np.einsum("upup->up", cov))
            var1, var2 = (own[-1], own[-1]) if variances is None else (variances[0][i], variances[1][i])
            cov, derivative = relu(cov, var1[:, :, None, None], var2)
            ntk = ntk * derivative
        return own if variances is None else (cov.mean(), ntk.mean())

    cov, ntk = maps(x.ravel(), y.ravel(), (maps(x.ravel(), x.ravel(), None), maps(y.ravel(), y.ravel(), None)))
    nngp = w2 * cov + b2
    return nngp, w2 * ntk + nngp


@pytest.mark.parametrize("group, depth, filter_size, w_std, b_std", SETTINGS)
def test_recursion_over_all_poses_and_positions(group, depth, filter_size, w_std, b_std):
    rng = np.random.default_rng(depth)
    side = 5 if (group, depth) == ("C4", 1) else 4
    x1, x2 = rng.standard_normal((2, side, side)), 2 * rng.standard_normal((1, side, side))
    settings = {"group": group, "depth": depth, "filter_size": filter_size, "w_std": w_std, "b_std": b_std}
    kernel = equivariant_cnn_kernel(x1, x2, **settings)
    for i, image in enumerate(x1):
        np.testing.assert_allclose([part[i, 0] for part in kernel], recursion(image, x2[0], **settings), rtol=1e-12)


def finite_network(poses, side, depth, width, w_std, b_std):
    """f(parameters, images) and a draw of parameters of the network whose limit the kernel is."""
    order, area = len(poses.maps), len(poses.offsets)
    index, table = jnp.array(poses.index), jnp.array(poses.table)

    def draw(key):
        keys = jax.random.split(key, 2 * depth + 2)
        fans = [1] + [order * width] * (depth - 1)
        layers = [
            (jax.random.normal(keys[2 * i], (fan, area, width)), jax.random.normal(keys[2 * i + 1], (width,)))
            for i, fan in enumerate(fans)
        ]
        return layers, (jax.random.normal(keys[-2], (width,)), jax.random.normal(keys[-1], ()))

    def one(parameters, image):
        layers, (readout, constant) = parameters
        (weight, bias), *others = layers
        patches = image.ravel()[index]  # (u, p, δ)
        a = jax.nn.relu(w_std / area**0.5 * jnp.einsum("upd,dc->upc", patches, weight[0]) + b_std * bias)
        for weight, bias in others:
            # Map uh, at p + uδ, for each neuron (u, p): (u, h, p, δ, channel).
            patches = a[table[:, :, None, None], index[:, None]]
            weight = weight.reshape(order, width, area, width)
            z = w_std / (order * area * width) ** 0.5 * jnp.einsum("uhpdc,hcde->upe", patches, weight)
            a = jax.nn.relu(z + b_std * bias)
        return w_std * a.mean(axis=(0, 1)) @ readout / width**0.5 + b_std * constant

    return draw, lambda parameters, images: jax.vmap(lambda image: one(parameters, image))(images)


@pytest.mark.parametrize("group, depth, width, draws", [("C4", 1, 64, 300), ("D4", 1, 64, 200), ("C4", 2, 64, 60)])
def test_finite_networks_average_to_both_kernels(group, depth, width, draws):
    """Two-sided, |z| < 4.5 in six entries each. One layer's refuse, by 6, the NTK that counts the input as trained."""
    side, w_std, b_std = 3, 1.2, 0.3
    x = np.random.default_rng(5).standard_normal((3, side, side))
    draw, f = finite_network(Poses(group, side, 3), side, depth, width, w_std, b_std)

    @jax.jit
    def sample(key):
        parameters = draw(key)
        gradients = jax.tree.leaves(jax.jacobian(f)(parameters, x))
        flat = jnp.concatenate([g.reshape(len(x), -1) for g in gradients], axis=1)
        outputs = f(parameters, x)
        return jnp.outer(outputs, outputs), flat @ flat.T

    with float64_scope():
        samples = [sample(key) for key in jax.random.split(jax.random.key(6), draws)]
    settings = {"group": group, "depth": depth, "filter_size": 3, "w_std": w_std, "b_std": b_std}
    exact = equivariant_cnn_kernel(x, **settings)
    counting = np.array([[recursion(a, b, counts_input=True, **settings) for a in x] for b in x])
    np.testing.assert_allclose(counting[..., 0], exact.nngp, rtol=1e-12)
    upper = np.triu_indices(3)
    for sampled, kernel in zip(map(np.array, zip(*samples)), exact):
        error = sampled.std(axis=0, ddof=1) / draws**0.5
        z = ((sampled.mean(axis=0) - kernel) / error)[upper]
        assert 0.02 < np.abs(z).max() < 4.5
    larger = (counting[..., 1] / exact.ntk)[upper]
    assert (larger > 1.01).all()
    if depth == 1:
        assert ((sampled.mean(axis=0) - counting[..., 1]) / error)[upper].max() < -6


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("depth", [1, 2])
def test_poses_and_shifts_of_either_image_collapse(group, depth):
    x = np.random.default_rng(7).standard_normal((2, 4, 4))
    settings = {"group": group, "depth": depth, "w_std": 1.1, "b_std": 0.2}
    orbits = dihedral_orbits(x)
    whole = equivariant_cnn_kernel(x, **settings)
    for g in range(8):
        moved = equivariant_cnn_kernel(x, np.roll(orbits[:, g], (1, 2), axis=(1, 2)), **settings)
        for part, of_moved in zip(whole, moved):
            if g in GROUPS[group]:
                np.testing.assert_allclose(of_moved, part, rtol=1e-12)
            else:  # a reflection of every point but none of the quarter turns
                assert np.abs(of_moved - part).max() > 1e-5


def test_a_reflection_is_no_quarter_turn():
    image = normalize(mnist()[0][:1])
    flipped = image[..., ::-1].copy()
    quarter = equivariant_cnn_kernel(image, flipped).ntk / equivariant_cnn_kernel(image).ntk
    both = equivariant_cnn_kernel(image, flipped, group="D4").ntk / equivariant_cnn_kernel(image, group="D4").ntk
    assert quarter < 0.9999 and abs(both - 1) < 1e-10


def test_batches_blocks_and_the_half_that_is_computed(monkeypatch):
    x = np.random.default_rng(8).standard_normal((2, 5, 4, 4))
    whole = equivariant_cnn_kernel(x, depth=2)
    assert whole.ntk.shape == (2, 5, 5)
    assert np.array_equal(whole.ntk, whole.ntk.swapaxes(-1, -2))
    np.testing.assert_allclose(whole.ntk, equivariant_cnn_kernel(x, x.copy(), depth=2).ntk, rtol=1e-12)
    asked = []
    monkeypatch.setattr(module, "_AT_ONCE", 30)
    monkeypatch.setattr(
        module, "cnn_kernel", lambda a, b, **how: asked.append(a.shape[-3] * b.shape[-3]) or cnn_kernel(a, b, **how)
    )
    in_blocks = equivariant_cnn_kernel(x[1], depth=2)
    np.testing.assert_allclose(in_blocks.ntk, whole.ntk[1], rtol=1e-12)
    assert sum(asked) == 4 * 15 and max(asked) <= 30
    across = equivariant_cnn_kernel(x[0, :2], x[:, 1:], group="D4")
    np.testing.assert_allclose(across.nngp[1], equivariant_cnn_kernel(x[0, :2], x[1, 1:], group="D4").nngp, rtol=1e-12)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda x: equivariant_cnn_kernel(x[:, :4]), r"x1 must hold square images.*got shape \(2, 4, 5\)"),
        (lambda x: equivariant_cnn_kernel(x, x[..., 1:]), r"x2 must hold square images.*got shape \(2, 5, 4\)"),
        (lambda x: equivariant_cnn_kernel(x, x[:, :4, :4]), r"images of one size"),
        (lambda x: equivariant_cnn_kernel(x, group="C8"), '"C4" or "D4", got \'C8\''),
        (lambda x: equivariant_cnn_kernel(x, filter_size=4), "filter_size must be odd and fit"),
        (lambda x: equivariant_cnn_kernel(x, depth=0), "depth must be a whole number"),
        (lambda x: equivariant_cnn_kernel(x * np.inf), "x1 must be finite"),
        (lambda x: equivariant_cnn_kernel(x[0]), "x1 must have at least 3 dimensions"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.ones((2, 5, 5)))
