"""Figures from results: every function draws numbers that were computed elsewhere and computes none.

`figure` opens a figure in the book's style, the `plot_…` functions draw on its axes, and `show` (or `slider`) turns it
into HTML with alternative text and a caption, the same in JupyterLab, on Colab and in the built book; `table` does so
with rows. Colours are Okabe and Ito's, which colour-blind readers can tell apart; marks differ in shape as well.
"""

import base64
import html
import io
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import ArrayLike

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
# What a phone shows: screens narrower than this (pixels) get the figure drawn anew, so wide (inches), its panels below
# each other, each so high at least and at most.
_PHONE, _NARROW, _PANEL = 600, 4.4, (2.6, 3.6)


def figure(
    nrows: int = 1, ncols: int = 1, *, width: float = 7.0, height: float = 3.2, **kwargs: Any
) -> tuple[Figure, Any]:
    """`plt.subplots` in the book's style: (fig, axes), `width` and `height` in inches."""
    with plt.rc_context(STYLE):
        return plt.subplots(nrows, ncols, figsize=(width, height), layout="constrained", **kwargs)


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
    if not alt.strip():
        raise ValueError("alt must say what the figure shows, got an empty string")
    width, wide = fig.get_figwidth(), svg(fig)
    narrow = svg(fig) if _narrow(fig) else None
    plt.close(fig)
    source = f'<source media="(max-width: {_PHONE}px)" srcset="{_address(narrow)}">' if narrow else ""
    name, words = _named("Figure", number, caption)
    return HTMLFigure(
        f'<figure class="symlib-figure"{name} style="margin:0"><picture>{source}'
        f'<img alt="{html.escape(alt, quote=True)}" src="{_address(wide)}" '
        f'style="width:100%;max-width:{round(110 * width)}px"></picture>'
        f"{f'<figcaption>{words}</figcaption>' if words else ''}</figure>"
    )


def _named(kind: str, number: str, caption: str = "") -> tuple[str, str]:
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
    name, words = _named("Table", number, caption)
    markup = (
        f'<div class="symlib-scroll" style="overflow-x:auto"><table class="symlib-table"{name}>'
        f"{f'<caption>{words}</caption>' if words else ''}"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    widths = [max(map(len, column)) for column in zip(headers, *cells)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in [list(headers), *cells])
    return HTMLFigure(markup, "\n".join(lines))


def svg(fig: Figure) -> bytes:
    """The bytes of a figure as SVG, the same for the same figure; its fonts are drawn as outlines."""
    for legend in filter(None, (ax.get_legend() for ax in fig.axes)):
        legend.set_frame_on(False)
    with plt.rc_context(STYLE):
        buffer = io.BytesIO()
        fig.savefig(buffer, format="svg", metadata={"Date": None}, dpi=160)
    return buffer.getvalue()


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
    values = html.escape(str([str(value) for value, _ in frames]).replace("'", '"'), quote=True)
    place, words = _named("Figure", number)
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


def plot_images(
    axes: ArrayLike, images: ArrayLike, titles: Sequence[str] | None = None, *, signed: bool = False
) -> None:
    """Images (n, H, W), one on each of the axes, on one scale: ink on paper, or (`signed`) colours about zero."""
    images = np.asarray(images)
    top = np.abs(images).max()
    for i, (ax, image) in enumerate(zip(np.ravel(axes), images)):
        ax.imshow(
            image, cmap="PuOr_r" if signed else "Greys", vmin=-top if signed else 0, vmax=top, interpolation="nearest"
        )
        ax.set(xticks=[], yticks=[], title="" if titles is None else titles[i])
        ax.spines[:].set_visible(False)
        ax.grid(False)


def plot_matrix(ax: Axes, matrix: ArrayLike, *, title: str = "", label: str = "", symmetric: bool = False) -> AxesImage:
    """A matrix as colours with a colour bar; `symmetric` centres the colours on zero."""
    matrix = np.asarray(matrix)
    top = np.abs(matrix).max()
    colors: dict[str, Any] = {"cmap": "PuOr_r", "vmin": -top, "vmax": top} if symmetric else {"cmap": "cividis"}
    image = ax.imshow(matrix, interpolation="nearest", **colors)
    ax.set_title(title)
    ax.grid(False)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.8, label=label)
    bar.outline.set_visible(False)
    return image


def plot_spectrum(
    ax: Axes,
    eigenvalues: ArrayLike,
    *,
    highlight: Iterable[int] | None = None,
    inverse: bool = False,
    label: str | None = None,
    color: str = BLUE,
) -> None:
    """Eigenvalues, or their inverses, against frequency; the frequencies in `highlight` are ringed.

    Parameters
    ----------
    eigenvalues : (n,) array, by frequency ω = 0 … n−1, positive
    highlight : list of int, optional
    inverse : bool, draw 1/λ with its mean as a dashed line
    """
    values = 1 / np.asarray(eigenvalues) if inverse else np.asarray(eigenvalues)
    ax.plot(values, "o-", color=color, markersize=3.5, linewidth=1, label=label)
    if inverse:
        ax.axhline(values.mean(), color=GREY, linestyle="--", linewidth=1.2)
    for omega in highlight or []:
        ax.plot(omega, values[omega], "o", color=VERMILLION, markersize=10, markerfacecolor="none", markeredgewidth=1.8)
    ax.set(yscale="log", xlabel="frequency ω", ylabel="1/λ" if inverse else "eigenvalue λ")


