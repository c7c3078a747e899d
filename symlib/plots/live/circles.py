"""Two circles under the reader's hand: separation, poses, length scale and ridge; spectrum, signal, noise and error."""

from matplotlib.figure import Figure

from symlib.plots.live.assemble import live
from symlib.plots.output import HTMLFigure


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
    """
    start = {"poses": poses, "separation": separation, "length_scale": length_scale, "ridge": ridge}
    return live(static, "circles", data=start, number=number, alt=alt, caption=caption)
