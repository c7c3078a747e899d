"""Ensembles: against networks trained one at a time by autograd, and against regression on their NTK."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from symlib.datasets import digit_pairs, mnist
from symlib.kernels import mlp_kernel
from symlib.orbits import normalize, points, rotation_orbits
from symlib.regression import ensemble_covariance, holdout_residuals, loo_residuals
from symlib.training import ensembles, small_networks, train_ensemble

QUIET = {"device": "cpu", "progress": False}


pytestmark = pytest.mark.usefixtures("one_torch_thread")


def test_weights_are_standard_normal_and_drawn_apart():
    draws = [ensembles.initial_weights(30, 40, 2, *key) for key in ((0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0))]
    assert [layer.shape for layer in draws[0]] == [(31, 40), (41, 40), (41, 1)]
    assert len({float(draw[0][0, 0]) for draw in draws}) == 4
    for first, second in zip(draws[0], draws[0][1:]):
        assert first[0, 0] != second[0, 0]
    numbers = torch.cat([layer.flatten() for draw in draws for layer in draw])
    assert 0 < abs(numbers.mean()) < 4 / len(numbers) ** 0.5 and abs(numbers.var() - 1) < 4 * (2 / len(numbers)) ** 0.5


class Network(torch.nn.Module):
    """The network of `mlp_kernel` at finite width, written plainly, with the weights of `train_ensemble`."""

    def __init__(self, d, width, depth, w_std, b_std, seed, problem, point, outputs=1):
        super().__init__()
        self.w_std, self.b_std = w_std, b_std
        layers = ensembles.initial_weights(d, width, depth, seed, problem, point, outputs)
        self.layers = torch.nn.ParameterList(layer.double() for layer in layers)

    def forward(self, x):
        for i, layer in enumerate(self.layers):
            x = x.relu() if i else x
            x = self.w_std / x.shape[1] ** 0.5 * x @ layer[:-1] + self.b_std * layer[-1]
        return x[:, 0] if x.shape[1] == 1 else x


def one_at_a_time(x, labels, held_out, *, width, depth, w_std, b_std, steps, rate, momentum, seed):
    """Residuals (problems, held_out) by torch's own optimiser, each network on its own in all d dimensions."""
    residuals = np.empty((len(x), len(held_out)))
    for problem, (inputs, y) in enumerate(zip(torch.from_numpy(x), torch.from_numpy(labels))):
        for j, point in enumerate(held_out):
            model = Network(x.shape[-1], width, depth, w_std, b_std, seed, problem, point)
            residuals[problem, j] = descend(model, inputs, y, point, steps, rate, momentum)[point]
    return residuals


def descend(model, x, labels, point, steps, rate, momentum):
    """Train `model` in place by torch's own optimiser, on all points but one; the residuals of all."""
    x, labels = torch.as_tensor(x), torch.as_tensor(labels)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum)
    others = torch.arange(len(labels)) != point
    start = model(x).detach()
    for _ in range(steps):
        optimizer.zero_grad()
        (0.5 * (model(x) - start - labels)[others].square().sum()).backward()
        optimizer.step()
    return labels - (model(x).detach() - start)


def jacobian(model, x):
    """Gradients of the outputs at each input by all parameters, (n, parameters) or (n, k, parameters), by autograd."""
    answers = model(torch.as_tensor(x))
    rows = [torch.autograd.grad(answer, list(model.parameters()), retain_graph=True) for answer in answers.flatten()]
    return torch.stack([torch.cat([g.flatten() for g in row]) for row in rows]).reshape(*answers.shape, -1)


def tangent_kernel(model, x):
    gradients = jacobian(model, x)
    return (gradients @ gradients.T).numpy()


