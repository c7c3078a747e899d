"""Every page of the built site, opened once: what a reader sees, reaches by keyboard and waits for, wide and narrow.

The tests of a page share one visit, and are in the order in which they leave it fit for the next: first what only
looks, then what opens folds, last the rules of axe-core, which take away most of the page.
"""

import json
import re

import pytest
import yaml

from book.builder.build import ROOT
from book.builder.execute import read_chapter
from tests.book.accessibility import AXE, FLAWS
from tests.book.visits import NARROW, WIDE, Visit

pytestmark = pytest.mark.browser

TIERS = yaml.safe_load((ROOT / "book" / "tiers.yml").read_text())
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
PAGES = [TOC["root"], *(entry["file"] for part in TOC["parts"] for entry in part["chapters"])]
CHAPTERS = [page for page in PAGES if page.startswith("notebooks/")]
MADE = ["404", "genindex", "py-modindex", "search"]  # by the build
MEGABYTE = 1_000_000

of_all_pages = pytest.mark.parametrize("visit", [*PAGES, *MADE], indirect=True)
of_all_chapters = pytest.mark.parametrize("visit", CHAPTERS, indirect=True)


@pytest.fixture(scope="module")
def visit(request, browser, packing):
    """A page opened wide and later made narrow, or the other way round: every second page."""
    width = (WIDE, NARROW)[[*PAGES, *MADE].index(request.param) % 2]
    with Visit(browser, packing, f"{request.param}.html", width) as visit:
        visit.boxes_marked()
        yield visit


def test_every_page_is_visited(site):
    found = {path.relative_to(site).as_posix() for path in site.rglob("*.html") if "_static" not in path.parts}
    assert found == {"index.html", *(f"{path}.html" for path in [*PAGES, *MADE])}  # index.html only leads on


@of_all_pages
def test_opens_without_a_flaw(visit):
    page = visit.page
    assert visit.problems == []
    unset = "els => els.filter(e => !e.querySelector('mjx-container')).map(e => e.textContent)"
    assert page.locator(".math").evaluate_all(unset) == []
    errors = "els => els.map(e => e.closest('mjx-container').textContent + ' ' + e.title)"
    assert page.locator("mjx-merror").evaluate_all(errors) == []
    assert raw_formulas(page) == []
    images = page.locator("article img")
    assert images.evaluate_all("i => i.filter(i => !i.alt.trim()).map(i => i.src.slice(0, 80))") == []
    # A hidden frame of a slider is not laid out, but its image is decoded all the same. The gallery's come later.
    missing = "i => i.filter(i => i.loading !== 'lazy' && !i.naturalWidth).map(i => i.alt)"
    assert images.evaluate_all(missing) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def raw_formulas(page):
    """Lines of the page's visible prose that still hold TeX or Markdown marks."""
    text = page.evaluate(
        """() => { const copy = document.querySelector('article')?.cloneNode(true);
        copy?.querySelectorAll('pre, code, .sig, script, style, mjx-container').forEach(e => e.remove());
        return copy ? copy.textContent : ''; }"""
    )
    # One dollar sign is enough: a display within a paragraph of a box leaves one at each end, lines apart.
    marks = re.compile(r"\$|\\\(|\\\[|\\begin|\]\(|\*\*|^#+ |\{[a-z:]+\}`|:::", re.M)
    return [line for line in text.split("\n") if marks.search(line)]


@of_all_chapters
def test_a_first_visit_fetches_less_than_a_megabyte(visit):
    visit.page.wait_for_load_state("networkidle")
    heaviest = sorted(visit.sent.items(), key=lambda item: -item[1])[:8]
    assert len(visit.sent) > 5 and sum(visit.sent.values()) < MEGABYTE, heaviest


@of_all_chapters
def test_formulas_keep_their_mathml(visit):
    formulas = visit.page.locator("mjx-container").count()
    assert formulas == visit.page.locator("mjx-container > mjx-assistive-mml > math").count() > 10


