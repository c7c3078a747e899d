"""The page that `symlib diagnose --report` writes, in a browser: nothing fetched, no flaw, all of it on paper."""

from importlib.resources import files

import pypdf
import pytest

from tests.book.visits import HEIGHT, NARROW, WIDE
from tests.diagnose.examples import large_report

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_it_needs_no_other_file_and_has_no_flaw(browser, tmp_path, width, scheme):
    """Nothing is asked for, nothing reaches out of the screen, and axe-core finds no flaw, serious or not."""
    large_report().to_html(tmp_path / "report.html")
    address = (tmp_path / "report.html").as_uri()
    asked, said = [], []
    for bypass in (False, True):  # its own policy forbids the script of axe-core
        context = browser.new_context(
            viewport={"width": width, "height": HEIGHT}, color_scheme=scheme, bypass_csp=bypass, reduced_motion="reduce"
        )
        tab = context.new_page()
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda message: said.append(message.text))
        tab.goto(address)
        assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        if bypass:
            tab.evaluate((files("axe_playwright_python") / "axe.min.js").read_text())
            flaws = tab.evaluate("axe.run().then(found => found.violations.map(v => v.id + v.nodes[0].html))")
            assert flaws == []
        context.close()
    assert {url for url in asked if not url.startswith("data:")} == {address} and said == []


def test_on_paper_every_row_is_there(browser, tmp_path):
    report = large_report(12)
    report.to_html(tmp_path / "report.html")
    tab = browser.new_page(color_scheme="dark")
    tab.goto((tmp_path / "report.html").as_uri())
    tab.pdf(path=tmp_path / "report.pdf")
    tab.close()
    words = " ".join(sheet.extract_text() for sheet in pypdf.PdfReader(tmp_path / "report.pdf").pages)
    last = report.table[-1]
    assert words.count(f"{last.pose} (337.5°)") >= 12
