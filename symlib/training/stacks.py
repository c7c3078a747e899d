"""Ordinary PyTorch networks trained side by side, each from a start of its own and on its own data, by AdamW.

With θ_s the parameters of network s and L_s the loss on its batch, a step is

    θ_s ← AdamW(θ_s, ∇_θ L_s),    L = ℓ + λ · consistency + w · ℓ_auxiliary,    ℓ the mean loss over labelled points.

The parameters are stacked (`stacked_modules`), and the gradient of Σ_s L_s holds that of each network in its own slice.
AdamW (Loshchilov and Hutter, 2019) acts on each number by itself, so one optimiser for the stack is one for each
network: the results are those of networks trained one at a time, up to the order of sums within a matrix product.

On the last hidden layer h, what enters the linear layer called last, act two ways of asking for a symmetry: consistency
is the mean over units and pairs of (h(x) − h(x′))², x and x′ two random poses of one orbit; and a second linear layer
on h learns labels of its own, such as "which orbit is it?".
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn
from torch.nn.functional import cross_entropy, one_hot
from tqdm import tqdm

from symlib.support.checks import finite_array, nonnegative, nonnegative_int, plain_array, positive, positive_int
from symlib.training.devices import pick_device
from symlib.training.stacked_modules import StackedModule

_LOOK_EVERY = 50  # steps between two looks at whether the losses are finite


class Stack:
    """Networks trained by `train_stack`, S of them.

    Attributes
    ----------
    losses : ndarray, shape (S, steps)
        What each network minimised at each step: on its batch, before the step.
    watched : ndarray, shape (len(at), S, t, k), or None
        Scores on the watched inputs, at the watched steps.
    weights : dict of str to torch.Tensor, shapes (S, …), on the CPU
    """

    def __init__(
        self,
        networks: StackedModule,
        weights: dict[str, torch.Tensor],
        losses: NDArray[np.float64],
        watched: NDArray[np.float64] | None,
        device: torch.device,
    ):
        self._networks, self._device = networks, device
        self.weights, self.losses, self.watched = weights, losses, watched

    def __len__(self) -> int:
        return len(self.losses)

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """Scores (S, t, k) of each network on inputs (S, t, …) of its own, or on inputs (t, …) that all share.

        Raises ValueError if points have another shape than those trained on.
        """
        networks = self._networks
        x = _checked_inputs(x, "x", networks.point, len(self))
        scores = []
        for rows in networks.portions(len(self), 1, self._device):
            weights = {name: weight[rows].to(self._device) for name, weight in self.weights.items()}
            scores.append(networks.scores(weights, networks.tensor(_own(x, networks.point, rows), self._device)))
        return np.concatenate(scores)

    def network(self, i: int) -> nn.Module:
        """Network i as a module by itself, on the CPU, in evaluation mode; without the second head."""
        return self._networks.alone({name: weight[i] for name, weight in self.weights.items()})


def train_stack(
    build: Callable[[], nn.Module],
    x: ArrayLike,
    y: ArrayLike,
    *,
    seeds: Sequence[int],
    steps: int,
    rate: float = 1e-3,
    weight_decay: float = 0.0,
    loss: Literal["cross-entropy", "squared"] = "cross-entropy",
    weight_scale: float = 1.0,
    batch_size: int | None = None,
    consistency: float = 0.0,
    auxiliary: tuple[ArrayLike, float] | None = None,
    orbits: ArrayLike | None = None,
    watch: tuple[ArrayLike, Sequence[int]] | None = None,
    dtype: Literal["float32", "float64"] = "float32",
    device: str | torch.device | None = None,
    progress: bool = True,
) -> Stack:
    """Train a network for each seed by AdamW, all side by side, with the results of one at a time.

    Parameters
    ----------
    build : callable without arguments
        Gives a new torch module that maps points (b, …) to scores (b, k), with initial weights of its own choice, under
        `torch.manual_seed(seed)`. For example `lambda: models.MLP((256, 256), dropout=0, side=14, classes=12)`.
    x : array_like, shape (S, n, …) or (n, …)
        A data set for each network, or one for all. Where the shape can be read in both ways, it is read as that of y.
    y : array_like of int, shape (S, n) or (n,)
        Classes from 0 to k − 1; −1 for a point without one, which only `consistency` and `auxiliary` use.
    seeds : sequence of int, length S
        Of initial weights, order of batches and pairs of poses. Networks of equal seed start from the same weights and
        see their points in the same order, so what they differ in is their data.
    steps : int
    rate : float, the learning rate
    weight_decay : float, at least 0, decoupled, on all parameters
    loss : {"cross-entropy", "squared"}
        "squared" is |scores − one-hot|², summed over classes.
    weight_scale : float
        Factor on the initial parameters of at least two axes: matrices and filters, not biases.
    batch_size : int, optional
        Left out: all points at each step. Else each network goes through its points in an order of its own, and then
        in another; of n points, those beyond a multiple of the size are left out of that round.
    consistency : float, at least 0
        λ: a step adds λ times the mean squared difference of the last hidden layer between two random poses of one
        orbit, over half as many pairs as a batch has points; orbits and poses are drawn with replacement.
    auxiliary : (labels, weight), optional
        Labels as y, −1 for none: a second head on the last hidden layer learns them by cross-entropy, times `weight`.
    orbits : array_like of int, shape (S, n) or (n,), optional
        For `consistency`: the number of the orbit to which a point belongs, −1 for none.
    watch : (inputs, at), optional
        Inputs (S, t, …) or (t, …), and ascending numbers of steps after which the scores on them are kept.
    dtype : {"float32", "float64"}
    device : str or torch.device, optional, as for `training.train`
    progress : bool, show a bar

    Returns
    -------
    Stack
        `predict(x)`, `losses` (S, steps), `watched`, `weights`, `network(i)`.

    Raises
    ------
    ValueError
        If shapes do not fit or labels are no classes of the network; if the network has batch norm or dropout, draws at
        random, or keeps a running state, and so is no function of its weights and of one point.
    FloatingPointError
        If a network diverges.

    Notes
    -----
    What a network becomes depends on its seed, its data and the settings, not on what else is in the stack, but for
    rounding. Networks are trained in portions of about 64 MiB on a CPU (2 GiB on a GPU). Fully connected ones gain by
    it; on a CPU, networks with other layers follow each other, which is quicker there.

    Examples
    --------
    >>> x, y = np.random.default_rng(0).standard_normal((40, 5)), np.arange(40) % 2
    >>> x[:, 0] += 4 * y
    >>> build = lambda: nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 2))
    >>> stack = train_stack(build, x, y, seeds=range(3), steps=100, rate=0.01, device="cpu", progress=False)
    >>> scores = stack.predict(x)
    >>> scores.shape, bool((scores.argmax(-1) == y).mean() > 0.9)
    ((3, 40, 2), True)
    """
    if dtype not in ("float32", "float64"):
        raise ValueError(f'dtype must be "float32" or "float64", got {dtype!r}')
    if loss not in ("cross-entropy", "squared"):
        raise ValueError(f'loss must be "cross-entropy" or "squared", got {loss!r}')
    seeds = [nonnegative_int(seed, f"seeds[{i}]") for i, seed in enumerate(seeds)]
    if not seeds:
        raise ValueError("seeds is empty; give one for each network")
    y = _whole_numbers(y, "y", len(seeds))
    n = y.shape[-1]
    x = finite_array(x, "x", min_ndim=2)
    point = _point_shape(x, y, len(seeds))
    columns = {"y": y}
    steps, weight_scale = positive_int(steps, "steps"), positive(weight_scale, "weight_scale")
    settings = {
        "steps": steps,
        "rate": positive(rate, "rate"),
        "weight_decay": nonnegative(weight_decay, "weight_decay"),
        "loss": loss,
        "batch": n if batch_size is None else min(positive_int(batch_size, "batch_size"), n),
        "consistency": nonnegative(consistency, "consistency"),
    }
    if settings["consistency"]:
        if orbits is None:
            raise ValueError("consistency needs orbits: the number of the orbit of each point, -1 for none")
        columns["orbits"] = _whole_numbers(orbits, "orbits", len(seeds), n, needed=True)
    if auxiliary is not None:
        columns["auxiliary"] = _whole_numbers(auxiliary[0], "the labels of auxiliary", len(seeds), n, needed=True)
        settings["auxiliary"] = nonnegative(auxiliary[1], "the weight of auxiliary")
    head = int(columns["auxiliary"].max()) + 1 if auxiliary is not None else 0
    device = pick_device(device)
    example = torch.from_numpy(x.reshape(-1, *point)[:2].copy()).to(getattr(torch, dtype))
    networks = StackedModule(build, example, head=head, hidden=bool(head or settings["consistency"]))
    if y.max() >= networks.classes:
        raise ValueError(
            f"y must be -1 or 0 to {networks.classes - 1} for a network of {networks.classes} scores, got {y.max()}"
        )
    seen, at = _checked_watch(watch, point, len(seeds), steps)

    done = []
    portions = networks.portions(len(seeds), settings["batch"], device)
    with tqdm(total=len(portions) * steps, desc="networks", unit="step", disable=not progress, leave=False) as bar:
        for rows in portions:
            weights = {name: weight.to(device) for name, weight in networks.drawn(seeds[rows], weight_scale).items()}
            points = networks.tensor(_own(x, point, rows), device)
            own = {name: np.broadcast_to(column, (len(seeds), n))[rows] for name, column in columns.items()}
            look = (None if seen is None else networks.tensor(_own(seen, point, rows), device), at)
            losses, watched = _descend(networks, weights, points, own, seeds[rows], settings, look, bar)
            done.append(({name: weight.detach().cpu() for name, weight in weights.items()}, losses, watched))
    weights, losses, watched = zip(*done)
    weights = {name: torch.cat([part[name] for part in weights]) for name in weights[0]}
    return Stack(
        networks, weights, np.concatenate(losses), None if watch is None else np.concatenate(watched, axis=1), device
    )


def _descend(networks, weights, x, columns, seeds, settings, watch, bar):
    """Train `weights` in place; losses (M, steps) and the scores on what is watched, (len(at), M, t, k) or None."""
    device, n, batch = x.device, columns["y"].shape[1], settings["batch"]
    points_axis = x.ndim - len(networks.point) - 1
    labels = {name: torch.tensor(columns[name], device=device) for name in ("y", "auxiliary") if name in columns}
    batches = _batches(seeds, n, batch)
    pairs = _pairs(columns["orbits"], seeds, max(1, batch // 2)) if settings["consistency"] else None
    every = torch.arange(len(seeds), device=device)[:, None]

    def chosen(rows):
        rows = rows.to(device)
        return x[every, rows] if points_axis else x[rows]

    parameters = [weight.requires_grad_() for weight in weights.values()]
    optimizer = torch.optim.AdamW(
        parameters,
        lr=settings["rate"],
        weight_decay=settings["weight_decay"],
        fused=device.type in ("cpu", "cuda"),  # one pass over all numbers in the place of a dozen
    )
    losses, watched = [], []
    for step in range(1, settings["steps"] + 1):
        rows = next(batches)
        scores, hidden = networks(weights, x if rows is None else chosen(rows))
        now = {name: column if rows is None else column[every, rows.to(device)] for name, column in labels.items()}
        total = _mean_loss(scores, now["y"], settings["loss"])
        if "auxiliary" in labels:
            second = _mean_loss(networks.second_scores(weights, hidden), now["auxiliary"], "cross-entropy")
            total = total + settings["auxiliary"] * second
        if pairs is not None:
            poses = networks(weights, chosen(next(pairs).flatten(1)))[1].unflatten(1, (2, -1))
            total = total + settings["consistency"] * (poses[:, 0] - poses[:, 1]).square().mean(dim=(1, 2))
        optimizer.zero_grad()
        total.sum().backward()
        optimizer.step()
        losses.append(total.detach())
        if step % _LOOK_EVERY == 0 or step == settings["steps"]:
            _refuse_divergence(weights, losses[-_LOOK_EVERY:], seeds, step, settings["rate"])
        if step in watch[1]:
            watched.append(networks.scores(weights, watch[0]))
        bar.update()
    losses = torch.stack(losses, dim=1).cpu().double().numpy()
    return losses, np.stack(watched) if watched else None


def _mean_loss(scores, labels, loss):
    """(M,) from scores (M, b, k) and labels (M, b): the mean over points with a label, 0 where there are none."""
    labelled = labels >= 0
    if loss == "cross-entropy":
        each = cross_entropy(scores.flatten(0, 1), labels.flatten(), ignore_index=-1, reduction="none")
        each = each.view_as(labels)
    else:
        each = (scores - one_hot(labels.clamp(min=0), scores.shape[-1])).square().sum(-1) * labelled
    return each.sum(1) / labelled.sum(1).clamp(min=1)


def _batches(seeds, n, size):
    """For ever, the points of each network's next batch, (M, size); None where that is all of them."""
    sources = [np.random.default_rng([seed, 0]) for seed in seeds]
    while True:
        if size == n:
            yield None
            continue
        orders = np.stack([source.permutation(n) for source in sources])
        for start in range(0, n - size + 1, size):
            yield torch.from_numpy(orders[:, start : start + size])


