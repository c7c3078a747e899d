"""What a chapter's code cells bring to a slide: figures, tables, claims, and code that is short."""

import ast
import html
import re

from book.builder.pictures import picture_of
from book.builder.teaching.exercises import without_magics

# Lines of a cell of code that a slide can hold, and of what it prints.
CODE = 10
_TABLE = re.compile(r"<table\b.*?</table>", re.S)
# The clock of a chapter that trains networks: nothing to show to a room.
_CLOCK = re.compile(r'^(?:started = time\.perf_counter\(\)|print\(f"elapsed: .*\)|elapsed: .*)$\n?', re.M)
_CLAIM = re.compile(r'<p class="symlib-claim.*?</p>', re.S)


def figure_of(markup):
    """(number, HTML) of the figure in what a cell shows; None where there is none."""
    picture = picture_of(markup)
    if picture is None:
        return None
    number = f'<span class="number">Figure {picture.number}.</span> ' if picture.number else ""
    image = f'<img alt="{picture.alt}" src="{picture.source}">'
    return picture.number, f"<figure>{image}<figcaption>{number}{picture.caption}</figcaption></figure>"


def table_of(markup):
    """(number, HTML) of the table in what a cell shows; None where there is none."""
    table = _TABLE.search(markup)
    if table is None:
        return None
    number = re.search(r'id="table-(\d+)-(\d+)"', table[0])
    # A line may end before an interval, not within it.
    whole = re.sub(r"\[[^]<]*\]", lambda interval: f'<span class="whole">{interval[0]}</span>', table[0])
    return ".".join(number.groups()) if number else "", re.sub(r' (?:id|style)="[^"]*"', "", whole)


def claims_in(markup):
    """HTML of each claim in what a cell shows."""
    return [re.sub(r' id="[^"]*"', "", claim) for claim in _CLAIM.findall(markup)]


def code_of(cell, imported):
    """Blocks of a cell of code that a slide can hold: it is short, not folded, and prints or uses what is `imported`.

    What it prints comes behind it; nothing for any other cell.
    """
    if "hide-input" in cell.metadata.get("tags", []):
        return []
    code = _CLOCK.sub("", without_imports(cell.source)).strip()
    printed = "".join(output.text for output in cell.get("outputs", []) if output.get("name") == "stdout")
    printed = _CLOCK.sub("", printed).rstrip()
    if not code or len(code.split("\n")) > CODE or not (printed or imported & _names(code)):
        return []
    lines = printed.split("\n")
    shown = "\n".join(lines if len(lines) <= CODE else [*lines[: CODE - 1], "…"])
    return [_highlighted(code), *([f'<pre class="printed">{html.escape(shown)}</pre>'] if printed else [])]


def imported_from_symlib(notebook):
    """Names that a chapter imports from symlib to compute with: drawing and claims aside."""
    found = set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for node in ast.walk(ast.parse(without_magics(cell.source))):
                if isinstance(node, ast.ImportFrom) and re.match(r"symlib(?!\.claims)", node.module or ""):
                    found |= {name.asname or name.name for name in node.names}
    return found - {"plots"}


def without_imports(source):
    r"""A cell of code without its imports; "" where nothing else is in it, or it is no plain Python.

    >>> without_imports("import numpy as np\n\nn = 4  # poses")
    'n = 4  # poses'
    """
    if source != without_magics(source):
        return ""
    lines = source.split("\n")
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            lines[statement.lineno - 1 : statement.end_lineno] = [None] * (statement.end_lineno - statement.lineno + 1)
    return "\n".join(line for line in lines if line is not None).strip()


def _names(code):
    return {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}


def _highlighted(source):
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return highlight(source, PythonLexer(), HtmlFormatter(cssclass="code")).strip()
