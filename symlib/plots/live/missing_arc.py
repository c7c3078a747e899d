"""A missing arc of poses whose ends the reader moves: prediction, and two bands, by the held-out identity."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from symlib.plots.live.assemble import live
from symlib.plots.live.packing import packed_ink, packed_kappa
from symlib.plots.output import HTMLFigure


def live_missing_arc(
    static: Figure,
    *,
    images: ArrayLike,
    digits: ArrayLike,
    theta: ArrayLike,
    sigma: ArrayLike,
    labels: ArrayLike,
    reach: int = 2,
    number: str = "",
    alt: str,
    caption: str = "",
) -> HTMLFigure:
    """An arc of poses that an image, its class or everyone lacks; prediction and bands there follow its ends.

    The band of the Gaussian process has covariance Θ, scaled to the labels that were seen; that of the ensemble is for
    infinitely wide networks that start with covariance Σ. Both are computed in the page, at ridge 0.

    Parameters
    ----------
    static : matplotlib Figure, which stands without scripts and in print
    images : (sets, side, side) array, brightness 0 to 1: orbit 0 of each set at pose 0
    digits : (sets, 2) ints, the first class and the second
    theta, sigma : (sets, n, C, C) arrays, invariant Grams under C_n
    labels : (C,) array of ±1, the first +1
    reach : int, poses to either side of pose 0 that are missing at first
    number, alt, caption : str, as of `show`; `alt` describes the static figure

    Returns
    -------
    HTMLFigure

    Raises
    ------
    ValueError
        If the arrays are not one of each set, or `reach` leaves no pose.
    """
    theta, sigma, labels = np.asarray(theta), np.asarray(sigma), np.asarray(labels)
    if theta.shape != sigma.shape or theta.shape[-1:] != labels.shape or labels[0] != 1:
        raise ValueError(
            f"theta and sigma must have shape (sets, n, C, C) with C labels, the first +1; got {theta.shape}, "
            f"{sigma.shape} and labels {labels.tolist()}"
        )
    if not len(theta) == len(np.asarray(images)) == len(np.asarray(digits)) or not 0 <= 2 * reach < theta.shape[1] - 1:
        raise ValueError(
            f"{len(theta)} sets need as many images and digits, and reach leaves a pose of {theta.shape[1]}"
        )
    data = {
        "images": packed_ink(images),
        "digits": np.asarray(digits).tolist(),
        "theta": packed_kappa(theta),
        "sigma": packed_kappa(sigma),
        "labels": labels.tolist(),
        "reach": reach,
    }
    return live(static, "missing_arc", data=data, number=number, alt=alt, caption=caption)