def _pairs(orbits, seeds, size):
    """For ever, `size` pairs of points of one orbit for each network, (M, 2, size)."""
    sources = [np.random.default_rng([seed, 1]) for seed in seeds]
    members = []
    for numbers in orbits:
        points = np.argsort(numbers, kind="stable")
        points = points[numbers[points] >= 0]
        starts = np.flatnonzero(np.diff(numbers[points], prepend=-1))
        members.append((points, starts, np.diff(starts, append=len(points))))
    while True:
        drawn = []
        for source, (points, starts, counts) in zip(sources, members):
            orbit = source.integers(len(starts), size=size)
            drawn.append(points[starts[orbit] + source.integers(counts[orbit], size=(2, size))])
        yield torch.from_numpy(np.stack(drawn))


def _refuse_divergence(weights, losses, seeds, step, rate):
    finite = torch.stack(losses).isfinite().all(dim=0)
    for weight in weights.values():
        finite = finite & weight.isfinite().flatten(1).all(dim=1)
    if not finite.all():
        first = int((~finite).nonzero()[0])
        raise FloatingPointError(
            f"the network of seed {seeds[first]} diverged within {step} steps; lower rate = {rate:g}, or weight_scale"
        )


def _own(x, point, rows):
    """The data sets of these networks, or the one that all share."""
    return x[rows] if x.ndim == 2 + len(point) else x


