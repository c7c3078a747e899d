"""Both editions of the PDFs: what is copied from the book, what is printed anew, and where neither can be."""

import pytest

from book.builder.teaching import pdfs as makers
from book.builder.teaching.pdfs import WITH, WITHOUT, pdfs, write_pdfs

CONTENTS = ["book/cheat_sheet", "notebooks/06_six"]


@pytest.fixture
def pages(tmp_path):
    for name in (*CONTENTS, "book"):
        file = tmp_path / "html" / f"{name}.pdf"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return tmp_path / "html"


def test_the_books_own_are_copied_and_the_others_printed_without_solutions(course, pages, monkeypatch):
    printed = []
    monkeypatch.setattr(makers, "print_book", lambda *what, **how: printed.append((*what, how)))
    monkeypatch.setattr(makers, "find_printer", lambda: "chromium")
    monkeypatch.setattr(makers, "page_names", lambda root: CONTENTS)
    made = pdfs(course._replace(pages=pages))
    assert [entry.path for entry in made] == ["cheat_sheet.pdf", f"pdf/{WITHOUT}", f"pdf/{WITH}"]
    assert (course.out / "cheat_sheet.pdf").read_text() == "book/cheat_sheet"
    with_solutions = course.out / "pdf" / WITH
    assert [(with_solutions / f"{name}.pdf").read_text() for name in (*CONTENTS, "book")] == [*CONTENTS, "book"]
    how = {"to": course.out / "pdf" / WITHOUT, "edition": WITHOUT}
    assert printed == [(pages, CONTENTS, "chromium", None, how)]


def test_nothing_is_made_without_a_site_or_a_browser(course, pages, monkeypatch):
    assert pdfs(course) == []
    monkeypatch.setattr(makers, "find_printer", lambda: None)
    assert pdfs(course._replace(pages=pages)) == []


def test_a_book_without_pdfs_is_said_to_be_one(pages, tmp_path):
    (pages / "book.pdf").unlink()
    with pytest.raises(FileNotFoundError, match=r"book\.pdf is missing: build the book with its PDFs"):
        write_pdfs(pages, CONTENTS, tmp_path / "pdf", "chromium")
