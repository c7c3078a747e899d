"""The book's style: Okabe and Ito's colours, which colour-blind readers can tell apart; a figure opened, and as SVG."""

import io
from typing import Any

import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.figure import Figure

BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9"
GREY = "#767676"
STYLE: dict[Any, Any] = {
    "axes.prop_cycle": cycler(color=[BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY]),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.fontsize": 9.5,
    "figure.facecolor": "white",
    "svg.hashsalt": "symlib",  # the same figure gives the same file
}


def figure(
    nrows: int = 1, ncols: int = 1, *, width: float = 7.0, height: float = 3.2, **kwargs: Any
) -> tuple[Figure, Any]:
    """`plt.subplots` in the book's style: (fig, axes), `width` and `height` in inches."""
    with plt.rc_context(STYLE):
        return plt.subplots(nrows, ncols, figsize=(width, height), layout="constrained", **kwargs)


def svg(fig: Figure) -> bytes:
    """The bytes of a figure as SVG, the same for the same figure; its fonts are drawn as outlines."""
    for legend in filter(None, (ax.get_legend() for ax in fig.axes)):
        legend.set_frame_on(False)
    with plt.rc_context(STYLE):
        buffer = io.BytesIO()
        fig.savefig(buffer, format="svg", metadata={"Date": None}, dpi=160)
    return buffer.getvalue()
