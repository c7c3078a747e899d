"""A report as HTML: a fragment for notebooks, and one self-contained page that asks no host for anything.

The page has no script. Its styles are in it, its figure is SVG in the text, and its policy forbids all else to the
browser. Light or dark is the reader's setting; on paper it is black on white and all rows are there.
"""

import os
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING

from symlib.diagnose.rendering.sections import Section, Words, answer, headline, sections
from symlib.support.files import replacing

if TYPE_CHECKING:
    from symlib.diagnose.report import Report

_MOST_ROWS = 3000  # of a table, which a browser still lays out at once
_MARKS = {"passed": "good", "warning": "fair", "refused": "bad", "yes": "good", "no": "bad", "cannot tell": "fair"}

# Colours follow the text's own, so that the fragment is read in any notebook, light or dark.
_FRAGMENT_STYLE = """
.symlib-report { line-height: 1.5; max-width: 70rem; overflow-wrap: break-word; }
.symlib-report h2 { font-size: 1.25em; margin: 1.8em 0 0.4em; line-height: 1.25; }
.symlib-report p, .symlib-report ul { margin: 0.4em 0; max-width: 46rem; text-align: left; }
.symlib-report .headline { font-size: 1.15em; padding: 0.6em 0.9em; border: 2px solid; border-radius: 6px;
  max-width: none; }
.symlib-report .scroll { overflow-x: auto; margin: 0.8em 0; }
.symlib-report table { border-collapse: collapse; font-size: 0.9em; line-height: 1.35; margin: 0; border: 0; }
.symlib-report caption { text-align: left; caption-side: top; padding: 0 0 0.3em; font-style: italic; color: inherit; }
.symlib-report :is(th, td) { text-align: left; vertical-align: top; padding: 0.25em 0.8em 0.25em 0; border: 0;
  border-bottom: 1px solid rgba(127, 127, 127, 0.35); background: none; color: inherit; white-space: normal; }
.symlib-report td.number { white-space: nowrap; font-variant-numeric: tabular-nums; }
.symlib-report td.words { min-width: 11rem; }
.symlib-report thead th { border-bottom: 2px solid rgba(127, 127, 127, 0.7); white-space: normal; }
.symlib-report tbody th { font-weight: 600; }
.symlib-report tr.marked > * { background: rgba(213, 94, 0, 0.12); }
.symlib-report .mark { font-weight: 600; white-space: nowrap; }
.symlib-report .mark.good::before { content: "✓ " / ""; }
.symlib-report .mark.bad::before { content: "✗ " / ""; }
.symlib-report .mark.fair::before { content: "? " / ""; }
.symlib-report summary { cursor: pointer; padding: 0.3em 0; }
.symlib-report figure { display: flex; flex-wrap: wrap; gap: 1rem 2rem; margin: 0.8em 0; align-items: flex-start; }
.symlib-report figure svg { flex: 1 1 20rem; min-width: min(100%, 18rem); height: auto; }
"""

