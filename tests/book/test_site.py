"""The built site as a whole, in headless Chromium: search, the dark mode, what it asks of other hosts and promises."""

import io

import nbformat
import numpy as np
import pytest
import yaml
from PIL import Image

from book.builder.build import ROOT, chapter_names
from book.builder.repository import find_repository, install_source
from book.builder.site import foreign_references
from tests.book.visits import NARROW, WIDE, Visit

pytestmark = pytest.mark.browser

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
PAGES = [TOC["root"], *(entry["file"] for part in TOC["parts"] for entry in part["chapters"])]
CHAPTERS = [page for page in PAGES if page.startswith("notebooks/")]


def test_no_page_names_another_host_as_part_of_itself(site):
    assert foreign_references(site) == []


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_search_finds_a_word(browser, packing, width):
    with Visit(browser, packing, f"{TOC['root']}.html", width) as visit:
        page = visit.page
        page.locator("button.search-button__button:visible, button.search-button:visible").first.click()
        page.locator("input[type=search]:visible").first.fill("orbit")
        page.keyboard.press("Enter")
        results = page.locator("#search-results li a")
        results.first.wait_for()
        assert any("notebooks/" in link for link in results.evaluate_all("a => a.map(a => a.href)"))
        assert visit.problems == []


def test_figures_are_legible_in_the_dark(browser, packing):
    with Visit(browser, packing, f"{CHAPTERS[0]}.html") as visit:
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
