"""Stacks of networks: against the same networks trained one at a time by torch's own loss, gradient and optimiser."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, one_hot

from symlib.models import CNN, MLP, ViT
from symlib.training import stacked_modules, train_stack

QUIET = {"device": "cpu", "progress": False}
SEEDS = (7, 3, 11)
N, SIDE, CLASSES = 10, 8, 3

BUILDS = {
    "MLP": lambda: MLP((12, 9), dropout=0, side=SIDE, classes=CLASSES),
    "CNN": lambda: CNN(((3, 4),), 7, side=SIDE, classes=CLASSES),
    "ViT": lambda: ViT(4, 8, 1, 2, hidden=6, side=SIDE, classes=CLASSES),
}

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def data(seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((len(SEEDS), N, SIDE, SIDE)), rng.integers(CLASSES, size=(len(SEEDS), N))
    y[0, 2] = y[2, 5] = -1
    return x, y


def batches_of(seed, batch_size):
    """A network's batches, as documented: rounds through its points, each in an order of its own."""
    source = np.random.default_rng([seed, 0])
    while True:
        order = source.permutation(N) if batch_size < N else np.arange(N)
        yield from (order[i * batch_size : (i + 1) * batch_size] for i in range(N // batch_size))


def one_at_a_time(
    build, x, y, seed, *, steps, rate=1e-3, weight_decay=0.0, loss="cross-entropy", weight_scale=1.0, batch_size=N,
    consistency=0.0, auxiliary=None, orbits=None, dtype="float64",
):  # fmt: skip
    """The network and its losses, by a plain loop. The last hidden layer is read by a hook on the last linear layer."""
    dtype = getattr(torch, dtype)
    torch.manual_seed(seed)
    model = build()
    last = [part for part in model.modules() if isinstance(part, nn.Linear)][-1]
    head = nn.Linear(last.in_features, 1 + max(auxiliary[0])).to(dtype) if auxiliary else None
    model = model.to(dtype)
    entering = []
    last.register_forward_hook(lambda part, inputs, output: entering.append(inputs[0]))
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(weight_scale if weight.ndim > 1 else 1)
    parameters = [*model.parameters(), *(head.parameters() if head else [])]
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=weight_decay)
    x, y = torch.tensor(x, dtype=dtype), torch.tensor(y)
    batches, losses, pairs = batches_of(seed, batch_size), [], np.random.default_rng([seed, 1])
    for _ in range(steps):
        rows = next(batches)
        scores, labels = model(x[rows]), y[rows]
        if loss == "squared":
            named = labels >= 0
            total = (scores[named] - one_hot(labels[named], CLASSES)).square().sum() / named.sum()
        else:
            total = cross_entropy(scores, labels, ignore_index=-1)
        if auxiliary:
            second = torch.tensor(auxiliary[0])[rows]
            total = total + auxiliary[1] * cross_entropy(head(entering[-1]), second, ignore_index=-1)
        if consistency:
            members = [np.flatnonzero(np.asarray(orbits) == orbit) for orbit in np.unique(orbits) if orbit >= 0]
            drawn = pairs.integers(len(members), size=batch_size // 2)
            which = pairs.integers([len(members[orbit]) for orbit in drawn], size=(2, batch_size // 2))
            hidden = []
            for side in which:
                model(x[[members[orbit][pose] for orbit, pose in zip(drawn, side)]])
                hidden.append(entering[-1])
            total = total + consistency * ((hidden[0] - hidden[1]) ** 2).mean()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        losses.append(float(total.detach()))
    return model, losses


def same_weights(stack, i, model, tolerance):
    for name, weight in model.named_parameters():
        # A bias of all keys alike moves no softmax: its gradient is rounding, which Adam makes a step of.
        if not name.endswith("in_proj_bias"):
            np.testing.assert_allclose(stack.weights[name][i], weight.detach(), atol=tolerance, err_msg=name)


@pytest.mark.parametrize("name", BUILDS)
@pytest.mark.parametrize(
    "settings",
    [
        {"rate": 3e-3},
        {"batch_size": 4, "weight_decay": 2.0, "weight_scale": 0.5},
        {"batch_size": 3, "loss": "squared", "rate": 1e-2},
    ],
    ids=["full batch", "batches, decay, small weights", "squared loss"],
)
def test_together_as_one_at_a_time(name, settings):
    x, y = data()
    for dtype, tolerance in (("float64", 1e-9), ("float32", 2e-4)):
        stack = train_stack(BUILDS[name], x, y, seeds=SEEDS, steps=9, dtype=dtype, **settings, **QUIET)
        scores = stack.predict(x)
        assert scores.shape == (len(SEEDS), N, CLASSES) and stack.losses.shape == (len(SEEDS), 9) and len(stack) == 3
        for i, seed in enumerate(SEEDS):
            model, losses = one_at_a_time(BUILDS[name], x[i], y[i], seed, steps=9, dtype=dtype, **settings)
            np.testing.assert_allclose(stack.losses[i], losses, rtol=tolerance)
            with torch.no_grad():
                expected = model(torch.tensor(x[i], dtype=getattr(torch, dtype)))
            np.testing.assert_allclose(scores[i], expected, atol=tolerance)
            same_weights(stack, i, model, tolerance)
        assert np.abs(stack.losses[:, -1] - stack.losses[:, 0]).min() > 1e-3, "nothing was learnt, nothing is compared"


ORBITS = [[0, 2, 0, -1, 2, 2, 5, 5, 0, 2], [1, 1, 1, 1, -1, -1, -1, 0, 0, 0], [3, -1, 3, -1, 3, -1, 3, -1, 3, -1]]
SECOND = [[0, 1, 2, 3, -1, -1, 0, 1, 2, 3], [3, 3, 2, 2, 1, 1, 0, 0, -1, -1], [-1, 2, -1, 3, -1, 1, -1, 0, -1, 3]]


@pytest.mark.parametrize("name", BUILDS)
@pytest.mark.parametrize("batch_size", [N, 4])
def test_consistency_and_auxiliary_as_one_at_a_time(name, batch_size):
    x, y = data(1)
    asked = {"consistency": 0.7, "steps": 6, "batch_size": batch_size}
    stack = train_stack(
        BUILDS[name], x, y, seeds=SEEDS, orbits=ORBITS, auxiliary=(SECOND, 1.3), dtype="float64", **asked, **QUIET
    )
    for i, seed in enumerate(SEEDS):
        own = {"orbits": ORBITS[i], "auxiliary": (SECOND[i], 1.3)}
        model, losses = one_at_a_time(BUILDS[name], x[i], y[i], seed, **own, **asked)
        np.testing.assert_allclose(stack.losses[i], losses, rtol=1e-9)
        same_weights(stack, i, model, 1e-9)
    # Each term is seen to act: without it the weights are others.
    for left_out in ({"consistency": 0.0}, {"auxiliary": None}):
        fewer = {"orbits": ORBITS, "auxiliary": (SECOND, 1.3), **asked, **left_out}
        other = train_stack(BUILDS[name], x, y, seeds=SEEDS, dtype="float64", **fewer, **QUIET)
        assert all(np.abs(other.predict(x)[i] - stack.predict(x)[i]).max() > 1e-4 for i in range(len(SEEDS)))


def test_consistency_draws_poses_together():
    """Two classes of opposite orbits and only the consistency term: the poses of an orbit come to lie together."""
    x, _ = data(2)
    y = np.full((len(SEEDS), N), -1)
    orbits = np.arange(N) % 2
    stack = train_stack(BUILDS["MLP"], x, y, seeds=SEEDS, steps=60, rate=3e-3, orbits=orbits, consistency=1.0, **QUIET)
    assert (stack.losses[:, -5:].mean(axis=1) < 0.3 * stack.losses[:, :5].mean(axis=1)).all()


@pytest.mark.parametrize("name", ["MLP", "CNN"])
def test_portions_and_the_way_change_nothing(monkeypatch, name):
    x, y = data()
    options = {"seeds": SEEDS, "steps": 7, "batch_size": 4, "dtype": "float64", **QUIET}
    reached = []

    def noted(self, n_networks, batch, device):
        reached.append(portions(self, n_networks, batch, device))
        return reached[-1]

    portions = stacked_modules.StackedModule.portions
    monkeypatch.setattr(stacked_modules.StackedModule, "portions", noted)
    whole = train_stack(BUILDS[name], x, y, **options)
    assert len(reached[-1]) == (1 if name == "MLP" else 3)
    if name == "MLP":
        monkeypatch.setattr(stacked_modules, "portion_bytes", lambda device: 110_000)
    else:  # as on a GPU: all filters side by side
        monkeypatch.setattr(stacked_modules.StackedModule, "portions", lambda *arguments: [slice(0, 3)])
    other = train_stack(BUILDS[name], x, y, **options)
    assert name == "CNN" or len(reached[-1]) == 2
    np.testing.assert_allclose(other.losses, whole.losses, rtol=1e-10)
    np.testing.assert_allclose(other.predict(x), whole.predict(x), atol=1e-10)
    alone = train_stack(BUILDS[name], x[1], y[1], **{**options, "seeds": SEEDS[1:2]})
    np.testing.assert_allclose(alone.predict(x[1])[0], whole.predict(x)[1], atol=1e-10)


def test_shared_data_are_those_of_each():
    x, y = data()
    options = {"seeds": SEEDS, "steps": 5, "batch_size": 4, "dtype": "float64", **QUIET}
    shared = train_stack(BUILDS["MLP"], x[1], y[1], **options)
    each = train_stack(BUILDS["MLP"], np.stack([x[1]] * 3), y[1], **options)
    np.testing.assert_allclose(shared.losses, each.losses, rtol=1e-12)
    np.testing.assert_allclose(shared.predict(x), each.predict(x), atol=1e-12)
    np.testing.assert_allclose(shared.predict(x[0])[2], each.predict(np.stack([x[0]] * 3))[2], atol=1e-12)
    assert np.abs(shared.predict(x[0])[0] - shared.predict(x[0])[1]).max() > 1e-3


def test_a_shape_that_can_be_read_twice_is_read_as_the_labels():
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((3, 3, 3)), np.array([0, 1, 1])
    options = {"seeds": SEEDS, "steps": 2, **QUIET}
    flat = train_stack(lambda: nn.Linear(3, 2), x, np.tile(y, (3, 1)), **options)
    assert flat.predict(x).shape == (3, 3, 2)
    images = train_stack(lambda: nn.Sequential(nn.Flatten(), nn.Linear(9, 2)), x, y, **options)
    assert images.predict(x).shape == (3, 3, 2)
    assert images.weights["1.weight"].shape == (3, 2, 9)


def test_what_is_watched_is_what_shorter_training_predicts():
    x, y = data()
    test = np.random.default_rng(9).standard_normal((3, 5, SIDE, SIDE))
    options = {"seeds": SEEDS, "batch_size": 4, **QUIET}
    stack = train_stack(BUILDS["MLP"], x, y, steps=8, watch=(test, [3, 8]), **options)
    assert stack.watched.shape == (2, 3, 5, CLASSES)
    np.testing.assert_array_equal(stack.watched[1], stack.predict(test))
    short = train_stack(BUILDS["MLP"], x, y, steps=3, **options)
    np.testing.assert_array_equal(stack.watched[0], short.predict(test))
    shared = train_stack(BUILDS["CNN"], x, y, steps=3, watch=(test[0], [3]), **options)
    np.testing.assert_array_equal(shared.watched[0], shared.predict(test[0]))


def test_a_network_by_itself_and_the_callers_settings():
    x, y = data()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    torch.set_default_dtype(torch.float64)
    try:
        stack = train_stack(BUILDS["MLP"], x, y, seeds=SEEDS, steps=3, auxiliary=(SECOND, 1.0), **QUIET)
        own = stack.network(2)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(before, torch.get_rng_state())
    assert not own.training and own(torch.zeros(1, SIDE, SIDE)).dtype == torch.float32
    with torch.no_grad():
        alone = own(torch.tensor(x[2], dtype=torch.float32)).double()
    np.testing.assert_allclose(alone, stack.predict(x)[2], atol=1e-5)
    # Equal seeds: equal starts and orders.
    twice = train_stack(BUILDS["MLP"], x[0], y[0], seeds=(4, 4), steps=3, batch_size=4, **QUIET)
    np.testing.assert_array_equal(*twice.predict(x[0]))


class Random(nn.Linear):
    def forward(self, x):
        return super().forward(x) + torch.randn(len(x), 1)


class Counting(nn.Linear):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls += 1
        return super().forward(x)


class Bilinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.matrix = nn.Parameter(torch.randn(4, 2))

    def forward(self, x):
        return x @ self.matrix


def growing():
    sizes = iter(range(3, 9))

    def build():
        width = next(sizes)
        return nn.Sequential(nn.Linear(4, width), nn.Linear(width, 2))

    return build


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"build": lambda: nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 2))}, r"batch norm \(0\)"),
        ({"build": lambda: nn.Sequential(nn.Linear(4, 2), nn.Dropout(0.3))}, r"dropout \(1, 0.3\)"),
        ({"build": lambda: Random(4, 2)}, "draws at random"),
        ({"build": lambda: Counting(4, 2)}, "running state"),
        ({"build": growing()}, "same shapes at each call"),
        ({"build": lambda: nn.Linear(5, 2)}, r"fails on points of shape \(2, 4\)"),
        ({"build": lambda: nn.Unflatten(1, (2, 2))}, r"scores \(b, k\).*shape \(2, 2, 2\)"),
        ({"build": Bilinear, "auxiliary": ([0, 1, 0, 1, 0, 1], 1.0)}, "no torch.nn.Linear"),
        ({"y": [0, 1, 2, 0, 1, 1]}, "y must be -1 or 0 to 1.*got 2"),
        ({"y": [0, 1, -2, 0, 1, 1]}, "y must be -1, for none, or at least 0, got -2"),
        ({"y": [0.0, 1, 0, 0, 1, 1]}, r"y must be whole numbers of shape \(2, n\) or \(n,\).*float64"),
        ({"y": [0, 1, 0, 0, 1]}, r"x must have shape \(2, 5, …\) or \(5, …\).*got \(6, 4\)"),
        ({"x": np.full((6, 4), np.nan)}, "x must be finite"),
        ({"seeds": ()}, "seeds is empty"),
        ({"seeds": (1, -2)}, r"seeds\[1\] must be a whole number"),
        ({"steps": 0}, "steps must be a whole number"),
        ({"rate": 0.0}, "rate must be positive"),
        ({"weight_scale": 0.0}, "weight_scale must be positive"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"loss": "hinge"}, 'loss must be "cross-entropy" or "squared"'),
        ({"dtype": "float16"}, "dtype must be"),
        ({"consistency": 1.0}, "consistency needs orbits"),
        ({"consistency": 1.0, "orbits": [-1] * 6}, "orbits must not be -1 at all points"),
        ({"auxiliary": ([0, 1], 1.0)}, r"the labels of auxiliary must be whole numbers of shape \(2, 6\) or \(6,\)"),
        ({"watch": (np.zeros((3, 5)), [1])}, r"watched inputs must have shape \(t, 4\) or \(2, t, 4\)"),
        ({"watch": (np.zeros((3, 4)), [2, 1])}, "watched steps must ascend"),
        ({"watch": (np.zeros((3, 4)), [9])}, "from 1 to steps = 2"),
    ],
)
def test_refusals(changes, message):
    rng = np.random.default_rng(0)
    good = {"build": lambda: nn.Linear(4, 2), "x": rng.standard_normal((6, 4)), "y": [0, 1, 0, 1, 0, 1]}
    good |= {"seeds": (0, 1), "steps": 2}
    with pytest.raises(ValueError, match=message):
        train_stack(**(good | changes), **QUIET)


def test_a_module_is_no_builder():
    with pytest.raises(TypeError, match="a function that gives a new network"):
        train_stack(nn.Linear(4, 2), np.zeros((6, 4)), [0] * 6, seeds=(0,), steps=1, **QUIET)


def test_a_network_that_diverges_is_named():
    x = np.random.default_rng(0).standard_normal((2, 6, 4))
    x[1] *= 1e20  # its square is beyond float32
    with pytest.raises(FloatingPointError, match="network of seed 9 diverged within 3 steps; lower rate = 0.001"):
        train_stack(lambda: nn.Linear(4, 2), x, [0, 1] * 3, seeds=(8, 9), steps=3, loss="squared", **QUIET)
