"""Small networks on pairs of digits in 8 poses: all trained at once by symlib, and by torch in two ways.

One opponent is what one would write for a single network: a module on all 784 pixels, autograd, SGD with momentum,
full batch, in float32 like ours. That ratio holds two gains: many networks in one product, and first layers in the
span of the 16 inputs. The other opponent has both, inputs in the same basis and `torch.func.vmap` of the gradient: it
asks whether a backward pass of our own is worth its lines. All start from the same weights and take the same steps.
Opponents compute on one thread or on all, and the second on as many networks at once, as is fastest here.
"""

import time

import numpy as np

from benchmarks.measure import Row, side_by_side, version
from symlib.datasets import digit_pairs, mnist
from symlib.orbits import normalize, points, rotation_orbits

POSES, WIDTH, MOMENTUM, HELD_OUT = 8, 512, 0.9, (0, 1)
RATE = 0.02  # below 1/λ_max of the tangent kernel, about 1/36
WORK = "{networks} networks of width 512, {steps} steps, pairs of digits in 8 poses"
GOALS, VMAP_GOALS = ("20×", "40×"), ("1×", "2×")
NETWORKS_AT_ONCE = (4, 16, 64)


def rows(runs, quick):
    n_pairs, steps = (8, 50) if quick else (32, 200)
    work = WORK.format(networks=len(HELD_OUT) * n_pairs, steps=steps)
    if version("torch") == "not installed":
        return [Row(work, "–", "skipped: torch is not installed", "–", *GOALS, "–")]
    x = digit_points(n_pairs)
    labels = np.tile([1.0, -1.0], POSES)
    opponents = {
        "one at a time": (one_at_a_time, fastest(one_at_a_time, x[:2], labels, (None,)), GOALS),
        "torch.func.vmap": (by_vmap, fastest(by_vmap, x[:16], labels, NETWORKS_AT_ONCE), VMAP_GOALS),
    }
    found = []
    for name, (train, how, goals) in opponents.items():
        seconds, (ours, theirs) = side_by_side(
            lambda: together(x, labels, steps), lambda train=train, how=how: train(x, labels, steps, *how), runs
        )
        found.append(
            Row(
                work,
                f"{seconds[0]:.2f} s",
                f"torch, {name} {seconds[1]:.1f} s",
                f"{seconds[1] / seconds[0]:.1f}×",
                *goals,
                f"{np.abs(ours - theirs).max():.0e} in residuals, float32",
            )
        )
    return found


def digit_points(n_pairs):
    """Pairs of digits in all poses, pixels of variance 1: (pairs, 2N, 784)."""
    images, labels = mnist("bundled")
    pairs = images[digit_pairs(labels, n_pairs, seed=0)]
    orbits = 28 * normalize(rotation_orbits(pairs.reshape(-1, 28, 28), POSES))
    return points(orbits.reshape(n_pairs, 2, POSES, 28, 28))


def together(x, labels, steps):
    from symlib.training import train_ensemble

    options = {"width": WIDTH, "steps": steps, "rate": RATE, "momentum": MOMENTUM}
    return train_ensemble(x, labels, HELD_OUT, **options, device="cpu", progress=False).residuals


def fastest(train, x, labels, at_once):
    """The number of threads, and of networks at once where there is a choice, with which `train` is fastest here."""
    import torch

    seconds = {}
    for how in ((threads, size) for threads in {1, torch.get_num_threads()} for size in at_once):
        train(x, labels, 2, *how)
        start = time.perf_counter()
        train(x, labels, 10, *how)
        seconds[how] = time.perf_counter() - start
    return min(seconds, key=seconds.get)


def by_vmap(x, labels, steps, threads, at_once):
    import torch
    from torch.func import grad, vmap

    from symlib.training import initial_weights

    def outputs(weights, x):
        hidden, out = weights
        h = torch.relu(x @ hidden[:-1] / d**0.5 + hidden[-1])
        return (h @ out[:-1] / WIDTH**0.5 + out[-1])[:, 0]

    def loss(weights, x, start, others):
        return 0.5 * ((outputs(weights, x) - start - y).square() * others).sum()

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    y, d = torch.from_numpy(labels).float(), x.shape[-1]
    bases = torch.linalg.qr(torch.from_numpy(x).mT).Q.float()
    inputs = torch.from_numpy(x).float() @ bases
    networks = [(problem, point) for problem in range(len(x)) for point in HELD_OUT]
    residuals = []
    for first in range(0, len(networks), at_once):
        chunk = networks[first : first + at_once]
        problems, points = (list(column) for column in zip(*chunk))
        own, points = inputs[problems], torch.tensor(points)
        hidden, out = (
            torch.stack(layer) for layer in zip(*(initial_weights(d, WIDTH, 1, 0, *network) for network in chunk))
        )
        weights = [torch.cat([bases[problems].mT @ hidden[:, :-1], hidden[:, -1:]], dim=1), out]
        velocities = [torch.zeros_like(layer) for layer in weights]
        others = (torch.arange(len(y)) != points[:, None]).float()
        start, gradients = vmap(outputs)(weights, own), vmap(grad(loss))
        for _ in range(steps):
            for velocity, layer, slope in zip(velocities, weights, gradients(weights, own, start, others)):
                layer += velocity.mul_(MOMENTUM).sub_(slope, alpha=RATE)
        left = y - (vmap(outputs)(weights, own) - start)
        residuals.append(left[torch.arange(len(chunk)), points])
    torch.set_num_threads(before)
    return torch.cat(residuals).numpy().reshape(len(x), len(HELD_OUT))


def one_at_a_time(x, labels, steps, threads, _):
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    y = torch.from_numpy(labels).float()
    residuals = np.empty((len(x), len(HELD_OUT)))
    for problem, inputs in enumerate(torch.from_numpy(x).float()):
        for j, point in enumerate(HELD_OUT):
            network = ntk_network(x.shape[-1], problem, point)
            optimizer = torch.optim.SGD(network.parameters(), lr=RATE, momentum=MOMENTUM)
            others = torch.arange(len(y)) != point
            start = network(inputs).detach()
            for _ in range(steps):
                optimizer.zero_grad()
                (0.5 * (network(inputs) - start - y)[others].square().sum()).backward()
                optimizer.step()
            residuals[problem, j] = (y - (network(inputs) - start).detach())[point]
    torch.set_num_threads(before)
    return residuals


def ntk_network(d, problem, point):
    """The network that `train_ensemble` trains for that problem and left-out point, as a torch module."""
    import torch

    from symlib.training import initial_weights

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden, self.out = map(torch.nn.Parameter, initial_weights(d, WIDTH, 1, 0, problem, point))

        def forward(self, x):
            h = torch.relu(x @ self.hidden[:-1] / d**0.5 + self.hidden[-1])
            return (h @ self.out[:-1] / WIDTH**0.5 + self.out[-1])[:, 0]

    return Network()
