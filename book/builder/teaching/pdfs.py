"""The book for a class on paper: each page and the whole, without the solutions; those with solutions are the book's own."""

import shutil
from pathlib import PurePath

from book.builder.printing import BOOK, print_book

WITHOUT, WITH = "without-solutions", "with-solutions"


def write_pdfs(pages, contents, folder, chromium, site=None):
    """Prints the built `pages` without solutions below `folder`, and puts the PDFs with solutions beside them.

    `contents` are the names of the pages in their order ("notebooks/06_x"), `chromium` the browser's path, `site` the
    book's address or None. Both editions have a file a page, and `book.pdf`. Raises FileNotFoundError where the book was
    built without PDFs.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for name in (*(f"{name}.pdf" for name in contents), BOOK):
        if not (pages / name).exists():
            raise FileNotFoundError(f"{pages / name} is missing: build the book with its PDFs (`make book`) first")
        copy = folder / WITH / PurePath(name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(pages / name, copy)
    print_book(pages, contents, chromium, site, to=folder / WITHOUT, edition=WITHOUT)