@of_all_chapters
def test_says_which_tier_it_shows(visit):
    asked = json.loads((ROOT / "_build" / "site.json").read_text())["tier"]
    tier = read_chapter(ROOT, visit.path.removeprefix("notebooks/").removesuffix(".html"), TIERS, asked).tier
    note = "" if tier == asked else f" Its {asked} tier needs a GPU."
    line = visit.page.locator(".computed-at")
    assert line.is_visible()
    words = rf"Computed at the {tier} tier on [\w .-]+ in \d+ s\.{note}"
    assert re.fullmatch(words, line.inner_text().strip())


# What the test asks of an element that has the focus, or could have.
ASK = """() => {
    window.ask = e => {
        const style = getComputedStyle(e), scrolls = e.matches('p, pre, div, table, figure');
        return {
            which: `${e.tagName} ${e.getAttribute('href') ?? e.id}`,
            what: e.outerHTML.slice(0, 120),
            formula: Boolean(e.closest('mjx-container')),
            unfolds: Boolean(e.closest('#pst-page-toc-nav ul ul')),
            ring: style.outlineStyle !== 'none' || style.boxShadow !== 'none',
            named: !scrolls || Boolean(e.getAttribute('aria-label')),
            needless: scrolls && e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight,
        };
    };
    // All that can have the focus; but for the button that is there only where the page is scrolled.
    const kinds = 'a[href], button, input, textarea, summary, select, [tabindex]';
    window.tabStops = () => [...document.querySelectorAll(kinds)]
        .filter(e => e.id !== 'pst-back-to-top' && e.tabIndex >= 0 && !e.disabled)
        .filter(e => e.checkVisibility({checkVisibilityCSS: true}))
        // Of choices that exclude each other the key stops at one; the arrows go on from there.
        .filter((e, i, all) => e.type !== 'radio' || e === all.find(o => o.type === 'radio' && o.name === e.name));
}"""
# The answers of every element that the Tab key comes to, until it comes to one again: it has been round.
FOLLOW = """() => {
    const seen = new Set(), stops = window.stops = [];
    window.round = false;
    document.addEventListener('focusin', ({target: e}) => {
        if (seen.has(e)) window.round = true;
        if (window.round) return;
        seen.add(e);
        stops.push(ask(e));
    });
}"""
# The same of all elements that can have the focus, given to one after the other as the keyboard would.
FOCUS_EACH = """() => tabStops().flatMap(
    e => { e.focus({preventScroll: true}); return e === document.activeElement ? [ask(e)] : []; })"""
# Focuses what comes before a figure; where the Tab key should go from there, through the figure and out of it.
FROM_BEFORE = """figure => {
    const all = tabStops(), within = all.map(e => figure.contains(e));
    const first = within.indexOf(true), last = within.lastIndexOf(true);
    all[first - 1].focus();
    return all.slice(first, last + 2).map(e => ask(e).which);
}"""
# What takes keys of its own might not let go of the Tab key.
TAKES_KEYS = ".symlib-live, .symlib-slider"
ALL_ROUND = f"{CHAPTERS[1]}.html"  # a page where the key is pressed until it has been round, some hundred times


def _always_there(stops):
    """Which of the stops are there wherever the page is scrolled to: its contents unfold beside what is read."""
    return [stop["which"] for stop in stops if not stop["unfolds"]]


