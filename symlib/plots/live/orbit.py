"""An orbit under the reader's hand: κ, its Fourier transform, and the distance to pose 0, by network and motion."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from symlib.plots.live.assemble import live
from symlib.plots.live.packing import packed_ink, packed_kappa
from symlib.plots.output import HTMLFigure

_UNITS = {"turned": "degrees", "shifted": "pixels"}


def live_orbit(
    static: Figure,
    *,
    images: ArrayLike,
    digits: ArrayLike,
    kappa: Mapping[str, Mapping[str, Sequence[ArrayLike]]],
    ridges: Sequence[float] | None = None,
    number: str = "",
    alt: str,
    caption: str = "",
) -> HTMLFigure:
    """A digit that the reader turns or shifts, as a network sees it; with ridges, the error of a left-out pose as well.

    Parameters
    ----------
    static : matplotlib Figure, which stands without scripts and in print
    images : (sets, C, side, side) array, brightness 0 to 1
    digits : (sets, C) ints
    kappa : of "turned" or "shifted", of a network's name, invariant Grams (sets, n, C, C), one for each number of poses
        n, the largest last; its poses contain those of the others
    ridges : sequence of powers of ten, optional: then sets are pairs, labels (1, −1), and the group formula is shown
    number, alt, caption : str, as of `show`; `alt` describes the static figure

    Returns
    -------
    HTMLFigure

    Raises
    ------
    ValueError
        If a motion is neither of the two, arrays do not fit each other, or ridges are given and sets are not pairs.
    """
    images = np.asarray(images, dtype=float)
    if set(kappa) - set(_UNITS):
        raise ValueError(f"kappa must name motions of {list(_UNITS)}, got {list(kappa)}")
    if ridges is not None and images.shape[1] != 2:
        raise ValueError(f"the error with ridges is that of pairs; images has {images.shape[1]} a set")
    orbits = {np.shape(gram)[::3] for networks in kappa.values() for grams in networks.values() for gram in grams}
    if np.shape(digits) != images.shape[:2] or orbits - {images.shape[:2]}:
        raise ValueError(
            f"images hold {images.shape[:2]} sets and orbits, and so must digits and kappa; got digits of shape "
            f"{np.shape(digits)}, and (sets, C) of kappa in {sorted(orbits)}"
        )
    motions = [
        {
            "name": motion,
            "unit": _UNITS[motion],
            "networks": [
                # Where orbits collapse the transform is a difference of equal numbers: float32 would end at 1e-7.
                {"name": name, "kappa": [packed_kappa(gram, "float64") for gram in grams]}
                for name, grams in networks.items()
            ],
        }
        for motion, networks in kappa.items()
    ]
    data = {
        "images": packed_ink(images.reshape(-1, *images.shape[2:])),
        "digits": np.asarray(digits).tolist(),
        "motions": motions,
        "ridges": ridges and list(ridges),
    }
    return live(static, "orbit", data=data, number=number, alt=alt, caption=caption)
