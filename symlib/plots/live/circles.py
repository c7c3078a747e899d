"""Two circles under the reader's hand: separation, poses, length scale and ridge; spectrum, signal, noise and error."""

from matplotlib.figure import Figure

from symlib.plots.live.assemble import live
from symlib.plots.output import HTMLFigure
from symlib.support.checks import real


def live_two_circles(
    static: Figure,
    *,
    poses: int = 8,
    separation: float = 0.5,
    length_scale: float = 0.4,
    ridge: float = 1e-8,
    number: str = "",
    alt: str,
    caption: str = "",
) -> HTMLFigure:
    """Two circles whose separation, poses, length scale and ridge the reader moves, with their spectral error.

    Everything is computed in the page, to rounding at any ridge (`js/circle_spectrum.js`).

    Parameters
    ----------
    static : matplotlib Figure, which stands without scripts and in print
    poses : int from 2 to 32, poses on each circle at first
    separation : float from 0.02 to 1.6, at first; the nearest of the slider's 81 values is taken
    length_scale : float from 0.1 to 1, at first
    ridge : float from 1e-8 to 1, at first
    number, alt, caption : str, as of `show`; `alt` describes the static figure

    Returns
    -------
    HTMLFigure

    Raises
    ------
    ValueError
        If one of the four numbers lies outside of its range.
    """
    limits = {"poses": (2, 32), "separation": (0.02, 1.6), "length_scale": (0.1, 1), "ridge": (1e-8, 1)}
    start = {"poses": poses, "separation": separation, "length_scale": length_scale, "ridge": ridge}
    for name, (low, high) in limits.items():
        if not low <= real(start[name], name) <= high:
            raise ValueError(f"{name} must lie between {low:g} and {high:g}, got {start[name]!r}")
    return live(static, "circles", data=start, number=number, alt=alt, caption=caption)
