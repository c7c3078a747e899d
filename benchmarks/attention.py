"""Kernels of vision transformers of two blocks: time per entry of a symmetric Gram matrix of digits.

The other side is neural-tangents, jitted, in float64, at the batch size that serves it best here. Both give the NTK.
"""

import time
import warnings

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.measure import Row, side_by_side
from symlib.datasets import mnist
from symlib.kernels import vit_kernel
from symlib.orbits import normalize

DIGITS = 256  # of symlib's Gram matrix
PATCH = 7
DEPTH = 2
BATCHES = (1, 2, 4, 8)  # sizes that neural-tangents is offered


def rows(runs, quick):
    images = 28 * normalize(mnist("bundled")[0][: DIGITS // 4 if quick else DIGITS])
    theirs = _neural_tangents()
    with jax.experimental.enable_x64():
        batch = min(BATCHES, key=lambda size: _seconds(theirs, images[:size]) / size**2)
        seconds, (ours, expected) = side_by_side(
            lambda: vit_kernel(images, patch=PATCH, depth=DEPTH).ntk, lambda: theirs(images[:batch]), runs
        )
    per_entry = [1e3 * seconds[0] / len(images) ** 2, 1e3 * seconds[1] / batch**2]
    gap = np.abs(ours[:batch, :batch] / expected - 1).max()
    return [
        Row(
            f"ViT, patch {PATCH}, {DEPTH} blocks: time per entry, Gram of {len(images)} digits",
            f"{per_entry[0]:.2g} ms",
            f"neural-tangents, batches of {batch}: {per_entry[1]:.2g} ms",
            f"{per_entry[1] / per_entry[0]:.0f}×",
            "20×",
            "100×",
            f"{gap:.0e} relative",
        )
    ]


def _neural_tangents():
    from neural_tangents import stax

    def part(*layers):
        inner = stax.serial(stax.LayerNorm(axis=-1, eps=1e-12), *layers)
        return stax.serial(stax.FanOut(2), stax.parallel(inner, stax.Identity()), stax.FanInSum())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that queries and keys are tied, and that residuals are sums
        block = part(stax.GlobalSelfAttention(1, 1, 1, 1)), part(stax.Dense(1), stax.Gelu(), stax.Dense(1))
        embedding = stax.Conv(1, (PATCH, PATCH), strides=(PATCH, PATCH), padding="VALID")
        readout = stax.LayerNorm(axis=-1, eps=1e-12), stax.GlobalAvgPool(), stax.Dense(1)
        _, _, kernel_fn = stax.serial(embedding, *block * DEPTH, *readout)
    jitted = jax.jit(lambda x: kernel_fn(x, x, "ntk"))

    def evaluate(images):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(jitted(jnp.asarray(images[..., None])))

    return evaluate


def _seconds(function, images):
    function(images)  # compilation
    return min(_once(function, images) for _ in range(3))


def _once(function, images):
    start = time.perf_counter()
    function(images)
    return time.perf_counter() - start
