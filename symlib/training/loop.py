"""Training networks on images in some of their poses, and measuring them on unseen images and in unseen poses.

The experiment of Perin and Deny (2025), Fig. 1: every pose of most classes, some poses of one class
(`datasets.partially_observed`); how well is that class recognised in the poses never seen of it? Images are turned and
standardised on the device (`pose_batches`). Loss: cross-entropy. Optimiser: Adam (Kingma and Ba, 2015), with decoupled
weight decay where asked (Loshchilov and Hutter, 2019). Its rate rises linearly and then falls as half a cosine: with t
from 0 to 1 the fraction of training done, and w = warm_up,

    rate(t) = rate · t/w                             up to t = w,
    rate(t) = rate · (1 + cos π(t − w)/(1 − w))/2    from there on.
"""

import math
import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from symlib.datasets import PoseSplit
from symlib.support.checks import fraction, nonnegative, nonnegative_int, positive, positive_int
from symlib.support.digests import array_digest
from symlib.support.files import check_writable
from symlib.support.fingerprints import code_fingerprint
from symlib.support.memory import MEMORY_LIMIT
from symlib.training import checkpoints
from symlib.training.devices import dtype_of, fast_paths, float32_by_default, pick_device
from symlib.training.evaluation import accuracy, checked_labels
from symlib.training.pose_batches import PoseImages, batch_starts

_LEAST_ROWS = 2  # of a batch: normalisation over a batch of one is none


class History(NamedTuple):
    """What training gave, epoch by epoch. Accuracies are fractions of rows classified correctly.

    `loss` is the mean cross-entropy (nats) of the batches of an epoch, while the weights moved; `train` the accuracy on
    rows trained on; `test_in` on unseen images in the poses seen of their class; `test_out` on unseen images of the
    partial class in the poses never seen of it, the number of interest; `chance` that of a uniform guess.
    """

    loss: np.ndarray
    train: np.ndarray
    test_in: np.ndarray
    test_out: np.ndarray
    chance: float


class Trained(NamedTuple):
    """A network and how it came about."""

    model: torch.nn.Module
    history: History


