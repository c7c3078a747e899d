"""Many small networks trained at once: full batch, squared loss, one matrix product a layer for all of them.

The networks are those of `kernels.mlp_kernel` at finite width m, in the NTK parameterisation (Jacot et al., 2018):

    f(x) = w/√m · v·h + b·c,   h = relu(w/√fan_in · W h' + b·c),   h' the layer before, x for the first, fan_in = d,

all of v, W, c drawn from N(0, 1). Training starts from the initial function f₀ as zero: the prediction is f − f₀, for
which kernel regression with the NTK is the limit m → ∞ network by network, not only on average over the draws. Where
the initial function is kept the prediction is f, that is f₀ plus what f − f₀ learns from labels less f₀, and its spread
over draws tends to `regression.ensemble_covariance`. With r the residuals of the points trained on, θ all parameters
and η the rate, a step of gradient descent with momentum is

    V ← χ V − η ∇_θ ½|r|²,    θ ← θ + V.

Where labels are small the tangent kernel hardly moves, and the answer does not depend on the way there. Where they are
large against √m it does: with χ = 0.9 and η = 1/λ_max all eigenvalues above (1 − √χ)² λ_max = 0.003 λ_max overshoot,
and what the features learn on the way past the labels stays. There the default is gradient descent without momentum,
at a rate that follows from how the curvature grows: a network of L hidden layers is homogeneous in its weights of
degree L + 1 (but for biases), so outputs c times as large take weights c^(1/(L+1)) times as large, and make λ_max
c^(2L/(L+1)) times as large. With s the largest |label| that a network is trained on,

    s ≤ √m/8:  χ = 0.9, η = 1/λ_max;    else:  χ = 0, η = 1/(2 L λ_max) / (1 + s/√m)^(2L/(L+1)).

With several classes a network has an output for each, v and its bias being drawn for each, and all of this holds with
|r|² and λ_max over all points and outputs.

Gradients of the first layer stay in the span of the n inputs. With n < d, inputs and first layers are therefore written
in an orthonormal basis of that span: the same training to rounding, at n/d of the cost.
"""

import math
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from tqdm import tqdm

from symlib.support.checks import (
    finite_array,
    fraction,
    index_array,
    label_columns,
    nonnegative,
    nonnegative_int,
    positive,
    positive_int,
)
from symlib.training.devices import pick_device, portion_bytes
from symlib.training.small_networks import SmallNetworks, draw, initial_weights

__all__ = ["Ensemble", "initial_weights", "train_ensemble"]

# Labels up to this many √width leave the kernel nearly as it is: see above.
_SMALL_LABELS = 1 / 8
# How far beyond the labels a network may shoot, in units of the largest, before the user is told. With several outputs
# gradient flow itself was seen 0.3 beyond them on its way, at every rate.
_OVERSHOOT, _OVERSHOOT_OF_SEVERAL = 0.25, 0.4


class Ensemble(NamedTuple):
    """What `train_ensemble` gives; axes: problems, then left-out points.

    `residuals` are label minus prediction at the point left out, comparable to `regression.loo_residuals`; where points
    are left out together they have an axis more, comparable to `regression.holdout_residuals`;
    `train_error` is the largest absolute residual among the points trained on: what is left to learn. `kernel` is the
    tangent kernel of each network when training ended, among all n points (the mean over outputs); None unless asked
    for.
    """

    residuals: np.ndarray
    train_error: np.ndarray
    kernel: np.ndarray | None = None


