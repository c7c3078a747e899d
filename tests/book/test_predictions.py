"""A reader predicts on a page: chooses, commits, and only then finds in the answer's box what is right."""

from importlib.resources import files

import nbformat
import pytest

from book.builder.build import ROOT
from book.builder.chapters import to_page
from book.builder.teaching.question_boxes import with_questions
from book.builder.teaching.questions import questions_of

pytestmark = pytest.mark.browser

CHAPTER = nbformat.read(ROOT / "tests" / "book" / "conventions.ipynb", as_version=4)
(QUESTIONS,) = (found for cell in CHAPTER.cells if (found := questions_of(cell)))
_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Predictions</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="custom.css">
<script src="predictions.js"></script></head><body><main><h1>Predictions</h1>{boxes}</main></body></html>"""


def box(kind, text):
    return f'<div class="admonition symlib-box {kind}"><p class="admonition-title">{kind}</p><p>{text}</p>%s</div>'


def listed(questions):
    """The markup that the builder puts into the box."""
    return with_questions("::::", questions).split("\n")[2]


@pytest.fixture
def page(browser, serve, tmp_path):
    """A page of predictions and answers: with questions, settled in two boxes; without; and two that are paired."""
    other = [dict(QUESTIONS[0], question="Which of the two?")]
    boxes = [
        box("prediction", "What follows?") % listed(QUESTIONS),
        box("answer", "(a) An inverse.") % "",
        box("answer", "(b) Four.") % "",
        box("prediction", "In words?") % "",
        box("answer", "Yes.") % "",
        box("prediction", "First?") % listed(other),
        box("prediction", "Second?") % listed(other),
        box("answer", "The first.") % "",
        box("answer", "The second.") % "",
    ]
    (tmp_path / "index.html").write_text(_PAGE.format(boxes="".join(boxes)), encoding="utf-8")
    for name in ("custom.css", "predictions.js"):
        (tmp_path / name).write_bytes((ROOT / "book" / "_static" / name).read_bytes())
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.goto(f"{serve(tmp_path)}/index.html")
    yield page
    assert page.problems == []
    context.close()


def said(page):
    """What each answer's box adds to its own words."""
    return [text.strip() for text in page.locator(".answer .your-guess").all_inner_texts()]


def test_nothing_is_said_before_the_commitment_and_all_of_it_after(page):
    back = "You have not committed to an answer. Back to the prediction"
    assert said(page) == [back, back, "", back, back]
    assert page.get_by_role("link", name="Back to the prediction").first.get_attribute("href") == "#prediction-1"
    assert "No eigenvalue" not in page.locator("main").inner_text()
    first = page.locator(".prediction").first
    # By keyboard alone: to the first choice, down to the second, on to the number, and Enter commits.
    first.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert first.get_by_role("status").inner_text() == "First answer every question."
    assert said(page)[0] == back
    page.keyboard.type("6")
    page.keyboard.press("Enter")
    assert said(page)[:2] == ["(a) ✓ You chose “An inverse”. No eigenvalue is zero.", "(b) ✗ You said 6. Fewer."]
    assert first.get_by_role("radio").first.is_disabled() and said(page)[3] == back

    page.reload()
    assert said(page)[1] == "(b) ✗ You said 6. Fewer." and first.get_by_role("radio").nth(1).is_checked()
    first.get_by_role("button").click()
    assert said(page)[0] == back
    first.get_by_text("Nothing").click()
    first.get_by_role("button").click()
    wrong = "(a) ✗ You chose “Nothing”. Read the theorem below. Right is “An inverse”. No eigenvalue is zero."
    assert said(page)[0] == wrong


def test_answers_are_paired_with_as_many_predictions(page):
    second = page.locator(".prediction").nth(3)
    second.get_by_text("An inverse").click()
    second.get_by_role("button").click()
    assert said(page)[3].startswith("You have not committed") and said(page)[4].startswith("✓ You chose")


def test_words_are_kept_beside_the_answer(page):
    page.locator(".prediction textarea").nth(1).fill("one in ten")
    assert said(page)[2] == "You wrote: one in ten"
    page.reload()
    assert said(page)[2] == "You wrote: one in ten"
    assert page.locator(".prediction textarea").nth(1).input_value() == "one in ten"


def test_what_was_kept_of_other_questions_is_left_alone(page):
    page.evaluate("localStorage.setItem('symlib-answers:/index.html:0', '[7, 1]')")
    page.reload()
    assert said(page)[0].startswith("You have not committed")
    page.evaluate("localStorage.setItem('symlib-answers:/index.html:0', 'no JSON')")
    page.reload()
    assert said(page)[0].startswith("You have not committed")


def test_fits_a_phone_and_breaks_no_rule_of_axe(page):
    page.locator(".prediction").first.get_by_role("radio").first.check()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    assert page.evaluate("axe.run().then(found => found.violations.map(v => v.id))") == []


def test_without_scripts_and_on_paper_questions_are_a_list_without_answers():
    CHAPTER.metadata["computed"] = {"tier": "smoke", "device": "2 CPU cores", "seconds": 1.0, "date": "2026-01-02"}
    targets = {(kind, "9.1"): "p#x" for kind in ("Figure", "equation", "Exercise")}
    cell = next(c for c in to_page(CHAPTER, {}, "smoke", targets).cells if c.id == "cell-03")
    assert "<li>(a) What follows from λ &gt; 0?<ul><li>Nothing</li><li>An inverse</li></ul></li>" in cell.source
    shown = cell.source.replace(cell.source.split('data-questions="')[1].split('">')[0], "")
    assert "eigenvalue" not in shown and cell.source.index("{raw} html") < cell.source.index("\n::::\n")
    assert cell.source.endswith("We shall see.")