def train(
    model: torch.nn.Module | Callable[[], torch.nn.Module],
    images: ArrayLike,
    labels: ArrayLike,
    split: PoseSplit,
    n_poses: int,
    *,
    epochs: int = 8,
    batch_size: int = 128,
    rate: float = 2e-3,
    warm_up: float = 0.2,
    weight_decay: float = 0.0,
    seed: int = 0,
    device: str | torch.device | None = None,
    checkpoint: str | os.PathLike | None = None,
    n_evaluate: int | None = 5000,
    mixed_precision: bool | None = None,
    compiled: bool | None = None,
    progress: bool = True,
    memory_limit: int = MEMORY_LIMIT,
) -> Trained:
    """Train a network on the rows (image, pose) of `split.train`, measuring it after each epoch.

    Parameters
    ----------
    model : callable that makes a torch module, or a module
        For example `models.MLP` or `models.ViT.small`, called under the seed; or a module, trained in place from the
        weights it has. It takes images (B, H, W) and gives scores (B, classes).
    images : array_like, shape (n, H, W), H = W
    labels : array_like, shape (n,), whole numbers from 0 to classes − 1
    split : datasets.PoseSplit
        `partially_observed(labels, n_poses, ...)`, which splits by image.
    n_poses : int
        Pose g is the rotation by 360·g/n_poses degrees (`orbits.rotation_orbits`, splines).
    epochs, batch_size : int
    rate : float, the highest learning rate
    warm_up : float in [0, 1), the fraction of training in which the rate rises
    weight_decay : float, at least 0
    seed : int, at least 0
        Of initial weights, order and dropout. A run on a CPU repeats bit for bit, given the same number of threads.
    device : str or torch.device, optional
        Left out: CUDA where there is one, else MPS, else the CPU.
    checkpoint : path, optional
        Written after each epoch, whole or not at all. If the file exists, training goes on from it, to the weights
        that it would have reached without the interruption. It is refused if anything that the run depends on is
        another: arguments, data, initial weights, torch's version, the code of the network and what it uses (followed
        as by `sweeps.sweep`), or what the network makes of a few images.
    n_evaluate : int or None
        Rows on which each accuracy is measured, drawn once by the seed; None for all (and as many of `split.train` as
        there are of `split.test_in`). The standard error is at most 1/√(4·n_evaluate).
    mixed_precision, compiled : bool, optional
        Products in bfloat16; `torch.compile`. Left out: where the device is a CUDA one that has them.
    progress : bool, show a bar
    memory_limit : int, bytes, of images and rotations on the device

    Returns
    -------
    Trained
        `model`, on `device` in evaluation mode, and `history`, arrays of shape (epochs,).

    Raises
    ------
    ValueError
        If arguments do not fit each other, the device is not there, an image is blank in one of its poses, or
        `checkpoint` belongs to another run.
    TypeError
        With `checkpoint`, if the network's code cannot be followed.
    OSError
        If `checkpoint` cannot be written: before training if that can be seen then, else when training is done, as an
        `UnsavedError` whose `trained` is the result.
    MemoryError
        If images and rotations exceed `memory_limit`.
    FloatingPointError
        If the loss is no longer finite.

    Notes
    -----
    Memory on the device, in float32: 4·n·H·W bytes of images, 4·n_poses·(H·W)² of rotations, 4·4 a parameter (weight,
    gradient, two moments), and the activations of a batch. For 60,000 digits in 64 poses and `ViT`, the largest, in
    batches of 512: 188 MB + 157 MB + 26 MB + 512 · 1.7 MB = 1.2 GB. A GPU of 16 GB takes batches of 4,096.

    Examples
    --------
    >>> from symlib import mnist, partially_observed
    >>> from symlib.models import MLP
    >>> images, labels = (array[:200] for array in mnist())
    >>> split = partially_observed(labels, 2, partial_class=7, seen_poses=[1], seed=0)
    >>> run = train(MLP.small, images, labels, split, 2, epochs=2, device="cpu", progress=False)
    >>> run.history.test_out.shape, run.history.chance
    ((2,), 0.1)
    """
    device = pick_device(device)
    epochs, batch_size = positive_int(epochs, "epochs"), positive_int(batch_size, "batch_size")
    rate, warm_up = positive(rate, "rate"), fraction(warm_up, "warm_up")
    seed = nonnegative_int(seed, "seed")
    mixed_precision, compiled = fast_paths(device, mixed_precision, compiled)
    inputs = PoseImages(images, n_poses, device, memory_limit=memory_limit, progress=progress)
    rows = _checked_split(split, inputs)
    measured = _rows_to_measure(rows, n_evaluate, seed)

    # The caller's random numbers go on as if nothing had been drawn.
    with float32_by_default(), torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        model = (model if isinstance(model, torch.nn.Module) else model()).to(device)
        inputs.dtype = dtype_of(model)
        labels, classes = checked_labels(labels, model, inputs)
        targets = torch.from_numpy(labels).to(device)
        settings = {"epochs": epochs, "batch_size": batch_size, "rate": rate, "warm_up": warm_up}
        settings |= {"weight_decay": nonnegative(weight_decay, "weight_decay"), "seed": seed}
        loop = _Loop(model, inputs, targets, rows.train, settings, mixed_precision, compiled)
        unsaved = None
        if checkpoint is not None:
            check_writable(checkpoint)
            run = settings | {
                "n_poses": inputs.n_poses,
                "model": str(model),
                "network's code": _code_of(model),
                "network's outputs": _outputs(model, inputs),
                "initial weights": array_digest(*(weight.cpu().numpy() for weight in model.state_dict().values())),
                "data": array_digest(inputs.images.cpu().numpy(), labels, *rows, *measured),
            }
            loop.resume(checkpoints.load(checkpoint, run, device))
        total, done = epochs * loop.steps, len(loop.history) * loop.steps
        with tqdm(total=total, initial=done, desc="train", unit="batch", disable=not progress, leave=False) as bar:
            while len(loop.history) < epochs:
                loop.run_epoch(bar)
                try:
                    right = [accuracy(model, inputs, labels, part, mixed_precision) for part in measured]
                except FloatingPointError as error:
                    raise FloatingPointError(f"{error}: training diverged; lower rate = {rate}") from error
                loop.history[-1] += right
                bar.set_postfix_str(f"in {right[1]:.3f}, out {right[2]:.3f}")
                if checkpoint is not None:
                    unsaved = _saved_or_why_not(checkpoint, run, loop.state())
    trained = Trained(model.eval(), History(*np.array(loop.history).T, chance=1 / classes))
    if unsaved is not None:
        raise UnsavedError(unsaved, trained) from unsaved
    return trained


class UnsavedError(OSError):
    """Training is done, but its last checkpoint could not be written. `trained` is what `train` would have returned."""

    def __init__(self, error: OSError, trained: Trained):
        super().__init__(
            f"{error}. Training went on to its end without: its result is this error's attribute `trained`. Make room, "
            "or name a checkpoint elsewhere, before training longer"
        )
        self.errno, self.trained = error.errno, trained


def _saved_or_why_not(checkpoint, run, state):
    """None, or the error that kept the checkpoint from being written: no reason to lose what was trained."""
    try:
        checkpoints.save(checkpoint, run, state)
    except OSError as error:
        return error
    return None


def _code_of(model):
    """Digest of the code of a network: the classes of all its parts, their hooks, and what they hold but weights."""
    parts = [(name, type(part), dict(_held(part))) for name, part in model.named_modules()]
    try:
        return code_fingerprint([torch.__version__, parts])
    except TypeError as error:
        raise TypeError(f"{error}; or train without checkpoint=, which needs the network's code") from error


