"""Random networks of the reader's width: their inner products at an angle, and the arc-cosine curve as their limit."""

from matplotlib.figure import Figure

from symlib.plots.live.assemble import live
from symlib.plots.output import HTMLFigure


def live_networks(
    static: Figure,
    *,
    width: int = 16,
    angle: int = 60,
    networks: int = 200,
    seed: int = 0,
    number: str = "",
    alt: str,
    caption: str = "",
) -> HTMLFigure:
    """Networks of one hidden relu layer, drawn in the page, and the inner products of their hidden layers.

    Parameters
    ----------
    static : matplotlib Figure, which stands without scripts and in print
    width : int, units m at first, a power of two up to 1024
    angle : int, degrees from 0 to 180 between the two inputs, at first
    networks : int, how many are drawn
    seed : int, of the first draw; the page's own generator, not NumPy's
    number, alt, caption : str, as of `show`; `alt` describes the static figure

    Returns
    -------
    HTMLFigure
    """
    start = {"width": width, "angle": angle, "networks": networks, "seed": seed}
    return live(static, "networks", data=start, number=number, alt=alt, caption=caption)
