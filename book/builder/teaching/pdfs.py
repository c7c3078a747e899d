"""The book on paper: each page and the whole without solutions, for a class, beside the book's own, which have them."""

import shutil

from book.builder.build import page_names
from book.builder.printing import BOOK, find_printer, print_book
from book.builder.teaching.course import Made

WITH, WITHOUT = "with-solutions", "without-solutions"
_CHEAT_SHEET = "book/cheat_sheet.pdf"


def pdfs(course):
    """pdf/: the maker of both editions; nothing where no site was built, or no browser prints."""
    printer = find_printer() if course.pages else None
    if printer is None:
        return []
    site = course.repository and course.repository.site
    write_pdfs(course.pages, page_names(course.root), course.out / "pdf", printer, site)
    shutil.copy(course.pages / _CHEAT_SHEET, course.out)
    return [
        Made("cheat_sheet.pdf", "The formulas of the book on one sheet, with their names in code."),
        Made(f"pdf/{WITHOUT}", "To print for a class: exercises with their hints, without solutions.", "**/*.pdf"),
        Made(f"pdf/{WITH}", "The same with solutions.", "**/*.pdf"),
    ]


def write_pdfs(pages, contents, folder, chromium, site=None):
    """Prints the built `pages` without solutions below `folder`, and puts the PDFs with solutions beside them.

    `contents` are the names of the pages in their order ("notebooks/06_x"), `chromium` the browser's path, `site` the
    book's address or None. Both editions have a file a page, and `book.pdf`. Raises FileNotFoundError where the book
    was built without PDFs.
    """
    for name in (*(f"{name}.pdf" for name in contents), BOOK):
        if not (pages / name).exists():
            raise FileNotFoundError(f"{pages / name} is missing: build the book with its PDFs (`make book`) first")
        copy = folder / WITH / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(pages / name, copy)
    print_book(pages, contents, chromium, site, to=folder / WITHOUT, edition=WITHOUT)
