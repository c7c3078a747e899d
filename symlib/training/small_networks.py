"""The networks of an ensemble, of one shape, side by side: drawn, evaluated and trained as one batch of matrices.

What they are and how they are trained is said in `ensembles`; this file has the arithmetic of it. With k outputs the
squared loss is summed over them, and λ_max is that of the tangent kernel among all n·k, J Jᵀ with the Jacobian J. Power
iteration finds it without the matrix: u ↦ J(Jᵀu) is a pass back and a pass forth.
"""

import math
from itertools import pairwise

import numpy as np
import torch

_LOOK_EVERY = 50  # steps between two looks at the residuals
_ROUNDS = 30  # of the power iteration: λ_max to about a percent, where 1/λ_max is half of what is stable


def initial_weights(
    d: int, width: int, depth: int, seed: int, problem: int, point: int, outputs: int = 1
) -> list[torch.Tensor]:
    """What a network of `train_ensemble` starts from: for each layer (fan_in + 1, fan_out), the last row its biases."""
    source = np.random.SeedSequence([seed, problem, point])
    generator = torch.Generator("cpu").manual_seed(int(source.generate_state(1, np.uint64)[0]))
    sizes = pairwise((d, *[width] * depth, outputs))
    return [torch.randn(a + 1, b, generator=generator, dtype=torch.float32, device="cpu") for a, b in sizes]


def draw(problems, networks, width, depth, seed, outputs):
    """Inputs (M, n, r) and the weights of each layer, [(M, fan_in + 1, fan_out)], the last row of a layer its biases.

    The first layer and the inputs are in a basis of the span of the inputs where that is smaller, r = min(n, d).
    """
    _, n, d = problems.shape
    bases = {}
    inputs, drawn = [], []
    for problem, left_out in networks:
        x = torch.tensor(problems[problem], device="cpu")
        if n < d and problem not in bases:
            bases[problem] = torch.linalg.qr(x.T).Q
        weights = initial_weights(d, width, depth, seed, problem, int(left_out[0]), outputs)
        if n < d:
            basis = bases[problem]
            x = x @ basis
            weights[0] = torch.cat([basis.T @ weights[0][:d].double(), weights[0][d:].double()])
        inputs.append(x)
        drawn.append(weights)
    return torch.stack(inputs), [torch.stack(layer) for layer in zip(*drawn)]


