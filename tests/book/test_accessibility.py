"""Every page of the built site by the rules of axe-core, in light and dark, wide and narrow; and by the keyboard."""

from importlib.resources import files

import pytest

from book.builder.build import ROOT, chapter_names

pytestmark = pytest.mark.browser

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
CHAPTERS = [f"notebooks/{name}.html" for name in chapter_names(ROOT)]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 900}

# All that a reader can open is open, else nothing in it is looked at. Of the words of code one of each colour is left,
# and of formulas their MathML: axe looks at every element, and these are nine in ten.
PREPARE = """() => {
    document.querySelectorAll('details').forEach(fold => { fold.open = true; });
    document.querySelectorAll('mjx-math').forEach(glyphs => glyphs.remove());
    const seen = new Set();
    document.querySelectorAll('.highlight span[class]').forEach(word => {
        const kind = word.closest('.highlight').parentElement.className + word.className;
        if (seen.has(kind)) word.replaceWith(word.textContent);
        seen.add(kind);
    });
}"""
FLAWS = """async rules => {
    const found = await axe.run(document, {
        runOnly: rules ?? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        resultTypes: ['violations'],
    });
    return found.violations.filter(v => ['serious', 'critical'].includes(v.impact)).flatMap(
        v => v.nodes.map(node => `${v.id}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 300)}`));
}"""
# In another mode colours change, and nothing else.
COLOURS = ["color-contrast", "link-in-text-block"]


@pytest.fixture(scope="module")
def address(site, serve):
    return serve(site)


@pytest.fixture(scope="module")
def page(browser):
    context = browser.new_context(viewport=WIDE, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def open_page(page, address):
    """Opens a page, and waits until its formulas are set and it has looked at its boxes."""
    page.goto(address, wait_until="load")
    page.evaluate("window.MathJax ? MathJax.startup.promise.then(() => 0) : 0")
    page.wait_for_timeout(500)


def resize(page, size):
    page.set_viewport_size(size)
    page.wait_for_timeout(500)


def pages_of(site):
    found = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html") if "_static" not in path.parts)
    return [path for path in found if path != "index.html"]  # it only leads on


def test_no_page_has_a_serious_flaw(site, address, page):
    flaws = []
    for path in pages_of(site):
        open_page(page, f"{address}/{path}")
        page.evaluate(AXE)
        # Boxes that scroll are looked at before their formulas are thinned out.
        for size in (NARROW, WIDE):
            resize(page, size)
            flaws += [f"{path}: {flaw}" for flaw in page.evaluate(FLAWS, ["scrollable-region-focusable"])]
        page.evaluate(PREPARE)
        for size in (WIDE, NARROW):
            resize(page, size)
            for theme in ("light", "dark"):
                page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
                found = page.evaluate(FLAWS, None if theme == "light" else COLOURS)
                flaws += [f"{path}, {size['width']} px, {theme}: {flaw}" for flaw in found]
    assert flaws == []


FOCUSED = """() => {
    const e = document.activeElement;
    if (e === document.body) return null;
    const style = getComputedStyle(e), scrolls = e.matches('p, pre, div, table, figure');
    return {
        what: e.outerHTML.slice(0, 120),
        formula: Boolean(e.closest('mjx-container')),
        ring: style.outlineStyle !== 'none' || style.boxShadow !== 'none',
        named: !scrolls || Boolean(e.getAttribute('aria-label')),
        needless: scrolls && e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight,
    };
}"""


@pytest.mark.parametrize("path", CHAPTERS)
def test_the_tab_key_stops_where_there_is_something_to_do_and_shows_where(address, page, path):
    for size in (WIDE, NARROW):
        resize(page, size)
        open_page(page, f"{address}/{path}")
        stops = []
        page.keyboard.press("Tab")
        while (stop := page.evaluate(FOCUSED)) is not None and len(stops) < 500:
            stops.append(stop)
            page.keyboard.press("Tab")
        assert 20 < len(stops) < 500
        assert [stop["what"] for stop in stops if stop["formula"] or stop["needless"]] == []
        assert [stop["what"] for stop in stops if not stop["ring"]] == []
        assert [stop["what"] for stop in stops if not stop["named"]] == []


# Boxes that scroll and are no stop, nor hold one.
OUT_OF_REACH = """() => [...document.querySelectorAll('.bd-article *')].filter(e =>
    ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1
    && e.clientWidth > 0 && e.tabIndex < 0 && e.tagName !== 'TEXTAREA').map(e => e.outerHTML.slice(0, 120))"""


def test_on_a_phone_no_page_scrolls_sideways_and_every_box_is_in_reach(site, address, page):
    resize(page, NARROW)
    for path in pages_of(site):
        open_page(page, f"{address}/{path}")
        page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
        page.wait_for_timeout(500)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        assert page.evaluate(OUT_OF_REACH) == [], path


def test_formulas_keep_their_mathml(address, page):
    open_page(page, f"{address}/{CHAPTERS[0]}")
    formulas = page.locator("mjx-container").count()
    assert formulas == page.locator("mjx-container > mjx-assistive-mml > math").count() > 10


def test_a_citation_shows_its_entry_to_pointer_and_keyboard(address, page):
    resize(page, WIDE)
    for path in CHAPTERS:
        open_page(page, f"{address}/{path}")
        citation = page.locator('.bd-article a[href*="bibliography.html#"]').first
        if not citation.count():
            continue
        note = page.locator("#citation-note")
        for reach in (citation.focus, citation.hover):
            reach()
            assert note.is_visible() and len(note.inner_text()) > 60
            assert citation.get_attribute("aria-describedby") == "citation-note"
            box = note.bounding_box()
            assert 0 <= box["x"] and box["x"] + box["width"] <= WIDE["width"]
            page.keyboard.press("Escape")
            assert not note.is_visible()
        return
    pytest.fail("no chapter cites anything")