@of_all_chapters
def test_the_tab_key_stops_where_there_is_something_to_do_and_shows_where(visit):
    page, widths = visit.page, visit.widths()
    page.evaluate(ASK)
    next(widths)
    found = []
    if visit.path == ALL_ROUND:
        page.evaluate(FOLLOW)
        for _ in range(25):
            for _ in range(20):
                page.keyboard.press("Tab")
            if page.evaluate("round"):
                break
        assert page.evaluate("round")
        found.append(page.evaluate("stops"))
    found.append(page.evaluate(FOCUS_EACH))
    assert _always_there(found[0]) == _always_there(found[-1])
    for figure in page.locator(TAKES_KEYS).all():
        wanted, stops = figure.evaluate(FROM_BEFORE), []
        for _ in wanted:
            page.keyboard.press("Tab")
            stops.append(page.evaluate("ask(document.activeElement).which"))
        assert stops == wanted
    next(widths)  # where following the key would tell the same
    page.keyboard.press("Tab")
    found.append(page.evaluate(FOCUS_EACH))
    for stops in found:
        assert 20 < len(stops) < 500
        assert [stop["what"] for stop in stops if stop["formula"] or stop["needless"]] == []
        assert [stop["what"] for stop in stops if not stop["ring"]] == []
        assert [stop["what"] for stop in stops if not stop["named"]] == []


@of_all_chapters
def test_sliders_move(visit):
    for slider in visit.page.locator(".symlib-slider").all():
        shown = slider.locator("img:visible")
        before = shown.get_attribute("alt")
        handle = slider.locator("input[type=range]")
        handle.focus()
        handle.press("End" if handle.input_value() == handle.get_attribute("min") else "Home")
        assert shown.count() == 1
        assert shown.get_attribute("alt") != before
    assert visit.problems == []


@of_all_chapters
def test_live_figures_answer(visit):
    """Each has taken the place of its picture, and says something else when its first slider is moved."""
    for figure in visit.page.locator(".symlib-live").all():
        said, handle = figure.locator(".state"), figure.get_by_role("slider").first
        before = said.inner_text(), handle.get_attribute("aria-valuetext")
        handle.press("ArrowRight")
        visit.page.evaluate("new Promise(requestAnimationFrame)")
        assert (said.inner_text(), handle.get_attribute("aria-valuetext")) != before
        assert figure.locator(".stage").is_visible() and not figure.locator(".static").is_visible()
    assert visit.problems == []


@of_all_chapters
def test_solutions_are_folded_away_and_open(visit):
    solutions = visit.page.locator("section.exercise details.solution")
    assert solutions.count() >= 3
    first = solutions.first
    assert not first.evaluate("e => e.open")
    first.locator("summary").first.click()  # folds of code inside have one too
    assert first.evaluate("e => e.open")
    assert first.locator(".sd-summary-content").inner_text().strip()


# Boxes that scroll and are no stop of the Tab key, nor hold one outside of the article, where text may be long.
OUT_OF_REACH = """() => [...document.querySelectorAll('body *')].filter(e => {
    const style = getComputedStyle(e), open = way => ['auto', 'scroll'].includes(way);
    const scrolls = open(style.overflowX) && e.scrollWidth > e.clientWidth + 1
        || open(style.overflowY) && e.scrollHeight > e.clientHeight + 1;
    if (!scrolls || !e.clientWidth || !e.clientHeight || e.tabIndex >= 0 || e.tagName === 'TEXTAREA') return false;
    return e.closest('.bd-article') || !e.querySelector('a[href], button, input, [tabindex="0"]');
}).map(e => e.outerHTML.slice(0, 120))"""


# Elements that reach out of the screen where no box around them scrolls: a reader cannot get at them.
CUT_OFF = """() => [...document.querySelectorAll('article *')].filter(e => {
    const box = e.getBoundingClientRect();
    if (box.width === 0 || box.right <= innerWidth + 1 || e.closest('mjx-assistive-mml')) return false;
    for (let a = e.parentElement; a; a = a.parentElement) {
        if (['auto', 'scroll'].includes(getComputedStyle(a).overflowX)) return false;
    }
    return true;
}).map(e => e.outerHTML.slice(0, 120))"""


BEGINS_OUTSIDE = """formulas => formulas.filter(
    e => e.getBoundingClientRect().left < e.parentElement.getBoundingClientRect().left - 1
).map(e => e.textContent)"""


