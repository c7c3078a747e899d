"""Raising the chapters' Markdown for the book, and lowering it for Colab, on a notebook of all conventions."""

import nbformat
import pytest

from book.builder.build import ROOT
from book.builder.chapters import literals, tagged, to_colab, to_page, with_values
from book.builder.execute import Chapter, execute_all
from book.builder.markup import lower_markup, raise_markup
from book.builder.repository import Repository
from book.builder.stage import what_the_button_does
from book.builder.stderr import left_on_stderr

CITATIONS = {"https://arxiv.org/abs/1806.07572": "jacot2018"}
SITE = "https://ada.github.io/symlib"


@pytest.fixture
def conventions():
    return nbformat.read(ROOT / "tests" / "book" / "conventions.ipynb", as_version=4)


@pytest.fixture
def executed(conventions):
    conventions.metadata["computed"] = {"tier": "smoke", "device": "2 CPU cores", "seconds": 12.3, "date": "2026-01-02"}
    injected = nbformat.v4.new_code_cell("# Parameters\nn = 8\n", metadata={"tags": ["injected-parameters"]})
    conventions.cells.insert(tagged(conventions, "parameters")[0] + 1, injected)
    return conventions


def test_theorem():
    source = "> **Theorem (the $C_n$ case).** Let $n > 0$.\n>\n> $$ x \\tag{4.1} $$\n\nAfter."
    first, label, *rest = raise_markup(source, {}).split("\n")
    assert first == "```{prf:theorem} the $C_n$ case"
    assert label.startswith(":label: theorem-")
    assert rest == [":nonumber:", "", "Let $n > 0$.", "", "$$ x \\tag{4.1} $$", "```", "", "After."]


def test_equal_words_in_two_boxes_have_two_labels():
    labels = {raise_markup(f"> **{kind}.** Same.", {}).split("\n")[1] for kind in ("Lemma", "Remark")}
    assert len(labels) == 2


def test_proof_and_prediction():
    assert raise_markup("> **Proof.** Trivial.", {}) == "```{prf:proof}\nTrivial.\n```"
    assert raise_markup("> **Prediction.** How?", {}) == ("```{admonition} Prediction\n:class: prediction\n\nHow?\n```")


def test_box_around_code_has_a_longer_fence():
    raised = raise_markup("> **Remark.** Run\n>\n> ```\n> x\n> ```", {})
    assert raised.startswith("````{prf:remark}") and raised.endswith("```\n````")


def test_other_blockquotes_and_code_stay():
    for text in (
        "> To be, **Theorem** or not.",
        "```\n> **Theorem.** shown\n[a](b.md)\n```",
        "> said",
    ):
        assert raise_markup(text, CITATIONS) == text


def test_environment_with_a_number_is_refused():
    with pytest.raises(ValueError, match=r"'\*\*Theorem 1\.\*\* No'; write '> \*\*Theorem\.\*\* text'"):
        raise_markup("> **Theorem 1.** No", {})


def test_citations():
    known, other = "https://arxiv.org/abs/1806.07572", "https://example.org/"
    assert raise_markup(f"See [Jacot et al. (2018)]({known}).", CITATIONS) == "See {cite:t}`jacot2018`."
    for text in (
        f"[their proof]({known})",
        f"[Jacot et al. (2018)]({other})",
        f"`[A (2018)]({known})`",
    ):
        assert raise_markup(text, CITATIONS) == text


def test_lowered_links():
    page = "notebooks/05_x.ipynb"
    assert lower_markup("[n](../book/notation.md#s)", page, SITE) == f"[n]({SITE}/book/notation.html#s)"
    assert lower_markup("[c](04_y.ipynb)", page, SITE) == f"[c]({SITE}/notebooks/04_y.html)"
    for text in ("[a](https://a.org)", "[here](#below)", "`[c](04_y.ipynb)`"):
        assert lower_markup(text, page, SITE) == text


def test_page_of_the_book(executed):
    page = to_page(executed, CITATIONS, "smoke")
    text = "\n".join(cell.source for cell in page.cells)
    assert "%pip" not in text and not tagged(page, "injected-parameters")
    assert page.cells[tagged(page, "parameters")[0]].source == 'n = 8  # poses\nname = "é"  # a word'
    assert [out.name for cell in page.cells for out in cell.get("outputs", [])] == ["stdout"]
    assert "{prf:theorem} leave-one-out" in text and "{cite:t}`jacot2018`" in text
    assert "#### Solution 9.1" in text
    assert "\nComputed at the `smoke` tier on 2 CPU cores in 12 s.\n" in page.cells[-1].source
    assert "computed" not in page.metadata
    asked = to_page(executed, CITATIONS, "paper").cells[-1].source
    assert "\nComputed at the `smoke` tier on 2 CPU cores in 12 s. Its `paper` tier needs a GPU.\n" in asked