def _whole_numbers(labels, name, stack, n=None, needed=False):
    """`labels` as int64 (S, n) or (n,), each at least -1; where `needed`, each network has one that is not -1."""
    labels = plain_array(labels, name)
    fits = labels.ndim in (1, 2) and labels.dtype.kind in "iu" and labels.size and labels.shape[:-1] in ((), (stack,))
    if not fits or (n is not None and labels.shape[-1] != n):
        points = "n" if n is None else n
        raise ValueError(
            f"{name} must be whole numbers of shape ({stack}, {points}) or ({points},), one for each point, got "
            f"{labels.dtype} of shape {labels.shape}"
        )
    if labels.min() < -1:
        raise ValueError(f"{name} must be -1, for none, or at least 0, got {labels.min()}")
    if needed and (labels.max(axis=-1) < 0).any():
        raise ValueError(f"{name} must not be -1 at all points of a network, or there is nothing to learn from them")
    return labels.astype(np.int64)


def _point_shape(x, y, stack):
    """The shape of a point of x, (S, n, …) or (n, …) with n the number of labels; where both fit, read as y is."""
    n = y.shape[-1]
    each, shared = x.shape[:2] == (stack, n), x.shape[0] == n
    if not (each or shared):
        raise ValueError(
            f"x must have shape ({stack}, {n}, …) or ({n}, …), a point for each label, got {x.shape}; y has {y.shape}"
        )
    return x.shape[2:] if each and (y.ndim == 2 or not shared) else x.shape[1:]


def _checked_inputs(x, name, point, stack):
    """`x` in float64, (S, t, …) or (t, …) with points of the shape trained on."""
    x = finite_array(x, name, min_ndim=1)
    if x.shape[1:] != point and (x.shape[:1] != (stack,) or x.ndim < 2 or x.shape[2:] != point):
        each = ", ".join(map(str, point))
        raise ValueError(f"{name} must have shape (t, {each}) or ({stack}, t, {each}), as trained on, got {x.shape}")
    return x


def _checked_watch(watch, point, stack, steps):
    if watch is None:
        return None, frozenset()
    inputs, at = watch
    at = [positive_int(step, f"watched step {i}") for i, step in enumerate(at)]
    if not at or at != sorted(set(at)) or at[-1] > steps:
        raise ValueError(f"watched steps must ascend, from 1 to steps = {steps}, got {at}")
    return _checked_inputs(inputs, "watched inputs", point, stack), frozenset(at)
