"""The map of what needs what: read from the frames of the chapters, drawn as a picture, and listed as a table.

A frame says "chapters 02 and 04 (circulant matrices; …)" for what is needed, and "chapter 12 for …" or "chapter 01
says …" for what is needed in part.
"""

import re
import textwrap
from html import escape
from itertools import pairwise
from typing import NamedTuple

from book.builder.chapters import title_of
from book.builder.frame import frame_of
from book.builder.layers import layered

_MENTION = re.compile(r"chapters? (\d\d(?:(?:, | and )\d\d)*)( for\b| says\b)?")
_WIDTH, _HEIGHT, _ROW, _GAP = 164, 62, 112, 18
_STYLE = """\
text { font: 12.5px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1b1b1b; }
.number { font-weight: 700; }
rect { fill: #fff; stroke: #41556b; stroke-width: 1.2; }
path { fill: none; stroke: #41556b; stroke-width: 1.4; marker-end: url(#tip); }
path.part { stroke-dasharray: 5 4; stroke: #8a6d3b; }"""


class Needs(NamedTuple):
    """The chapters that one needs ("06"), and those that it needs in part; both in the order in which it names them."""

    whole: tuple
    part: tuple


def needs_of(words):
    """What a frame's `needs` asks for.

    >>> needs_of("chapters 02 and 04 (waves); chapter 12 for what kernels do not predict")
    Needs(whole=('02', '04'), part=('12',))
    """
    whole, part = [], []
    for match in _MENTION.finditer(words):
        (part if match[2] else whole).extend(re.findall(r"\d\d", match[1]))
    return Needs(tuple(whole), tuple(number for number in part if number not in whole))


def needs_table(chapters, link):
    """The table in Markdown; `chapters` maps numbers to (title, Needs), `link` makes a link of a number."""
    rows = ["| chapter | needs | needs in part | is needed by |", "|---|---|---|---|"]
    for number, (title, needs) in chapters.items():
        later = [other for other, (_, its) in chapters.items() if number in its.whole]
        cells = [", ".join(map(link, numbers)) or "–" for numbers in (needs.whole, needs.part, later)]
        rows.append(f"| {link(number, f'{number} · {title}')} | {' | '.join(cells)} |")
    return "\n".join(rows)


def arrows_of(chapters):
    """{(needed, needing): "whole" or "part"} as drawn: what a chapter needs through another one goes without saying."""
    whole = {number: [n for n in needs.whole if n in chapters] for number, (_, needs) in chapters.items()}

    def before(number):
        return {earlier for n in whole[number] for earlier in {n, *before(n)}}

    arrows = {}
    for number, (_, needs) in chapters.items():
        implied = {earlier for n in whole[number] for earlier in before(n)}
        arrows |= {(n, number): "whole" for n in whole[number] if n not in implied}
        arrows |= {(n, number): "part" for n in needs.part if n in chapters and n not in before(number)}
    return arrows


def needs_picture(chapters):
    """The map as SVG: a box a chapter, an arrow from what is needed to what needs it, broken where it is in part."""
    arrows = arrows_of(chapters)
    places, ways = layered(list(chapters), list(arrows), width=_WIDTH, gap=_GAP)
    width = max((x for x, _ in places.values()), default=0) + _WIDTH / 2 + 8
    height = max((level for _, level in places.values()), default=0) * _ROW + _HEIGHT + 16

    def y(level):
        return 8 + level * _ROW

    drawn = [
        '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" style="fill:#41556b;stroke:none;marker-end:none"/></marker>'
    ]
    for arrow, way in ways.items():
        points = [(x, y(level) + (_HEIGHT / 2)) for x, level in way]
        points[0] = (points[0][0], points[0][1] + _HEIGHT / 2)
        points[-1] = (points[-1][0], points[-1][1] - _HEIGHT / 2 - 1)
        curve = f"M{points[0][0]:.0f} {points[0][1]:.0f}"
        for (x1, y1), (x2, y2) in pairwise(points):
            curve += f"C{x1:.0f} {(y1 + y2) / 2:.0f} {x2:.0f} {(y1 + y2) / 2:.0f} {x2:.0f} {y2:.0f}"
        drawn.append(f'<path class="{arrows[arrow]}" d="{curve}"/>')
    for number, (title, _) in chapters.items():
        x, top = places[number][0], y(places[number][1])
        drawn.append(f'<rect x="{x - _WIDTH / 2:.0f}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" rx="5"/>')
        lines = textwrap.wrap(f"{number} {title.partition(':')[0]}", 22)[:3]
        for row, words in enumerate(lines):
            down = top + _HEIGHT / 2 + 4.5 + 17 * (row - (len(lines) - 1) / 2)
            shown = escape(words)
            if row == 0:
                shown = shown.replace(number, f'<tspan class="number">{number}</tspan>', 1)
            drawn.append(f'<text x="{x - _WIDTH / 2 + 9:.0f}" y="{down:.1f}">{shown}</text>')
    box = f'viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}"'
    body = "\n".join(drawn)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box}>\n<style>{_STYLE}</style>\n{body}\n</svg>\n'


def chapters_with_needs(notebooks):
    """{"06": (title, Needs)} of executed chapters, by file name; those without a frame are left out."""
    found = {}
    for name, notebook in notebooks.items():
        frame = frame_of(notebook)
        if frame is not None:
            found[name[:2]] = title_of(notebook).partition(" · ")[2], needs_of(frame["needs"])
    return found
