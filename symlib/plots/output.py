"""Finished figures and tables as HTML, the same in JupyterLab, on Colab and in the built book."""

import base64
import html
import json
import uuid
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from symlib.plots.style import svg

# What a phone shows: screens narrower than this (pixels) get the figure drawn anew, so wide (inches), its panels below
# each other, each so high at least and at most.
_PHONE, _NARROW, _PANEL = 600, 4.4, (2.6, 3.6)


class HTMLFigure:
    """A finished figure or table that a notebook shows as HTML; a terminal shows `text`."""

    def __init__(self, markup: str, text: str = "") -> None:
        self.markup, self.text = markup, text

    def _repr_html_(self):
        return self.markup

    def __repr__(self):
        return self.text or super().__repr__()


def show(fig: Figure, *, alt: str, caption: str = "", number: str = "") -> HTMLFigure:
    """Close a figure and show it as SVG with alternative text and a caption.

    A figure of several panels, or a wide one, is drawn twice: on a phone its panels stand below each other. A figure
    that holds nothing but images is scaled down instead.

    Parameters
    ----------
    fig : matplotlib Figure
    alt : str, what a reader who cannot see the figure needs to know; must not be empty
    caption : str, may hold computed numbers; plain text
    number : str, such as "7.2", by which the text refers to "Figure 7.2"

    Returns
    -------
    HTMLFigure

    Raises
    ------
    ValueError
        If `alt` is empty.
    """
    drawn = picture(fig, alt)
    name, words = named("Figure", number, caption)
    return HTMLFigure(
        f'<figure class="symlib-figure"{name} style="margin:0">{drawn}'
        f"{f'<figcaption>{words}</figcaption>' if words else ''}</figure>"
    )


def picture(fig: Figure, alt: str) -> str:
    """Close a figure and give its <picture>: as it is, and drawn anew for a phone where that gains something."""
    if not alt.strip():
        raise ValueError("alt must say what the figure shows, got an empty string")
    width, wide = fig.get_figwidth(), svg(fig)
    narrow = svg(fig) if _narrow(fig) else None
    plt.close(fig)
    source = f'<source media="(max-width: {_PHONE}px)" srcset="{_address(narrow)}">' if narrow else ""
    return (
        f'<picture>{source}<img alt="{html.escape(alt, quote=True)}" src="{_address(wide)}" '
        f'style="width:100%;max-width:{round(110 * width)}px"></picture>'
    )


def named(kind: str, number: str, caption: str = "") -> tuple[str, str]:
    """The id attribute by which the text finds "Figure 7.2", and the caption that opens with it; bare without one."""
    words = html.escape(caption)
    if not number:
        return "", words
    return f' id="{kind.lower()}-{number.replace(".", "-")}"', f'<span class="number">{kind} {number}.</span> {words}'


def _address(picture: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(picture).decode()}"


def _narrow(fig: Figure) -> bool:
    """Lays a figure out for a phone, its panels below each other; False where there is nothing to gain."""
    panels = [ax for ax in fig.axes if ax.get_subplotspec() is not None and ax.get_label() != "<colorbar>"]
    grids = {ax.get_subplotspec().get_gridspec() for ax in panels}
    with_scales = [ax for ax in panels if ax.axison and len(ax.get_xticks()) and len(ax.get_yticks())]
    if len(grids) != 1 or not with_scales or fig.get_figwidth() <= _NARROW:
        return False
    rows, columns = grids.pop().get_geometry()
    height = fig.get_figheight() / rows
    if rows * columns > 1:
        height = float(np.clip(height, *_PANEL))
        grid = fig.add_gridspec(len(panels), 1)
        for place, ax in enumerate(panels):
            _label_alone(ax, panels)
            ax.set_subplotspec(grid[place])
    fig.set_size_inches(_NARROW, height * (len(panels) if rows * columns > 1 else 1))
    return True


