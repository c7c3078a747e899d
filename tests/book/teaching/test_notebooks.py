"""Student and instructor notebooks of a chapter, executed empty and with the solutions put in."""

import linecache

import nbformat
import pytest

from book.builder.chapters import to_colab
from book.builder.teaching.exercises import exercises_of
from book.builder.teaching.notebooks import blank, instructor, student, with_solutions
from symlib.exercises import WrongAnswer


def text(notebook):
    return "\n".join(cell.source for cell in notebook.cells)


def cell(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


def run(notebook, capsys):
    """What the cells print, by id; without a kernel, which is long to start."""
    names, printed = {}, {}
    for c in notebook.cells:
        if c.cell_type == "code" and "setup" not in c.metadata.get("tags", []):
            linecache.cache[f"<{c.id}>"] = (0, None, [f"{line}\n" for line in c.source.split("\n")], f"<{c.id}>")
            exec(compile(c.source, f"<{c.id}>", "exec"), names)
            printed[c.id] = capsys.readouterr().out
    return printed


def test_a_student_finds_answer_cells_in_place_of_solutions(chapter):
    copy = student(chapter)
    nbformat.validate(copy)
    assert "Solution" not in text(copy) and "2 * n" not in text(copy) and "Because." not in text(copy)
    assert "matrix without an inverse" not in text(copy)
    assert "#### Hint 9.1" in text(copy) and cell(copy, "hint-91").metadata["jp-MarkdownHeadingCollapsed"]
    assert cell(copy, "answer-9-1").source == "# Your answer to exercise 9.1.\ndoubled = ...  # a whole number: twice n"
    ids = [c.id for c in copy.cells]
    assert ids.index("answer-9-1") + 1 == ids.index("check-91")
    assert ids[-2:] == ["words-9-2", "answer-9-2"] and copy.cells[-2].cell_type == "markdown"
    assert all(cell(copy, name).metadata["jupyter"]["source_hidden"] for name in ("figure-91", "check-91"))


def test_a_student_notebook_runs_empty_and_with_solutions_and_finds_a_mistake(chapter, capsys):
    copy = student(chapter)
    empty = run(copy, capsys)
    assert empty["check-91"] == "9.1 not yet: put your answer into doubled\n"
    assert "  2. An inverse\n" in empty["quiz-cell-03"] and "No eigenvalue" not in empty["quiz-cell-03"]
    filled = with_solutions(copy, chapter)
    assert run(filled, capsys)["check-91"] == "9.1 ✓ doubled is right\n"
    cell(copy, "answer-9-1").source = "doubled = n ** 2"
    with pytest.raises(WrongAnswer, match=r"9\.1 ✗ doubled is wrong\. This is the square, not the double\."):
        run(copy, capsys)


def test_questions_are_asked_behind_the_prediction_and_do_not_show_what_is_right(chapter):
    copy = student(chapter)
    ids = [c.id for c in copy.cells]
    assert ids.index("quiz-cell-03") == ids.index("cell-03") + 1
    quiz = cell(copy, "quiz-cell-03").source
    assert "my_choices = [..., ...]" in quiz and "1 to 2; a number" in quiz
    assert "inverse" not in quiz.lower() and "No eigenvalue is zero" not in nbformat.writes(copy)


def test_an_instructor_finds_solutions_open_notes_and_times(chapter, executed):
    copy = instructor(chapter, executed)
    nbformat.validate(copy)
    assert "jp-MarkdownHeadingCollapsed" not in cell(copy, "cell-08").metadata
    assert cell(copy, "hint-91").metadata["jp-MarkdownHeadingCollapsed"]
    note = "> **For the teacher.** Ask what a matrix without an inverse would do."
    assert cell(copy, "note-91").source == note
    cell(chapter, "note-91").source = "**For the teacher: ask.** Why?"
    assert cell(instructor(chapter), "note-91").source == "> **For the teacher: ask.** Why?"
    assert copy.cells[2].source.startswith("> **For the teacher.** About 5 minutes to read")
    assert "Computed at the `smoke` tier in 12 s on 2 CPU cores." in copy.cells[2].source
    # Three cells of three seconds under it: code, a figure, claims.
    assert "> | Section | 3 | 9 |" in copy.cells[2].source
    key = cell(copy, "key-cell-03").source
    assert "> * (a) What follows from λ > 0? **An inverse.** No eigenvalue is zero." in key
    assert "> * (b) How many poses are there? **4.** As the parameters say." in key


def test_colab_copies_of_both_kinds(chapter):
    for kind, folded in ((student, ["hint-91", "hint-92"]), (instructor, ["hint-91", "hint-92"])):
        copy = to_colab(kind(chapter), "09_all", "git+x", "https://ada.github.io/symlib")
        nbformat.validate(copy)
        assert copy.metadata["colab"]["collapsed_sections"] == folded
        assert '"symlib[plots] @ git+x"' in copy.cells[0].source
        assert cell(copy, "check-91").source.startswith("#@title Check your answer to exercise 9.1\n")
    assert "without an inverse" in text(copy)


def test_long_words_about_an_answer_stand_above_it():
    words = "the errors of all waves, by frequency, as an array of the length of the spectrum"
    assert blank({"errors": words}) == (
        "# the errors of all waves, by frequency, as an array of the length of the\n# spectrum\nerrors = ..."
    )


def test_exercises_that_break_the_conventions_are_named(chapter):
    ids = [c.id for c in chapter.cells]
    check, heading = ids.index("check-91"), ids.index("hint-92")
    del chapter.cells[check].metadata["answer"]
    with pytest.raises(ValueError, match=r'the check of exercise 9\.1 needs metadata "answer"'):
        exercises_of(chapter)
    moved = chapter.cells.pop(check)
    chapter.cells.insert(2, moved)
    with pytest.raises(ValueError, match=r"cell 3 is tagged check"):
        exercises_of(chapter)
    del chapter.cells[2], chapter.cells[heading - 1]
    with pytest.raises(ValueError, match=r"exercise 9\.2 has Exercise, Solution; it needs a hint, then a solution"):
        exercises_of(chapter)