@pytest.mark.parametrize(
    ("n", "d", "depth", "w_std", "b_std"), [(5, 11, 1, 1.0, 1.0), (7, 3, 1, 1.3, 0.2), (4, 6, 2, 1.4, 0.5)]
)
def test_together_as_one_at_a_time(n, d, depth, w_std, b_std):
    rng = np.random.default_rng(n)
    x, labels = rng.standard_normal((3, n, d)), rng.standard_normal((3, n))
    options = {"width": 16, "depth": depth, "w_std": w_std, "b_std": b_std, "steps": 60, "momentum": 0.7, "seed": 5}
    expected = one_at_a_time(x, labels, [2, 0], rate=0.03, **options)
    both = train_ensemble(x, labels, [2, 0], rate=0.03, dtype="float64", **options, **QUIET)
    assert both.residuals.shape == both.train_error.shape == (3, 2)
    np.testing.assert_allclose(both.residuals, expected, rtol=1e-9)
    single = train_ensemble(x, labels, [2, 0], rate=0.03, **options, **QUIET)
    np.testing.assert_allclose(single.residuals, expected, atol=2e-5)
    assert np.abs(expected - labels[:, [2, 0]]).min() > 1e-3, "nothing was learnt, so nothing is compared"


def test_shapes_shared_labels_and_the_residuals_trained_on():
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((2, 3, 5, 8)), rng.standard_normal(5)
    options = {"width": 32, "steps": 30, "dtype": "float64", **QUIET}
    together = train_ensemble(x, labels, [1, 4], **options)
    assert together.residuals.shape == (2, 3, 2)
    spread = train_ensemble(x.reshape(6, 5, 8), np.tile(labels, (6, 1)), [1, 4], **options)
    np.testing.assert_allclose(spread.residuals.reshape(2, 3, 2), together.residuals, rtol=1e-12)
    # The label of the point left out is never trained on.
    changed = labels + 7 * (np.arange(5) == 4)
    other = train_ensemble(x, changed, [1, 4], **options)
    np.testing.assert_allclose(other.residuals[..., 1], together.residuals[..., 1] + 7, rtol=1e-12)
    assert (np.abs(other.residuals[..., 0] - together.residuals[..., 0]) > 1e-3).all()
    np.testing.assert_allclose(other.train_error[..., 1], together.train_error[..., 1], rtol=1e-12)
    # A single problem has no leading axis; the others do not change it.
    alone = train_ensemble(x[0, 0], labels, [4], **options)
    np.testing.assert_allclose(alone.residuals, together.residuals[0, 0, 1:], rtol=1e-12)


@pytest.mark.parametrize("keep_initial", [False, True])
def test_points_left_out_together_by_one_network(keep_initial):
    """Against the trainer by autograd, whose network sees none of the row; with f₀ kept, against labels less f₀."""
    rng = np.random.default_rng(9)
    x, labels = rng.standard_normal((2, 6, 9)), rng.standard_normal((2, 6))
    options = {"width": 16, "w_std": 1.2, "b_std": 0.4, "seed": 3}
    descent = {"steps": 40, "rate": 0.03, "momentum": 0.6}
    rows = [[4, 1], [0, 5], [2, 3]]
    found = train_ensemble(
        x, labels, rows, depth=1, keep_initial=keep_initial, dtype="float64", **options, **descent, **QUIET
    )
    assert found.residuals.shape == (2, 3, 2) and found.train_error.shape == (2, 3)
    for problem, row in ((0, 0), (1, 2)):
        first, second = rows[row]
        model = Network(9, depth=1, problem=problem, point=first, **options)
        start = model(torch.as_tensor(x[problem])).detach().numpy() * keep_initial
        seen = np.setdiff1d(np.arange(6), rows[row])
        order = [first, *seen]  # `descend` leaves out one point; the second one is asked afterwards
        residuals = descend(model, x[problem, order], (labels[problem] - start)[order], 0, **descent)
        np.testing.assert_allclose(found.residuals[problem, row, 0], residuals[0].item(), rtol=1e-9)
        answer = model(torch.as_tensor(x[problem])).detach().numpy()[second]
        untrained = Network(9, depth=1, problem=problem, point=first, **options)
        answer -= 0 if keep_initial else float(untrained(torch.as_tensor(x[problem]))[second].detach())
        np.testing.assert_allclose(found.residuals[problem, row, 1], labels[problem, second] - answer, rtol=1e-9)
        np.testing.assert_allclose(found.train_error[problem, row], residuals[1:].abs().max().item(), rtol=1e-9)


