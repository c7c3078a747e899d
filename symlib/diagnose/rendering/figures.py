"""The figure of a report: how many poses a class needs, and which cells of class and pose are predicted right.

Left, the share right of new objects in the poses that a class lacks, against the number of poses in which it is seen;
right, a cell for each class and pose, filled by the predicted share, those without samples outlined.
"""

import html
import re
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from symlib import plots
from symlib.diagnose.rendering.sections import pose_name

if TYPE_CHECKING:
    from symlib.diagnose.report import Report, Row

INK = "#1a1a1a"  # of text and axes; on a page it becomes the page's own
_MOST_WRITTEN = 18  # poses up to which the shares are written into their cells
_PIXELS = 105  # an inch, on a page at most
_FIRST_LABELS = 40  # classes that are named at the axis


def figure(report: "Report") -> Figure:
    """Both panels, or the right one alone where there is no curve. `describe` puts them into words.

    The figure is closed for pyplot, so that a notebook shows it once; elsewhere, save it.
    """
    rows, columns = report.coverage.counts.shape
    across = _cells_width(columns)
    high = max(3.2, _cells_height(rows))
    if report.curve is None:
        fig, ax = plots.figure(width=across, height=high)
        draw_cells(ax, report)
        plt.close(fig)
        return fig
    fig, (left, right) = plots.figure(1, 2, width=4.0 + across, height=high, width_ratios=[4.0, across])
    draw_curve(left, report)
    draw_cells(right, report)
    plt.close(fig)
    return fig


def panels(report: "Report") -> list[tuple[str, Figure, str]]:
    """Each panel as a figure of its own: its name, the figure, and what it shows in words."""
    found = []
    if report.curve is not None:
        fig, ax = plots.figure(width=4.6, height=3.4)
        draw_curve(ax, report)
        found.append(("curve", fig, describe_curve(report)))
    rows, columns = report.coverage.counts.shape
    fig, ax = plots.figure(width=_cells_width(columns), height=max(2.6, _cells_height(rows)))
    draw_cells(ax, report)
    found.append(("cells", fig, describe_cells(report)))
    return found


def describe(report: "Report") -> str:
    """The figure in words, for a reader who cannot see it."""
    words = [describe_cells(report)]
    return " ".join(words if report.curve is None else [describe_curve(report), *words])


def describe_curve(report: "Report") -> str:
    curve = report.curve
    assert curve is not None
    points = "; ".join(
        f"{point.poses} {'as a subgroup' if point.kind == 'subgroup' else 'drawn'}: {100 * point.share.value:.0f} %"
        for point in curve.points
    )
    return (
        f"Share right of new objects of class {curve.label} in the poses that it lacks, against the number of poses in "
        f"which it is seen. {points}. {curve.sentence}"
    )


def describe_cells(report: "Report") -> str:
    cells = [(row, _share(row)) for row in report.table]
    gaps = [
        f"{row.label} in pose {pose_name(report, row.pose)} {100 * share:.0f} %"
        for row, share in cells
        if not row.seen and share is not None
    ]
    seen = [share for row, share in cells if row.seen and share is not None]
    words = "Predicted share right of new objects, a cell for each class and pose."
    if seen:
        words += f" Cells with samples: {100 * min(seen):.0f} to {100 * max(seen):.0f} %."
    if gaps:
        more = f", and {len(gaps) - 12} more" if len(gaps) > 12 else ""
        words += f" Cells without samples: {', '.join(gaps[:12])}{more}."
    return words


def draw_curve(ax: Axes, report: "Report") -> None:
    """Share right against the number of poses, with its interval, the target, and N*."""
    curve = report.curve
    assert curve is not None
    order = len(report.coverage.poses)
    looks = {
        "random": (plots.BLUE, "o", "-", "poses drawn at random"),
        "subgroup": (plots.VERMILLION, "s", "none", "poses of a subgroup"),
    }
    for kind, (colour, marker, line, label) in looks.items():
        here = [point for point in curve.points if point.kind == kind]
        if not here:
            continue
        m = np.array([point.poses for point in here], float)
        share = np.array([point.share.value for point in here])
        below = share - [point.share.low for point in here]
        above = np.array([point.share.high for point in here]) - share
        errors = np.clip([below, above], 0, None)
        shift = 0.0 if kind == "random" else 0.012 * order
        ax.errorbar(
            m + shift,
            share,
            errors,
            color=colour,
            marker=marker,
            linestyle=line,
            markersize=4.5,
            capsize=2,
            label=label,
        )
    ax.axhline(curve.target, color=plots.GREY, linestyle="--", linewidth=1)
    ax.annotate(
        f"target {100 * curve.target:.0f} %",
        (1, curve.target),
        (0, 3),
        textcoords="offset points",
        fontsize=8.5,
        color=INK,
    )
    if curve.n_star is not None:
        ax.axvline(curve.n_star, color=plots.GREY, linestyle=":", linewidth=1.2)
        late = curve.n_star > 0.7 * order
        ax.annotate(
            f"N* = {curve.n_star}",
            (curve.n_star, 0.02),
            (-4 if late else 4, 0),
            textcoords="offset points",
            ha="right" if late else "left",
            fontsize=9.5,
            color=INK,
        )
    ax.set(
        xlim=(1 - 0.03 * order, order + 0.04 * order),
        ylim=(-0.02, 1.06),
        xlabel=f"poses of class {_short(curve.label)} seen, of {order}",
        ylabel="share right at the others",
    )
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=2))
    if len({point.kind for point in curve.points}) > 1:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), borderpad=0.1, labelspacing=0.2)  # above: clear of the marks
    _ink(ax)


