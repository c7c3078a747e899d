"""A report as words, figure, page and JSON: in order, whole, escaped, self-contained."""

import dataclasses
import json
import math
import re
import sys
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest

from symlib.diagnose.rendering import page, terminal
from symlib.diagnose.rendering.figures import describe, figure
from symlib.diagnose.rendering.sections import sections
from symlib.diagnose.report import Share
from symlib.diagnose.words import percent, points
from tests.diagnose.examples import HOSTILE, example_report, large_report

ORDER = ["checks", "coverage", "prediction", "figure", "verdict", "remedies", "measured", "cautions", "settings"]


def test_shares_in_words():
    assert percent(Share(0.2, 0.095, 0.364, 31)) == "20 % [10, 36]" and percent(None) == "–"
    assert points(Share(-0.74, -0.9, 0.004, 31)) == "−74 [−90, 0]"
    assert points(Share(0.051, -0.004, 0.2, 31)) == "+5 [0, +20]"


def test_sections_are_in_the_order_of_the_report():
    assert [section.name for section in sections(example_report())] == ORDER
    without = [section.name for section in sections(example_report(measured=None))]
    assert without == [name for name in ORDER if name != "measured"]


def test_plain_text_says_it_all():
    words = str(example_report())
    assert words.startswith("No: ") and "minor  2     20 % [10, 36]  30 % [17, 47]  95 % [88, 98]" in words
    for part in (
        "action obeys the table",
        "average over the group",
        "+75 [+60, +90]",
        "no poses in between",
        "margin 0.05",
    ):
        assert part in words
    assert max(map(len, words.split("\n"))) <= 120


def test_long_tables_are_cut_in_text_and_whole_on_the_page():
    report = large_report(30)
    assert "… and 10 more" in str(report)
    assert page.page(report).count("class 7") >= 17


@pytest.mark.parametrize("width", [60, 80, 140])
def test_a_terminal_shows_every_remedy_and_every_gap(width):
    console = terminal.console(width=width, record=True, file=open("/dev/null", "w"))
    with console.file:
        terminal.show(large_report(), console)
    words = re.sub(r"\s+", " ", console.export_text())
    for part in ("class 1", "0 (0°)", "3 (67.5°)", "15 (337.5°)", HOSTILE[:12], "+75 [+60, +90]", "1 ×", "3 ×"):
        # In 60 columns what would not fit is broken, and not cut off.
        assert all(piece in words for piece in ([part] if width > 60 else part.split())), part
    assert all(word in words for word in ("average", "over the", "group"))


def test_without_rich_the_terminal_has_plain_text(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.console", None)
    terminal.show(example_report(), terminal.console())
    assert capsys.readouterr().out == str(example_report())


def test_a_page_without_matplotlib_says_so(monkeypatch):
    monkeypatch.setattr(page, "find_spec", lambda name: None)
    text = page.page(example_report())
    assert "<svg" not in text and "Drawing it needs matplotlib" in text


@pytest.mark.parametrize("make", [example_report, large_report, lambda: example_report(curve=None)])
def test_the_figure_and_its_words(make):
    report = make()
    fig = figure(report)
    fig.canvas.draw()
    panels = [ax for ax in fig.axes if ax.get_label() != "<colorbar>"]
    assert len(panels) == (1 if report.curve is None else 2)
    cells = panels[-1].images[0].get_array()
    by_cell = {(row.label, row.pose): row for row in report.table}
    for (i, j), value in np.ndenumerate(cells):
        row = by_cell[report.coverage.classes[i], report.coverage.poses[j]]
        assert value == (row.new or row.known).value
    outlined = {(round(p.get_y() + 0.44), round(p.get_x() + 0.44)) for p in panels[-1].patches}
    classes = report.coverage.classes
    assert outlined == {(classes.index(label), pose) for label, pose in report.coverage.gaps}
    if report.curve is not None:
        drawn = np.concatenate([line.get_xydata() for line in panels[0].lines if line.get_marker() in "os"])
        shares = {point.share.value for point in report.curve.points}
        assert shares == set(drawn[:, 1])
        stars = [text.get_text() for text in panels[0].texts if "N*" in text.get_text()]
        assert stars == ([] if report.curve.n_star is None else [f"N* = {report.curve.n_star}"])
    words = describe(report)
    for gap in report.gaps:
        assert str(gap.label) in words
    plt.close(fig)


class Reader(HTMLParser):
    """Tags in order, identifiers, and what would be fetched."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.names, self.fetched, self.headings = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        given = dict(attributes)
        if "id" in given:
            self.names.append(given["id"])
        if tag == "h2":
            self.headings.append(given["id"])
        for name in ("src", "href", "xlink:href", "data", "srcset"):
            if name in given and not given[name].startswith(("#", "data:")):
                self.fetched.append(given[name])


@pytest.mark.parametrize("make", [example_report, large_report])
def test_the_page_is_one_file_in_order_and_escaped(tmp_path, make):
    report = make()
    report.to_html(tmp_path / "sub" / "report.html")
    text = (tmp_path / "sub" / "report.html").read_text(encoding="utf-8")
    reader = Reader(text)
    expected = [name for name in ORDER if name != "measured" or report.measured is not None]
    assert reader.headings == expected
    assert len(set(reader.names)) == len(reader.names)
    assert """<meta http-equiv="Content-Security-Policy" content="default-src 'none';""" in text
    assert reader.fetched == [] and not {"script", "link", "iframe"} & set(reader.tags)
    assert "@import" not in text and not re.search(r"url\((?!#|\"?data:)", text)
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["report.html"]


def test_a_page_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for write in (example_report().to_html, example_report().to_json):
        with pytest.raises(OSError, match="could not be written"):
            write(tmp_path / "file" / "report")


def test_notebooks_get_a_fragment():
    fragment = large_report()._repr_html_()
    assert fragment.startswith("<div") and "<html" not in fragment and "<script" not in fragment
    # Its styles reach nothing else in the notebook.
    for rule in re.findall(r"^([^\s{}][^{}]*)\{", re.search(r"<style>(.*?)</style>", fragment, re.DOTALL)[1], re.M):
        assert rule.startswith(".symlib-report")


def test_json_has_every_number_and_no_nan(tmp_path):
    report = example_report()
    row = dataclasses.replace(report.table[0], spread=math.nan)
    report = dataclasses.replace(report, table=[row, *report.table[1:]])
    text = report.to_json(tmp_path / "report.json")
    assert (tmp_path / "report.json").read_text(encoding="utf-8") == text

    def refuse(name):
        raise AssertionError(name)

    found = json.loads(text, parse_constant=refuse)
    assert found["schema"] == "symlib.diagnose/1" and found["table"][0]["spread"] is None
    assert set(found) == {"schema", *(field.name for field in dataclasses.fields(report))}
    assert found["remedies"][0]["gain"] == {"value": 0.75, "low": 0.6, "high": 0.9, "n": 31}
