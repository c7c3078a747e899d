"""Computes the figure and the number that the README and the first page show: `python -m book.builder.readme_figure`.

tests/test_readme.py computes them again and compares.
"""

from pathlib import Path

import numpy as np

from symlib import (
    circulant_loo_error,
    digit_pairs,
    loo_residuals,
    mlp_kernel,
    mnist,
    normalize,
    plots,
    points,
    rotation_orbits,
)
from symlib.claims import mean_interval

COUNTS = (4, 16, 64)
FIGURE = Path(__file__).parents[1] / "figures" / "exact_against_spectral.svg"
# The same with its panels below each other: custom.css puts it in the place of the other on a phone.
NARROW = Path(__file__).parents[1] / "_static" / "exact_against_spectral_narrow.svg"


def measure(n, n_pairs=512):
    """For n rotations: exact errors (pairs, n, 2) of every pose of both digits, and the spectral error of each pair."""
    images, digits = mnist()
    pairs = digit_pairs(digits, n_pairs, seed=0)
    orbits = normalize(rotation_orbits(images[pairs.ravel()], n)).reshape(n_pairs, 2, n, 28, 28)
    gram = mlp_kernel(points(orbits)).ntk
    errors = np.abs(loo_residuals(gram, np.tile([1.0, -1.0], n))).reshape(n_pairs, n, 2)
    return errors, circulant_loo_error(gram)


def headline(n=8):
    """The README's sentence in numbers: the share right at n rotations with its interval, and two of the formula.

    Those are the correlation of its errors with the exact ones, and by how much they are too high on average.
    """
    errors, spectral = measure(n)
    exact = errors.mean(axis=(1, 2))
    right = mean_interval((errors < 1).mean(axis=(1, 2)))
    correlation = np.corrcoef(exact, spectral)[0, 1]
    return f"{right:.0%}", f"{correlation:.3f}", f"{mean_interval(spectral - exact):.3f}"


def draw(fig, axes, measured):
    """The figure as SVG, a panel for each number of rotations."""
    for ax, (n, (errors, spectral)) in zip(axes, measured.items()):
        right = (errors[:, 0] < 1).sum(axis=1)
        plots.plot_exact_vs_spectral(ax, errors.mean(axis=(1, 2)), spectral, right, title=f"{n} rotations")
    return plots.svg(fig)


def main():
    measured = {n: measure(n) for n in COUNTS}
    FIGURE.write_bytes(draw(*plots.figure(1, len(COUNTS), width=9.6, height=3.5), measured))
    NARROW.write_bytes(draw(*plots.figure(len(COUNTS), 1, width=4.0, height=11.0), measured))
    right, correlation, excess = headline()
    print(f"wrote {FIGURE.name}; at 8 rotations right {right}, correlation {correlation}, too high by {excess}")


if __name__ == "__main__":
    main()