def test_networks_that_keep_their_start_spread_as_the_kernels_say():
    """Mean and covariance of 500 networks of 512 units at two points left out together, two-sided."""
    rng, draws = np.random.default_rng(1), 500
    x, labels, held_out = rng.standard_normal((7, 5)), np.array([0.5, -0.5] * 3 + [0.5]), [4, 0]
    kernel = mlp_kernel(x, b_std=0.2)
    expected, posterior = holdout_residuals(kernel.ntk, labels, held_out)
    covariance = ensemble_covariance(kernel.ntk, kernel.nngp, held_out)
    deviations = np.sqrt(np.diag(covariance))
    options = {"width": 512, "b_std": 0.2, "steps": 120, "momentum": 0.7, **QUIET}
    trained = train_ensemble(np.tile(x, (draws, 1, 1)), labels, [held_out], keep_initial=True, **options)
    assert 0 < trained.train_error.max() < 1e-5, "not trained to convergence"
    found = trained.residuals[:, 0]
    z = (found.mean(axis=0) - expected) / (deviations / draws**0.5)
    assert 0 < np.abs(z).max() < 4.5
    # Of a normal sample, C_ij has the standard error ((C_ii C_jj + C_ij²) / draws)^½.
    standard_error = np.sqrt((np.outer(deviations, deviations) ** 2 + covariance**2) / draws)
    z = (np.cov(found.T) - covariance) / standard_error
    assert 0 < np.abs(z).max() < 4.5
    # What it is not: the posterior of the Gaussian process with the NTK, or the spread of f₀ itself.
    for other in (posterior, kernel.nngp[np.ix_(held_out, held_out)]):
        assert np.abs((np.cov(found.T) - other) / standard_error).max() > 8
    # With the initial function taken off hardly any spread is left.
    zero = train_ensemble(np.tile(x, (40, 1, 1)), labels, [held_out], **options)
    assert 0 < (zero.residuals[:, 0].std(axis=0) / deviations).max() < 0.3


@pytest.mark.parametrize(("n", "d", "depth"), [(5, 11, 1), (6, 4, 2)])
def test_several_classes_as_one_at_a_time(n, d, depth):
    """Residuals, what is left to learn and the kernel, against autograd; and one column as labels without one."""
    rng = np.random.default_rng(n)
    x, labels = rng.standard_normal((2, n, d)), rng.standard_normal((2, n, 3))
    sizes = {"width": 16, "depth": depth, "w_std": 1.2, "b_std": 0.4, "seed": 5}
    descent, options = {"steps": 60, "rate": 0.02, "momentum": 0.3}, {"dtype": "float64", **sizes, **QUIET}
    found = train_ensemble(x, labels, [2, 0], kernel=True, **descent, **options)
    assert found.residuals.shape == (2, 2, 3) and found.train_error.shape == (2, 2)
    assert found.kernel.shape == (2, 2, n, n)
    for problem, j in ((0, 0), (1, 1)):
        model = Network(d, problem=problem, point=[2, 0][j], outputs=3, **sizes)
        residuals = descend(model, x[problem], labels[problem], [2, 0][j], **descent)
        np.testing.assert_allclose(found.residuals[problem, j], residuals[[2, 0][j]], rtol=1e-9)
        others = np.delete(np.abs(residuals.numpy()), [2, 0][j], axis=0)
        np.testing.assert_allclose(found.train_error[problem, j], others.max(), rtol=1e-9)
        gradients = jacobian(model, x[problem])
        kernel = torch.einsum("ncp,mcp->nm", gradients, gradients) / 3
        np.testing.assert_allclose(found.kernel[problem, j], kernel, rtol=1e-9)
    together = train_ensemble(x, labels, [[2, 1], [0, 3]], **descent, **options)
    assert together.residuals.shape == (2, 2, 2, 3)
    shared = train_ensemble(x, labels[0], [2, 0], **descent, **options)
    np.testing.assert_array_equal(shared.residuals[0], found.residuals[0])
    single = train_ensemble(x, labels[..., 0], [2, 0], **descent, **options)
    column = train_ensemble(x, labels[..., :1], [2, 0], **descent, **options)
    np.testing.assert_array_equal(column.residuals[..., 0], single.residuals)