def plot_exact_vs_spectral(
    ax: Axes, exact: ArrayLike, spectral: ArrayLike, correct: ArrayLike | None = None, *, title: str = ""
) -> None:
    """Exact errors against predicted ones, one mark a data set, with the diagonal and the success line ε = 1.

    Parameters
    ----------
    exact, spectral : (p,) arrays
    correct : (p,) array of 0, 1 or 2, optional: how many of the two left-out poses are classified correctly
    """
    exact, spectral = np.asarray(exact), np.asarray(spectral)
    top = 1.08 * max(exact.max(), spectral.max())
    ax.plot([0, top], [0, top], color=GREY, linewidth=1)
    for line in (ax.axhline, ax.axvline):
        line(1.0, color=GREY, linewidth=1, linestyle=":")
    if correct is None:
        ax.scatter(spectral, exact, s=14, color=BLUE, alpha=0.7, linewidths=0)
    else:
        for count, marker, color in ((0, "x", VERMILLION), (1, "^", ORANGE), (2, "o", BLUE)):
            here = np.asarray(correct) == count
            if here.any():
                ax.scatter(
                    spectral[here],
                    exact[here],
                    s=16,
                    marker=marker,
                    color=color,
                    alpha=0.75,
                    label=f"{count} of 2 right",
                )
        ax.legend(loc="lower right", handletextpad=0.2)
    ax.set(xlim=(0, top), ylim=(0, top), xlabel="spectral error", ylabel="exact error", title=title, aspect="equal")


def plot_error_plane(ax: Axes, signal: ArrayLike, noise: ArrayLike, error: ArrayLike, *, title: str = "") -> None:
    """Errors over the plane of the two quantities that make them, both logarithmic; on the diagonal ε = 1.

    Parameters
    ----------
    signal : (p,) array, λ_N, across; positive
    noise : (p,) array, 1/⟨λ⁻¹⟩, up; positive. ε = noise / signal: the diagonal parts right (below) from wrong.
    error : (p,) array, positive, as colours: from a quarter to four, grey at one
    """
    signal, noise = np.asarray(signal), np.asarray(noise)
    colors = LinearSegmentedColormap.from_list("error", ["#3b1f78", "#8f7fc0", "#8c8c8c", "#e08a2e", "#9c3f00"])
    norm = LogNorm(vmin=0.25, vmax=4)
    marks = ax.scatter(signal, noise, c=error, s=16, cmap=colors, norm=norm, edgecolors="black", linewidths=0.3)
    # The diagonal is in the picture even where every mark lies on one side of it.
    across = 0.9 * signal.min(), 1.1 * max(signal.max(), noise.min())
    up = 0.9 * noise.min(), 1.1 * max(noise.max(), signal.min())
    ends = min(across + up), max(across + up)
    ax.plot(ends, ends, color="black", linewidth=1.2, label="ε = 1")
    ax.set(xscale="log", yscale="log", xlim=across, ylim=up, title=title)
    ax.set(xlabel=r"signal $\lambda_N$", ylabel=r"noise $1/\langle\lambda^{-1}\rangle$")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())
    ticks = [0.25, 0.5, 1, 2, 4]
    bar = ax.figure.colorbar(marks, ax=ax, label="exact error ε", ticks=ticks, extend="both")
    bar.minorticks_off()
    bar.set_ticklabels([f"{tick:g}" for tick in ticks])
    bar.outline.set_visible(False)


def plot_phase_diagram(
    ax: Axes, x: ArrayLike, y: ArrayLike, error: ArrayLike, *, xlabel: str, ylabel: str, title: str = ""
) -> None:
    """log₁₀ of errors over a grid as colours, cut at a tenth and ten, with the line ε = 1 between success and failure.

    Parameters
    ----------
    x : (m,) array; y : (n,) array; error : (n, m) array, positive
    """
    error = np.asarray(error)
    exponent = np.log10(error)
    mesh = ax.pcolormesh(x, y, exponent, cmap="PuOr_r", vmin=-1, vmax=1, shading="nearest", rasterized=True)
    if (error < 1).any() and (error > 1).any():
        ax.contour(x, y, exponent, levels=[0], colors="black", linewidths=1.6)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.grid(False)
    ax.figure.colorbar(mesh, ax=ax, label="log₁₀ ε", extend="both").outline.set_visible(False)