def test_page_names_the_cell_of_a_mistake(executed):
    executed.cells.append(nbformat.v4.new_markdown_cell("> **Lemma 3.** x"))
    with pytest.raises(ValueError, match=r"cell \d+: a blockquote opens with"):
        to_page(executed, CITATIONS, "smoke")


def test_parameters():
    assert with_values("n = 4\nm = [1,\n  2]  # b", {"n": 4, "m": [3]}) == "n = 4\nm = [3]  # b"
    with pytest.raises(ValueError, match="not 'a, b = 1, 2'"):
        literals("a, b = 1, 2")


def test_colab_copy(conventions):
    copy = to_colab(conventions, "09_x", "git+https://github.com/ada/symlib@abc", SITE)
    setup = copy.cells[0].source
    assert '"symlib[plots] @ git+https://github.com/ada/symlib@abc"' in setup
    assert "SOURCE" not in setup
    folded = copy.metadata["colab"]["collapsed_sections"]
    heads = [cell.source.split("\n")[0] for cell in copy.cells if cell.metadata["id"] in folded]
    assert heads == ["#### Solution 9.1"]
    assert f"]({SITE}/book/notation.html)" in "".join(cell.source for cell in copy.cells)
    nbformat.validate(copy)


def chapter_with(*cells):
    return nbformat.v4.new_notebook(cells=list(cells))


def code(source="1", text=None, **metadata):
    outputs = [nbformat.v4.new_output("stream", name="stderr", text=text)] if text else []
    return nbformat.v4.new_code_cell(source, outputs=outputs, metadata=metadata)


def test_what_stands_on_stderr_is_found_and_bars_that_are_gone_are_not():
    wiped = "train:  50%|#####     |\rtrain: 100%|##########|\r                       \r"
    left = "sweep: 100%|##########| 4/4\n"
    warning = "x.py:1: UserWarning: look\n"
    on_purpose = code(text=left, writes_to_stderr="shown on purpose")
    executed = chapter_with(code(text=wiped), code(text=warning), code(text=left), on_purpose)
    assert left_on_stderr(executed) == [(2, warning.strip()), (3, left.strip())]


def test_what_a_cell_says_it_writes_is_shown(executed):
    executed.cells.append(code(text="look\n", writes_to_stderr="readers are to see it"))
    shown = [(out.name, out.text) for cell in to_page(executed, {}, "smoke").cells for out in cell.get("outputs", [])]
    assert shown == [("stdout", "1\n"), ("stderr", "look\n")]


def test_a_chapter_that_writes_to_stderr_fails(tmp_path):
    notebook = chapter_with(code("import warnings\nwarnings.warn('look')"))
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    _, failures = execute_all([Chapter("99_noisy", notebook, {}, "smoke")], ROOT, tmp_path)
    assert [failure.cell for failure in failures] == [1]
    assert "writes to stderr" in failures[0].error and "UserWarning: look" in failures[0].traceback
    assert not list(tmp_path.glob("*.ipynb"))


def test_figures_code_is_folded_on_colab():
    cells = code("plots.show(fig)", tags=["hide-input"]), code("x = 1")
    folded, plain = to_colab(chapter_with(*cells), "x", "symlib.whl", "..").cells
    assert folded.metadata["cellView"] == "form"
    assert folded.source == "#@title The code of the figure\nplots.show(fig)"
    assert "cellView" not in plain.metadata and plain.source == "x = 1"


SETUP = '%pip install --quiet "symlib[plots,nets] @ SOURCE"'


def test_without_an_address_the_copy_says_what_to_do(monkeypatch):
    notebook = chapter_with(code(SETUP, tags=["setup"]))
    setup = to_colab(notebook, "x", None, "..").cells[0].source
    exec(setup, {})  # symlib is here
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install -e '.\[plots,nets\]'"):
        exec(setup, {})
    assert "@ git+x" in to_colab(notebook, "x", "git+x", "..").cells[0].source


def test_the_first_page_promises_a_button_only_where_there_is_one():
    assert "BUTTON" in (ROOT / "book" / "intro.md").read_text(encoding="utf-8")
    assert "Colab" in what_the_button_does(Repository("https://github.com/a/b", "main"))
    assert "Colab" not in what_the_button_does(None)