def _label_alone(ax: Axes, panels: Sequence[Axes]) -> None:
    """Gives a panel the scale and label that it shared with its neighbours in the wide figure."""
    spec = ax.get_subplotspec()
    for axis, shared in (("x", ax.get_shared_x_axes()), ("y", ax.get_shared_y_axes())):
        partners = [other for other in panels if other is not ax and shared.joined(ax, other)]
        if not partners:
            continue
        if axis == "x":
            ax.tick_params(labelbottom=True)
        else:
            ax.tick_params(labelleft=True)
        labels = [getattr(other, f"get_{axis}label")() for other in partners]
        if spec is not None and not getattr(ax, f"get_{axis}label")() and any(labels):
            ax.set(**{f"{axis}label": next(filter(None, labels))})


def table(rows: Sequence[Sequence[Any]], *, headers: Sequence[str], caption: str = "", number: str = "") -> HTMLFigure:
    """Rows of finished words and numbers as an HTML table; the first entry of a row names it.

    Parameters
    ----------
    rows : sequence of sequences, as long as `headers`; formatted by the caller
    headers : sequence of str, one a column
    caption : str, may hold computed numbers; plain text
    number : str, such as "7.1", by which the text refers to "Table 7.1"

    Returns
    -------
    HTMLFigure

    Raises
    ------
    ValueError
        If there are no rows, or one is not as long as `headers`.

    Examples
    --------
    >>> table([["MLP", 0.5], ["CNN", 0.25]], headers=["network", "error"])
    network  error
    MLP      0.5
    CNN      0.25
    """
    cells = [[str(entry) for entry in row] for row in rows]
    wrong = [row for row in cells if len(row) != len(headers)]
    if not cells or wrong:
        raise ValueError(f"every row needs {len(headers)} entries, as many as headers; got {wrong[:1] or 'no rows'}")
    head = "".join(f'<th scope="col">{html.escape(word)}</th>' for word in headers)
    body = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th>{"".join(f"<td>{html.escape(word)}</td>" for word in row)}</tr>'
        for name, *row in cells
    )
    name, words = named("Table", number, caption)
    markup = (
        f'<div class="symlib-scroll" style="overflow-x:auto"><table class="symlib-table"{name}>'
        f"{f'<caption>{words}</caption>' if words else ''}"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    widths = [max(map(len, column)) for column in zip(headers, *cells)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in [list(headers), *cells])
    return HTMLFigure(markup, "\n".join(lines))


def slider(frames: Sequence[tuple[Any, HTMLFigure]], *, label: str, start: int = 0, number: str = "") -> HTMLFigure:
    """A slider through finished figures: a static page that a reader can explore without a server.

    Parameters
    ----------
    frames : list of (value, HTMLFigure), `value` being what the slider shows at that frame
    label : str, what the slider changes
    start : int, the frame shown first, and the only one where scripts do not run
    number : str, such as "7.2", by which the text refers to "Figure 7.2"; the frames have none of their own

    Returns
    -------
    HTMLFigure

    Raises
    ------
    ValueError
        If there are no frames, or `start` is not one of them.
    """
    if not 0 <= start < len(frames):
        raise ValueError(f"start must be one of the {len(frames)} frames, got {start}")
    name = f"slider-{uuid.uuid5(uuid.NAMESPACE_OID, label + str([value for value, _ in frames])).hex[:12]}"
    panes = "".join(
        f'<div class="symlib-frame"{"" if i == start else " hidden"}>{frame.markup}</div>'
        for i, (_, frame) in enumerate(frames)
    )
    values = html.escape(json.dumps([str(value) for value, _ in frames]), quote=True)
    place, words = named("Figure", number)
    heading = f"<p{place}>{words}</p>" if number else ""
    return HTMLFigure(
        f'<div class="symlib-slider" id="{name}" data-values="{values}">{heading}'
        f'<label style="display:block">{html.escape(label)} = <output>{html.escape(str(frames[start][0]))}</output><br>'
        f'<input type="range" min="0" max="{len(frames) - 1}" value="{start}" style="width:min(100%,28rem)"></label>'
        f"{panes}"
        f"""<script>(() => {{
const root = document.getElementById("{name}"), values = JSON.parse(root.dataset.values);
const panes = root.querySelectorAll(".symlib-frame");
root.querySelector("input").addEventListener("input", (event) => {{
  panes.forEach((pane, i) => {{ pane.hidden = i !== Number(event.target.value); }});
  root.querySelector("output").textContent = values[event.target.value];
}});
}})()</script></div>"""
    )
