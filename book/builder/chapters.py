"""Turns one chapter into its page of the book, or into its copy for Colab (nbformat notebooks)."""

import ast
import copy
import re

import nbformat

from book.builder.frame import frame_of, with_frame
from book.builder.markup import lower_markup, raise_markup
from book.builder.references import link_mentions
from book.builder.stderr import shown_on_stderr
from book.builder.teaching.question_boxes import with_questions
from book.builder.teaching.questions import questions_of

# The setup cell of a copy that has no address to install from.
_NO_SOURCE = """\
# This copy does not know where symlib is published, so it cannot install it.
import importlib.util

if importlib.util.find_spec("symlib") is None:
    raise ImportError(
        "install symlib first, in a clone of its repository: pip install -e '.[EXTRAS]'"
    )"""


def tagged(notebook, tag):
    """Indices of the cells that carry `tag`."""
    cells = enumerate(notebook.cells)
    return [index for index, cell in cells if tag in cell.metadata.get("tags", [])]


def title_of(notebook):
    """The title of a chapter, with its number: "04 · The kernels"."""
    return next(c.source for c in notebook.cells if c.cell_type == "markdown").split("\n")[0].removeprefix("# ")


def parameters_of(notebook):
    """Names and values of the cell tagged `parameters`: {} where there is none."""
    cells = tagged(notebook, "parameters")
    return literals(notebook.cells[cells[0]].source) if cells else {}


def literals(source):
    """Names and values of the assignments in `source`, all of which are literals.

    >>> literals("n, seed = 4, 0") # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    ValueError: ...
    >>> literals("n = 4  # poses")
    {'n': 4}
    """
    values = {}
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                values[name] = ast.literal_eval(value)
            case _:
                line = source.split("\n")[statement.lineno - 1]
                raise ValueError(f"a parameters cell holds lines 'name = literal', not {line!r}")
    return values


def to_page(executed, citations, tier, targets=None, name=""):
    """The staged page of an executed chapter: setup and notes to teachers dropped, one parameters cell, MyST markup.

    `tier` is what the book was asked for; the chapter says itself what it was computed at. `targets` are what all
    chapters number (references.py).
    """
    page = copy.deepcopy(executed)
    _frame(page, boxed=True)
    injected = tagged(page, "injected-parameters")
    for index in injected:
        # The book shows the values that ran where the chapter states its defaults.
        default = page.cells[tagged(page, "parameters")[0]]
        default.source = with_values(default.source, literals(page.cells[index].source))
    drop = {*injected, *tagged(page, "setup"), *tagged(page, "instructor")}
    page.cells = [cell for index, cell in enumerate(page.cells) if index not in drop]
    for index, cell in enumerate(page.cells):
        if cell.cell_type == "markdown":
            try:
                linked = link_mentions(cell.source, targets or {}, f"notebooks/{name}.html")
                cell.source = with_questions(raise_markup(linked, citations), questions_of(cell))
            except ValueError as error:
                raise ValueError(f"cell {index + 1}: {error}") from None
        else:
            if "hide-input" in cell.metadata.get("tags", []):
                shown = fold_name(cell.source)
                prompts = {"code_prompt_show": shown, "code_prompt_hide": f"Hide: {shown}"}
                cell.metadata["mystnb"] = prompts
            # What a cell leaves there is shown; a bar that is gone leaves nothing to show.
            if not shown_on_stderr(cell):
                cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
    run = page.metadata.pop("computed")
    line = f"Computed at the `{run['tier']}` tier on {run['device']} in {run['seconds']:.0f} s."
    if run["tier"] != tier:
        line += f" Its `{tier}` tier needs a GPU."
    page.cells.append(nbformat.v4.new_markdown_cell(f"```{{div}} computed-at\n{line}\n```"))
    return page


def fold_name(source):
    """What a folded cell of code holds, as its fold and its form on Colab are named.

    >>> fold_name('plots.show(fig, number="4.2", alt="")'), fold_name('claim("One is odd.", True, "1")')
    ('The code of Figure 4.2', 'How this is tested')
    """
    if re.search(r"^\s*claim\(", source, re.M):
        return "How this is tested"
    check = re.search(r"^\s*check\(\s*\"([\d.]+)\"", source, re.M)
    if check:
        return f"Check your answer to exercise {check[1]}"
    if "plots.table(" in source:
        kind = "table"
    elif "plots." in source:
        kind = "figure"
    else:
        return "The code"
    number = re.search(r'number="([\d.]+)"', source)
    return f"The code of {kind.capitalize()} {number[1]}" if number else f"The code of the {kind}"


def _frame(notebook, *, boxed):
    frame = frame_of(notebook)
    if frame is not None:
        title = next(cell for cell in notebook.cells if cell.cell_type == "markdown")
        title.source = with_frame(title.source, frame, boxed=boxed)


def with_values(source, values):
    """The assignments in `source` with the values of `values`; comments stay where they are.

    >>> with_values("n = 4  # poses", {"n": 8})
    'n = 8  # poses'
    """
    lines = source.encode().split(b"\n")
    for statement in reversed(ast.parse(source).body):
        name, node = statement.targets[0].id, statement.value
        if name in values and ast.literal_eval(node) != values[name]:
            start, end = node.lineno - 1, node.end_lineno - 1
            head, tail = lines[start][: node.col_offset], lines[end][node.end_col_offset :]
            lines[start : end + 1] = [head + repr(values[name]).encode() + tail]
    return b"\n".join(lines).decode()


def standalone(notebook, name, source, site):
    """The copy of chapter `name` that stands alone: frame under its title, notes to teachers dropped, install source
    filled in, links to the book absolute.

    With no `source` to install from, the setup cell says what to do; with no `site` links stay as they are.
    """
    lowered = copy.deepcopy(notebook)
    lowered.cells = [cell for cell in lowered.cells if "instructor" not in cell.metadata.get("tags", [])]
    _frame(lowered, boxed=False)
    for cell in lowered.cells:
        if cell.cell_type == "markdown" and site is not None:
            cell.source = lower_markup(cell.source, f"notebooks/{name}.ipynb", site)
    for index in tagged(lowered, "setup"):
        setup = lowered.cells[index]
        if source is None:
            setup.source = _NO_SOURCE.replace("EXTRAS", re.search(r"symlib\[(.*?)\]", setup.source)[1])
        else:
            setup.source = setup.source.replace("@ SOURCE", f"@ {source}")
    return lowered


def to_colab(notebook, name, source, site):
    """The copy of chapter `name` that runs on Colab: install source filled in, links absolute, figures' code folded.

    With no `source` to install from, the setup cell says what to do, and links stay as they are.
    """
    lowered = standalone(notebook, name, source, site if source is not None else None)
    collapsed = []
    for index, cell in enumerate(lowered.cells):
        cell.metadata["id"] = cell.get("id", f"cell-{index}")
        if {"hide-input", "check"} & set(cell.metadata.get("tags", [])):
            cell.metadata["cellView"] = "form"  # folded, under its title
            cell.source = f"#@title {fold_name(cell.source)}\n{cell.source}"
        folds = cell.metadata.get("jp-MarkdownHeadingCollapsed")
        if folds and re.match(r"#### (Hint|Solution) ", cell.source):
            collapsed.append(cell.metadata["id"])
    lowered.metadata["colab"] = {"collapsed_sections": collapsed}
    return lowered