def train_ensemble(
    x: ArrayLike,
    labels: ArrayLike,
    held_out: ArrayLike,
    *,
    width: int = 512,
    depth: int = 1,
    w_std: float = 1.0,
    b_std: float = 1.0,
    steps: int = 1000,
    rate: float | None = None,
    momentum: float | None = None,
    tolerance: float = 0.0,
    keep_initial: bool = False,
    seed: int = 0,
    kernel: bool = False,
    dtype: Literal["float32", "float64"] = "float32",
    device: str | torch.device | None = None,
    progress: bool = True,
) -> Ensemble:
    """Train a network for each problem and each left-out point, on all other points of the problem; many at once.

    Parameters
    ----------
    x : array_like, shape (..., n, d)
        Leading axes are problems; for example `points(orbits)` of pairs of digits in N poses, n = 2N.
    labels : array_like, shape (n,) or (..., n); or (n, k) or (..., n, k) for networks of k outputs, one column a class
    held_out : array_like of int, shape (h,) or (h, p)
        Points; each is left out alone, by a network of its own, drawn anew. Or rows of p points, each row left out
        together by a network of its own.
    width, depth : int, hidden units a layer and hidden layers
    w_std, b_std : float, at least 0, as for `mlp_kernel`
    steps : int, steps of gradient descent at most
    rate : float, optional
        Left out: for each network 1/λ_max of its tangent kernel at the start, which is stable. Where a label exceeds
        √width/8 in size, half of that or less, and the smaller the more it exceeds √width: see the head of this file.
    momentum : float in [0, 1), optional
        Left out: 0.9, and 0 where a label exceeds √width/8 in size: there the network learns features, and what it
        learns while momentum carries it past the labels stays.
    tolerance : float
        Networks trained together stop when no residual they are trained on exceeds it.
    keep_initial : bool
        Train f, with the initial function kept, in the place of f − f₀: an ensemble in the usual sense, whose members
        differ at the points left out even at infinite width. For M members, M copies of x along a new leading axis.
    seed : int, at least 0
        The weights of a network depend on it, on the indices of its problem and of its (first) left-out point, and on
        d, width and depth; not on what else is trained, nor on device and dtype.
    kernel : bool, return the tangent kernels after training as well
    dtype : {"float32", "float64"}
    device : str or torch.device, optional, as for `training.train`
    progress : bool, show a bar

    Returns
    -------
    Ensemble
        Float64 arrays: `residuals`, (..., h) or (..., h, p) as `held_out`, with an axis of k more as the labels;
        `train_error`, (..., h); and `kernel`, (..., h, n, n), or None.

    Raises
    ------
    ValueError
        If shapes do not fit, `held_out` repeats a point or names one out of range, or a size is out of range.
    FloatingPointError
        If a network diverges: `rate` is too large.

    Warns
    -----
    RuntimeWarning
        If labels exceed √width/8 and a network's predictions at points trained on went beyond the range of the labels
        (and zero) by more than a quarter of the largest, or two fifths with several outputs: its answers then depend
        on `rate` and `momentum`.

    Notes
    -----
    Labels of size s in the place of 1, and predictions divided by s, change nothing in kernel regression; in a network
    of finite width they say how far its features have to move (Chizat et al., 2019). What a network with large labels
    answers at points left out is a property of the data only where it does not overshoot on the way: compare two rates.
    (With several outputs gradient flow itself goes beyond labels and comes back, at every rate.)

    Work of a step: 6·n·(min(n, d) + k)·width multiplications a network for depth 1 and k outputs. The conditioning of
    the tangent kernel sets the number of steps: inputs with |x|² about d (pixels of variance 1) need far fewer than
    unit inputs.

    Examples
    --------
    >>> import numpy as np
    >>> from symlib.kernels import mlp_kernel
    >>> from symlib.regression import loo_residuals
    >>> x, y = np.random.default_rng(0).standard_normal((6, 20)), [1, -1, 1, -1, 1, -1]
    >>> trained = train_ensemble(x, y, [0, 3], width=4096, steps=200, device="cpu", progress=False)
    >>> print(np.abs(trained.residuals - loo_residuals(mlp_kernel(x).ntk, y)[[0, 3]]).max() < 0.1)
    True
    """
    x = finite_array(x, "x", min_ndim=2)
    *batch, n, d = x.shape
    if 0 in x.shape or n < 2:
        raise ValueError(f"x must have shape (..., n, d) with n at least 2, none of them 0, got {x.shape}")
    labels, one_column = label_columns(labels, (*batch,), n)
    held_out, alone = _left_out(held_out, n)
    width, depth, steps = positive_int(width, "width"), positive_int(depth, "depth"), positive_int(steps, "steps")
    seed = nonnegative_int(seed, "seed")
    momentum = None if momentum is None else fraction(momentum, "momentum")
    rate = None if rate is None else positive(rate, "rate")
    if dtype not in ("float32", "float64"):
        raise ValueError(f'dtype must be "float32" or "float64", got {dtype!r}')
    device, dtype = pick_device(device), getattr(torch, dtype)
    scales = nonnegative(w_std, "w_std"), nonnegative(b_std, "b_std")

    problems = x.reshape(-1, n, d)
    outputs = labels.shape[-1]
    targets = torch.from_numpy(labels.reshape(-1, n, outputs).copy())
    networks = [(problem, left_out) for problem in range(len(problems)) for left_out in held_out]
    largest = torch.stack([_largest_other(targets[problem], left_out) for problem, left_out in networks])
    rich = (largest > _SMALL_LABELS * math.sqrt(width)).numpy()
    at_once = _networks_at_once((min(n, d), *[width] * depth, outputs), n, dtype, device)
    threads = torch.get_num_threads() if device.type == "cpu" else 1
    at_once = min(at_once, -(-len(networks) // threads))
    # Networks trained together have one momentum, so the two regimes are trained apart.
    groups = np.flatnonzero(~rich), np.flatnonzero(rich)
    chunks = [group[start : start + at_once] for group in groups for start in range(0, len(group), at_once)]

    def trained(chunk, stop, bar):
        chosen = [networks[i] for i in chunk]
        problem, left_out = (list(column) for column in zip(*chosen))
        together = SmallNetworks(*draw(problems, chosen, width, depth, seed, outputs), d, scales, device, dtype)
        sizes = largest[chunk] if rich[chunk[0]] else None
        how = steps, rate, momentum, sizes, tolerance, keep_initial
        measured = together.descend(targets[problem], np.array(left_out), *how, stop, bar)
        return *measured, *([together.tangent_kernel()] if kernel else [])

    with tqdm(total=len(chunks) * steps, desc="ensemble", unit="step", disable=not progress, leave=False) as bar:
        found = _side_by_side(lambda chunk, stop: trained(chunk, stop, bar), chunks, threads)
    back = np.argsort(np.concatenate(chunks))
    parts = (np.concatenate([part.cpu().double().numpy() for part in parts])[back] for parts in zip(*found))
    residuals, train_error, beyond, *kernels = (part.reshape(*batch, len(held_out), *part.shape[1:]) for part in parts)
    _warn_of_overshoot(beyond, _OVERSHOOT if outputs == 1 else _OVERSHOOT_OF_SEVERAL)
    residuals = residuals[..., 0] if one_column else residuals
    return Ensemble(residuals.squeeze(len(batch) + 1) if alone else residuals, train_error, *kernels)


def _left_out(held_out, n):
    """(h, p) points, a row left out together by one network, and whether they came as (h,), each alone."""
    if np.ndim(held_out) != 2:
        return index_array(held_out, (n,), "held_out")[:, None], True
    rows = np.stack([index_array(row, (n,), "held_out") for row in held_out])
    if rows.shape[1] == n:
        raise ValueError(f"held_out leaves out all {n} points; leave at least one to train on")
    return rows, False


def _largest_other(targets, left_out):
    """The largest |label| among the points trained on."""
    return targets[np.setdiff1d(np.arange(len(targets)), left_out)].abs().max()


def _warn_of_overshoot(beyond, allowed):
    if (beyond > allowed).any():
        warnings.warn(
            f"{(beyond > allowed).mean():.0%} of the networks went beyond their labels while training, by up to "
            f"{beyond.max():.2f} of the largest: with labels as large as these against √width, what they answer at the "
            "points left out depends on how far; leave out momentum (or give 0) and rate, or lower rate",
            RuntimeWarning,
            stacklevel=3,
        )


def _side_by_side(work, chunks, threads):
    """[work(chunk, stop)] on that many threads, each computing on its own: small products do not wait for each other.

    Threads that share each product wait for the slowest at every step, on a busy machine many times longer than the
    step takes. `stop` is set when one fails or the user interrupts.
    """
    stop = threading.Event()
    if threads == 1:
        return [work(chunk, stop) for chunk in chunks]
    try:
        with ThreadPoolExecutor(threads, initializer=lambda: torch.set_num_threads(1)) as pool:
            try:
                return list(pool.map(lambda chunk: work(chunk, stop), chunks))
            finally:
                stop.set()
    finally:
        torch.set_num_threads(threads)  # for threads that start later


def _networks_at_once(widths, n, dtype, device):
    numbers = sum(2 * (fan_in + 1) * fan_out + 2 * n * fan_out for fan_in, fan_out in pairwise(widths))
    return max(1, portion_bytes(device) // (numbers * dtype.itemsize))
