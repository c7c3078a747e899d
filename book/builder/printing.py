"""Prints the built pages to PDF with a headless Chromium: every page of the contents, and all of them as one book.

An edition is a class of the pages' root element, by which print.css leaves parts of them out.

Pages are opened at the address where they will be published, answered from the folder that was built, so that links of
the PDF lead there. Where no address is known only the links that leave the book stay.
"""

import importlib.util
from collections import deque
from urllib.parse import unquote, urlsplit

from book.builder.browser import ARGUMENTS, find_chromium

BOOK = "book.pdf"
# As many pages are laid out while one is printed: typesetting formulas is the slow part.
_AHEAD = 3
_NOWHERE = "http://book.invalid"
# What is still to come when a page is loaded: formulas, their fonts, and pictures to unpack; not those that wait until
# they are scrolled to, which are on no sheet.
_READY = """async () => {
    if (window.MathJax) await MathJax.startup.promise;
    await document.fonts.ready;
    const pictures = [...document.images].filter(image => image.loading !== 'lazy');
    await Promise.all(pictures.map(image => image.decode().catch(() => 0)));
}"""
_DROP_LINKS = """here => document.querySelectorAll('a[href]').forEach(link => {
    if (link.origin === here && link.pathname !== location.pathname) link.removeAttribute('href');
})"""


def find_printer():
    """The browser to print with; None, and a line that says why, where there is none."""
    chromium = find_chromium()
    if chromium is None:
        print("No Chromium on this machine (or $CHROMIUM): no PDFs, and no links to them.")
    elif importlib.util.find_spec("playwright") is None:
        print("playwright is not installed: no PDFs, and no links to them.")
        chromium = None
    return chromium


def print_book(pages, contents, chromium, site=None, *, to=None, edition=""):
    """Prints each page of `contents` ("book/intro") below `pages` to NAME.pdf, and all together to book.pdf.

    They are written beside the pages, or below the folder `to`; `edition` is one that print.css knows. Pages are
    numbered through the book, so that one page has one number in both. Raises RuntimeError where a page lacks a part of
    itself.
    """
    from playwright.sync_api import sync_playwright

    to = to or pages
    here = (site or _NOWHERE).rstrip("/")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=ARGUMENTS)
        context = browser.new_context(color_scheme="light", viewport={"width": 800, "height": 1100})
        missing = []
        context.route("**/*", lambda route: _answer(route, pages, here, missing))
        waiting, opened, printed = deque(contents), deque(), 0
        while waiting or opened:
            while waiting and len(opened) < _AHEAD:
                opened.append((waiting.popleft(), context.new_page()))
                opened[-1][1].goto(f"{here}/{opened[-1][0]}.html", wait_until="commit")
            name, page = opened.popleft()
            file = to / f"{name}.pdf"
            file.parent.mkdir(parents=True, exist_ok=True)
            printed += _print(page, file, printed, None if site else here, edition)
        browser.close()
    if missing:
        raise RuntimeError(f"pages to print lack parts of themselves: {', '.join(sorted(set(missing)))}")
    join([to / f"{name}.pdf" for name in contents], to / BOOK)


def _answer(route, pages, here, missing):
    """Gives the page what it asks for from the built folder, whatever its address; nothing of another host."""
    path = unquote(urlsplit(route.request.url).path.removeprefix(urlsplit(here).path)).lstrip("/")
    if route.request.url.startswith(f"{here}/") and (pages / path).is_file():
        route.fulfill(path=pages / path)
    else:
        missing.append(route.request.url)
        route.abort()


def _print(page, file, before, drop_links_to, edition):
    """Prints an edition of an opened page whose first sheet follows sheet `before`; gives the number of its sheets."""
    from pypdf import PdfReader

    page.wait_for_load_state("load")
    page.evaluate(_READY)
    if drop_links_to:
        page.evaluate(_DROP_LINKS, drop_links_to)
    if edition:
        page.evaluate("edition => document.documentElement.classList.add(edition)", edition)
    page.add_style_tag(content=f"html {{ counter-reset: page {before}; }}")
    page.pdf(path=file, prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
    page.close()
    return len(PdfReader(file).pages)


def join(files, book):
    """One PDF of several, with the outline of each under its title; fonts that they share are kept once."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    for file in files:
        title = PdfReader(file).metadata.title or file.stem
        writer.append(file, outline_item=title.split(" — ")[0], import_outline=False)
    writer.compress_identical_objects(remove_duplicates=True, remove_unreferenced=True)
    writer.write(book)