TOO_WIDE = "boxes => boxes.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.id || e.textContent.slice(0, 60))"


@of_all_pages
def test_with_all_folds_open_no_page_scrolls_sideways_and_every_box_is_in_reach(visit):
    page = visit.page
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    visit.boxes_marked()
    displays = page.locator(".bd-article div.math")
    for width in visit.widths():
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
        assert page.evaluate(OUT_OF_REACH) == [], width
        assert page.evaluate(CUT_OFF) == [], width
        # A box scrolls to its right only: what begins left of it is out of reach.
        assert displays.locator("> mjx-container").evaluate_all(BEGINS_OUTSIDE) == [], width
        # A display may scroll on a phone. On a screen it must not: its number would be out of sight.
        assert width == NARROW or displays.evaluate_all(TOO_WIDE) == []
    assert visit.problems == []


# axe looks at every element. Of the words of code and of signatures one of each colour is left, a dozen of the formulas
# (as MathML) and of the functions of the reference, and of tables the first rows: what goes is like what stays.
THIN = """() => {
    document.querySelectorAll('mjx-math').forEach(glyphs => glyphs.remove());
    for (const kind of ['mjx-assistive-mml', 'dl.py'])
        [...document.querySelectorAll(kind)].slice(12).forEach(element => element.remove());
    document.querySelectorAll('table tr:nth-child(n+6)').forEach(row => row.remove());
    const seen = new Set();
    document.querySelectorAll('.highlight span[class], .sig span[class]').forEach(word => {
        if (!word.isConnected) return;
        const kind = word.closest('.highlight, .sig').parentElement.className + word.className;
        if (seen.has(kind)) word.replaceWith(word.textContent);
        seen.add(kind);
    });
}"""
# Colours are the dearest to look at, and text that looks alike has one answer: one element of each look is marked.
MARK_EACH_LOOK = """mode => {
    document.documentElement.dataset.theme = mode;
    const behind = element => {
        for (let e = element; e; e = e.parentElement) {
            const {backgroundImage: image, backgroundColor: colour} = getComputedStyle(e);
            if (image !== 'none' || !/, 0\\)$/.test(colour)) return colour + image;
        }
    };
    const seen = new Set();
    for (const element of document.querySelectorAll('body *')) {
        delete element.dataset.look;
        const words = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
        if (!words || !element.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
        const style = getComputedStyle(element);
        const look = [element.tagName, style.color, style.fontSize, style.fontWeight, style.textDecorationLine,
            style.opacity, behind(element)].join();
        if (!seen.has(look)) element.dataset.look = '';
        seen.add(look);
    }
    return seen.size;
}"""
COLOURS = ["color-contrast", "link-in-text-block"]
ALL_BUT_COLOURS = {"rules": {rule: {"enabled": False} for rule in COLOURS}}
# The text has the same colours wide and narrow. What is around it has not, but is alike on all pages, so two tell.
TWO_PAGES = (PAGES[0], CHAPTERS[0])


@of_all_pages
def test_has_no_serious_flaw_by_the_rules_of_axe(visit):
    """The rules of colours in the light and in the dark, and all others wide and narrow."""
    visit.page.mouse.move(0, 0)  # nothing is hovered over, nor has the focus
    visit.page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    visit.page.evaluate(AXE)
    visit.page.evaluate(THIN)
    flaws = []
    for place, width in enumerate(visit.widths()):
        flaws += [f"{width} px: {flaw}" for flaw in visit.page.evaluate(FLAWS, [None, ALL_BUT_COLOURS])]
        for mode in ("light", "dark") if place == 0 or visit.path.removesuffix(".html") in TWO_PAGES else ():
            assert visit.page.evaluate(MARK_EACH_LOOK, mode) > 4
            found = visit.page.evaluate(FLAWS, [{"include": [["[data-look]"]]}, {"runOnly": COLOURS}])
            flaws += [f"{width} px, {mode}: {flaw}" for flaw in found]
    assert flaws == []
