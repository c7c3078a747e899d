"""Makes a deck of slides of an executed chapter: what is on each slide, and what its speaker notes say.

A stack of slides for every `##` heading; in it a slide for every box, figure, table, run of claims and short cell of
code, in the chapter's order. A slide holds what a room can read: the first sentence of a paragraph, a formula with the
sentence that leads to it. The paragraphs in full are its notes. Thin slides are put together, and what does not
fit one is moved to further ones, in the browser (slides.js), where letters have a size.
"""

import re
from dataclasses import dataclass, field

from book.builder.chapters import tagged, title_of
from book.builder.frame import frame_of
from book.builder.markup import anchor, box_opening
from book.builder.pictures import shown_by
from book.builder.teaching import prose
from book.builder.teaching.outputs import claims_in, code_of, figure_of, imported_from_symlib, table_of
from book.builder.teaching.questions_html import label_of, question_html, question_notes

# Letters of a line, and lines of an opening slide, that a room can read.
LINE, LINES = 190, 4
# A sentence takes the next along if both are a line of a slide; one of a few words says nothing without it.
SHORT, FEW = 90, 30
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
    """Reads a chapter from its first cell to its last; `pending` holds paragraphs that no slide has shown yet."""

    def __init__(self, executed, page, site):
        self.notebook, self.page, self.site = executed, page, site
        self.stacks, self.pending, self.heading = [], [], ""
        self.questions, self.exercises, self.solved = [], False, False
        self.imported = imported_from_symlib(executed)

    def read(self):
        skipped = {index for tag in _SKIPPED for index in tagged(self.notebook, tag)}
        for index, cell in enumerate(self.notebook.cells):
            if "instructor" in cell.metadata.get("tags", []):
                self._to_the_teacher(cell)
            elif cell.cell_type == "markdown":
                self._markdown(cell)
            elif index not in skipped and not self.exercises:
                self._code(cell)
        self._tell(last=True)
        return [stack for stack in self.stacks if stack]

    def _last(self):
        return next(stack[-1] for stack in reversed(self.stacks) if stack)

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

    def _to_the_teacher(self, cell):
        self._last().notes.append(f"<p><em>To the teacher:</em></p>{self._html(cell.source)}")

    # --- Markdown

    def _markdown(self, cell):
        source = cell.source if self.stacks else self._title(cell)
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
                self._add("table words", [self._html(text)])
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
            if words in ("Recap", "Exercises"):
                self._settle()
            self.heading = words
            self.exercises = words == "Exercises"
            self.stacks.append([Slide("exercises", words)] if self.exercises else [])
        elif self.exercises and exercise:
            number, stars, name = exercise.groups()
            self.solved = False
            self._last().blocks.append(f"<p><strong>{number}</strong> {stars} {self._inline(name)}</p>")
            self._last().notes.append(f"<p><strong>Exercise {number}.</strong></p>")
        elif self.exercises:
            self.solved = True  # a hint or a solution: neither on the slide nor in its notes
        else:
            self._tell()
            self.pending.append(("paragraph", f"**{words}.**"))

    # --- what is said

    def _tell(self, *, last=False):
        """A slide of what is pending: lines and formulas; `last`: nothing else of this section can show it."""
        if not self.pending and not (last and not self.stacks[-1] and self.heading):
            return
        opens, formulas = not self.stacks[-1], self._formula_pending()
        blocks = self._lines() if opens or formulas else []
        if opens and not blocks and not last:
            return  # it is told in the notes of what is shown next
        if blocks or opens:
            self._add("text opener" if opens and not formulas and len(blocks) <= 1 else "text", blocks)
        else:
            self._last().notes += self._said()

    def _tell_first(self):
        """What opens a section, or holds a formula, has a slide of its own ahead of what is shown next."""
        if not self.stacks[-1] or self._formula_pending():
            self._tell()

    def _formula_pending(self):
        return any(kind == "math" for kind, _ in self.pending)

    def _lines(self):
        """Blocks of what is pending: a paragraph's first sentence, a formula behind the one that leads to it."""
        blocks, lines, before = [], 0, ()
        for position, (kind, text) in enumerate(self.pending):
            following = self.pending[position + 1][0] if position + 1 < len(self.pending) else ""
            if kind == "math":
                if before and prose.length(before[-1]) <= LINE:
                    blocks.append(f'<p class="lead">{self._inline(before[-1])}</p>')
                blocks.append(self._html(text))
            before = prose.sentences(text) if kind == "paragraph" else ()
            if lines < LINES and before and _stands_alone(before[0]) and (following != "math" or len(before) > 1):
                told = before[:-1] if following == "math" else before  # the last one leads to the formula
                blocks.append(f"<p>{self._inline(_opening(told))}</p>")
                lines += 1
            if lines < LINES and kind == "list":
                firsts = [prose.sentences(item)[0] for item in prose.list_items(text)]
                blocks += [_item(self._inline(first)) for first in firsts if prose.length(first) <= LINE]
        return blocks

    # --- boxes

    def _box(self, text, opening, questions):
        kind, number, name, first = opening
        lines = [line.removeprefix(">").removeprefix(" ") for line in text.split("\n")[1:]]
        content = "\n".join([first, *lines])
        if kind == "Proof":
            self._last().notes.append(f"<p><strong>Proof.</strong></p>{self._html(content)}")
            return
        self._tell()
        if kind == "Answer":
            self._settle(set(re.findall(r"\((\w)\)", content)))
        title = kind + (f" {number}" if number else "") + (f" ({name})" if name else "")
        blocks = [self._html(source) for _, source in prose.blocks_of(content)]
        self._add(f"box {kind.lower()}", blocks, anchor(kind, number) if number else "", heading=title)
        self._ask(questions, "Your prediction", answered=False)
        self.questions += questions

    def _settle(self, letters=None):
        """Reveals the questions that an answer with these letters settles: all, where it has none."""
        due = [question for question in self.questions if not letters or label_of(question) in {"", *letters}]
        self.questions = [question for question in self.questions if question not in due]
        self._ask(due, "Your predictions", answered=True)

    def _ask(self, questions, heading, *, answered):
        for question in questions:
            slide = self._add("question", question_html(question, answered=answered), heading=heading)
            slide.notes += question_notes(question)

    # --- code, and what it shows

    def _code(self, cell):
        shown = shown_by(cell)
        for markup in shown:
            if figure := figure_of(markup):
                self._numbered("figure", "Figure", *figure)
            elif claims := claims_in(markup):
                self._claims(claims)
            elif table := table_of(markup):
                self._numbered("table", "Table", *table)
        if not any(shown) and self.heading != "Recap" and (blocks := code_of(cell, self.imported)):
            self._tell_first()
            self._add("code", blocks)

    def _numbered(self, kind, name, number, markup):
        self._tell_first()
        self._add(kind, [markup], anchor(name, number) if number else "")

    def _claims(self, claims):
        """Claims stand beneath the sentence that they bear out; behind a picture they have a slide of their own."""
        last = self.stacks[-1][-1] if self.stacks[-1] else None
        if last and last.kind.startswith(("claims", "box", "text")) and not self._formula_pending():
            last.notes += self._said()
            last.blocks += claims
        else:
            self._tell_first()
            self._add("claims", claims)


def _opening(sentences):
    """The first of the sentences, with those behind it that are short enough, or that it says nothing without.

    An emphasised word opens the first item of an enumeration, and would stand there without the others.
    """
    said = sentences[0]
    for sentence in sentences[1:]:
        longer = f"{said} {sentence}"
        if (
            prose.length(longer) > (LINE if prose.length(said) < FEW else SHORT)
            or sentence.endswith(":")
            or sentence.startswith("*")
        ):
            break
        said = longer
    return said


def _stands_alone(sentence):
    """Whether a first sentence says something without what follows, and a slide can hold it."""
    return prose.length(sentence) <= LINE and not sentence[0].islower() and not sentence.endswith(":")


def _item(words):
    """An item of a list as a list of its own, so that it may go to another slide than its neighbours."""
    return f"<ul><li>{words}</li></ul>"