def draw_cells(ax: Axes, report: "Report") -> None:
    """A cell for each class and pose, filled by the predicted share right; cells without samples are outlined."""
    classes, poses = report.coverage.classes, report.coverage.poses
    values = np.full((len(classes), len(poses)), np.nan)
    place = {label: i for i, label in enumerate(classes)}, {pose: j for j, pose in enumerate(poses)}
    gaps = []
    for row in report.table:
        i, j = place[0][row.label], place[1][row.pose]
        share = _share(row)
        values[i, j] = np.nan if share is None else share
        if not row.seen:
            gaps.append((i, j))
    image = ax.imshow(
        np.ma.masked_invalid(values), cmap="cividis", vmin=0, vmax=1, aspect="auto", interpolation="nearest"
    )
    if len(poses) <= _MOST_WRITTEN and len(classes) <= _FIRST_LABELS:
        for (i, j), value in np.ndenumerate(values):
            if np.isfinite(value):
                ax.text(j, i, f"{100 * value:.0f}", ha="center", va="center", fontsize=8, color=_on_cell(value))
    for i, j in gaps:
        # Within the cell, so that outlines of neighbours do not lie on each other.
        ax.add_patch(_outline(i, j))
    _name_axes(ax, report)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.9, pad=0.02)
    bar.set_label("predicted share right", color=INK)
    bar.ax.tick_params(colors=INK)
    bar.outline.set_visible(False)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.set_title("new objects, in %; outlined: no samples" if gaps else "new objects, in %", fontsize=9.5)
    _ink(ax)


def _outline(i, j):
    return Rectangle((j - 0.44, i - 0.44), 0.88, 0.88, fill=False, edgecolor=plots.VERMILLION, linewidth=2)


def _name_axes(ax, report):
    classes, poses = report.coverage.classes, report.coverage.poses
    step = max(1, -(-len(poses) // 24))
    ax.set_xticks(range(0, len(poses), step), [str(pose) for pose in poses[::step]])
    step = max(1, -(-len(classes) // _FIRST_LABELS))
    ax.set_yticks(range(0, len(classes), step), [_short(label) for label in classes[::step]])
    ax.set(xlabel="pose", ylabel="class")


def _short(label: Any, most: int = 16) -> str:
    """A label that fits beside an axis; $ would open a formula."""
    words = str(label).replace("$", r"\$")
    return words if len(words) <= most else words[: most - 1] + "…"


def _share(row: "Row") -> float | None:
    share = row.new if row.new is not None else row.known
    return None if share is None else share.value


def _on_cell(value):
    """Black or white, whichever is read better on a cell of that value."""
    red, green, blue, _ = colormaps["cividis"](value)
    return "white" if 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 < 0.18 else "black"


def _cells_width(columns):
    return float(np.clip(2.2 + 0.36 * columns, 3.8, 9.5))


def _cells_height(rows):
    return float(np.clip(1.1 + 0.28 * rows, 2.2, 11.0))


def _ink(ax):
    """All that is written, and the axes, in one colour, which a page replaces by its own."""
    ax.tick_params(colors=INK, labelcolor=INK)
    for word in (ax.xaxis.label, ax.yaxis.label, ax.title):
        word.set_color(INK)
    for spine in ax.spines.values():
        spine.set_edgecolor(INK)
    if (legend := ax.get_legend()) is not None:
        for word in legend.get_texts():
            word.set_color(INK)


def inline_svg(name: str, fig: Figure, words: str) -> str:
    """A figure as SVG within a page: its ink is the page's, its background none, its names its own."""
    fig.patch.set_alpha(0)
    for ax in fig.axes:
        ax.patch.set_alpha(0)
        for line in [*ax.get_xgridlines(), *ax.get_ygridlines()]:
            line.set(color=plots.GREY, alpha=0.35)
    width = round(_PIXELS * fig.get_figwidth())
    drawn = plots.svg(fig).decode()
    plt.close(fig)
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL).replace(INK, "currentColor")
    for colour, variable in ((plots.BLUE, "blue"), (plots.VERMILLION, "vermillion")):
        drawn = drawn.replace(colour.lower(), f"var(--symlib-{variable}, {colour.lower()})")
    drawn = re.sub(r'\b(id=")', rf"\1{name}-", drawn)
    drawn = re.sub(r'(url\(#|href="#)', rf"\1{name}-", drawn)
    head = f'<svg role="img" aria-label="{html.escape(words, quote=True)}" class="{name}" style="max-width:{width}px" '
    return drawn.strip().replace("<svg ", head, 1)
