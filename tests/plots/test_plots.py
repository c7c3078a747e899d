"""Figures carry alternative text, repeat exactly, ask no other host for anything, and draw what they were given."""

import html
import json
import re

import numpy as np
import pytest

from symlib import plots


def line_figure():
    fig, ax = plots.figure()
    plots.plot_spectrum(ax, [4.0, 2.0, 1.0], highlight=[1], inverse=True)
    return fig


def test_show_has_alt_and_caption_escaped():
    markup = plots.show(line_figure(), alt='a "curve" & more', caption="ε < 1")._repr_html_()
    assert 'alt="a &quot;curve&quot; &amp; more"' in markup
    assert "<figcaption>ε &lt; 1</figcaption>" in markup
    assert markup.startswith('<figure class="symlib-figure"')
    assert "http" not in re.sub(r"base64,[^\"]+", "", markup)


def test_show_needs_alt_and_closes_the_figure():
    fig = line_figure()
    with pytest.raises(ValueError, match="alt must say what the figure shows"):
        plots.show(fig, alt=" ")
    plots.show(fig, alt="a curve")
    assert not plots.plt.fignum_exists(fig.number)


def test_the_same_figure_gives_the_same_bytes():
    first, second = (plots.show(line_figure(), alt="a curve").markup for _ in range(2))
    assert first == second


def test_slider_shows_one_frame_at_a_time():
    frames = [(f"{d:.1f}", plots.show(line_figure(), alt=f"frame {d}")) for d in (0.1, 0.2, 0.3)]
    markup = plots.slider(frames, label="separation", start=1).markup
    assert markup.count('class="symlib-frame"') == 3 and markup.count('class="symlib-frame" hidden') == 2
    assert 'value="1"' in markup and "<output>0.2</output>" in markup and "frame 0.2" in markup
    with pytest.raises(ValueError, match="one of the 3 frames, got 3"):
        plots.slider(frames, label="separation", start=3)


def test_a_slider_says_values_with_marks_in_them():
    frames = [(value, plots.show(line_figure(), alt="frame")) for value in ("Bach's", 'a "b"', "C\\D")]
    markup = plots.slider(frames, label="tune").markup
    values = html.unescape(re.search(r'data-values="([^"]*)"', markup)[1])
    assert json.loads(values) == ["Bach's", 'a "b"', "C\\D"]


def test_spectrum_draws_the_inverse_and_its_mean():
    fig, ax = plots.figure()
    plots.plot_spectrum(ax, [4.0, 2.0, 1.0], inverse=True)
    assert ax.lines[0].get_ydata().tolist() == [0.25, 0.5, 1.0]
    assert ax.lines[1].get_ydata()[0] == pytest.approx(np.mean([0.25, 0.5, 1.0]))
    plots.plt.close(fig)


def test_exact_against_spectral_marks_every_pair_once():
    fig, ax = plots.figure()
    plots.plot_exact_vs_spectral(ax, [0.5, 1.2, 0.8], [0.6, 1.1, 0.9], correct=[2, 0, 1])
    marks = [tuple(collection.get_offsets()[0]) for collection in ax.collections]
    assert sorted(marks) == [(0.6, 0.5), (0.9, 0.8), (1.1, 1.2)]
    plots.plt.close(fig)


def test_matrix_images_plane_and_phase_diagram():
    rng = np.random.default_rng(0)
    fig, axes = plots.figure(2, 2)
    image = plots.plot_matrix(axes[0, 0], np.array([[1.0, -3.0], [2.0, 0.0]]), symmetric=True)
    assert image.get_clim() == (-3.0, 3.0)
    plots.plot_images(axes[0, 1:], rng.random((1, 4, 4)), titles=["digit"])
    assert axes[0, 1].get_title() == "digit"
    plots.plot_error_plane(axes[1, 0], [1.0, 2.0], [2.0, 1.0], [0.5, 1.5])
    plots.plot_phase_diagram(
        axes[1, 1], [1, 2, 3], [1, 2], np.array([[0.5, 2, 3], [0.1, 0.5, 2]]), xlabel="x", ylabel="y"
    )
    assert b"<svg" in plots.svg(fig)
    plots.plt.close(fig)


def test_error_plane_has_signal_across_noise_up_and_the_line_where_they_are_equal():
    fig, ax = plots.figure()
    signal, noise = np.array([0.02, 0.5, 0.1]), np.array([0.01, 0.012, 0.015])
    plots.plot_error_plane(ax, signal, noise, noise / signal)
    assert ax.collections[0].get_offsets().tolist() == np.column_stack([signal, noise]).tolist()
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert "signal" in ax.get_xlabel() and "noise" in ax.get_ylabel()
    (diagonal,) = ax.lines
    assert np.array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    # All of these are right (below the line); the line is in the picture all the same.
    assert ax.get_ylim()[1] > ax.get_xlim()[0]
    plots.plt.close(fig)


def test_error_plane_shows_no_mark_white_on_white():
    fig, ax = plots.figure()
    plots.plot_error_plane(ax, [1.0, 1.0, 1.0], [0.1, 1.0, 10.0], [0.1, 1.0, 10.0])
    fig.canvas.draw()
    assert (ax.collections[0].get_facecolors()[:, :3].max(axis=1) < 0.9).all()
    plots.plt.close(fig)
