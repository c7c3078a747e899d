"""What readers do with the built pages: follow links, look up claims and citations; links lead somewhere."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

from book.builder.build import ROOT, chapter_names
from tests.book.visits import WIDE, Visit


class _Page(HTMLParser):
    """The ids of a page and the addresses that it links to."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if values.get("id"):
            self.ids.append(values["id"])
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])


@pytest.fixture(scope="module")
def pages(site):
    found = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    return {path.relative_to(site).as_posix(): _Page(path.read_text(encoding="utf-8")) for path in found}


def test_every_link_within_the_site_leads_to_an_element(site, pages):
    dead = []
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link.startswith("#top"):
                continue
            target = (site / name).parent / unquote(parts.path) if parts.path else site / name
            if not target.exists():
                dead.append((name, link))
            elif parts.fragment and target.suffix == ".html":
                ids = pages[target.resolve().relative_to(site.resolve()).as_posix()].ids
                if unquote(parts.fragment) not in ids:
                    dead.append((name, link))
    assert dead == []


def test_chapters_link_what_they_mention(pages):
    for name in chapter_names(ROOT):
        targets = {urlsplit(link).fragment for link in pages[f"notebooks/{name}.html"].links}
        assert any(target.startswith("figure-") for target in targets), name


def test_the_claims_page_lists_claims_of_every_chapter(pages):
    links = [link for link in pages["book/claims.html"].links if "#claim-" in link]
    chapters = {re.search(r"notebooks/(\d\d)", link)[1] for link in links}
    assert chapters == {name[:2] for name in chapter_names(ROOT)}
    assert len(links) == len(set(links))


@pytest.mark.parametrize("name", chapter_names(ROOT))
def test_no_result_is_a_leftover_of_drawing(site, name):
    page = (site / "notebooks" / f"{name}.html").read_text(encoding="utf-8")
    assert re.findall(r"&lt;[\w.]+ (?:object )?at 0x\w+&gt;|\[Text\(", page) == []


@pytest.mark.browser
def test_a_citation_shows_its_entry_to_pointer_and_keyboard(browser, packing, pages):
    name = next(name for name, page in sorted(pages.items()) if name.startswith("notebooks/") and cites(page))
    with Visit(browser, packing, name) as visit:
        page = visit.page
        citation = page.locator('.bd-article a[href*="bibliography.html#"]').first
        note = page.locator("#link-note")
        for reach in (citation.focus, citation.hover):
            reach()
            assert note.is_visible() and len(note.inner_text()) > 60
            assert citation.get_attribute("aria-describedby") == "link-note"
            box = note.bounding_box()
            assert 0 <= box["x"] and box["x"] + box["width"] <= WIDE
            page.keyboard.press("Escape")
            assert not note.is_visible()


CONTRAST = """element => {
    const luminance = colour => {
        const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(value => value / 255)
            .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] + 0.05
    }
    const behind = luminance(getComputedStyle(document.body).backgroundColor)
    const ratio = luminance(getComputedStyle(element).color) / behind
    return Math.max(ratio, 1 / ratio)
}"""


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_link_under_the_pointer_can_be_read(browser, packing, pages, scheme):
    with Visit(browser, packing, "notebooks/" + chapter_names(ROOT)[0] + ".html") as visit:
        visit.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert visit.page.locator("html").get_attribute("data-theme") == scheme
        link = visit.page.locator('.bd-article p a[href$=".html"]').first
        before = link.evaluate(CONTRAST)
        link.hover()
        visit.page.wait_for_timeout(400)  # the theme fades colours in
        assert min(before, link.evaluate(CONTRAST)) >= 4.5


def cites(page):
    return any("bibliography.html#" in link for link in page.links)
