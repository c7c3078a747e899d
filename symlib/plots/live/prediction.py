"""The reader draws a curve before the computed one is shown, and is told how far apart the two are."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from symlib.plots.live.assemble import live
from symlib.plots.output import HTMLFigure
from symlib.support.checks import finite_array

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
    covers: bool = False,
    number: str = "",
    alt: str,
    caption: str = "",
) -> HTMLFigure:
    """A plot in which the reader draws what to expect, commits to it, and then sees the computed curve beside it.

    The drawing is kept in the reader's browser. Before the commitment the figure does not show the curve. So neither
    should the static figure (empty axes, to draw on with a pencil), `alt` and the caption; or `covers` keeps them back.

    Parameters
    ----------
    static : matplotlib Figure, which stands without scripts and in print
    x : numbers, growing, of a curve, or str, the names of what is compared
    computed : (len(x),) array, finite, positive where `log`
    xlabel, ylabel : str, short: a point is announced as "Your {ylabel} at {xlabel} {x}"
    ylim : (low, high), of the scale up
    log : bool, a logarithmic scale up; distances are then ratios
    levels : mapping of names to heights at which a dashed line runs, such as {"chance": 0.1}
    covers : bool, the static figure shows the result, and comes with its caption below the plot after the commitment
    number, alt, caption : str, as of `show`

    Returns
    -------
    HTMLFigure

    Raises
    ------
    ValueError
        If `computed` is not as long as `x`, or does not lie within `ylim`, positive where `log`; if numbers `x` do not
        grow.
    """
    values, (low, high) = np.asarray(computed, float), ylim
    if values.shape != (len(x),) or not len(x):
        raise ValueError(f"computed must hold a number for each of the {len(x)} x, got shape {values.shape}")
    if not (low <= values.min() and values.max() <= high and low < high and (low > 0 or not log)):
        raise ValueError(
            f"ylim must reach around computed{', from above 0 on a logarithmic scale' * log}: "
            f"computed runs from {values.min():.3g} to {values.max():.3g}, ylim is {ylim}"
        )
    names = isinstance(x[0], str)
    if not names and (len(x) < 2 or not (np.diff(finite_array(x, "x")) > 0).all()):
        raise ValueError(f"x must be two numbers at least, growing, or names, got {list(x)}")
    data = {
        "x": list(x) if names else np.asarray(x, float).tolist(),
        "computed": values.tolist(),
        "points": list(range(0, len(x), 1 if names else -(-(len(x) - 1) // (_POINTS - 1)))),
        "joined": not names,
        "log": log,
        "range": [float(low), float(high)],
        "xlabel": xlabel,
        "ylabel": ylabel,
        "covers": covers,
        "levels": [{"at": float(at), "words": words} for words, at in (levels or {}).items()],
    }
    cover = f"Draw {ylabel} by {xlabel}" if covers else ""
    return live(static, "prediction", data=data, number=number, alt=alt, caption=caption, covers=cover)