def test_the_largest_eigenvalue_over_all_outputs(monkeypatch):
    """Power iteration against the norm of the Jacobian: from below, as Rayleigh quotients are, and near."""
    rng = np.random.default_rng(11)
    x, labels = rng.standard_normal((3, 7, 5)), rng.standard_normal((7, 4))
    sizes, found = {"width": 24, "depth": 2, "w_std": 1.2, "b_std": 0.4, "seed": 3}, []
    original = small_networks.SmallNetworks._largest_eigenvalues
    monkeypatch.setattr(
        small_networks.SmallNetworks,
        "_largest_eigenvalues",
        lambda *given: (found.append(original(*given)), found[-1])[1],
    )
    train_ensemble(x, labels, [1], steps=1, dtype="float64", **sizes, **QUIET)
    for problem in range(3):
        model = Network(5, problem=problem, point=1, outputs=4, **sizes)
        gradients = jacobian(model, np.delete(x[problem], 1, axis=0)).flatten(end_dim=1)
        assert 0.98 < found[0][problem] / torch.linalg.matrix_norm(gradients, 2) ** 2 <= 1 + 1e-12


def orbits_of_shifts(n_orbits):
    """Random vectors in all four shifts, orbit by orbit, |x|² = d, and one-hot labels less their mean."""
    seeds = np.random.default_rng(n_orbits).standard_normal((n_orbits, 4, 8))
    seeds *= 32**0.5 / np.linalg.norm(seeds, axis=(1, 2), keepdims=True)
    shifts = np.stack([np.roll(seeds, g, axis=1).reshape(-1, 32) for g in range(4)], axis=1)
    return shifts.reshape(-1, 32), np.repeat(np.eye(n_orbits), 4, axis=0) - 1 / n_orbits


@pytest.mark.parametrize(("s", "depth"), [(30.0, 1), (1e6, 1), (1e4, 2)])
def test_with_several_classes_the_default_step_follows_gradient_flow(monkeypatch, s, depth):
    """At any size of the labels: all are fitted, and a quarter of the step answers the same."""
    x, labels = orbits_of_shifts(6)
    options = {"width": 128, "depth": depth, "steps": 8000, "tolerance": 0.03 * s, **QUIET}
    options |= {} if depth == 1 else {"w_std": 2**0.5, "b_std": 0.1}
    trained = train_ensemble(x, s * labels, [0, 5], **options)
    assert 0 < trained.train_error.max() <= 0.03 * s
    original = small_networks.SmallNetworks._stable_rates
    monkeypatch.setattr(small_networks.SmallNetworks, "_stable_rates", lambda *given: original(*given) / 4)
    slower = train_ensemble(x, s * labels, [0, 5], **options)
    assert 0 < np.abs(slower.residuals - trained.residuals).max() < 0.03 * s


def test_several_classes_that_overshoot_are_told():
    x, labels = orbits_of_shifts(3)
    with pytest.warns(RuntimeWarning, match="went beyond their labels"):
        train_ensemble(x, 1e4 * labels, [0], width=128, momentum=0.9, steps=500, **QUIET)


def threads_of_a_new_thread():
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(torch.get_num_threads).result()


