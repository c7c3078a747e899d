"""Any two digits under the reader's hand: the group formula class by class, beside the pairs of a sample."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from symlib.plots.live.assemble import live
from symlib.plots.live.packing import packed_ink, packed_kappa
from symlib.plots.output import HTMLFigure


def live_two_digits(
    static: Figure,
    *,
    images: ArrayLike,
    digits: ArrayLike,
    kappa: ArrayLike,
    sample_images: ArrayLike,
    sample_digits: ArrayLike,
    sample_kappa: ArrayLike,
    exact: ArrayLike,
    paper: ArrayLike,
    counts: Sequence[int],
    poses: int = 8,
    start: tuple[int, int] = (0, 1),
    number: str = "",
    alt: str,
    caption: str = "",
) -> HTMLFigure:
    """Two of several digits, N and the ridge: spectrum, signal, noise and error of both, and a sample of pairs.

    The group formula and the paper's are computed in the page from κ at the largest number of poses, whose smaller
    numbers have every second value of it, every fourth, and so on: κ has to come from an exact action.

    Parameters
    ----------
    static : matplotlib Figure, which stands without scripts and in print
    images : (C, side, side) array, brightness 0 to 1; digits : (C,) ints, no two alike
    kappa : (n, C, C) array, the invariant Gram under C_n of these images
    sample_images : (p, 2, side, side) array; sample_digits : (p, 2) ints
    sample_kappa : (p, n, 2, 2) array
    exact, paper : (len(counts), p) arrays, the errors at which the pairs of the sample are drawn, ridge 0
    counts : numbers of poses, divisors of n
    poses : int, one of `counts`, at first; start : two places in `digits`, at first
    number, alt, caption : str, as of `show`; `alt` describes the static figure

    Returns
    -------
    HTMLFigure

    Raises
    ------
    ValueError
        If a number of poses does not divide n, arrays do not fit each other, or `poses` or `start` is not among them.
    """
    images, digits = np.asarray(images), np.asarray(digits)
    kappa, sample_kappa, pairs = np.asarray(kappa), np.asarray(sample_kappa), np.asarray(sample_images)
    n, p = len(kappa), len(pairs)
    if any(n % count for count in counts) or sample_kappa.shape[:2] != (p, n):
        raise ValueError(
            f"counts must divide the {n} poses of kappa, which sample_kappa has of each of {p} pairs too; got counts "
            f"{list(counts)} and sample_kappa of shape {sample_kappa.shape}"
        )
    if (
        poses not in counts
        or not set(start) <= set(range(len(digits)))
        or not len(images) == len(digits) == kappa.shape[1]
    ):
        raise ValueError(
            f"poses must be one of counts {list(counts)}, start two places in digits, of which kappa has an orbit "
            f"each; got poses {poses}, start {list(start)}, {len(images)} images, {len(digits)} digits, "
            f"kappa {kappa.shape}"
        )
    if np.shape(exact) != (len(counts), p) or np.shape(paper) != (len(counts), p):
        raise ValueError(
            f"exact and paper must have shape {(len(counts), p)}, got {np.shape(exact)}, {np.shape(paper)}"
        )
    data = {
        "images": packed_ink(images),
        "digits": digits.tolist(),
        "kappa": packed_kappa(kappa[None]),
        "sample": {
            "images": packed_ink(pairs.reshape(-1, *pairs.shape[2:])),
            "digits": np.asarray(sample_digits).tolist(),
            "kappa": packed_kappa(sample_kappa),
            "exact": np.asarray(exact, dtype=float).round(5).tolist(),
            "paper": np.asarray(paper, dtype=float).round(5).tolist(),
        },
        "counts": list(counts),
        "poses": poses,
        "start": list(start),
    }
    return live(static, "two_digits", data=data, number=number, alt=alt, caption=caption)
