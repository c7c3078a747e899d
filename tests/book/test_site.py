"""Every page of the built site in headless Chromium, wide and narrow, with all other hosts blocked."""

import io
import json
import re
from urllib.parse import urlsplit

import nbformat
import numpy as np
import pytest
import yaml
from PIL import Image

from book.builder.build import ROOT, chapter_names
from book.builder.execute import read_chapter
from book.builder.repository import find_repository, install_source
from book.builder.site import foreign_references

pytestmark = pytest.mark.browser

TIERS = yaml.safe_load((ROOT / "book" / "tiers.yml").read_text())
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
PAGES = [TOC["root"], *(entry["file"] for part in TOC["parts"] for entry in part["chapters"])]
CHAPTERS = [page for page in PAGES if page.startswith("notebooks/")]


class Visit:
    """A page as a reader opens it, and all that went wrong on the way."""

    def __init__(self, browser, address, path, width=1280):
        self.problems = []
        self.context = browser.new_context(viewport={"width": width, "height": 900})
        self.context.route("**/*", lambda route: self._admit(route, urlsplit(address).netloc))
        self.page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        self.page.on("requestfailed", lambda r: self.problems.append(f"failed request: {r.url}"))
        self.page.on("response", self._response)
        self.page.goto(f"{address}/{path}", wait_until="load")
        # MathJax is on the pages that have a formula.
        self.page.evaluate("window.MathJax ? MathJax.startup.promise.then(() => 0) : 0")

    def _admit(self, route, host):
        url = urlsplit(route.request.url)
        if url.scheme in ("data", "blob") or url.netloc == host:
            route.continue_()
        else:
            self.problems.append(f"request to another host: {route.request.url}")
            route.abort()

    def _console(self, message):
        if message.type == "error":
            self.problems.append(f"console error: {message.text}")

    def _response(self, response):
        if response.status >= 400:
            self.problems.append(f"status {response.status}: {response.url}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


@pytest.fixture(scope="module")
def address(site, serve):
    return serve(site)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", [*PAGES, "search"])
def test_page_opens_without_a_flaw(browser, address, path, width):
    with Visit(browser, address, f"{path}.html", width) as visit:
        page = visit.page
        assert visit.problems == []
        unset = "els => els.filter(e => !e.querySelector('mjx-container')).map(e => e.textContent)"
        assert page.locator(".math").evaluate_all(unset) == []
        errors = "els => els.map(e => e.closest('mjx-container').textContent + ' ' + e.title)"
        assert page.locator("mjx-merror").evaluate_all(errors) == []
        assert raw_formulas(page) == []
        images = page.locator("article img")
        assert images.evaluate_all("i => i.filter(i => !i.alt.trim()).map(i => i.src.slice(0, 80))") == []
        # A hidden frame of a slider is not laid out, but its image is decoded all the same.
        assert images.evaluate_all("i => i.filter(i => !i.naturalWidth).map(i => i.alt)") == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert page.evaluate(CUT_OFF) == []
        # A box scrolls to its right only: what begins left of it is out of reach.
        assert page.locator("div.math > mjx-container").evaluate_all(BEGINS_OUTSIDE) == []


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


def raw_formulas(page):
    """Lines of the page's visible prose that still hold TeX or Markdown marks."""
    text = page.evaluate(
        """() => { const copy = document.querySelector('article')?.cloneNode(true);
        copy?.querySelectorAll('pre, code, .sig, script, style, mjx-container').forEach(e => e.remove());
        return copy ? copy.textContent : ''; }"""
    )
    marks = re.compile(r"\$\$|\$[^$\n]+\$|\\\(|\\\[|\\begin|\]\(|\*\*|^#+ |\{[a-z:]+\}`|:::", re.M)
    return [line for line in text.split("\n") if marks.search(line)]


def test_no_page_names_another_host_as_part_of_itself(site):
    assert foreign_references(site) == []


@pytest.mark.parametrize("width", [1280, 390])
def test_search_finds_a_word(browser, address, width):
    with Visit(browser, address, f"{TOC['root']}.html", width) as visit:
        page = visit.page
        page.locator("button.search-button__button:visible, button.search-button:visible").first.click()
        page.locator("input[type=search]:visible").first.fill("orbit")
        page.keyboard.press("Enter")
        results = page.locator("#search-results li a")
        results.first.wait_for()
        assert any("notebooks/" in link for link in results.evaluate_all("a => a.map(a => a.href)"))
        assert visit.problems == []


def test_figures_are_legible_in_the_dark(browser, address):
    with Visit(browser, address, f"{CHAPTERS[0]}.html") as visit:
        page = visit.page
        for _ in range(3):
            if page.evaluate("document.documentElement.dataset.theme") == "dark":
                break
            page.locator("button.theme-switch-button:visible").first.click()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        figure = page.locator("figure.symlib-figure img:visible").first
        assert "invert(1)" in figure.evaluate("e => getComputedStyle(e).filter")
        figure.scroll_into_view_if_needed()
        grey = np.asarray(Image.open(io.BytesIO(figure.screenshot())).convert("L"), dtype=float)
        # Mostly the dark page itself, with lines and letters well above it.
        assert np.median(grey) < 40
        assert np.percentile(grey, 99.5) > 140


@pytest.mark.parametrize("path", CHAPTERS)
def test_solutions_are_folded_away_and_open(browser, address, path):
    with Visit(browser, address, f"{path}.html") as visit:
        solutions = visit.page.locator("section.exercise details.solution")
        assert solutions.count() >= 3
        first = solutions.first
        assert not first.evaluate("e => e.open")
        first.locator("summary").first.click()  # folds of code inside have one too
        assert first.evaluate("e => e.open")
        assert first.locator(".sd-summary-content").inner_text().strip()


@pytest.mark.parametrize("path", CHAPTERS)
def test_sliders_move(browser, address, path):
    with Visit(browser, address, f"{path}.html") as visit:
        for slider in visit.page.locator(".symlib-slider").all():
            shown = slider.locator("img:visible")
            before = shown.get_attribute("alt")
            handle = slider.locator("input[type=range]")
            handle.focus()
            handle.press("End" if handle.input_value() == handle.get_attribute("min") else "Home")
            assert shown.count() == 1
            assert shown.get_attribute("alt") != before
        assert visit.problems == []


@pytest.mark.parametrize("path", CHAPTERS)
def test_chapter_says_which_tier_it_shows(browser, address, path):
    asked = json.loads((ROOT / "_build" / "site.json").read_text())["tier"]
    tier = read_chapter(ROOT, path.removeprefix("notebooks/"), TIERS, asked).tier
    note = "" if tier == asked else f" Its {asked} tier needs a GPU."
    with Visit(browser, address, f"{path}.html") as visit:
        line = visit.page.locator(".computed-at")
        assert line.is_visible()
        words = rf"Computed at the {tier} tier on [\w .-]+ in \d+ s\.{note}"
        assert re.fullmatch(words, line.inner_text().strip())


def test_every_chapter_of_the_contents_is_a_notebook():
    assert [f"notebooks/{name}" for name in chapter_names(ROOT)] == CHAPTERS


@pytest.mark.parametrize("path", CHAPTERS)
def test_colab_is_promised_only_where_the_repository_is_known(site, path):
    repository = find_repository(ROOT)
    first = (site / f"{TOC['root']}.html").read_text(encoding="utf-8")
    chapter = (site / f"{path}.html").read_text(encoding="utf-8")
    assert ("opens it on Colab" in first) == (repository is not None)
    assert ("colab.research.google.com" in chapter) == (repository is not None)
    setup = nbformat.read(site / "_sources" / f"{path}.ipynb", 4).cells[0].source
    source = install_source(repository)
    assert (f"@ {source}" if source else "pip install -e '.[plots") in setup


@pytest.mark.parametrize("path", CHAPTERS)
def test_stderr_is_shown_only_where_a_cell_says_why(site, path):
    cells = nbformat.read(ROOT / f"{path}.ipynb", 4).cells
    explained = [cell for cell in cells if cell.metadata.get("writes_to_stderr")]
    assert (site / f"{path}.html").read_text(encoding="utf-8").count('class="output stderr') <= len(explained)
