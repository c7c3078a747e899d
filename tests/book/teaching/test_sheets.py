"""A graded sheet through nbgrader's own pipeline: generated, handed in right, wrong and empty, graded."""

import os
import shutil
import sys
from pathlib import Path

import nbformat
import pytest

from book.builder.teaching.sheets import sheets

NAME = "09_all"


@pytest.fixture
def grader(course, monkeypatch):
    """nbgrader on the sheets of the small chapter, in their folder."""
    sheets(course)
    folder = course.out / "sheets"
    monkeypatch.chdir(folder)
    # nbgrader calls a program of its own environment by name.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    config = Config()
    exec((folder / "nbgrader_config.py").read_text(encoding="utf-8"), {"get_config": lambda: config})
    config.CourseDirectory.root = str(folder)
    # Where handed-out sheets are exchanged: not needed here, and not this machine's own.
    config.Exchange.root = str(folder / "exchange")
    return NbGraderAPI(config=config)


def hand_in(folder, student, answer=None, words=None):
    """A submission: what was handed out, with an answer to exercise 9.1 and words for 9.2."""
    path = folder / "submitted" / student / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    shutil.copy(folder / "release" / NAME / f"{NAME}.ipynb", path)
    notebook = nbformat.read(path, as_version=4)
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
    if answer:
        cells["answer-9-1"].source = answer
    if words:
        cells["words-9-2"].source = words
    nbformat.write(notebook, path)


@pytest.mark.filterwarnings("ignore")
def test_a_sheet_is_handed_out_without_answers_and_graded(course, grader):
    folder = course.out / "sheets"
    made = grader.generate_assignment(NAME)
    assert made["success"], made
    released = (folder / "release" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8")
    assert "YOUR CODE HERE" in released and "YOUR ANSWER HERE" in released
    assert "# doubled = ...  # a whole number: twice n" in released
    for gone in ("2 * n", "n + n", "not the double", "Because.", "HIDDEN TESTS", "SOLUTION", "without an inverse"):
        assert gone not in released
    # What was found stands in no sheet; what the exercises stand on does, at the size that was computed.
    assert "One is odd" not in released and "n = 4  # poses" in released

    hand_in(folder, "right", "doubled = n + 4", "I think.")
    hand_in(folder, "wrong", "doubled = n ** 2")
    hand_in(folder, "dots", "doubled = ...")
    for student in ("right", "wrong", "dots"):
        done = grader.autograde(NAME, student)
        assert done["success"], done
    with grader.gradebook as book:
        graded = {s.student.id: (s.score, s.max_score, s.needs_manual_grade) for s in book.assignment_submissions(NAME)}
    # Two points for two stars, by the check; one for words, by hand where there are any.
    assert graded == {
        "right": (2, 3, True),
        "wrong": (0, 3, False),
        "dots": (0, 3, False),
    }
    said = (folder / "autograded" / "wrong" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8")
    assert "9.1 ✗ doubled is wrong. This is the square, not the double." in said
