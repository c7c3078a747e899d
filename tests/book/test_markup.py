"""Raising the chapters' Markdown for the book, and lowering it for Colab, on a notebook of all conventions."""

import nbformat
import pytest

from book.builder.build import ROOT
from book.builder.chapters import literals, tagged, to_colab, to_page, with_values
from book.builder.markup import lower_markup, raise_markup

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
