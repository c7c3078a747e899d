"""Time per entry of a symmetric Gram matrix of digits, beside neural-tangents, jitted, at its best batch here.

Both give the NTK, in float64.
"""

import time

import jax
import numpy as np

from benchmarks.measure import Row, side_by_side


def row(work, ours, theirs, images, batches, wanted, runs):
    """The row of a kernel: `ours` and `theirs` take images to a Gram matrix, `theirs` in one of the sizes `batches`."""
    with jax.experimental.enable_x64():
        batch = min(batches, key=lambda size: _seconds(theirs, images[:size]) / size**2)
        seconds, (found, expected) = side_by_side(lambda: ours(images), lambda: theirs(images[:batch]), runs)
    per_entry = [1e3 * seconds[0] / len(images) ** 2, 1e3 * seconds[1] / batch**2]
    gap = np.abs(found[:batch, :batch] / expected - 1).max()
    return Row(
        f"{work}: time per entry, Gram of {len(images)} digits",
        f"{per_entry[0]:.2g} ms",
        f"neural-tangents, batches of {batch}: {per_entry[1]:.2g} ms",
        f"{per_entry[1] / per_entry[0]:.0f}×",
        *wanted,
        f"{gap:.0e} relative",
    )


def _seconds(function, images):
    function(images)  # compilation
    return min(_once(function, images) for _ in range(3))


def _once(function, images):
    start = time.perf_counter()
    function(images)
    return time.perf_counter() - start
