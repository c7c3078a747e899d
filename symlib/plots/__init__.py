"""Figures from results: every function draws numbers that were computed elsewhere and computes none.

`figure` opens a figure in the book's style, the `plot_…` functions draw on its axes, and `show` (or `slider`) turns it
into HTML with alternative text and a caption, the same in JupyterLab, on Colab and in the built book; `table` does so
with rows. The `live_…` figures are operated by the reader, and compute in the page what they show; the picture that
stands in their place where scripts do not run is drawn here. Colours are Okabe and Ito's, which colour-blind readers
can tell apart; marks differ in shape as well.
"""

from symlib.plots.drawing import (
    plot_error_plane,
    plot_exact_vs_spectral,
    plot_images,
    plot_matrix,
    plot_phase_diagram,
    plot_spectrum,
)
from symlib.plots.live import (
    live_missing_arc,
    live_networks,
    live_orbit,
    live_prediction,
    live_two_circles,
    live_two_digits,
)
from symlib.plots.output import HTMLFigure, show, slider, table
from symlib.plots.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    STYLE,
    VERMILLION,
    figure,
    plt,
    svg,
)

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "PURPLE",
    "SKY",
    "STYLE",
    "VERMILLION",
    "HTMLFigure",
    "figure",
    "live_missing_arc",
    "live_networks",
    "live_orbit",
    "live_prediction",
    "live_two_circles",
    "live_two_digits",
    "plot_error_plane",
    "plot_exact_vs_spectral",
    "plot_images",
    "plot_matrix",
    "plot_phase_diagram",
    "plot_spectrum",
    "plt",
    "show",
    "slider",
    "svg",
    "table",
]
