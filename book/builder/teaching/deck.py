"""Makes a deck of slides of an executed chapter: what is on each slide, and what its speaker notes say.

A stack of slides for every `##` heading; in it a slide for every box, figure, table, run of claims and short cell of
code, in the chapter's order. A slide holds what a room can read: the first sentence of a paragraph, a formula with the
sentence that leads to it. The paragraphs in full are its notes. What does not fit a slide is moved to further ones in
the browser (slides.js), where letters have a size.
"""

import ast
import html
import re
from dataclasses import dataclass, field

from book.builder.chapters import tagged, title_of
from book.builder.frame import frame_of
from book.builder.markup import anchor, box_opening
from book.builder.teaching import prose
from book.builder.teaching.exercises import used, without_magics
from book.builder.teaching.questions_html import question_html, question_notes

# Letters of a line, lines of an opening slide, and lines of a cell of code that a slide can hold.
LINE, LINES, CODE = 190, 4, 10
_FIGURE = re.compile(r'<figure class="symlib-figure".*?</figure>', re.S)
_IMAGE = re.compile(r"<img\b[^>]*>")
_TABLE = re.compile(r"<table\b.*?</table>", re.S)
_CLAIM = re.compile(r'<p class="symlib-claim.*?</p>', re.S)
_FRAME = re.compile(r'<div class="symlib-frame">(.*?)</div>', re.S)
_SKIPPED = {"setup", "parameters", "injected-parameters", "check"}


@dataclass
class Slide:
    """A slide: its kind ("text", "box theorem", "figure", …), its heading, blocks of HTML, paragraphs of notes."""

    kind: str
    heading: str
    blocks: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    name: str = ""


def stacks_of(executed, page, site):
    """The slides of an executed chapter as a list of stacks, one a heading; each a list of `Slide`.

    `page` is the chapter's path in the tree ("notebooks/06_x.ipynb"), `site` the book's address, or None.
    """
    return _Reader(executed, page, site).read()


