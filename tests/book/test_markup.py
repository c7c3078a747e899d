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
TARGETS = {("Figure", "9.1"): "p#f", ("equation", "9.1"): "p#e", ("Exercise", "9.1"): "p#x"}


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
    source = "> **Theorem 4.1 (the $C_n$ case).** Let $n > 0$.\n>\n> $$ x \\tag{4.1} $$\n\nAfter."
    assert raise_markup(source, {}).split("\n") == [
        "::::{admonition} Theorem 4.1 (the $C_n$ case)",
        ":class: symlib-box theorem",
        ":name: theorem-4-1",
        "",
        "Let $n > 0$.",
        "",
        "$$ x \\tag{4.1} $$",
        "::::",
        "",
        "After.",
    ]


def test_boxes_without_a_number():
    for kind in ("Proof", "Prediction", "Answer"):
        expected = f"::::{{admonition}} {kind}\n:class: symlib-box {kind.lower()}\n\nTrivial.\n::::"
        assert raise_markup(f"> **{kind}.** Trivial.", {}) == expected


def test_a_box_holds_code_and_citations():
    url = "https://arxiv.org/abs/1806.07572"
    raised = raise_markup(f"> **Proof.** By [Jacot et al. (2018)]({url}), run\n>\n> ```\n> x\n> ```", CITATIONS)
    assert "By {cite:t}`jacot2018`, run" in raised and raised.endswith("```\nx\n```\n::::")


def test_a_link_to_a_section_leads_there_whatever_the_page_is_made_from():
    raised = raise_markup("[a *b*](../book/x.md#b-c), [d](06_y.ipynb#e), `[f](g.md#h)`, [i](j.md), [k](#l)", {})
    assert raised == (
        '<a class="reference internal" href="../book/x.html#b-c">a *b*</a>, '
        '<a class="reference internal" href="06_y.html#e">d</a>, `[f](g.md#h)`, [i](j.md), [k](#l)'
    )


def test_other_blockquotes_and_code_stay():
    for text in (
        "> To be, **Theorem** or not.",
        "```\n> **Theorem.** shown\n[a](b.md)\n```",
        "> said",
    ):
        assert raise_markup(text, CITATIONS) == text


@pytest.mark.parametrize("opening", ["**Theorem.** No", "**Proof 1.2.** No", "**Theorem 1** No", "**Lemma 3.** No"])
def test_a_box_that_is_numbered_wrongly_is_refused(opening):
    with pytest.raises(ValueError, match=r"write '> \*\*Theorem 4\.1\.\*\* text'"):
        raise_markup(f"> {opening}", {})


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


def streams(notebook):
    outputs = (out for cell in notebook.cells for out in cell.get("outputs", []))
    return [(out.name, out.text) for out in outputs if "name" in out]


def test_page_of_the_book(executed):
    page = to_page(executed, CITATIONS, "smoke", TARGETS)
    text = "\n".join(cell.source for cell in page.cells)
    assert "%pip" not in text and not tagged(page, "injected-parameters")
    assert page.cells[tagged(page, "parameters")[0]].source == 'n = 8  # poses\nname = "é"  # a word'
    assert [name for name, _ in streams(page)] == ["stdout"]
    assert "{admonition} Theorem 9.1 (leave-one-out)" in text and text.count("{cite:t}`jacot2018`") == 2
    assert "#### Hint 9.1" in text and "#### Solution 9.1" in text and "without an inverse" not in text
    assert "{admonition} In this chapter" in page.cells[0].source and "* fold a hint" in page.cells[0].source
    folds = [cell.metadata.mystnb.code_prompt_show for cell in page.cells if "mystnb" in cell.metadata]
    assert folds == ["The code of Figure 9.1", "How this is tested"]
    assert "\nComputed at the `smoke` tier on 2 CPU cores in 12 s.\n" in page.cells[-1].source
    assert "computed" not in page.metadata
    asked = to_page(executed, CITATIONS, "paper", TARGETS).cells[-1].source
    assert "\nComputed at the `smoke` tier on 2 CPU cores in 12 s. Its `paper` tier needs a GPU.\n" in asked


def test_page_names_the_cell_of_a_mistake(executed):
    executed.cells.append(nbformat.v4.new_markdown_cell("> **Lemma 3.** x"))
    with pytest.raises(ValueError, match=r"cell \d+: a blockquote opens with"):
        to_page(executed, CITATIONS, "smoke", TARGETS)


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
    assert heads == [f"#### {part} 9.{number}" for number in (1, 2) for part in ("Hint", "Solution")]
    assert "without an inverse" not in "".join(cell.source for cell in copy.cells)
    assert f"]({SITE}/book/notation.html)" in "".join(cell.source for cell in copy.cells)
    assert "**In this chapter** you learn to\n\n* write a chapter" in copy.cells[1].source
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
    assert streams(to_page(executed, {}, "smoke", TARGETS)) == [("stdout", "1\n"), ("stderr", "look\n")]


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
