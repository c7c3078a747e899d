"""The map of what needs what: as the frames of the chapters say, drawn so that it can be read."""

import json
import re
from itertools import pairwise
from xml.etree import ElementTree

import nbformat
import pytest

from book.builder.build import ROOT
from book.builder.layers import layered
from book.builder.needs import arrows_of, chapters_with_needs, needs_of, needs_picture, needs_table

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def chapters():
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    return chapters_with_needs({path.stem: nbformat.read(path, as_version=4) for path in paths})


def frames():
    """(number, what it says that it needs) of each chapter, from the files."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        (frame,) = (
            cell["metadata"]["frame"] for cell in json.loads(path.read_text())["cells"] if "frame" in cell["metadata"]
        )
        yield path.stem[:2], frame["needs"]


def test_every_chapter_that_a_frame_names_is_needed(chapters):
    for number, words in frames():
        needs = chapters[number][1]
        assert sorted(needs.whole + needs.part) == sorted(set(re.findall(r"\d\d", words))), number
        assert all(earlier < number for earlier in needs.whole), number


def test_in_part_is_what_is_needed_for_something():
    assert needs_of("chapter 02, its sections on circulant matrices") == (("02",), ())
    assert needs_of("chapters 04, 06 and 08; chapter 13 for the last comparison") == (("04", "06", "08"), ("13",))
    assert needs_of("linear algebra; chapter 01 says what it is for") == ((), ("01",))
    assert needs_of("some acquaintance with training neural networks; no mathematics") == ((), ())


def test_arrows_leave_out_what_goes_without_saying_and_nothing_else(chapters):
    arrows = arrows_of(chapters)

    def reached(number, steps):
        found = {earlier for earlier, later in steps if later == number}
        return found.union(*(reached(earlier, steps) for earlier in found))

    told = [(earlier, number) for number, (_, needs) in chapters.items() for earlier in needs.whole]
    drawn = [arrow for arrow, kind in arrows.items() if kind == "whole"]
    for number in chapters:
        assert reached(number, drawn) == reached(number, told)
    assert len(drawn) < len(told)
    assert {arrow for arrow, kind in arrows.items() if kind == "part"} >= {("01", "02"), ("12", "18")}


def test_boxes_stand_below_what_leads_to_them_and_apart(chapters):
    arrows = list(arrows_of(chapters))
    places, ways = layered(list(chapters), arrows, width=100, gap=10)
    assert set(places) == set(chapters) and set(ways) == set(arrows)
    for before, after in arrows:
        assert places[before][1] < places[after][1]
        assert ways[before, after][0] == places[before] and ways[before, after][-1] == places[after]
    for layer in {layer for _, layer in places.values()}:
        row = sorted(x for x, level in places.values() if level == layer)
        assert all(right - left >= 110 - 1e-6 for left, right in pairwise(row))
    assert layered([], [], width=1, gap=1) == ({}, {})


def test_ways_that_need_not_cross_do_not():
    arrows = [("a", "f"), ("b", "e"), ("c", "d"), ("a", "e"), ("b", "d")]
    places, _ = layered(list("abcdef"), arrows, width=10, gap=2)
    sides = [
        (places[a][0] - places[c][0]) * (places[b][0] - places[d][0])
        for a, b in arrows
        for c, d in arrows
        if a != c and b != d
    ]
    assert min(sides) > 0


def test_the_ways_of_the_book_seldom_cross(chapters):
    arrows = list(arrows_of(chapters))
    _, ways = layered(list(chapters), arrows, width=100, gap=10)
    steps = {}
    for way in ways.values():
        for (above, layer), (below, _) in pairwise(way):
            steps.setdefault(layer, []).append((above, below))
    crossed = [(a - c) * (b - d) < 0 for row in steps.values() for a, b in row for c, d in row]
    assert sum(crossed) // 2 < 2 * len(chapters) // 3 < len(arrows) / 2


def test_the_picture_and_the_table_show_each_chapter_once(chapters):
    root = ElementTree.fromstring(needs_picture(chapters))
    assert len(root.findall(f"{SVG}rect")) == len(chapters)
    assert len(root.findall(f"{SVG}path")) == len(arrows_of(chapters))
    numbers = [span.text for span in root.iter(f"{SVG}tspan")]
    assert sorted(numbers) == sorted(chapters)
    rows = needs_table(chapters, lambda number, words=None: words or number).split("\n")[2:]
    assert len(rows) == len(chapters)
    for row, (number, (title, needs)) in zip(rows, chapters.items()):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[0] == f"{number} · {title}"
        assert cells[1] == (", ".join(needs.whole) or "–") and cells[2] == (", ".join(needs.part) or "–")
        later = {other for other, words in frames() if number in needs_of(words).whole}
        assert set(re.findall(r"\d\d", cells[3])) == later
