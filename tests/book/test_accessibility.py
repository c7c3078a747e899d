"""Every page of the built site by the rules of axe-core, in light and dark, wide and narrow; and by the keyboard."""

from importlib.resources import files

import pytest

from book.builder.build import ROOT, chapter_names

pytestmark = pytest.mark.browser

AXE = files("axe_playwright_python") / "axe.min.js"
CHAPTERS = [f"notebooks/{name}.html" for name in chapter_names(ROOT)]
WIDTHS = (1280, 390)

# All that a reader can open is open, else nothing in it is looked at.
OPEN_FOLDS = "document.querySelectorAll('details').forEach(fold => { fold.open = true; })"
FLAWS = """async () => {
    const found = await axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        resultTypes: ['violations'],
    });
    return found.violations.filter(v => ['serious', 'critical'].includes(v.impact)).flatMap(
        v => v.nodes.slice(0, 5).map(node => `${v.id}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 300)}`));
}"""


@pytest.fixture(scope="module")
def address(site, serve):
    return serve(site)


@pytest.fixture(scope="module")
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def open_page(page, address):
    """Opens a page and waits until its formulas are set and its boxes are looked at."""
    page.goto(address, wait_until="load")
    page.evaluate("window.MathJax ? MathJax.startup.promise.then(() => 0) : 0")


def pages_of(site):
    found = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html") if "_static" not in path.parts)
    return [path for path in found if path != "index.html"]  # it only leads on


def test_no_page_has_a_serious_flaw(site, address, page):
    script, flaws = AXE.read_text(encoding="utf-8"), []
    for path in pages_of(site):
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        open_page(page, f"{address}/{path}")
        page.evaluate(OPEN_FOLDS)
        page.evaluate(script)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(700)  # the page looks at its boxes again after a change of size
            for theme in ("light", "dark"):
                page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
                flaws += [f"{path}, {width} px, {theme}: {flaw}" for flaw in page.evaluate(FLAWS)]
    assert flaws == []