class SmallNetworks:
    """Networks of one shape side by side: every tensor has the networks M as its first axis."""

    def __init__(self, inputs, layers, d, scales, device, dtype):
        self.w_std, self.b_std = scales
        self.x = inputs.to(device, dtype)
        layers = [layer.to(device, dtype) for layer in layers]
        self.weights = [layer[:, :-1].contiguous() for layer in layers]
        self.biases = [layer[:, -1:].contiguous() for layer in layers]
        # The first layer is drawn for d inputs, in whatever basis it is written.
        fans_in = [d, *(weight.shape[1] for weight in self.weights[1:])]
        self.factors = [self.w_std / math.sqrt(fan_in) for fan_in in fans_in]

    def forward(self):
        """The input of each layer, [(M, n, fan_in)], and the outputs (M, n, k)."""
        h, entering = self.x, []
        for i, (weight, bias, factor) in enumerate(zip(self.weights, self.biases, self.factors)):
            h = h.relu_() if i else h
            entering.append(h)
            h = torch.baddbmm(self.b_std * bias, h, weight, alpha=factor)
        return entering, h

    def tangent_kernel(self):
        """Inner products (M, n, n) of gradients by all parameters, the mean over outputs, in float64 on the CPU."""
        # Not every GPU has float64, in which alone the small eigenvalues are right.
        entering, weights = ([tensor.cpu().double() for tensor in layer] for layer in (self.forward()[0], self.weights))
        outputs, kernel = weights[-1].shape[-1], 0
        for one in torch.eye(outputs, dtype=torch.float64):
            gradient = one.expand(*self.x.shape[:2], outputs)
            for weight, h, factor in zip(reversed(weights), reversed(entering), reversed(self.factors)):
                kernel = kernel + (gradient @ gradient.mT) * (factor**2 * h @ h.mT + self.b_std**2)
                gradient = factor * gradient @ weight.mT * (h > 0)
        return kernel / outputs

    def descend(self, targets, left_out, steps, rate, momentum, sizes, tolerance, keep_initial, stop, bar):
        """Train on targets (M, n, k); the residuals at the p points left out, (M, p, k), the largest of the others, and
        the overshoot, (M,).

        `sizes` (M,) are the largest labels where they are large against √width; None where they are small, and
        overshooting changes nothing.
        """
        targets = targets.to(self.x)
        networks, left_out = torch.arange(len(targets))[:, None], torch.tensor(left_out)
        trained = torch.ones_like(targets[..., :1])
        trained[networks, left_out] = 0
        if momentum is None:
            momentum = 0.9 if sizes is None else 0.0
        rates = self._stable_rates(trained, sizes) if rate is None else targets.new_full((len(targets), 1, 1), rate)
        initial = self.forward()[1].clone()
        start = torch.zeros_like(initial) if keep_initial else initial
        ends = torch.cat([targets * trained, (initial - start) * trained], dim=1)
        low, high = ends.amin(1, True), ends.amax(1, True)
        beyond = targets.new_zeros(len(targets), 1, 1)
        velocities = [[torch.zeros_like(p) for p in group] for group in (self.weights, self.biases)]
        for step in range(steps + 1):
            entering, outputs = self.forward()
            residuals = targets - (outputs - start)
            learnt = residuals * trained
            if sizes is not None:
                answers = (outputs - start) * trained
                beyond = torch.maximum(beyond, torch.maximum(answers - high, low - answers).amax(1, True))
            if step % _LOOK_EVERY == 0 or step == steps:
                worst = learnt.abs().amax(dim=(1, 2))
                if not worst.isfinite().all():
                    raise FloatingPointError(
                        f"a network diverged within {step} steps; lower rate = {rate}"
                        + (" below its default, or momentum" if rate is None else "")
                    )
                if step == steps or worst.max() <= tolerance:
                    bar.update(steps - step)
                    break
            self._step(entering, rates * learnt, velocities, momentum)
            bar.update()
            if stop.is_set():
                break
        beyond = beyond.amax(dim=(1, 2))
        return residuals[networks, left_out], worst, beyond if sizes is None else beyond / sizes.to(beyond)

    def _step(self, entering, descent, velocities, momentum):
        """θ ← θ + V, V ← χV − η∇: `descent` (M, n, k) is the rate times minus the gradient by the outputs."""
        for i in reversed(range(len(self.weights))):
            weight, h, factor = self.weights[i], entering[i], self.factors[i]
            below = torch.bmm(descent, weight.mT).mul_(factor) if i else descent
            velocity = velocities[0][i].baddbmm_(h.mT, descent, beta=momentum, alpha=factor)
            velocities[1][i].mul_(momentum).add_(descent.sum(dim=1, keepdim=True), alpha=self.b_std)
            weight += velocity
            self.biases[i] += velocities[1][i]
            descent = below.mul_(h > 0) if i else below

    def _stable_rates(self, trained, sizes):
        """The default rates, (M, 1, 1), from λ_max of each network's tangent kernel on the points it trains on."""
        if self.weights[-1].shape[-1] == 1:
            trained = trained.cpu()
            largest = torch.linalg.eigvalsh(self.tangent_kernel() * trained * trained.mT)[:, -1]
        else:
            largest = self._largest_eigenvalues(trained)
        rates = 1 / largest
        if sizes is not None:
            depth, width = len(self.weights) - 1, self.weights[-1].shape[1]
            growth = (1 + sizes / math.sqrt(width)) ** (2 * depth / (depth + 1))
            rates = rates / (2 * depth * growth)
        return rates.to(self.x)[:, None, None]

    def _largest_eigenvalues(self, trained):
        """λ_max (M,) of J Jᵀ, J the Jacobian of all outputs at the points trained on, by power iteration."""
        entering, outputs = self.forward()
        generator = torch.Generator("cpu").manual_seed(0)
        vectors = trained * torch.randn(outputs.shape[1:], generator=generator).to(outputs)
        for _ in range(_ROUNDS):
            vectors = vectors / vectors.norm(dim=(1, 2), keepdim=True)
            vectors = trained * self._forth(entering, self._back(entering, vectors))
        return vectors.norm(dim=(1, 2)).double()

    def _back(self, entering, descent):
        """Jᵀu for u (M, n, k): a pair for each layer, of its weights and of its biases, the last layer first."""
        for i in reversed(range(len(self.weights))):
            h, factor = entering[i], self.factors[i]
            yield factor * h.mT @ descent, self.b_std * descent.sum(dim=1, keepdim=True)
            descent = factor * descent @ self.weights[i].mT * (h > 0) if i else descent

    def _forth(self, entering, directions):
        """J of a direction as `_back` gives it: the derivative of the outputs (M, n, k)."""
        change = torch.zeros_like(self.x)
        for i, (weights, biases) in enumerate(reversed(list(directions))):
            change = self.factors[i] * (entering[i] @ weights + change @ self.weights[i]) + self.b_std * biases
            change = change * (entering[i + 1] > 0) if i + 1 < len(entering) else change
        return change
