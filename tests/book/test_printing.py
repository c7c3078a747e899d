"""The PDFs that the build makes: all there, complete, numbered through, light, with nothing folded away or cut."""

import html
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from unicodedata import normalize

import pytest
from pypdfium2 import PdfDocument

from book.builder import printing
from book.builder.browser import find_chromium
from book.builder.build import ROOT, page_names
from book.builder.printing import BOOK, find_printer, print_book
from book.builder.teaching.pdfs import WITHOUT

pytestmark = pytest.mark.browser
PAGES = page_names(ROOT)


@pytest.fixture(scope="module")
def sheets(site, browser):
    """The text of each sheet of each PDF, by the name of its page: its margin first."""
    read = {name: PdfDocument(site / f"{name}.pdf") for name in PAGES}
    # Printed text has ligatures (ﬁ), which this takes apart.
    return {
        name: [normalize("NFKC", sheet.get_textpage().get_text_range()) for sheet in sheets]
        for name, sheets in read.items()
    }


def words_of(text):
    return re.sub(r"\W+", "", html.unescape(text))


def test_every_page_is_printed_to_its_last_section(site, sheets):
    for name in PAGES:
        page = (site / f"{name}.html").read_text(encoding="utf-8")
        headings = re.findall(r"<h[1-3]>([^<]+)<a class=\"headerlink\"", page)
        printed = words_of("".join(sheets[name]))
        assert headings and [heading for heading in headings if words_of(heading) not in printed] == [], name


def test_sheets_count_through_the_book_and_name_the_licence(site, sheets):
    all_sheets = [sheet for name in PAGES for sheet in sheets[name]]
    assert len(PdfDocument(site / BOOK)) == len(all_sheets)
    for number, text in enumerate(all_sheets, start=1):
        assert re.match(rf"Text and figures: CC BY 4\.0 · code: MIT {number}\b", text), (number, text[:80])


def test_the_book_has_an_outline_of_all_its_pages(site):
    from pypdf import PdfReader

    assert len(PdfReader(site / BOOK).outline) == len(PAGES)


def test_the_cheat_sheet_is_one_sheet(sheets):
    assert len(sheets["book/cheat_sheet"]) == 1


def test_solutions_are_printed(site, sheets):
    for name in PAGES:
        page = (site / f"{name}.html").read_text(encoding="utf-8")
        solutions = re.findall(r"Solution \d+\.\d+", page)
        assert all(words_of(solution) in words_of("".join(sheets[name])) for solution in solutions), name


def test_pdfs_lead_to_no_place_that_only_the_build_knows(site, browser):
    for file in [*(site / f"{name}.pdf" for name in PAGES), site / BOOK]:
        assert printing._NOWHERE.encode() not in file.read_bytes()


def test_every_page_offers_its_pdf_and_the_book(site, browser):
    for name in PAGES:
        links = re.findall(r'href="([^"]+\.pdf)"', (site / f"{name}.html").read_text(encoding="utf-8"))
        targets = {(site / name).parent.joinpath(link).resolve() for link in links if not re.match("https?:", link)}
        assert {(site / f"{name}.pdf").resolve(), (site / BOOK).resolve()} <= targets
        assert all(target.exists() for target in targets)


def test_paper_is_white_whatever_the_mode(site, serve, browser):
    page = browser.new_context(color_scheme="dark").new_page()
    page.goto(f"{serve(site)}/{PAGES[0]}.html")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.context.close()


def test_the_edition_for_a_class_has_all_but_the_solutions(tmp_path, browser):
    from pypdf import PdfReader

    for name in ("print.css", "print.js"):
        shutil.copy(ROOT / "book" / "_static" / name, tmp_path)
    folds = "".join(
        f'<details class="sd-dropdown {kind.lower()}"><summary>{kind} 1.1</summary>The {kind}.</details>'
        for kind in ("Hint", "Solution")
    )
    head = '<title>One</title><link rel="stylesheet" href="print.css"><script src="print.js"></script>'
    (tmp_path / "one.html").write_text(f"<!doctype html>{head}<h1>One</h1>{folds}")
    # In a thread of its own: the browser of the other tests holds this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(print_book, tmp_path, ["one"], find_chromium(), to=tmp_path / "to", edition=WITHOUT).result()
    text = PdfReader(tmp_path / "to" / "one.pdf").pages[0].extract_text()
    assert text.startswith("1Text and") and "The Hint." in text and "Solution" not in text
    assert len(PdfReader(tmp_path / "to" / BOOK).pages) == 1


def test_without_a_browser_the_build_says_so(monkeypatch, capsys):
    monkeypatch.setattr(printing, "find_chromium", lambda: None)
    assert find_printer() is None
    assert "no PDFs, and no links to them" in capsys.readouterr().out
