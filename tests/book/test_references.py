"""Mentions of figures, tables, boxes, equations and exercises become links, and those that lead nowhere are errors."""

import nbformat
import pytest

from book.builder.references import link_mentions, targets_of

PAGE = "notebooks/04_x.html"
TARGETS = {
    ("Figure", "4.2"): f"{PAGE}#figure-4-2",
    ("Figure", "4.3"): f"{PAGE}#figure-4-3",
    ("Theorem", "3.1"): "notebooks/03_y.html#theorem-3-1",
    ("equation", "4.1"): f"{PAGE}#equation-4-1",
    ("Exercise", "3.2"): "notebooks/03_y.html#exercise-3-2",
}


def link(address, words):
    return f'<a class="reference internal" href="{address}">{words}</a>'


def chapter(*sources):
    markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    return nbformat.v4.new_notebook(cells=[(code if "plots." in s else markdown)(s) for s in sources])


def test_mentions_become_links_on_the_page_and_across_pages():
    assert link_mentions("See Figure 4.2.", TARGETS, PAGE) == f"See {link('#figure-4-2', 'Figure 4.2')}."
    text = link_mentions("By Theorem 3.1 and (4.1), as in exercise 3.2:", TARGETS, PAGE)
    assert link("03_y.html#theorem-3-1", "Theorem 3.1") in text
    assert link("#equation-4-1", "(4.1)") in text and link("03_y.html#exercise-3-2", "exercise 3.2") in text
    from_prose = link_mentions("(4.1)", TARGETS, "book/intro.html")
    assert from_prose == link("../notebooks/04_x.html#equation-4-1", "(4.1)")


def test_several_at_once():
    text = link_mentions("Figures 4.2 and 4.3", TARGETS, PAGE)
    assert text == f"{link('#figure-4-2', 'Figures 4.2')} and {link('#figure-4-3', '4.3')}"


@pytest.mark.parametrize(
    "text",
    [
        "`Figure 4.2`",
        "$f$ (4.10) and $x \\text{ by } (4.1)$",
        "$$ x \\text{ Figure 4.2}\n\\tag{4.1} $$",
        "[Figure 4.2](#here)",
        "```\nFigure 4.2\n```",
        "### Exercise 3.2 ★: again",
        "> **Theorem 3.1 (name).** x",
        "the share (0.38)",
    ],
)
def test_what_is_no_mention_stays(text):
    assert link_mentions(text, TARGETS, PAGE) == text


def test_a_mention_that_leads_nowhere_is_an_error():
    with pytest.raises(ValueError, match=r"Figure 4\.9 is mentioned, and no chapter has it"):
        link_mentions("Figure 4.9", TARGETS, PAGE)


def test_targets_of_a_chapter():
    source = chapter(
        "$$ x \\tag{4.1} $$\n\n> **Theorem 4.1.** x\n\n> **Remark 4.2 (a).** y",
        'plots.show(\n    fig,\n    number="4.1", alt="a")',
        'plots.table(rows, headers=h, number="4.1")',
        'plots.slider(frames, label="n", number="4.2")',
        "### Exercise 4.1 ★: x",
    )
    assert targets_of(source, PAGE) == {
        ("equation", "4.1"): f"{PAGE}#equation-4-1",
        ("Theorem", "4.1"): f"{PAGE}#theorem-4-1",
        ("Remark", "4.2"): f"{PAGE}#remark-4-2",
        ("Figure", "4.1"): f"{PAGE}#figure-4-1",
        ("Table", "4.1"): f"{PAGE}#table-4-1",
        ("Figure", "4.2"): f"{PAGE}#figure-4-2",
        ("Exercise", "4.1"): f"{PAGE}#exercise-4-1",
    }


@pytest.mark.parametrize("text", ["$$ x \\tag{4.2} $$", "> **Lemma 4.1.** x\n\n> **Remark 4.1.** y"])
def test_numbers_that_do_not_count_are_refused(text):
    with pytest.raises(ValueError, match="should count 1, 2, 3"):
        targets_of(chapter(text), PAGE)
