"""Kernels of vision transformers of two blocks, beside neural-tangents."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.kernel_entries import row
from symlib.datasets import mnist
from symlib.kernels import vit_kernel
from symlib.orbits import normalize

DIGITS = 256  # of symlib's Gram matrix
PATCH = 7
DEPTH = 2
BATCHES = (1, 2, 4, 8)  # sizes that neural-tangents is offered


def rows(runs, quick):
    images = 28 * normalize(mnist("bundled")[0][: DIGITS // 4 if quick else DIGITS])
    work, wanted = f"ViT, patch {PATCH}, {DEPTH} blocks", ("20×", "100×")
    ours, theirs = (lambda x: vit_kernel(x, patch=PATCH, depth=DEPTH).ntk), _neural_tangents()
    return [row(work, ours, theirs, images, BATCHES, wanted, runs)]


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