def _held(part):
    """What a module holds, but its mode, weights and parts, which are told otherwise."""
    for key, value in vars(part).items():
        if key not in ("training", "_parameters", "_buffers", "_modules"):
            # torch numbers hooks through the whole process: in another run the same ones have other numbers.
            yield key, list(value.values()) if "hooks" in key and isinstance(value, dict) else value


def _outputs(model, inputs):
    """What the network makes of images from all over the set and of noise, to a few digits on any device."""
    rows = np.unique(np.linspace(0, inputs.n_images - 1, 4).astype(int))
    noise = np.random.default_rng(0).standard_normal((4, inputs.side, inputs.side))
    noise = torch.from_numpy(noise).to(inputs.device, inputs.dtype)
    digits = inputs(np.column_stack([rows, rows % inputs.n_poses]))
    with torch.no_grad():
        return model.eval()(torch.cat([digits, noise])).flatten().double().cpu().tolist()


class _Loop:
    """One training run between two epochs: the network, its optimiser, its rate, and what was measured so far."""

    def __init__(self, model, inputs, targets, rows, settings, mixed_precision, compiled):
        self.model, self.inputs, self.targets, self.rows = model, inputs, targets, rows
        self.forward = torch.compile(model) if compiled else model
        self.mixed_precision = mixed_precision
        self.batch_size, self.seed, self.rate = (settings[name] for name in ("batch_size", "seed", "rate"))
        self.steps = len(batch_starts(len(rows), self.batch_size, _LEAST_ROWS))
        self.history = []
        # One pass over all weights in the place of a dozen.
        fused = inputs.device.type in ("cpu", "cuda")
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=self.rate, weight_decay=settings["weight_decay"], fused=fused
        )
        total, warm_up = settings["epochs"] * self.steps, settings["warm_up"]
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: _fraction_of_rate((step + 0.5) / total, warm_up)
        )

    def run_epoch(self, bar):
        """Every row once, in random order; the mean loss is appended to the history."""
        # Seeds of its own for each epoch: a resumed run draws what an uninterrupted one would have drawn.
        source = np.random.SeedSequence([self.seed, 1 + len(self.history)])
        order = np.random.default_rng(source).permutation(len(self.rows))
        torch.manual_seed(int(source.generate_state(1, np.uint64)[0]))
        self.model.train()
        total = torch.zeros((), device=self.inputs.device)
        for x, image in self.inputs.batches(self.rows[order], self.batch_size, _LEAST_ROWS):
            with torch.autocast(self.inputs.device.type, torch.bfloat16, enabled=self.mixed_precision):
                loss = cross_entropy(self.forward(x), self.targets[image])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.schedule.step()
            total += loss.detach() * len(x)
            bar.update()
        mean = float(total) / len(self.rows)
        if not math.isfinite(mean):
            raise FloatingPointError(
                f"the loss is {mean} in epoch {len(self.history) + 1}: training diverged; lower rate = {self.rate}"
            )
        self.history.append([mean])

    def state(self):
        parts = {"model": self.model, "optimizer": self.optimizer, "schedule": self.schedule}
        return {name: part.state_dict() for name, part in parts.items()} | {"history": self.history}

    def resume(self, state):
        """Go on from `state`, or from the beginning if it is None."""
        if state is not None:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.schedule.load_state_dict(state["schedule"])
            self.history = state["history"]


def _fraction_of_rate(t, warm_up):
    """The factor on the rate when the fraction t of training is done."""
    if t < warm_up:
        return t / warm_up
    return (1 + math.cos(math.pi * (t - warm_up) / (1 - warm_up))) / 2


def _checked_split(split, inputs):
    if getattr(split, "_fields", ()) != PoseSplit._fields:
        raise ValueError(
            f"split must be a PoseSplit, got a {type(split).__name__}; make it with partially_observed, or "
            "PoseSplit(train, test_in, test_out)"
        )
    rows = type(split)(*(inputs.row_array(part, f"split.{name}") for name, part in zip(split._fields, split)))
    both = np.intersect1d(rows.train[:, 0], np.concatenate([rows.test_in, rows.test_out])[:, 0])
    if len(both):
        raise ValueError(
            f"image {both[0]} is in split.train and in a test part; split by image, as partially_observed does"
        )
    return rows


def _rows_to_measure(rows, n_evaluate, seed):
    """What accuracies are measured on: at most `n_evaluate` rows of each part, as many of train as of test_in."""
    rng = np.random.default_rng([seed, 0])
    limit = len(rows.test_in) if n_evaluate is None else positive_int(n_evaluate, "n_evaluate")
    limits = (min(limit, len(rows.test_in)), *[limit if n_evaluate else len(part) for part in rows[1:]])
    return [
        part if len(part) <= most else part[np.sort(rng.choice(len(part), most, replace=False))]
        for part, most in zip(rows, limits, strict=True)
    ]