@pytest.mark.parametrize("threads", [1, 2])
def test_portions_and_threads_change_nothing(monkeypatch, threads):
    rng = np.random.default_rng(1)
    x, labels = rng.standard_normal((7, 6, 9)), rng.standard_normal((7, 6))
    options = {"width": 24, "steps": 20, "dtype": "float64", **QUIET}
    whole = train_ensemble(x, labels, [0, 3], **options)
    torch.set_num_threads(threads)
    monkeypatch.setattr(ensembles, "portion_bytes", lambda device: 30_000)
    shapes = []
    original = small_networks.SmallNetworks.forward

    def recorded(self):
        shapes.append(len(self.x))
        return original(self)

    monkeypatch.setattr(small_networks.SmallNetworks, "forward", recorded)
    parts = train_ensemble(x, labels, [0, 3], **options)
    assert 1 < max(shapes) < 8
    assert threads_of_a_new_thread() == torch.get_num_threads() == threads
    np.testing.assert_allclose(parts.residuals, whole.residuals, rtol=1e-12)


@pytest.mark.parametrize("size", [0.1, 1.0])
@pytest.mark.parametrize(("n", "d", "depth"), [(5, 9, 1), (6, 4, 2)])
def test_the_rate_left_out_is_that_of_the_tangent_kernel(n, d, depth, size):
    """Labels of 0.1 are small against √12, those of 1 are not; the momentum is given, and small enough not to warn."""
    rng = np.random.default_rng(2)
    x, labels = rng.standard_normal((2, n, d)), size * rng.choice([-1.0, 1.0], (2, n))
    options = {"width": 12, "depth": depth, "w_std": 1.2, "b_std": 0.4, "steps": 25, "momentum": 0.1, "seed": 3}
    left_out = 1
    rates = []
    for problem in range(2):
        model = Network(d, 12, depth, 1.2, 0.4, 3, problem, left_out)
        gradients = jacobian(model, np.delete(x[problem], left_out, axis=0))
        rates.append(1 / float(torch.linalg.matrix_norm(gradients, 2)) ** 2)
        if size == 1.0:
            rates[-1] /= 2 * depth * (1 + 1 / 12**0.5) ** {1: 1, 2: 4 / 3}[depth]
    automatic = train_ensemble(x, labels, [left_out], dtype="float64", **options, **QUIET)
    for problem, rate in enumerate(rates):
        given = train_ensemble(x, labels, [left_out], rate=rate, dtype="float64", **options, **QUIET)
        np.testing.assert_allclose(automatic.residuals[problem], given.residuals[problem], rtol=1e-8)


def test_wide_networks_are_regression_on_their_ntk():
    """Over 20 draws of all weights, at 2 left-out points: the distance falls as 1/√width, and the mean agrees."""
    rng = np.random.default_rng(0)
    x, labels, draws = rng.standard_normal((6, 20)), np.array([0.5, -0.5] * 3), 20
    kernel = mlp_kernel(x, b_std=0.1)
    exact, lazy = (loo_residuals(gram, labels)[[0, 3]] for gram in (kernel.ntk, kernel.nngp))
    widths = np.array([256, 1024, 4096])
    distance = []
    for width in widths:
        options = {"width": int(width), "b_std": 0.1, "steps": 300, "momentum": 0.8, "dtype": "float64"}
        trained = train_ensemble(np.tile(x, (draws, 1, 1)), labels, [0, 3], **options, **QUIET)
        assert trained.train_error.max() < 1e-6, "not trained to convergence"
        gap = trained.residuals - exact
        distance.append(np.sqrt(np.mean(gap**2)))
    # The logarithm of a root mean square of k normal numbers has the standard error 1/√(2k).
    logs, k = np.log(widths), 2 * draws
    slope = np.polyfit(logs, np.log(distance), 1)[0]
    standard_error = 1 / np.sqrt(2 * k) / np.sqrt(np.sum((logs - logs.mean()) ** 2))
    assert 0 < abs(slope + 0.5) < 4 * standard_error < 0.25
    assert 0.002 < distance[-1] < 0.015 and (np.diff(distance) < 0).all()
    # At the largest width: two-sided, and the other kernel of the same network is excluded.
    z = gap.mean(axis=0) / (gap.std(axis=0, ddof=1) / np.sqrt(draws))
    assert 0.01 < np.abs(z).max() < 4.5
    assert np.abs(trained.residuals.mean(axis=0) - lazy).max() > 10 * distance[-1] / np.sqrt(draws)


