"""Functions that draw on axes what was computed elsewhere; marks differ in shape as well as in colour."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.image import AxesImage
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import ArrayLike

from symlib.plots.style import BLUE, GREY, ORANGE, VERMILLION


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
