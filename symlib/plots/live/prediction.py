"""The reader draws a curve before the computed one is shown, and is told how far apart the two are."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from symlib.plots.live.assemble import live
from symlib.plots.output import HTMLFigure

# So many points are a curve to draw with a finger, and a way with the Tab key that one still goes.
_POINTS = 12


def live_prediction(
    static: Figure,
    x: Sequence[float] | Sequence[str],
    computed: ArrayLike,
    *,
    xlabel: str,
    ylabel: str,
    ylim: tuple[float, float],
    log: bool = False,
    levels: Mapping[str, float] | None = None,
    number: str = "",
    alt: str,
    caption: str = "",
) -> HTMLFigure:
    """A plot in which the reader draws what to expect, commits to it, and then sees the computed curve beside it.

    The drawing is kept in the reader's browser. Before the commitment the figure does not show the curve, so neither
    should the static figure (empty axes, to draw on with a pencil), `alt` and the caption.

    Parameters
    ----------
    static : matplotlib Figure, which stands without scripts and in print
    x : numbers, growing, of a curve, or str, the names of what is compared
    computed : (len(x),) array, finite, positive where `log`
    xlabel, ylabel : str, short: a point is announced as "Your {ylabel} at {xlabel} {x}"
    ylim : (low, high), of the scale up
    log : bool, a logarithmic scale up; distances are then ratios
    levels : mapping of names to heights at which a dashed line runs, such as {"chance": 0.1}
    number, alt, caption : str, as of `show`

    Returns
    -------
    HTMLFigure

    Raises
    ------
    ValueError
        If `computed` is not as long as `x`, not finite, or not positive on a logarithmic scale.
    """
    values = np.asarray(computed, float)
    if values.shape != (len(x),) or not np.isfinite(values).all() or (log and min(*ylim, values.min()) <= 0):
        raise ValueError(
            f"computed must hold {len(x)} finite numbers{', positive as ylim' * log}, one for each x; "
            f"got shape {values.shape}, from {values.min()} to {values.max()}, ylim {ylim}"
        )
    names = isinstance(x[0], str)
    data = {
        "x": list(x) if names else np.asarray(x, float).tolist(),
        "computed": values.tolist(),
        "points": list(range(0, len(x), 1 if names else -(-(len(x) - 1) // (_POINTS - 1)))),
        "joined": not names,
        "log": log,
        "range": [float(end) for end in ylim],
        "xlabel": xlabel,
        "ylabel": ylabel,
        "levels": [{"at": float(at), "words": words} for words, at in (levels or {}).items()],
    }
    return live(static, "prediction", data=data, number=number, alt=alt, caption=caption)
