"""What pages say of themselves, where the site's address is known and where it is not; and that they are in order."""

import html
import re
from collections import Counter
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from book.builder.build import ROOT, page_names
from book.builder.metadata import anchor_lost_page, describe, link_at_the_foot
from book.builder.preview import SIZE, draw_preview
from book.builder.publishing import version_and_date, with_publication, write_sitemap
from book.builder.repository import Repository

PAGES = page_names(ROOT)
KNOWN = Repository("https://github.com/ada/book", "abc")


def app(config):
    """A Sphinx application as far as the handlers look at it."""
    values = {"book_pdf": False, "book_repository": "", "html_baseurl": "", "html_title": "The book", "root_doc": "a"}
    values |= {"book_commit": "", "book_bibtex": {}}
    return SimpleNamespace(config=SimpleNamespace(**{**values, **config["sphinx"]["config"]}))


@pytest.fixture(params=[KNOWN, None])
def published(request):
    return request.param, app(with_publication({}, request.param, pdf=False, made="Version 1."))


def test_addresses_are_promised_only_where_they_are_known(published):
    repository, application = published
    page = {"title": "A <em>title</em>", "body": "", "pathto": lambda name, _=0: name}
    describe(application, "book/intro", "page.html", page, None)
    link_at_the_foot(application, "book/intro", "page.html", page, object())
    assert '<meta property="og:title" content="A title" />' in page["metatags"]
    known = repository is not None
    image = '"og:image" content="https://ada.github.io/book/_static/preview.png"'
    assert (image in page["metatags"]) == ("summary_large_image" in page["metatags"]) == known
    assert ("https://github.com/ada/book/issues/new" in page["body"]) == known
    body = parse_qs(urlsplit(html.unescape(page["body"]).partition('href="')[2].partition('"')[0]).query).get("body")
    assert body == (["What is wrong, missing or unclear:\n\n\n\nPage: book/intro\nCommit: abc\n"] if known else None)


def test_the_page_for_lost_readers_starts_from_the_book(published):
    repository, application = published
    page = {}
    anchor_lost_page(application, "404", "page.html", page, None)
    assert f'<base href="{"/book" if repository else ""}/404.html" />' in page["metatags"]


def test_every_page_says_what_it_is(site):
    found = {}
    for name in [*PAGES, "search", "genindex", "404"]:
        text = (site / f"{name}.html").read_text(encoding="utf-8")
        (found[name],) = re.findall(r'<meta name="description" content="([^"]+)"', text)
        assert "og:description" in text and "twitter:card" in text
        assert not re.search(r"[$\\{}]", found[name])
    assert max(Counter(found.values()).values()) == 1


def test_no_id_stands_twice_on_a_page(site):
    for page in site.rglob("*.html"):
        ids = Counter(re.findall(r'<[^<>]*\sid="([^"]+)"', page.read_text(encoding="utf-8")))
        assert [name for name, times in ids.items() if times > 1] == [], page


def test_pages_carry_version_and_date(site):
    made = version_and_date(ROOT, "1.2")
    assert re.fullmatch(r"Version 1\.2, \d{4}-\d\d-\d\d\.", made)
    for name in PAGES:
        assert re.search(
            r"Version \d+\.\d+\.\d+, \d{4}-\d\d-\d\d\.", (site / f"{name}.html").read_text(encoding="utf-8")
        )


def test_a_folder_without_git_has_the_date_of_the_build(tmp_path):
    assert re.fullmatch(r"Version 1, \d{4}-\d\d-\d\d\.", version_and_date(tmp_path, "1"))


def test_the_map_of_the_site_lists_its_pages(tmp_path):
    write_sitemap(tmp_path, ["book/a", "notebooks/b"], "https://ada.github.io/book")
    places = re.findall("<loc>(.*?)</loc>", (tmp_path / "sitemap.xml").read_text())
    assert places == ["https://ada.github.io/book/book/a.html", "https://ada.github.io/book/notebooks/b.html"]


def test_the_preview_has_the_size_that_is_asked_for(tmp_path):
    from PIL import Image

    title = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["title"]
    draw_preview(tmp_path / "preview.png", title)
    with Image.open(tmp_path / "preview.png") as picture:
        assert picture.size == SIZE


@pytest.mark.browser
@pytest.mark.parametrize("letter", ["λ", "ε", "Σ"])
def test_search_finds_a_greek_letter(site, serve, browser, letter):
    page = browser.new_page()
    page.goto(f"{serve(site)}/search.html?q={letter}")
    results = page.locator("#search-results li a")
    results.first.wait_for()
    assert any("notebooks/" in link for link in results.evaluate_all("a => a.map(a => a.href)"))
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("depth", ["", "/deeper/still"])
def test_a_lost_reader_finds_back_from_any_depth(site, serve, browser, depth):
    address = serve(site)
    page = browser.new_page()
    (base,) = re.findall(r'<base href="(.*?)404.html"', (site / "404.html").read_text(encoding="utf-8"))
    lost = (site / "404.html").read_text(encoding="utf-8")
    page.route("**/nothing*", lambda route: route.fulfill(status=404, content_type="text/html", body=lost))
    page.goto(f"{address}{depth}/nothing.html")
    links = page.locator("#not-found a").evaluate_all("a => a.map(a => new URL(a.href).pathname)")
    assert all((site / link.removeprefix(base)).is_file() for link in links) and len(links) == 2
    page.close()
