"""The slides of a chapter: what stands on them and what in the notes; in a browser, offline, that all of it fits."""

import html
import io
import re

import nbformat
import pypdf
import pytest

from book.builder.teaching.deck import stacks_of
from book.builder.teaching.outputs import code_of
from book.builder.teaching.slides import write_slides

PICTURE = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSI4MDBwdCIgaGVpZ2h0PSIzMDBwdCIvPg=="
LONG = "This sentence is one of many that no slide can hold together with all of its neighbours."


def shows(markup):
    return nbformat.v4.new_output("display_data", data={"text/html": markup})


@pytest.fixture
def lecture(executed):
    """The chapter of conventions with a figure, a claim, and sections of which none fits its slide."""
    by_id = {cell.id: cell for cell in executed.cells}
    image = f'<img alt="A line &amp; more." src="data:image/svg+xml;base64,{PICTURE}" style="width:100%">'
    frame = f'<div class="static"><picture>{image}</picture></div><div class="stage"></div>'
    caption = '<figcaption><span class="number">Figure 9.1.</span> It rises.</figcaption>'
    by_id["figure-91"].outputs = [
        shows(f'<figure class="symlib-figure symlib-live" id="figure-9-1">{frame}{caption}<script>1</script></figure>')
    ]
    claim = '<p class="symlib-claim holds" id="claim-1"><span class="tick">✓</span> One is odd.</p>'
    by_id["claim-91"].outputs = [shows(claim)]
    by_id["answer-91"].source = "> **Answer.** (a) An inverse."
    rows = "".join(f"<tr><th>row {i}</th>{'<td>0.123 [0.100, 0.150]</td>' * 9}</tr>" for i in range(25))
    table = nbformat.v4.new_code_cell("plots.table(rows)", metadata={"tags": ["hide-input"]})
    table.outputs = [shows(f'<table class="symlib-table" id="table-9-1"><tbody>{rows}</tbody></table>')]
    wide = " + ".join(f"x_{{{i}}}" for i in range(60))
    paragraphs = "\n>\n".join([f"> {LONG}"] * 30)
    said = f"## Much\n\nIt is much, and not all of it is shown. {LONG}\n\nSo it is\n\n$$ {wide} \\tag{{9.2}} $$"
    sections = f"{said}\n\n> **Answer.** (b) Four.\n>\n{paragraphs}"
    at = executed.cells.index(by_id["cell-06"])
    executed.cells[at:at] = [nbformat.v4.new_markdown_cell(sections), table]
    return executed


def slides_of(notebook, site=None):
    return [slide for stack in stacks_of(notebook, "notebooks/09_all.ipynb", site) for slide in stack]


def words(blocks):
    return html.unescape(re.sub(r"<[^>]*>", "", " ".join(blocks)))


def test_a_chapter_is_a_stack_of_slides_a_heading_in_its_order(lecture):
    kinds = [[slide.kind for slide in stack] for stack in stacks_of(lecture, "notebooks/09_all.ipynb", None)]
    assert kinds == [
        ["title"],
        ["goals"],
        ["text opener", "box prediction", "question", "question"],
        ["box theorem", "code", "figure", "question", "box answer"],
        ["text", "question", "box answer", "table"],
        ["exercises"],
    ]
    named = {slide.name: slide for slide in slides_of(lecture) if slide.name}
    assert set(named) == {"theorem-9-1", "figure-9-1", "table-9-1"}
    assert named["theorem-9-1"].heading == "Theorem 9.1 (leave-one-out)"
    assert "A line &amp; more." in named["figure-9-1"].blocks[0] and "<script>" not in named["figure-9-1"].blocks[0]
    assert "Figure 9.1. It rises." in words(named["figure-9-1"].blocks)


def test_what_is_said_stands_in_the_notes_and_proofs_and_remarks_to_the_teacher_too(lecture):
    everything = slides_of(lecture)
    much = next(slide for slide in everything if slide.heading == "Much")
    assert f"It is much, and not all of it is shown. {LONG}" in words(much.notes) and LONG not in words(much.blocks)
    assert words(much.blocks).startswith("It is much, and not all of it is shown. So it is")
    assert any("By (9.1), for Exercise 9.1." in words(slide.notes) for slide in everything)
    assert any("Ask what a matrix without an inverse would do." in words(slide.notes) for slide in everything)
    shown = words([block for slide in everything for block in slide.blocks])
    assert "By (9.1)" not in shown and "Ask what" not in shown and "✓ One is odd." in shown


