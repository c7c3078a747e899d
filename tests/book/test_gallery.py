"""The gallery of figures: every figure of the chapters, by the file that its chapter shows, and where it is made."""

import base64
import re

import nbformat
import pytest

from book.builder.build import ROOT, chapter_names
from book.builder.figure_files import lift_images
from book.builder.gallery import gallery
from book.builder.repository import Repository
from tests.book.visits import Visit

DRAWN = b'<svg xmlns="http://www.w3.org/2000/svg" width="532.8pt" height="237.6pt"/>'
OTHER = DRAWN.replace(b"532.8", b"400")


def image(content, alt):
    return f'<img alt="{alt}" src="data:image/svg+xml;base64,{base64.b64encode(content).decode()}" style="width:100%">'


def figure(number, content, caption, kind="symlib-figure"):
    name = f'<span class="number">Figure {number}.</span> ' if number else ""
    picture = f"<picture>{image(content, 'a &quot;line&quot;')}</picture>"
    return f'<figure class="{kind}">{picture}<figcaption>{name}{caption}</figcaption></figure>'


@pytest.fixture
def chapters():
    frames = [
        f'<div class="symlib-frame"{" hidden" * (i != 1)}>{figure("", c, "moves")}</div>'
        for i, c in enumerate([DRAWN, OTHER])
    ]
    slider = f'<div class="symlib-slider"><p><span class="number">Figure 6.2.</span> </p>{"".join(frames)}</div>'
    cells = [nbformat.v4.new_markdown_cell("# 06 · Six\n\nText")]
    for name, markup in (
        ("a", figure("6.1", DRAWN, "rises &amp; falls")),
        ("b", slider),
        ("c", figure("", DRAWN, "x")),
    ):
        shown = nbformat.v4.new_output("display_data", data={"text/html": markup})
        cells.append(nbformat.v4.new_code_cell(f"draw()\n\nif {name} < 1: pass", id=name, outputs=[shown]))
    empty = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 07 · Nothing")])
    return {"06_six": nbformat.v4.new_notebook(cells=cells), "07_nothing": empty}


def test_a_figure_is_shown_by_its_file_with_number_words_and_code(chapters, tmp_path):
    made = gallery(chapters, None)
    assert "\n\n" not in made.partition("<div")[2], "Markdown would begin again behind an empty line"
    assert re.findall(r"## (.*)", made) == ["06 · Six"]
    assert re.findall(r'href="([^"]*)"', made) == [f"../notebooks/06_six.html#figure-6-{n}" for n in (1, 2)]
    assert re.findall(r"Figure 6\.\d\.</span> ([^<]*)<", made) == ["rises &amp; falls", "moves"]
    assert made.count('alt="a &quot;line&quot;"') == made.count('loading="lazy"') == 2
    assert "<pre>draw()&#10;&#10;if a &lt; 1: pass</pre>" in made and "colab" not in made
    # The chapter's own page, of which the build makes the files.
    (tmp_path / "06_six.html").write_text(figure("6.1", DRAWN, "") + figure("", OTHER, ""))
    lift_images(tmp_path)
    files = re.findall(r'src="\.\./_images/([^"]*)" width="(\d+)" height="238"', made)
    assert [(tmp_path / "_images" / name).read_bytes() for name, _ in files] == [DRAWN, OTHER]
    assert [width for _, width in files] == ["533", "400"]


def test_where_the_repository_is_known_the_cell_opens_on_colab(chapters):
    made = gallery(chapters, Repository("https://github.com/ada/book", "abc"))
    colab = "https://colab.research.google.com/github/ada/book/blob/colab/notebooks/06_six.ipynb"
    assert re.findall(r'<a href="(https[^"]*)"', made) == [f"{colab}#scrollTo=a", f"{colab}#scrollTo=b"]


@pytest.mark.browser
def test_the_gallery_holds_every_figure_of_the_book_and_its_first_visit_is_light(site, browser, packing):
    sources = [nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4) for name in chapter_names(ROOT)]
    code = "\n".join(cell.source for notebook in sources for cell in notebook.cells if cell.cell_type == "code")
    drawn = {number for number in re.findall(r'number="(\d+\.\d+)"', code)}
    with Visit(browser, packing, "book/gallery.html") as visit:
        visit.page.wait_for_load_state("networkidle")
        assert sum(visit.sent.values()) < 1_000_000, sorted(visit.sent.items(), key=lambda item: -item[1])[:8]
        shown = visit.page.locator(".pictured .number").all_inner_texts()
        targets = visit.page.locator(".pictured > a").evaluate_all(
            "links => links.map(link => link.getAttribute('href'))"
        )
        files = visit.page.locator(".pictured img").evaluate_all(
            "images => images.map(image => image.getAttribute('src'))"
        )
        assert visit.problems == []
    numbers = [words.removeprefix("Figure ").removesuffix(".") for words in shown]
    assert len(numbers) == len(set(numbers)) > 80 and set(numbers) <= drawn
    assert all((site / "book" / file).resolve().is_file() for file in files)
    for page, anchor in (target.split("#") for target in targets):
        assert f'id="{anchor}"' in (site / "book" / page).resolve().read_text(encoding="utf-8"), (page, anchor)