def pairs_in_four_poses(n_pairs):
    """The first of the book's pairs of digits in four poses, pixels of variance 1: (pairs, 8, 784)."""
    images, digits = mnist()
    pairs = digit_pairs(digits, 512, seed=0)[:n_pairs]
    return points(28 * normalize(rotation_orbits(images[pairs.ravel()], 4)).reshape(n_pairs, 2, 4, 28, 28))


def test_large_labels_are_learnt_without_overshooting():
    """Momentum past labels of 10,000 halves the error at a pose left out; the default goes as gradient descent does."""
    x, labels, s = pairs_in_four_poses(16), np.tile([1.0, -1.0], 4), 1e4
    exact = loo_residuals(mlp_kernel(x).ntk, labels)[:, [0, 1]]
    options = {"width": 128, "steps": 8000, "tolerance": 1e-2 * s, **QUIET}
    trained = train_ensemble(x, s * labels, [0, 1], **options)
    assert trained.train_error.max() <= 1e-2 * s, "not fitted"
    slow = 0.1 / np.linalg.eigvalsh(mlp_kernel(x).ntk).max() / (s / 128**0.5)
    flow = train_ensemble(x, s * labels, [0, 1], rate=slow, momentum=0.0, **options)
    with pytest.warns(
        RuntimeWarning, match=r"100% of the networks went beyond their labels.*leave out momentum"
    ) as told:
        carried = train_ensemble(x, s * labels, [0, 1], momentum=0.9, **options)
    assert [warning.filename for warning in told] == [__file__]
    error, as_flow, as_kernel = (np.abs(e).mean() for e in (trained.residuals / s, flow.residuals / s, exact))
    assert abs(error - as_flow) < 0.01 and abs(error - as_kernel) < 0.05
    assert np.abs(carried.residuals / s).mean() < error - 0.3


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("s", [10.0, 1e3, 1e5])
def test_the_default_step_fits_labels_of_any_size(s, depth):
    x, labels = pairs_in_four_poses(3), np.tile([1.0, -1.0], 4)
    kind = {"depth": depth, "w_std": 2**0.5, "b_std": 0.1}
    trained = train_ensemble(x, s * labels, [0], width=96, steps=8000, tolerance=1e-2 * s, **kind, **QUIET)
    assert 0 < trained.train_error.max() <= 1e-2 * s


def test_labels_of_either_size_are_trained_as_if_alone():
    """Momentum belongs to the regime of each network; the label of the point left out does not choose it."""
    rng = np.random.default_rng(8)
    x, labels = rng.standard_normal((4, 5, 9)), np.where(rng.random((4, 5)) < 0.5, -1.0, 1.0)
    labels[1], labels[3, 2] = 60 * labels[1], 60.0
    options = {"width": 64, "steps": 40, "dtype": "float64", **QUIET}
    together = train_ensemble(x, labels, [2, 0], **options)
    small, large = {"momentum": 0.9}, {"momentum": 0.0}
    for problem, left_out in ((0, (small, small)), (1, (large, large)), (2, (small, small)), (3, (small, large))):
        for j, momentum in enumerate(left_out):
            alone = np.full((4, 5), 1.0) * (labels[problem] if momentum is small else 0)
            alone[problem] = labels[problem]
            expected = train_ensemble(x, alone, [2, 0], **momentum, **options)
            np.testing.assert_allclose(together.residuals[problem, j], expected.residuals[problem, j], rtol=1e-10)
            other = train_ensemble(x, alone, [2, 0], momentum=0.5, **options)
            assert abs(other.residuals[problem, j] / expected.residuals[problem, j] - 1) > 1e-4