def opening(text):
    title = nbformat.v4.new_markdown_cell(f"# 09 · Short\n\n## A section\n\n{text}")
    return words(slides_of(nbformat.v4.new_notebook(cells=[title]))[-1].blocks)


def test_a_sentence_of_a_few_words_takes_the_next_along():
    assert opening(f"Why worse? {LONG} {LONG}") == f"Why worse? {LONG}"
    assert opening(f"{LONG} {LONG}") == LONG
    assert opening("Two circles are a toy to look at. Digits are none. *One* is here.") == (
        "Two circles are a toy to look at. Digits are none."
    )
    assert opening("There are two kinds. *One*, of turns, is here.") == "There are two kinds."


def test_no_solution_is_anywhere_and_exercises_are_named(lecture):
    last = slides_of(lecture)[-1]
    assert words(last.blocks) == "9.1 ★★ a first one 9.2 ★ in words"
    assert "Put twice" in words(last.notes)
    everything = words([text for slide in slides_of(lecture) for text in (*slide.blocks, *slide.notes)])
    assert "doubled = 2 * n" not in everything and "Because." not in everything and "Look." not in everything


def test_what_is_right_is_on_a_slide_only_behind_the_prediction(lecture):
    asked = [slide for slide in slides_of(lecture) if slide.kind == "question"]
    before, after = asked[:2], asked[2:]
    assert all("fragment" not in block and "feedback" not in block for slide in before for block in slide.blocks)
    assert "No eigenvalue" not in words([block for slide in before for block in slide.blocks])
    right, why = [block for block in after[0].blocks if "fragment" in block]
    assert "An inverse" in right and words([why]) == "No eigenvalue is zero."
    assert words([b for b in after[0].blocks if b != why]) == words(before[0].blocks), "no box gives it away"
    assert "It is 4. As the parameters say." in words(after[1].blocks)
    assert all("✓" in words(slide.notes) for slide in asked)


def test_links_lead_to_the_book_where_its_address_is_known_and_are_words_where_not(lecture):
    text = "".join(note for slide in slides_of(lecture) for note in slide.notes)
    assert "notation" in text and "notation.html" not in text and 'href="https://arxiv.org' in text
    published = "".join(note for slide in slides_of(lecture, "https://a.org/b") for note in slide.notes)
    assert 'href="https://a.org/b/book/notation.html"' in published


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("import numpy\nfrom symlib import cyclic", False),
        ("n = 4", False),
        ("group = cyclic(4)", True),
        ("import numpy\n%matplotlib inline\ngroup = cyclic(4)", False),
        ("\n".join(["group = cyclic(4)"] * 11), False),
    ],
)
def test_code_is_shown_where_it_is_short_and_uses_symlib(source, shown):
    cell = nbformat.v4.new_code_cell(source)
    assert bool(code_of(cell, {"cyclic"})) == shown
    cell.metadata["tags"] = ["hide-input"]
    assert code_of(cell, {"cyclic"}) == []


# Every slide shown in turn: blocks that reach out of it, but for what only screen readers are told.
OUTSIDE = """() => Reveal.getSlides().flatMap(slide => {
    const {h, v} = Reveal.getIndices(slide);
    Reveal.slide(h, v);
    const sheet = slide.querySelector('.sheet').getBoundingClientRect();
    const scale = Reveal.getScale();
    return [...slide.querySelectorAll('.sheet *')].filter(e => {
        const box = e.getBoundingClientRect();
        if (!box.width || !box.height || e.closest('mjx-assistive-mml, mjx-math')) return false;
        return box.left < sheet.left || box.top < sheet.top
            || box.right > sheet.right - 40 * scale || box.bottom > sheet.bottom - 40 * scale;
    }).map(e => `${h}.${v}: ${e.outerHTML.slice(0, 100)}`);
})"""


