"""A live figure is one piece of HTML that needs nothing else; a module comes once, behind what it imports."""

import json
import re

import pytest

from symlib import plots
from symlib.plots.live import assemble


def picture():
    fig, ax = plots.figure(width=2.0, height=1.5)
    ax.plot([0, 1])
    plots.plt.close("all")  # those of figures that were refused
    return fig


def test_a_figure_holds_its_picture_its_data_and_its_script():
    figure = plots.live_networks(picture(), alt='a "<curve>"', caption="m < 2", number="4.7", networks=9)
    markup = figure._repr_html_()
    assert markup.startswith('<figure class="symlib-figure symlib-live" data-live="networks" id="figure-4-7"')
    assert markup.count('alt="a &quot;&lt;curve&gt;&quot;"') == 1 and "m &lt; 2</figcaption>" in markup
    data = re.search(r'<script type="application/json">(.*?)</script>', markup)[1]
    assert json.loads(data) == {"width": 16, "angle": 60, "networks": 9, "seed": 0}
    # Nothing is fetched: the one address is the name of SVG's elements.
    assert set(re.findall(r"https?://[^\"']+", re.sub(r"base64,[^\"]+", "", markup))) == {"http://www.w3.org/2000/svg"}


def test_a_picture_that_covers_the_result_is_named_by_what_is_drawn():
    options = {"xlabel": "digit", "ylabel": "share", "ylim": (0, 1), "alt": "the result"}
    markup = plots.live_prediction(picture(), ["0", "1"], [0.2, 0.3], covers=True, **options).markup
    assert 'class="symlib-figure symlib-live covers"' in markup and 'aria-label="Draw share by digit"' in markup
    open_axes = plots.live_prediction(picture(), ["0", "1"], [0.2, 0.3], **options).markup
    assert "covers" not in open_axes.partition(">")[0] and 'aria-label="the result"' in open_axes


@pytest.mark.parametrize(
    "computed, ylim, log, words",
    [
        ([1.0], (0, 2), False, "a number for each of the 2 x, got shape (1,)"),
        ([1.0, 3.0], (0, 2), False, "computed runs from 1 to 3, ylim is (0, 2)"),
        ([1.0, float("nan")], (0, 2), False, "ylim must reach around computed"),
        ([0.5, 1.0], (0, 2), True, "from above 0 on a logarithmic scale"),
    ],
)
def test_a_curve_that_does_not_fit_its_scale_is_refused(computed, ylim, log, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        plots.live_prediction(picture(), [1, 2], computed, xlabel="x", ylabel="y", ylim=ylim, log=log, alt="axes")


@pytest.mark.parametrize("x", [[2, 1], [1], [1, float("nan")], [1, 1]])
def test_numbers_across_must_grow(x):
    with pytest.raises(ValueError, match="x must be"):
        plots.live_prediction(picture(), x, [0.5] * len(x), xlabel="x", ylabel="y", ylim=(0, 1), alt="axes")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"poses": 33}, "poses must lie between 2 and 32, got 33"),
        ({"separation": -0.5}, "separation must lie between 0.02 and 1.6"),
        ({"length_scale": float("nan")}, "length_scale must lie between 0.1 and 1, got nan"),
        ({"ridge": None}, "ridge must be one real number"),
    ],
)
def test_what_a_slider_does_not_reach_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        plots.live_two_circles(picture(), alt="circles", **given)


def test_data_must_be_finite_and_cannot_end_the_script():
    with pytest.raises(ValueError, match="JSON"):
        assemble.live(picture(), "networks", data={"x": float("inf")}, alt="a")
    markup = assemble.live(picture(), "networks", data={"x": "</script><b>"}, alt="a").markup
    assert "</script><b>" not in markup and r"\u003c/script>" in markup


def test_each_module_comes_once_behind_what_it_imports():
    script = assemble.script("circles")
    order = re.findall(r"^const \$(\w+) = \(\(\) => \{$", script, re.M)
    assert len(order) == len(set(order)) and order[-1] == "circles"
    for name in order:
        for _, other in assemble._IMPORT.findall((assemble.JS / f"{name}.js").read_text(encoding="utf-8")):
            assert order.index(other) < order.index(name)
    assert not re.search(r"^(import|export)\b", script, re.M)


@pytest.mark.parametrize(
    "modules, words",
    [
        ({"a": 'import { x } from "./b.js";\n', "b": 'import { y } from "./a.js";\n'}, "in a circle: a -> b -> a"),
        ({"a": 'import x from "./b.js";\n'}, "a.js may only hold"),
        ({"a": "export default 3;\n"}, "a.js may only hold"),
        ({"a": 'export const x = "</script>";\n'}, "ends or comments out its script tag"),
    ],
)
def test_modules_that_cannot_be_put_together_are_refused(modules, words, tmp_path, monkeypatch):
    (tmp_path / "stage.js").write_text("export function start() {}\n")
    for name, source in modules.items():
        (tmp_path / f"{name}.js").write_text(source)
    monkeypatch.setattr(assemble, "JS", tmp_path)
    with pytest.raises(ValueError, match=re.escape(words)):
        assemble.script.__wrapped__("a")