def test_kernels_after_training_are_inner_products_of_gradients():
    rng = np.random.default_rng(7)
    x, labels = rng.standard_normal((2, 5, 9)), 30 * rng.standard_normal((2, 5))
    sizes = {"width": 12, "depth": 2, "w_std": 1.2, "b_std": 0.4, "seed": 3}
    options = {"steps": 40, "rate": 1e-3, "momentum": 0.5, "dtype": "float64", **sizes, **QUIET}
    trained = train_ensemble(x, labels, [1, 4], kernel=True, **options)
    assert trained.kernel.shape == (2, 2, 5, 5)
    plain = train_ensemble(x, labels, [1, 4], **options)
    assert plain.kernel is None
    np.testing.assert_array_equal(plain.residuals, trained.residuals)
    moved = []
    for problem, point, j in [(0, 1, 0), (1, 4, 1)]:
        model = Network(9, problem=problem, point=point, **sizes)
        before = tangent_kernel(model, x[problem])
        descend(model, x[problem], labels[problem], point, steps=40, rate=1e-3, momentum=0.5)
        after = tangent_kernel(model, x[problem])
        np.testing.assert_allclose(trained.kernel[problem, j], after, rtol=1e-8)
        moved.append(np.abs(after / before - 1).max())
    assert min(moved) > 0.01, "the kernels hardly moved, so the state before training would pass"


def test_training_stops_at_the_tolerance(monkeypatch):
    rng = np.random.default_rng(4)
    x, labels = rng.standard_normal((6, 20)), rng.standard_normal(6)
    count = []
    original = small_networks.SmallNetworks._step
    monkeypatch.setattr(
        small_networks.SmallNetworks, "_step", lambda self, *rest: (count.append(1), original(self, *rest))
    )
    for tolerance, most in ((0.0, 400), (1e-3, 200)):
        count.clear()
        trained = train_ensemble(x, labels, [0], b_std=0.1, steps=400, tolerance=tolerance, **QUIET)
        assert (len(count) == 400) if tolerance == 0 else (0 < len(count) <= most and len(count) % 50 == 0)
        assert 0 < trained.train_error.max() <= max(tolerance, 1e-4)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_rate_too_large_is_named(threads):
    torch.set_num_threads(threads)
    x = np.random.default_rng(5).standard_normal((4, 6, 20))
    with pytest.raises(FloatingPointError, match=r"diverged within \d+ steps; lower rate = 300"):
        train_ensemble(x, np.ones(6), [0, 1], rate=300.0, **QUIET)
    assert threads_of_a_new_thread() == torch.get_num_threads() == threads


X, Y = np.random.default_rng(6).standard_normal((2, 4, 3)), np.ones(4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: train_ensemble(X[0, 0], Y, [0]), "x must have at least 2 dimensions"),
        (lambda: train_ensemble(X[:, :1], Y[:1], [0]), r"n at least 2, none of them 0, got \(2, 1, 3\)"),
        (lambda: train_ensemble(X * np.nan, Y, [0]), "x must be finite"),
        (lambda: train_ensemble(X, Y[:3], [0]), r"labels must have shape \(4,\) or \(2, 4\).*got \(3,\)"),
        (lambda: train_ensemble(X, Y, [4]), "held_out must lie in"),
        (lambda: train_ensemble(X, Y, [0, 0]), "held_out names a point twice"),
        (lambda: train_ensemble(X, Y, [[0, 1], [2, 2]]), "held_out names a point twice"),
        (lambda: train_ensemble(X, Y, [[0, 1, 2, 3]]), "leaves out all 4 points"),
        (lambda: train_ensemble(X, Y, [0], width=0), "width must be a whole number"),
        (lambda: train_ensemble(X, Y, [0], momentum=1), r"momentum must be in \[0, 1\), got 1"),
        (lambda: train_ensemble(X, Y, [0], rate=0), "rate must be positive"),
        (lambda: train_ensemble(X, Y, [0], dtype="float16"), 'dtype must be "float32" or "float64"'),
        (lambda: train_ensemble(X, Y, [0], w_std=-1), "w_std must be finite and at least 0"),
        (lambda: train_ensemble(X, Y, [0], seed=-1), "seed must be a whole number of at least 0"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
