"""A report in a terminal, in colour and as wide as it is: rich draws its tables."""

import textwrap
from typing import TYPE_CHECKING, Any

from symlib.diagnose.rendering.sections import Section, Words, answer, headline, sections, settings_line
from symlib.diagnose.rendering.text import MOST_ROWS, text

if TYPE_CHECKING:
    from symlib.diagnose.report import Report

_COLOURS = {"yes": "bold green", "no": "bold red", "cannot tell": "bold yellow"}
_SHORT = 17  # characters: such columns, numbers with intervals among them, are not broken
_LEAST = 16  # characters that a longer column keeps
_WORDS = {"passed": "green", "warning": "yellow", "refused": "red", **_COLOURS}


def console(**options: Any) -> Any:
    """rich's console on standard output, or None where rich is not installed."""
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console(highlight=False, **options)


def show(report: "Report", to: Any | None) -> None:
    """Print the report to a console of rich's, or without one as plain text."""
    if to is None:
        print(text(report), end="")
        return
    from rich.panel import Panel
    from rich.text import Text

    colour = _COLOURS[report.verdict]
    words = Text(headline(report))
    words.stylize(colour, 0, len(answer(report)))
    to.print(Panel(words, border_style=colour.split()[-1], expand=True, padding=(0, 1)))
    for section in sections(report):
        if section.name not in ("figure", "settings"):
            _show_section(section, to)
    to.print()
    to.print(Text(f"Settings: {settings_line(report)}."), style="dim")


def _show_section(section: Section, to: Any) -> None:
    from rich.padding import Padding
    from rich.text import Text

    to.print()
    to.print(Text(section.title, style="bold"))
    bullet = section.name == "cautions"
    for sentence in section.sentences[section.name == "verdict" :]:  # its first stands above all
        to.print(Padding(Text(f"• {sentence}" if bullet else sentence), (0, 0, 0, 1)))
    for table in section.for_lines():
        if section.name == "checks":
            _list(table, to)
            continue
        to.print()
        to.print(Padding(Text(table.caption, style="dim"), (0, 0, 0, 1)))
        to.print(Padding(_table(table, to.width - 1), (0, 0, 0, 1)))
        if len(table.rows) > MOST_ROWS:
            to.print(f"  … and {len(table.rows) - MOST_ROWS} more: --report, --json", style="dim", markup=False)


def _list(words: Words, to: Any) -> None:
    """Rows of prose, in which columns would be narrow."""
    from rich.padding import Padding
    from rich.text import Text

    for result, name, found, remedy in words.rows:
        to.print(Padding(Text.assemble((result, _WORDS[result]), " ", (name, "bold"), f": {found}"), (0, 0, 0, 1)))
        if remedy:
            to.print(Padding(Text(f"→ {remedy}"), (0, 0, 0, 4)))


def _table(words: Words, room: int) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.show_edge = table.pad_edge = False
    widths = [max(map(len, cells)) for cells in zip(*words.rows)]
    fits = sum(min(width, _LEAST if width > _SHORT else width) + 2 for width in widths) <= room
    for header, width in zip(words.headers, widths):
        short = width <= _SHORT and fits
        lines = "\n".join(textwrap.wrap(header, max(width, 10), break_long_words=False)) if short else header
        table.add_column(
            Text(lines), overflow="fold", no_wrap=short, min_width=min(width, _LEAST) if fits and not short else None
        )
    for i, row in enumerate(words.rows[:MOST_ROWS]):
        style = "" if i not in words.marked else "bold"
        styles = [_WORDS.get(cell, "") if j == words.answers else "" for j, cell in enumerate(row)]
        table.add_row(*map(Text, row, styles), style=style)
    return table
