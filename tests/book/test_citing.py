"""Citations of the book and its chapters: BibTeX that can be read, with no more than is known; and the changes."""

import nbformat
import pytest
from pybtex.database import parse_string

from book.builder.build import ROOT, chapter_names
from book.builder.chapters import title_of
from book.builder.citing import bibtex_of, citation_fold, citations_page
from book.builder.stage import fill, write_changes, write_citing

TITLES = {
    f"notebooks/{name}": title_of(nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4))
    for name in chapter_names(ROOT)
}
KNOWN = {"version": "1.2.3", "date": "2026-01-02", "commit": "0123456789abcdef", "site": "https://ada.github.io/book"}


def test_every_chapter_has_an_entry_that_names_it():
    entries = bibtex_of(ROOT, TITLES, **KNOWN)
    assert list(entries) == ["", *TITLES]
    read = parse_string("\n".join(entries.values()), "bibtex").entries
    assert len(read) == len(TITLES) + 1
    for page, title in TITLES.items():
        number, _, name = title.partition(" · ")
        fields = read[f"symlib-book-{number}"].fields
        assert fields["title"] == f"{{{name}}}" and fields["howpublished"].startswith(f"Chapter {int(number)} of ")
        assert fields["url"] == f"https://ada.github.io/book/{page}.html" and fields["year"] == "2026"
        assert fields["note"] == "Version 1.2.3, 2026-01-02, commit 0123456789"
    people = read["symlib-book"].persons["author"]
    assert [str(person) for person in people] == ["{The symlib authors}"]


def test_what_is_not_known_is_left_out():
    entry = bibtex_of(ROOT, TITLES, **{**KNOWN, "commit": None, "site": None})["notebooks/06_spectral_error"]
    assert "url" not in entry and "commit" not in entry and "Version 1.2.3, 2026-01-02}" in entry


def test_authors_with_names_and_marks_of_tex(tmp_path):
    (tmp_path / "CITATION.cff").write_text(
        "title: Q&A\nauthors:\n  - {family-names: Lovelace, given-names: Ada}\n  - {name: Some group}\n"
    )
    entry = bibtex_of(tmp_path, {"notebooks/01_a": "01 · 100 % & more"}, **KNOWN)["notebooks/01_a"]
    (read,) = parse_string(entry, "bibtex").entries.values()
    assert [str(person) for person in read.persons["author"]] == ["Lovelace, Ada", "{Some group}"]
    assert read.fields["title"] == r"{100 \% \& more}" and r"\emph{Q\&A}" in read.fields["howpublished"]
    assert "&amp;" in citation_fold(entry) and "<script" not in citation_fold("<script>")


def test_the_page_lists_all_of_them(tmp_path):
    page = tmp_path / "citing.md"
    page.write_text((ROOT / "book" / "citing.md").read_text(encoding="utf-8"), encoding="utf-8")
    entries = bibtex_of(ROOT, TITLES, **KNOWN)
    write_citing(page, entries, TITLES)
    text = page.read_text(encoding="utf-8")
    assert all(entry in text for entry in entries.values()) and "CHAPTERS" not in text and "\nBOOK\n" not in text
    assert citations_page({}, {}) == ""


def test_the_page_of_changes_is_the_changelog(tmp_path):
    page, log = tmp_path / "changelog.md", ROOT / "CHANGELOG.md"
    page.write_text((ROOT / "book" / "changelog.md").read_text(encoding="utf-8"), encoding="utf-8")
    write_changes(page, log)
    changes = log.read_text(encoding="utf-8").partition("\n")[2].strip()
    assert page.read_text(encoding="utf-8").strip() == f"# Changes\n\n{changes}"


def test_a_page_that_the_book_does_not_have_is_not_made(tmp_path):
    fill(tmp_path / "none.md", {"A": "b"})
    assert not (tmp_path / "none.md").exists()


@pytest.mark.parametrize("page", ["citing", "changelog", "teaching/needs"])
def test_pages_that_the_build_fills_hold_what_it_replaces(page):
    text = (ROOT / "book" / f"{page}.md").read_text(encoding="utf-8")
    assert sum(f"\n{word}\n" in text for word in ("BOOK", "CHAPTERS", "CHANGES", "NEEDS")) == (
        2 if page == "citing" else 1
    )