class _Reader:
    """Reads a chapter from its first cell to its last; `pending` holds paragraphs no slide has shown yet."""

    def __init__(self, executed, page, site):
        self.notebook, self.page, self.site = executed, page, site
        self.stacks, self.pending, self.heading = [], [], ""
        self.questions, self.exercises, self.solved = [], False, False
        self.imported = _imported(executed)

    def read(self):
        skipped = {index for tag in _SKIPPED for index in tagged(self.notebook, tag)}
        for index, cell in enumerate(self.notebook.cells):
            if "instructor" in cell.metadata.get("tags", []):
                self._last().notes.append(f"<em>To the teacher.</em> {self._html(cell.source)}")
            elif cell.cell_type == "markdown":
                self._markdown(cell)
            elif index not in skipped and not self.exercises:
                self._code(cell)
        self._tell(last=True)
        return [stack for stack in self.stacks if stack]

    def _last(self):
        return self.stacks[-1][-1]

    def _add(self, kind, blocks, name="", heading=None):
        """A new slide of the present stack; what was said before it goes to its notes."""
        slide = Slide(kind, self.heading if heading is None else heading, blocks, self._said(), name)
        self.stacks[-1].append(slide)
        return slide

    def _said(self):
        said = [self._html(source) for _, source in self.pending]
        self.pending = []
        return said

    def _html(self, source):
        return prose.html_of(prose.without_near_links(source, self.page, self.site))

    def _inline(self, source):
        return prose.inline_html(prose.without_near_links(source, self.page, self.site))

    # --- Markdown

    def _markdown(self, cell):
        source = cell.source
        if not self.stacks:
            source = self._title(cell)
        for kind, text in prose.blocks_of(source):
            if kind == "heading":
                self._heading(text)
            elif self.exercises:
                if not self.solved:
                    self._last().notes.append(self._html(text))
            elif kind == "quote" and (opening := box_opening(text.split("\n")[0])):
                self._box(text, opening, cell.metadata.get("questions", []))
            elif kind == "table":
                self._tell()
                self._add("table", [self._html(text)])
            elif kind == "list" and self.heading == "Recap":
                self._add("recap", [_item(self._inline(item)) for item in prose.list_items(text)])
            else:
                self.pending.append((kind, text))

    def _title(self, cell):
        """The first two slides, title and goals; gives the rest of the title cell."""
        title, _, text = cell.source.partition("\n")
        self.stacks.append([Slide("title", title_of(self.notebook))])
        frame = frame_of(self.notebook)
        if frame:
            needs = f'<p class="small">You need {self._inline(frame["needs"])}.</p>'
            goals = [_item(self._inline(goal)) for goal in frame["goals"]]
            self.stacks.append([Slide("goals", "You learn to", [*goals, needs])])
        self.stacks.append([])
        self.heading = re.sub(r"^\d+ · ", "", title.removeprefix("# "))
        return text

    def _heading(self, text):
        marks, _, words = text.partition(" ")
        exercise = re.match(r"Exercise (\d+\.\d+) (★+): (.*)", words)
        if len(marks) == 2:
            self._tell(last=True)
            self.heading = words
            self.exercises = words == "Exercises"
            self.stacks.append([Slide("exercises", words)] if self.exercises else [])
        elif self.exercises and exercise:
            number, stars, name = exercise.groups()
            self.solved = False
            self._last().blocks.append(f"<p><strong>{number}</strong> {stars} {self._inline(name)}</p>")
            self._last().notes.append(f"<strong>Exercise {number}.</strong>")
        elif self.exercises:
            self.solved = True  # a hint or a solution: neither on the slide nor in its notes
        else:
            self._tell()
            self.pending.append(("paragraph", f"**{words}.**"))

    def _tell(self, *, last=False):
        """A slide of what is pending: lines and formulas; `last`: nothing else of this section can show it."""
        if not self.pending and not (last and not self.stacks[-1] and self.heading):
            return
        opens = not self.stacks[-1]
        formulas = self._formula_pending()
        if not opens and not formulas and self._last().kind != "title":
            self._last().notes += self._said()
            return
        blocks = self._lines()
        if opens and not blocks and not last:
            return  # it is told in the notes of what is shown next
        if blocks or opens:
            alone = opens and not formulas and len(blocks) <= 1
            self._add("text opener" if alone else "text", blocks)
        else:
            self._last().notes += self._said()

    def _lines(self):
        """Of each pending paragraph the first sentence, and of one that leads to a formula its last; the formulas."""
        blocks, lines, before = [], 0, ()
        for position, (kind, text) in enumerate(self.pending):
            if kind == "math":
                if before and prose.length(before[-1]) <= LINE:
                    blocks.append(("lead", before[-1]))
                blocks.append(("math", text))
            before = prose.sentences(text) if kind == "paragraph" else ()
            leads = position + 1 < len(self.pending) and self.pending[position + 1][0] == "math"
            good = before and prose.length(before[0]) <= LINE and not before[0][:1].islower() and not before[0].endswith(":")
            if good and lines < LINES and not (leads and len(before) == 1):
                blocks.append(("line", before[0]))
                lines += 1
            if kind == "list" and lines < LINES:
                items = prose.list_items(text)
                if all(prose.length(item) <= LINE for item in items):
                    blocks += [("item", item) for item in items]
        return [self._block(*block) for block in blocks]

    def _block(self, kind, text):
        match kind:
            case "math":
                return self._html(text)
            case "item":
                return _item(self._inline(text))
            case "lead":
                return f'<p class="lead">{self._inline(text)}</p>'
        return f"<p>{self._inline(text)}</p>"

    # --- boxes

    def _box(self, text, opening, questions):
        kind, number, name, first = opening
        lines = [line.removeprefix(">").removeprefix(" ") for line in text.split("\n")[1:]]
        content = "\n".join([first, *lines])
        if kind == "Proof":
            self._last().notes.append(f"<strong>Proof.</strong> {self._html(content)}")
            return
        self._tell()
        if kind == "Answer":
            for question in self.questions:
                self._add("question", question_html(question, answered=True), heading="Your predictions")
                self._last().notes += question_notes(question)
            self.questions = []
        title = kind + (f" {number}" if number else "") + (f" ({name})" if name else "")
        blocks = [self._html(source) for _, source in prose.blocks_of(content)]
        self._add(f"box {kind.lower()}", blocks, anchor(kind, number) if number else "", heading=title)
        for question in questions:
            self._add("question", question_html(question, answered=False), heading="Your prediction")
            self._last().notes += question_notes(question)
        self.questions += questions

    # --- code and what it shows

    def _code(self, cell):
        tags = cell.metadata.get("tags", [])
        shown = [output.get("data", {}).get("text/html", "") for output in cell.get("outputs", [])]
        shown = ["".join(markup) for markup in shown]
        for markup in shown:
            figure, table, claims = _FIGURE.search(markup), _TABLE.search(markup), _CLAIM.findall(markup)
            if figure:
                self._figure(markup)
            elif claims:
                self._claims(claims)
            elif table:
                self._table(table[0])
        code = "" if any(shown) or "hide-input" in tags else _without_imports(cell.source)
        printed = "".join(output.text for output in cell.get("outputs", []) if output.get("name") == "stdout")
        if code and len(code.split("\n")) <= CODE and (printed.strip() or self.imported & used(code)):
            self._tell_first()
            self._add("code", [_highlighted(code), *([_printed(printed)] if printed.strip() else [])])

    def _figure(self, markup):
        """The picture that stands where scripts do not run, and its caption."""
        frame = _FRAME.search(markup)
        number = re.search(r'<span class="number">(?:Figure|Table) ([\d.]+)\.</span>', markup)
        image = _IMAGE.search(frame[1] if frame else markup)
        caption = re.search(r"<figcaption>(.*?)</figcaption>", frame[1] if frame else markup, re.S)
        words = (caption[1] if caption else "").strip()
        if number and "number" not in words:
            words = f"{number[0]} {words}"
        if image:
            picture = re.sub(r' style="[^"]*"', "", image[0])
            figure = f"<figure>{picture}<figcaption>{words}</figcaption></figure>"
            self._tell_first()
            self._add("figure", [figure], anchor("Figure", number[1]) if number else "")

    def _table(self, markup):
        number = re.search(r'id="table-([\d-]+)"', markup)
        self._tell_first()
        markup = re.sub(r' (?:id|style)="[^"]*"', "", markup)
        self._add("table", [markup], f"table-{number[1]}" if number else "")

    def _claims(self, claims):
        blocks = [re.sub(r' id="[^"]*"', "", claim) for claim in claims]
        last = self._last() if self.stacks[-1] else None
        if last is not None and last.kind.startswith(("claims", "box", "text")) and not self._formula_pending():
            last.notes += self._said()
            last.blocks += blocks
            return
        self._tell_first()
        self._add("claims", blocks)

    def _tell_first(self):
        """What opens a section, or holds a formula, has a slide of its own ahead of what is shown next."""
        if not self.stacks[-1] or self._formula_pending():
            self._tell()

    def _formula_pending(self):
        return any(kind == "math" for kind, _ in self.pending)