@pytest.mark.browser
def test_thin_slides_share_one_and_each_slide_is_one_sheet(tmp_path, browser):
    image = f'<img alt="A line." src="data:image/svg+xml;base64,{PICTURE}">'
    caption = '<figcaption><span class="number">Figure 9.1.</span> It rises.</figcaption>'
    claim = '<p class="symlib-claim holds"><span class="tick">✓</span> {} is odd.</p>'
    outputs = [
        [f'<figure class="symlib-figure" id="figure-9-1">{image}{caption}</figure>'],
        [claim.format("One")],
        ['<table class="symlib-table" id="table-9-1"><tbody><tr><th>a</th><td>1</td></tr></tbody></table>'],
        [claim.format(LONG)] * 12,
        [f'<table class="symlib-table" id="table-9-2"><tbody>{"<tr><th>row</th><td>1</td></tr>" * 60}</tbody></table>'],
    ]
    cells = [
        nbformat.v4.new_markdown_cell("# 09 · Thin\n\n## A section\n\nLook at this line of the figure, how it rises.")
    ]
    for markups in outputs:
        shown = [shows(markup) for markup in markups]
        cells.append(nbformat.v4.new_code_cell("plots", metadata={"tags": ["hide-input"]}, outputs=shown))
    formula = (
        "The sum is, as everybody knows who has seen it,\n\n$$ \\sum_{i=1}^{n} \\frac{x_i}{\\bar x} = n . \\tag{9.9} $$"
    )
    cells.append(nbformat.v4.new_markdown_cell("## Another\n\n" + "\n\n".join([f"{LONG} {formula}"] * 2)))
    decks = write_slides({"09_thin": nbformat.v4.new_notebook(cells=cells)}, tmp_path / "slides", "The book")
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    page = context.new_page()
    page.goto(f"{decks['09_thin'].as_uri()}?print-pdf")
    page.wait_for_selector("html[data-ready]")
    held = "sheets => sheets.map(s => [...s.querySelector('.body').children].map(e => e.tagName).join(' '))"
    with_figure, with_table, with_claims = page.locator(".sheet").evaluate_all(held)[2:5]
    assert with_figure == "P FIGURE P" and with_table == "TABLE" and set(with_claims.split()) == {"P"}
    assert page.locator("section#figure-9-1 .symlib-claim").count() == 1
    long = page.locator(".sheet:has(table):has-text('row')")
    assert long.count() > 1 and page.locator("tr").count() == 61
    bottom = "getBoundingClientRect().bottom"
    end = f"sheets => sheets.map(s => s.{bottom} - s.querySelector('table').{bottom})"
    assert min(long.evaluate_all(end)) > 40
    assert len(pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages) == page.locator(".sheet").count()
    context.close()


@pytest.mark.browser
def test_opened_as_a_file_offline_all_of_a_deck_fits_and_a_click_reveals_the_answer(lecture, tmp_path, browser):
    decks = write_slides({"09_all": lecture}, tmp_path / "slides", "The book")
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    page, problems = context.new_page(), []
    page.on("console", lambda message: message.type in ("error", "warning") and problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: request.url.startswith("file:") or problems.append(request.url))
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.goto(decks["09_all"].as_uri())
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate(OUTSIDE) == []
    # What did not fit one slide is on several, nothing of it lost; the table is drawn smaller instead.
    assert page.locator("section .sheet.answer").count() > 3
    assert page.evaluate("document.body.textContent").count(LONG) == 31
    assert page.locator("section .sheet.table").count() == 1
    assert page.locator(".sheet .math:not(:has(mjx-container)), mjx-merror").count() == 0
    assert page.locator("aside.notes .math:not(:has(math))").count() == 0

    right = page.locator(".choice.fragment")
    place = page.evaluate("e => Reveal.getIndices(e.closest('section'))", right.element_handle())
    page.evaluate("({h, v}) => Reveal.slide(h, v, -1)", place)
    tick = "e => getComputedStyle(e, '::before').content"
    why = page.locator("section.present .why")
    assert right.is_visible() and "✓" not in right.evaluate(tick) and not why.is_visible()
    page.keyboard.press("Space")
    assert "✓" in right.evaluate(tick) and why.is_visible()
    assert problems == []
    context.close()
