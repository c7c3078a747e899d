"""A graded sheet through nbgrader's own pipeline: generated, handed in right, wrong and empty, graded."""

import copy
import os
import shutil
import sys
from pathlib import Path

import nbformat
import pytest

from book.builder.build import ROOT
from book.builder.teaching.course import Course, Lesson
from book.builder.teaching.exercises import exercises_of
from book.builder.teaching.sheets import points, sheet, sheets

NAME = "03_any_finite_group"  # quick to run


@pytest.fixture(scope="module")
def source():
    return nbformat.read(ROOT / "notebooks" / f"{NAME}.ipynb", as_version=4)


@pytest.fixture
def folder(tmp_path, source, monkeypatch):
    """The course folder with the sheet of a chapter, as computed with one random draw."""
    executed = copy.deepcopy(source)
    injected = nbformat.v4.new_code_cell("n_draws = 1", metadata={"tags": ["injected-parameters"]})
    executed.cells.insert(3, injected)
    sheets(Course(ROOT, tmp_path, [Lesson(NAME, source, executed)], "smoke", None, None, "git+x"))
    monkeypatch.chdir(tmp_path / "sheets")
    # nbgrader calls a program of its own environment by name.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "sheets"


def grader_of(folder):
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    config = Config()
    exec((folder / "nbgrader_config.py").read_text(encoding="utf-8"), {"get_config": lambda: config})
    config.CourseDirectory.root = str(folder)
    # Where handed-out sheets are exchanged: not needed here, and not this machine's own.
    config.Exchange.root = str(folder / "exchange")
    return NbGraderAPI(config=config)


def hand_in(folder, student, answers):
    """A submission: what was handed out, with code in the answer cells of some exercises."""
    path = folder / "submitted" / student / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    shutil.copy(folder / "release" / NAME / f"{NAME}.ipynb", path)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell.source = answers[name]
    nbformat.write(notebook, path)


@pytest.mark.filterwarnings("ignore")
def test_a_sheet_is_handed_out_without_answers_and_graded(folder, source):
    grader = grader_of(folder)
    made = grader.generate_assignment(NAME)
    assert made["success"], made
    notebook = nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    released = "\n".join(cell.source for cell in notebook.cells)
    exercises = exercises_of(source)
    solutions, stars = {}, []
    for exercise in exercises:
        code = [source.cells[i].source for i in exercise.solution if source.cells[i].cell_type == "code"]
        solutions[f"answer-{exercise.number.replace('.', '-')}"] = "\n".join(code[:-1])
        stars.append(points(source.cells[exercise.text.start].source))
        for line in "\n".join(code).split("\n"):
            assert len(line) < 30 or line not in released
    assert "claim(" not in released and "n_draws = 1" in released
    assert released.count("YOUR CODE HERE") == len(exercises) == 4
    assert "HIDDEN TESTS" not in released and "SOLUTION" not in released and "import check" not in released

    # In one sheet, since a kernel is long to start: right, wrong, not there, and as it was handed out.
    first, second, third, *_ = solutions
    (missing,) = exercises[2].answers
    hand_in(folder, "ada", {first: solutions[first], second: wrong(exercises[1]), third: f"{missing} = ..."})
    done = grader.autograde(NAME, "ada")
    assert done["success"], done
    with grader.gradebook as book:
        submission = book.find_submission(NAME, "ada")
        graded = {grade.name: (grade.score, grade.max_score) for grade in submission.notebooks[0].grades}
        total = submission.score
    assert graded == {f"check-3-{n}": (stars[n - 1] if n == 1 else 0, stars[n - 1]) for n in (1, 2, 3, 4)}
    assert total == stars[0]
    cells = nbformat.read(folder / "autograded" / "ada" / NAME / f"{NAME}.ipynb", as_version=4).cells
    said = [out.evalue for cell in cells for out in cell.get("outputs", []) if out.output_type == "error"]
    assert len(said) == 3 and said[0].startswith("3.2 ✗ ")
    assert [words.startswith("put your answer into") for words in said] == [False, True, True]


def wrong(exercise):
    return "\n".join(f"{name} = None" for name in exercise.answers)


def test_a_sheet_holds_what_its_exercises_stand_on_and_grades_words_by_hand(chapter):
    made = sheet(chapter, {"n": 8})
    text = "\n".join(cell.source for cell in made.cells)
    assert "n = 8  # poses" in text and "# Exercises of 09 · All conventions" in text
    for gone in ("One is odd", "plots.show", "without an inverse", "Prediction", "Theorem"):
        assert gone not in text
    marks = {cell.id: cell.metadata["nbgrader"] for cell in made.cells if "nbgrader" in cell.metadata}
    assert set(marks) == {cell.id for cell in made.cells} - {"cell-00"}
    graded = {name: (mark["points"], mark["solution"]) for name, mark in marks.items() if mark["grade"]}
    assert graded == {"check-91": (2, False), "words-9-2": (1, True)}
    assert [name for name, mark in marks.items() if mark["solution"]] == ["answer-9-1", "words-9-2"]
    assert len({mark["grade_id"] for mark in marks.values()}) == len(marks)


def test_code_of_a_figure_stays_where_something_stands_on_it(chapter):
    figure = next(cell for cell in chapter.cells if cell.id == "figure-91")
    figure.source = "n = n + 1"
    assert "n = n + 1" in "\n".join(cell.source for cell in sheet(chapter, {}).cells)
