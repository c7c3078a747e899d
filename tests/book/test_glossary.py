"""Terms and their notes, on a small site: what is marked, what is left alone, and how the note comes and goes."""

import re
import shutil

import pytest
from sphinx.application import Sphinx

from book.builder.build import ROOT
from book.builder.glossary import pattern_of
from tests.book.visits import NARROW

GLOSSARY = """\
# Glossary

::::{glossary}
orbit
  All that a group makes of one input.

  Defined in <a href="x.html">chapter 02</a>.

Gram matrix
  All kernel values between points.

kernel regression
kernel machine
  Regression with a kernel.

kernel
  A similarity.

seed
  % in 02

  Pose 0.

free
  % never

  An everyday word.
::::
"""
CHAPTER = """\
# An orbit in a heading

`orbit` in code, $orbit$ in a formula, [an orbit that is a link](https://example.org), ![an orbit](x.png)

$$ \\text{orbit} $$

::::{admonition} The orbit of a box's title
:class: definition
An orbit in a definition.
::::

::::{admonition} Remark
Two *Orbits*, and another orbit. A kernel machine is not free. Programs and kernels, but no subkernel.
::::

| orbit | table |
|---|---|
| Gram matrix | seed |

Gram matrices come last, and the seed of chance.
"""
SECOND = "# Second\n\nThe seeds of orbits.\n"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A site of a glossary and two chapters, with the book's own script and style of notes."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("out")
    (source / "notebooks").mkdir()
    (source / "book").mkdir()
    (source / "static").mkdir()
    for name in ("notes.js", "access.css"):
        shutil.copy(ROOT / "book" / "_static" / name, source / "static")
    (source / "index.md").write_text("# Start\n\n```{toctree}\nnotebooks/01_a\nnotebooks/02_b\nbook/glossary\n```\n")
    (source / "notebooks" / "01_a.md").write_text(CHAPTER)
    (source / "notebooks" / "02_b.md").write_text(SECOND)
    (source / "notebooks" / "x.png").write_bytes(b"")
    (source / "book" / "glossary.md").write_text(GLOSSARY)
    configuration = {
        "extensions": ["myst_parser", "sphinx.ext.mathjax", "book.builder.glossary"],
        "myst_enable_extensions": ["dollarmath", "colon_fence"],
        "html_theme": "basic",
        "html_static_path": [str(source / "static")],
        "html_js_files": ["notes.js"],
        "html_css_files": ["access.css"],
        "mathjax_path": "notes.js",
    }
    app = Sphinx(source, None, out, out / ".doctrees", "html", configuration, status=None, warning=None)
    app.build()
    for page in out.rglob("*.html"):
        page.write_text(page.read_text().replace('<div class="body"', '<div class="body bd-article"'))
    return out


def marked(page):
    """(words, where they lead, what they say) of the terms of a page, in its order."""
    text = page.read_text(encoding="utf-8")
    links = re.findall(r'<a class="glossary-term reference internal" href="([^"]+)" title="([^"]*)">([^<]*)</a>', text)
    assert len(links) == text.count("glossary-term")
    return [(words, address, title) for address, title, words in links]


def test_the_first_mention_in_running_text_is_marked_and_nothing_else(small):
    found = marked(small / "notebooks" / "01_a.html")
    where = "../book/glossary.html#term-"
    assert found == [
        ("Orbits", f"{where}orbit", "All that a group makes of one input."),
        ("kernel machine", f"{where}kernel-regression", "Regression with a kernel."),
        ("kernels", f"{where}kernel", "A similarity."),
        ("Gram matrices", f"{where}Gram-matrix", "All kernel values between points."),
    ]
    text = (small / "notebooks" / "01_a.html").read_text()
    assert r"\text{orbit}" in text and '<code class="docutils literal notranslate"><span class="pre">orbit' in text


def test_a_word_is_marked_in_the_chapters_where_it_has_that_meaning(small):
    assert [words for words, *_ in marked(small / "notebooks" / "02_b.html")] == ["seeds", "orbits"]


def test_the_glossary_is_left_alone_and_every_term_leads_into_it(small):
    glossary = (small / "book" / "glossary.html").read_text()
    assert marked(small / "book" / "glossary.html") == []
    for page in ("01_a", "02_b"):
        for _, address, _ in marked(small / "notebooks" / f"{page}.html"):
            assert f'id="{address.partition("#")[2]}"' in glossary


def test_a_term_is_found_alone_and_as_it_is_bent():
    words = "Symmetry, symmetries, asymmetry; irreps, irrep-like; Gram matrix, gram Matrix"
    assert re.findall(pattern_of("symmetry"), words) == ["Symmetry", "symmetries"]
    assert re.findall(pattern_of("irrep"), words) == ["irreps"]
    assert re.findall(pattern_of("Gram matrix"), words) == ["Gram matrix"]


def test_every_term_of_the_book_says_where_it_is_defined_and_is_short():
    text = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
    entries = re.findall(r"^(\S[^\n]*(?:\n\S[^\n]*)*)\n(?:  % [^\n]*\n\n)?  ([^\n]+)\n\n  ([^\n]+)\n", text, re.M)
    entries = [entry for entry in entries if not entry[0].startswith((":", "#"))]
    assert len(entries) == text.count("\n\n  ") - text.count("  % ") > 50
    names = [name.lower() for names, *_ in entries for name in names.split("\n")]
    assert len(set(names)) == len(names)
    for _, meant, place in entries:
        assert meant.endswith(".") and len(meant) < 260 and "$" not in meant
        assert "](" in place


@pytest.mark.browser
def test_the_note_comes_by_pointer_keyboard_and_finger_and_goes_by_escape(browser, small, serve):
    address = f"{serve(small)}/notebooks/01_a.html"
    page = browser.new_page()
    page.goto(address)
    term, note = page.locator("a.glossary-term").first, page.locator("#link-note")
    for reach in (term.hover, term.focus):
        reach()
        assert note.is_visible() and note.inner_text() == "All that a group makes of one input."
        assert term.get_attribute("aria-describedby") == "link-note"
        page.keyboard.press("Escape")
        assert not note.is_visible() and term.get_attribute("aria-describedby") is None
        page.mouse.move(0, 0)
        term.blur()
    assert "dotted" in term.evaluate("e => getComputedStyle(e).textDecorationStyle")
    page.close()

    context = browser.new_context(has_touch=True, is_mobile=True, viewport={"width": NARROW, "height": 800})
    page = context.new_page()
    page.goto(address)
    term, note = page.locator("a.glossary-term").first, page.locator("#link-note")
    term.tap()
    assert note.is_visible() and page.url == address
    page.locator("h1").tap()
    assert not note.is_visible()
    term.tap()
    term.tap()  # asked again, it leads there
    page.wait_for_url("**/glossary.html#term-orbit")
    context.close()


@pytest.mark.browser
def test_without_scripts_a_term_is_a_link(browser, small, serve):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{serve(small)}/notebooks/01_a.html")
    assert page.locator("a.glossary-term").first.get_attribute("title").startswith("All that")
    page.locator("a.glossary-term").first.click()
    page.wait_for_url("**/glossary.html#term-orbit")
    context.close()
