"""Small networks on pairs of digits in 8 poses: all trained at once, and one at a time by torch's own optimiser.

The other side is what one would write for a single network: a module on all 784 pixels, autograd, SGD with momentum,
full batch, in float32 like ours. Both start from the same weights and take the same steps. The ratio holds two gains:
many networks in one product, and first layers in the span of the 16 inputs. The other side computes on one thread or
on all, whichever is faster here.
"""

import time

import numpy as np

from benchmarks.measure import Row, side_by_side, version
from symlib.datasets import digit_pairs, mnist
from symlib.orbits import normalize, points, rotation_orbits

POSES, WIDTH, MOMENTUM, HELD_OUT = 8, 512, 0.9, (0, 1)
RATE = 0.02  # below 1/λ_max of the tangent kernel, about 1/36
WORK = "{networks} networks of width 512, {steps} steps, pairs of digits in 8 poses"
GOALS = ("5×", "20×")


def rows(runs, quick):
    n_pairs, steps = (8, 50) if quick else (32, 200)
    work = WORK.format(networks=len(HELD_OUT) * n_pairs, steps=steps)
    if version("torch") == "not installed":
        return [Row(work, "–", "skipped: torch is not installed", "–", *GOALS, "–")]
    x = digit_points(n_pairs)
    labels = np.tile([1.0, -1.0], POSES)
    threads = faster_number_of_threads(x[:2], labels)
    seconds, (ours, theirs) = side_by_side(
        lambda: together(x, labels, steps), lambda: one_at_a_time(x, labels, steps, threads), runs
    )
    return [
        Row(
            work,
            f"{seconds[0]:.2f} s",
            f"torch, one at a time {seconds[1]:.1f} s",
            f"{seconds[1] / seconds[0]:.1f}×",
            *GOALS,
            f"{np.abs(ours - theirs).max():.0e} in residuals, float32",
        )
    ]


def digit_points(n_pairs):
    """Pairs of digits in all poses, pixels of variance 1: (pairs, 2N, 784)."""
    images, labels = mnist("bundled")
    pairs = images[digit_pairs(labels, n_pairs, seed=0)]
    orbits = 28 * normalize(rotation_orbits(pairs.reshape(-1, 28, 28), POSES))
    return points(orbits.reshape(n_pairs, 2, POSES, 28, 28))


def together(x, labels, steps):
    from symlib.training.ensembles import train_ensemble

    options = {"width": WIDTH, "steps": steps, "rate": RATE, "momentum": MOMENTUM}
    return train_ensemble(x, labels, HELD_OUT, **options, device="cpu", progress=False).residuals


def faster_number_of_threads(x, labels):
    import torch

    seconds = {}
    for threads in (1, torch.get_num_threads()):
        one_at_a_time(x, labels, 2, threads)
        start = time.perf_counter()
        one_at_a_time(x, labels, 20, threads)
        seconds[threads] = time.perf_counter() - start
    return min(seconds, key=seconds.get)


def one_at_a_time(x, labels, steps, threads):
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

    from symlib.training.ensembles import initial_weights

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden, self.out = map(torch.nn.Parameter, initial_weights(d, WIDTH, 1, 0, problem, point))

        def forward(self, x):
            h = torch.relu(x @ self.hidden[:-1] / d**0.5 + self.hidden[-1])
            return (h @ self.out[:-1] / WIDTH**0.5 + self.out[-1])[:, 0]

    return Network()
