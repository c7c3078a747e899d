"""What all makers of teaching material work from: the chapters as written and as executed, and where to write."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import nbformat

from book.builder.chapters import title_of
from book.builder.repository import Repository


class Lesson(NamedTuple):
    """A chapter: its name ("06_spectral_error"), the notebook as written, and the same as executed, with outputs.

    The executed one says in `metadata["computed"]` at which tier, on what and in how many seconds; it carries the
    metadata of the written one, cell by cell (`questions`, `answer`, tags).
    """

    name: str
    source: nbformat.NotebookNode
    executed: nbformat.NotebookNode

    @property
    def title(self):
        """With its number: "06 · The spectral error"."""
        return title_of(self.source)


class Course(NamedTuple):
    """All lessons; `out` is the folder to write to, `pages` the built site (None where only chapters were executed).

    `install_source` is what Colab copies install symlib from, `site` the book's address; None and ".." where unknown.
    """

    root: Path
    out: Path
    lessons: list[Lesson]
    tier: str
    pages: Path | None
    repository: Repository | None
    install_source: str | None

    @property
    def site(self):
        return self.repository.site if self.repository else ".."


class Made(NamedTuple):
    """A line of the list that a teacher gets: a path below `out`, a file or a folder whose `files` are listed."""

    path: str
    what: str
    files: str = "*"


# A maker writes its part of the material into course.out and says what it made.
Maker = Callable[[Course], list[Made]]
