"""A report as plain text: what `print(report)` shows, and the terminal where rich is not installed."""

import textwrap
from typing import TYPE_CHECKING

from symlib.diagnose.rendering.sections import Section, Words, headline, sections, settings_line

if TYPE_CHECKING:
    from symlib.diagnose.report import Report

WIDTH = 100
MOST_ROWS = 20


def text(report: "Report") -> str:
    """The report in lines of at most 100 characters where its tables allow, long tables cut after 20 rows."""
    parts = [_wrapped(headline(report))]
    parts += [_section(section) for section in sections(report) if section.name not in ("figure", "settings")]
    parts.append(_wrapped(f"Settings: {settings_line(report)}."))
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> str:
    sentences = section.sentences[section.name == "verdict" :]  # its first stands above all
    lines = [section.title.upper(), *map(_wrapped, sentences)]
    for table in section.for_lines():
        lines += ["", *(_list(table) if section.name == "checks" else _table(table))]
    return "\n".join(lines)


def _table(table: Words) -> list[str]:
    shown = table.rows[:MOST_ROWS]
    widths = [max(map(len, column)) for column in zip(table.headers, *shown)]
    # What is left of a line goes to the longest column, whose words are wrapped.
    longest = widths.index(max(widths))
    others = sum(widths) - widths[longest] + 2 * (len(widths) - 1)
    widths[longest] = min(widths[longest], max(WIDTH - others, 24))
    lines = [f"{table.caption}:"]
    for row in [table.headers, ["-" * width for width in widths], *shown]:
        cells = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths)]
        for i in range(max(map(len, cells))):
            parts = [(cell[i] if i < len(cell) else "").ljust(width) for cell, width in zip(cells, widths)]
            lines.append("  ".join(parts).rstrip())
    if len(table.rows) > MOST_ROWS:
        lines.append(f"… and {len(table.rows) - MOST_ROWS} more, in the page and in the JSON")
    return lines


def _list(table: Words) -> list[str]:
    """Rows of prose, in which columns would be narrow: the answer, what it is about, and an arrow to what to do."""
    lines = []
    for result, name, found, remedy in table.rows:
        lines += textwrap.wrap(f"{result}: {name}: {found}", WIDTH, subsequent_indent="    ")
        if remedy:
            lines += textwrap.wrap(f"  → {remedy}", WIDTH, subsequent_indent="    ")
    return lines


def _wrapped(sentence: str) -> str:
    return textwrap.fill(sentence, WIDTH)
