"""A torch module as a function of stacked weights: the same network many times over, each with weights of its own.

`torch.func.functional_call` makes a module a function f(θ, x) of its parameters and inputs; `vmap` maps it over a
leading axis of θ, and of x where each network has inputs of its own:

    scores (M, b, k) = f(θ, x),    θ of shapes (M, …),    x of shape (M, b, …) or (b, …).

Fully connected networks gain by this on a CPU, since their products are small. Convolutions and attention lose there:
of convolutions with a filter for each network `vmap` makes grouped ones, and of attention a loop. On a CPU those
networks follow each other, one at a time.

What is stacked has to be a function of its weights and of one point alone, so batch norm, dropout and whatever else
draws at random or keeps a state are refused.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, vmap

from symlib.training.devices import float32_by_default, portion_bytes

_ROWS = 512  # points at once, without gradients
HEAD = "auxiliary head "  # begins the names of the second head's parameters: no module's name holds a space


class StackedModule:
    """The network that `build` makes, as a function of stacked weights.

    Parameters
    ----------
    build : callable that gives a new module, points (b, …) → scores (b, k)
    example : tensor (b, …), some points, in the dtype to compute in
    head : int, classes of a second linear layer on the last hidden layer; 0 for none
    hidden : bool, whether the last hidden layer is wanted: what enters the `nn.Linear` that is called last

    Attributes
    ----------
    point : tuple of int, the shape of one point
    classes : int, k
    dtype : torch.dtype
    """

    def __init__(self, build: Callable[[], nn.Module], example: torch.Tensor, *, head: int = 0, hidden: bool = False):
        if isinstance(build, nn.Module) or not callable(build):
            raise TypeError(
                f"build must be a function that gives a new network each time, got a {type(build).__name__}; "
                "pass lambda: … around what makes it"
            )
        self.build, self.dtype, self.point = build, example.dtype, tuple(example.shape[1:])
        self.module = self._made(0)
        _refuse_what_is_no_function(self.module)
        self.classes, self.activations, self.last, self.features = self._tried(example)
        if hidden and self.last is None:
            raise ValueError("the network has no torch.nn.Linear, whose input would be its last hidden layer")
        self.hidden, self.head, self._entering = hidden, head, None
        if hidden:
            self.last.register_forward_pre_hook(self._remember)
        self.shapes = {name: parameter.shape for name, parameter in self.module.named_parameters()}
        self.size = sum(parameter.numel() for parameter in self.module.parameters()) + head * (self.features + 1)
        with_weights = [
            part for part in self.module.modules() if next(part.parameters(recurse=False), None) is not None
        ]
        self.dense = all(type(part) is nn.Linear for part in with_weights)

    def portions(self, n_networks: int, batch: int, device: torch.device) -> list[slice]:
        """Which networks to train together at `batch` points each, in bounded memory."""
        if device.type == "cpu" and not self.dense:
            at_once = 1
        else:
            # Weights, gradients and both moments of Adam; activations and what flows back through them.
            numbers = 4 * self.size + 3 * batch * self.activations
            at_once = max(1, portion_bytes(device) // (numbers * self.dtype.itemsize))
        at_once = math.ceil(n_networks / math.ceil(n_networks / at_once))
        return [slice(start, min(start + at_once, n_networks)) for start in range(0, n_networks, at_once)]

    def drawn(self, seeds: Sequence[int], scale: float = 1.0) -> dict[str, torch.Tensor]:
        """Initial weights {name: (M, …)} under each seed, those of at least two axes times `scale`."""
        drawn = []
        for seed in seeds:
            module, weights = self._made(seed, self.head and self.features), {}
            for name, parameter in module.named_parameters():
                parameter = parameter.detach()
                own = not name.startswith(HEAD)
                weights[name] = parameter * scale if own and parameter.ndim > 1 else parameter
            found = {name: weight.shape for name, weight in weights.items() if not name.startswith(HEAD)}
            if found != self.shapes:
                raise ValueError("build must give a network of the same shapes at each call; it gave another")
            drawn.append(weights)
        return {name: torch.stack([weights[name] for weights in drawn]) for name in drawn[0]}

    def tensor(self, x: np.ndarray, device: torch.device) -> torch.Tensor:
        """Points on a device, in the dtype to compute in."""
        return torch.from_numpy(np.ascontiguousarray(x)).to(self.dtype).to(device)

    def alone(self, weights: dict[str, torch.Tensor]) -> nn.Module:
        """One network with these weights as a module by itself, in evaluation mode; without the second head."""
        module = self._made(0)
        module.load_state_dict(
            {name: weight for name, weight in weights.items() if not name.startswith(HEAD)}, strict=False
        )
        return module.eval()

    def __call__(self, weights: dict[str, torch.Tensor], x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Scores (M, b, k) for x (M, b, …) or (b, …), and the last hidden layer (M, b, features) where it is wanted."""
        own = {name: weight for name, weight in weights.items() if not name.startswith(HEAD)}
        shared = x.ndim == 1 + len(self.point)
        if len(next(iter(weights.values()))) == 1:
            outputs = self._one({name: weight[0] for name, weight in own.items()}, x if shared else x[0])
            outputs = [output[None] for output in outputs]
        else:
            outputs = vmap(self._one, in_dims=(0, None if shared else 0))(own, x)
        scores, *hidden = outputs
        return scores, hidden[0] if hidden else None

    def second_scores(self, weights: dict[str, torch.Tensor], hidden: torch.Tensor) -> torch.Tensor:
        """Scores (M, b, head) of the second head."""
        return torch.baddbmm(weights[HEAD + "bias"][:, None], hidden, weights[HEAD + "weight"].mT)

    def scores(self, weights: dict[str, torch.Tensor], x: torch.Tensor) -> np.ndarray:
        """As calling, without gradients, a few points at a time; float64 (M, t, k)."""
        axis = x.ndim - len(self.point) - 1
        with torch.no_grad():
            return np.concatenate([self(weights, part)[0].cpu().double().numpy() for part in x.split(_ROWS, axis)], 1)

    def _one(self, weights, x):
        """What one network gives, a tuple as vmap wants it."""
        scores = functional_call(self.module, weights, (x,))
        entering, self._entering = self._entering, None
        return (scores, entering.flatten(1)) if self.hidden else (scores,)

    def _remember(self, module, arguments):
        self._entering = arguments[0]

    def _made(self, seed, features=0):
        """A network under its seed, in the mode of training; the caller's random numbers stay as they were."""
        with torch.random.fork_rng(devices=[]), float32_by_default(), torch.device("cpu"):
            torch.manual_seed(seed)
            module = self.build()
            if features:
                head = nn.Linear(features, self.head)
                for name, parameter in head.named_parameters():
                    module.register_parameter(HEAD + name, parameter)
        return module.to(self.dtype).train()

    def _tried(self, x):
        """Number of classes, activations a point, the linear layer called last and how many numbers enter it."""
        called, sizes = [], []

        def note(part, arguments, output):
            if isinstance(part, nn.Linear):
                called.append((part, arguments[0][0].numel()))
            if isinstance(output, torch.Tensor):
                sizes.append(output[0].numel())

        hooks = [part.register_forward_hook(note) for part in self.module.modules()]
        before = [buffer.clone() for buffer in self.module.buffers()]
        with torch.no_grad():
            try:
                scores = self.module(x)
            except (RuntimeError, ValueError, TypeError, IndexError) as error:
                reason = str(error).strip().splitlines()[0]
                raise ValueError(f"the network fails on points of shape {tuple(x.shape)}: {reason}") from error
            for hook in hooks:
                hook.remove()
            again = self.module(x)
        if not isinstance(scores, torch.Tensor) or scores.ndim != 2 or len(scores) != len(x):
            got = f"shape {tuple(scores.shape)}" if isinstance(scores, torch.Tensor) else f"a {type(scores).__name__}"
            raise ValueError(f"the network must give scores (b, k) for points (b, …), got {got} for {len(x)} points")
        if not torch.equal(scores, again):
            raise ValueError(
                "the network answers the same input differently each time: it draws at random; leave that out"
            )
        if any(not torch.equal(a, b) for a, b in zip(before, self.module.buffers())):
            raise ValueError("the network changes its buffers while it computes: a running state cannot be stacked")
        last, features = called[-1] if called else (None, 0)
        return scores.shape[1], sum(sizes), last, features


def _refuse_what_is_no_function(module):
    for name, part in module.named_modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            raise ValueError(
                f"the network has batch norm ({name or type(part).__name__}), through which the points of a batch "
                "change each other's scores; use nn.LayerNorm or nn.GroupNorm, or train it with training.train"
            )
        dropout = part.p if isinstance(part, nn.modules.dropout._DropoutNd) else getattr(part, "dropout", 0.0)
        if isinstance(dropout, float) and dropout > 0:
            raise ValueError(
                f"the network has dropout ({name or type(part).__name__}, {dropout:g}), whose draws are no function of "
                "the seed in a stack; build it with dropout=0, or train it with training.train"
            )
