"""Convolutional kernels with one layer of 3 × 3 filters, flattened and pooled, beside neural-tangents."""

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.kernel_entries import row
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
    work = f"{work}, one layer"
    return row(work, lambda x: cnn_kernel(x, pooling=pooling).ntk, theirs, images, BATCHES[pooling], wanted, runs)


def _neural_tangents(pooling):
    from neural_tangents import stax

    readout = stax.Flatten() if pooling == "flatten" else stax.GlobalAvgPool()
    layers = stax.Conv(1, (3, 3), padding="CIRCULAR"), stax.Relu(), readout, stax.Dense(1)
    _, _, kernel_fn = stax.serial(*layers)
    jitted = jax.jit(lambda x: kernel_fn(x, x, "ntk"))
    return lambda images: np.asarray(jitted(jnp.asarray(images[..., None])))