_PAGE_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0 auto; padding: 1rem clamp(1rem, 4vw, 3rem) 3rem; max-width: 72rem; color: #1a1a1a; background: #fff;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0.5rem 0 1rem; }
a { color: #0059a8; }
footer { margin-top: 3rem; font-size: 0.9rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; padding: 0; list-style: none; max-width: none; }
:focus-visible { outline: 2px solid; outline-offset: 2px; }
@media (prefers-color-scheme: dark) {
  body { color: #e6e6e6; background: #16181b; }
  a { color: #8ec5ff; }
  .symlib-report { --symlib-blue: #56b4e9; --symlib-vermillion: #ff8f45; }
}
@page { margin: 15mm; }
@media print {
  :root { color-scheme: light; }
  body { color: #000; background: #fff; font-size: 10pt; padding: 0; max-width: none; }
  nav { display: none; }
  .symlib-report .scroll { overflow: visible; }
  .symlib-report table { font-size: 8.5pt; }
  .symlib-report td.number { white-space: normal; }
  .symlib-report :is(tr, svg, .headline) { break-inside: avoid; }
  .symlib-report h2 { break-after: avoid; }
  .symlib-report thead { display: table-header-group; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
}
"""

# Nothing may be fetched and no script run, whatever a class is called.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # the cells of the figure are an image


def html(report: "Report") -> str:
    """The report as a fragment of HTML, for notebooks."""
    return f'<div class="symlib-report"><style>{_FRAGMENT_STYLE}</style>{_body(report)}</div>'


def page(report: "Report") -> str:
    """The report as one page that needs no other file."""
    from symlib import __version__

    found = sections(report)
    title = f"{answer(report)}: will it recognise what it never saw?"
    links = "".join(f'<li><a href="#{section.name}">{escape(section.title)}</a></li>' for section in found)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title)}</title>
<style>{_FRAGMENT_STYLE}{_PAGE_STYLE}</style>
</head>
<body>
<main class="symlib-report">
<h1>Will it recognise what it never saw?</h1>
{_summary(report)}
<nav aria-label="Sections"><ul>{links}</ul></nav>
{"".join(_section(section, report) for section in found)}
</main>
<footer class="symlib-report">Predicted before training, by symlib {__version__}.</footer>
</body>
</html>
"""


def to_html(report: "Report", path: str | os.PathLike) -> None:
    """Write the page: whole, or not at all.

    Raises
    ------
    OSError
        If the file cannot be written, naming it.
    """
    text = page(report).encode("utf-8")
    with replacing(path) as file:
        file.write(text)


def _body(report):
    return _summary(report) + "".join(_section(section, report) for section in sections(report))


def _summary(report):
    words, start = headline(report), len(answer(report))
    mark = _MARKS[report.verdict]
    return (
        f'<p class="headline"><strong class="mark {mark}">{escape(words[:start])}</strong>{escape(words[start:])}</p>\n'
    )


def _section(section: Section, report: "Report") -> str:
    parts = [f'<section aria-labelledby="{section.name}"><h2 id="{section.name}">{escape(section.title)}</h2>']
    if section.name == "cautions":
        parts.append(f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in section.sentences)}</ul>")
    else:
        parts += [f"<p>{escape(sentence)}</p>" for sentence in section.sentences]
    if section.name == "figure":
        parts.append(_figure(report))
    parts += [_table(table) for table in section.tables]
    if section.all_cells is not None and section.all_cells.rows:
        table = section.all_cells
        parts.append(f"<details><summary>{escape(table.caption)}</summary>{_table(table)}</details>")
    parts.append("</section>\n")
    return "\n".join(parts)


def _figure(report):
    if find_spec("matplotlib") is None:
        return "<p>Drawing it needs matplotlib, the extra <code>plots</code>; the tables hold all of its numbers.</p>"
    from symlib.diagnose.rendering.figures import inline_svg, panels

    return f"<figure>{''.join(inline_svg(*panel) for panel in panels(report))}</figure>"


def _table(words: Words) -> str:
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in words.headers)
    body = "".join(_row(i, row, words) for i, row in enumerate(words.rows[:_MOST_ROWS]))
    more = f"<p>… and {len(words.rows) - _MOST_ROWS:,} more, in the JSON.</p>" if len(words.rows) > _MOST_ROWS else ""
    # A box that scrolls is a stop of the Tab key, else what it hides is out of reach without a mouse.
    return (
        f'<div class="scroll" role="group" tabindex="0" aria-label="{escape(words.caption, quote=True)}">'
        f"<table><caption>{escape(words.caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>{more}</div>"
    )


def _row(i, row, words):
    marked = ' class="marked"' if i in words.marked else ""
    entries = [_mark(cell) if j == words.answers else escape(cell) for j, cell in enumerate(row)]
    rest = "".join(f"<td{_kind(cell)}>{entry}</td>" for cell, entry in zip(row[1:], entries[1:]))
    return f'<tr{marked}><th scope="row">{entries[0]}</th>{rest}</tr>'


def _mark(cell):
    return f'<span class="mark {_MARKS[cell]}">{escape(cell)}</span>'


def _kind(cell):
    if len(cell) <= 24 and any(sign in cell for sign in "0123456789"):
        return ' class="number"'
    return ' class="words"' if len(cell) > 40 else ""
