"""Convolutional kernels with one layer of 3 × 3 filters: time per entry of a symmetric Gram matrix of digits.

The other side is neural-tangents, jitted, in float64, at the batch size that serves it best here. Both give the NTK.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.measure import Row, side_by_side
from symlib.conv_kernels import cnn_kernel
from symlib.datasets import mnist
from symlib.orbits import normalize

DIGITS = 256  # of symlib's Gram matrix
BATCHES = {"flatten": (8, 16, 32, 64), "gap": (1, 2, 3)}  # sizes that neural-tangents is offered


def flattened_rows(runs, quick):
    return [_row("flatten", "CNN, flattened", ("10×", "20×"), runs, quick)]


def pooled_rows(runs, quick):
    return [_row("gap", "CNN, pooled", ("500×", "2000×"), runs, quick)]


def _row(pooling, work, wanted, runs, quick):
    images = normalize(mnist("bundled")[0][: DIGITS // 2 if quick else DIGITS])
    theirs = _neural_tangents(pooling)
    with jax.experimental.enable_x64():
        batch = min(BATCHES[pooling], key=lambda size: _seconds(theirs, images[:size]) / size**2)
        seconds, (ours, expected) = side_by_side(
            lambda: cnn_kernel(images, pooling=pooling).ntk, lambda: theirs(images[:batch]), runs
        )
    per_entry = [1e3 * seconds[0] / len(images) ** 2, 1e3 * seconds[1] / batch**2]
    gap = np.abs(ours[:batch, :batch] / expected - 1).max()
    return Row(
        f"{work}, one layer: time per entry, Gram of {len(images)} digits",
        f"{per_entry[0]:.2g} ms",
        f"neural-tangents, batches of {batch}: {per_entry[1]:.2g} ms",
        f"{per_entry[1] / per_entry[0]:.0f}×",
        *wanted,
        f"{gap:.0e} relative",
    )


def _neural_tangents(pooling):
    from neural_tangents import stax

    readout = stax.Flatten() if pooling == "flatten" else stax.GlobalAvgPool()
    layers = stax.Conv(1, (3, 3), padding="CIRCULAR"), stax.Relu(), readout, stax.Dense(1)
    _, _, kernel_fn = stax.serial(*layers)
    jitted = jax.jit(lambda x: kernel_fn(x, x, "ntk"))
    return lambda images: np.asarray(jitted(jnp.asarray(images[..., None])))


def _seconds(function, images):
    function(images)  # compilation
    start = time.perf_counter()
    function(images)
    return time.perf_counter() - start