def _item(words):
    """An item of a list as a list of its own, so that it may go to another slide than its neighbours."""
    return f"<ul><li>{words}</li></ul>"


def _imported(notebook):
    """What a chapter imports from symlib to compute with: a cell that uses some of it is worth showing."""
    found = set()
    for cell in notebook.cells:
        if cell.cell_type == "code" and "from symlib" in cell.source:
            nodes = ast.walk(ast.parse(without_magics(cell.source)))
            froms = [node for node in nodes if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("symlib")]
            found |= {name.asname or name.name for node in froms if node.module != "symlib.claims" for name in node.names}
    return found - {"plots"}


def _without_imports(source):
    """A cell of code without what it imports; "" where nothing else is in it, or it is no plain Python.

    >>> _without_imports("import numpy as np\\n\\nn = 4  # poses")
    'n = 4  # poses'
    """
    if source != without_magics(source):
        return ""
    lines = source.split("\n")
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            lines[statement.lineno - 1 : statement.end_lineno] = [None] * (statement.end_lineno - statement.lineno + 1)
    return "\n".join(line for line in lines if line is not None).strip()


def _highlighted(source):
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return highlight(source.strip(), PythonLexer(), HtmlFormatter(cssclass="code")).strip()


def _printed(text):
    lines = text.rstrip().split("\n")
    shown = lines if len(lines) <= CODE else [*lines[: CODE - 1], "…"]
    return f'<pre class="printed">{html.escape(chr(10).join(shown))}</pre>'
