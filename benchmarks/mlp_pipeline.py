"""Rotated MNIST, one-hidden-layer NTK: orbits, kernels, exact and spectral errors of 512 pairs, N = 2 ... 64.

The other side is the algorithm of the authors' scripts, written from its description: one call of
scipy.ndimage.rotate an image and angle, neural-tangents for one Gram matrix a pair, two dense solves a pair,
each with the first pose of one class left out. In float64, which the scripts do without.
"""

import numpy as np
from scipy import ndimage

from benchmarks.measure import Row, side_by_side, version
from symlib.datasets import digit_pairs, mnist
from symlib.kernels import float64_scope, mlp_kernel
from symlib.orbits import normalize, points, rotation_orbits
from symlib.regression import loo_residuals
from symlib.spectral import circulant_loo_error

WORK = "MLP-NTK pipeline, {pairs} pairs, N = 2 … {largest}"
GOALS = ("7×", "15×")
BLOCK = 64  # pairs at once: arrays of moderate size, and work for all cores


def rows(runs, quick):
    if version("neural-tangents") == "not installed":
        missing = "skipped: neural-tangents is not installed"
        return [Row(WORK.format(pairs=512, largest=64), "–", missing, "–", *GOALS, "–")]
    images, labels = mnist("bundled")
    pairs = digit_pairs(labels, 64 if quick else 512, seed=0)
    sizes = [2, 4, 8, 16, 32, 64]
    kernel = neural_tangents_kernel()
    seconds, (ours, theirs) = side_by_side(
        lambda: [symlib_errors(images[pairs], n) for n in sizes],
        lambda: [peer_errors(images[pairs], n, kernel) for n in sizes],
        runs,
    )
    gap = max(np.abs(a - b).max() for a, b in zip(ours, theirs, strict=True))
    return [
        Row(
            WORK.format(pairs=len(pairs), largest=sizes[-1]),
            f"{seconds[0]:.2f} s",
            f"peer's algorithm {seconds[1]:.1f} s",
            f"{seconds[1] / seconds[0]:.1f}×",
            *GOALS,
            f"{gap:.0e} in residuals and errors",
        )
    ]


def symlib_errors(digits, n):
    """Signed residuals of pose 0 of both classes and the spectral error, shape (pairs, 3); digits (pairs, 2, H, W)."""
    labels = np.tile([1.0, -1.0], n)
    errors = []
    for start in range(0, len(digits), BLOCK):
        block = digits[start : start + BLOCK]
        orbits = normalize(rotation_orbits(block.reshape(-1, *block.shape[2:]), n))
        gram = mlp_kernel(points(orbits.reshape(*block.shape[:2], *orbits.shape[1:]))).ntk
        residuals = loo_residuals(gram, labels)[:, :2]
        errors.append(np.column_stack([residuals, circulant_loo_error(gram)]))
    return np.concatenate(errors)


def peer_errors(digits, n, kernel):
    """The same by the peer's algorithm, one pair after another."""
    labels = np.tile([1.0, -1.0], n)
    return np.array([peer_pair(pair, n, kernel, labels) for pair in digits])


def peer_pair(pair, n, kernel, labels):
    poses = [ndimage.rotate(image, 360 * g / n, order=3, reshape=False) for g in range(n) for image in pair]
    x = np.array([pose.ravel() - pose.mean() for pose in poses])
    gram = kernel(x / np.linalg.norm(x, axis=1, keepdims=True))
    errors = []
    for left_out in (0, 1):
        others = np.delete(np.arange(2 * n), left_out)
        weights = np.linalg.solve(gram[np.ix_(others, others)], labels[others])
        errors.append(labels[left_out] - gram[left_out, others] @ weights)
    column = [np.diagonal(np.roll(gram, -shift, axis=1)).mean() for shift in range(2 * n)]
    inverse_eigenvalues = 1 / np.fft.fft(column).real
    return [*errors, inverse_eigenvalues[n] / inverse_eigenvalues.mean()]


def neural_tangents_kernel():
    """neural-tangents' NTK of Dense, Relu, Dense on (points, pixels), compiled, in float64."""
    import jax
    from neural_tangents import stax

    layers = (stax.Dense(512, W_std=1.0, b_std=1.0), stax.Relu(), stax.Dense(1, W_std=1.0, b_std=1.0))
    _, _, kernel = stax.serial(*layers)
    compiled = jax.jit(lambda x: kernel(x, None, "ntk"))

    def gram(x):
        with float64_scope():
            return np.asarray(compiled(x))

    return gram
