"""Graded sheets for nbgrader: the exercises of a chapter, with the code that they stand on, marked for its pipeline.

    answer cell      ### BEGIN SOLUTION ... ### END SOLUTION        nbgrader leaves "YOUR CODE HERE" of it
    check cell       ### BEGIN HIDDEN TESTS ... ### END HIDDEN ...  gone in what students get, back when it is graded
    no check         a cell for words, graded by hand

What students get holds neither a solution nor what an answer should be. An answer that is missing is no pass: the cell
that grades says so, outside of the hidden part.
"""

import ast
import copy
import re

import nbformat

from book.builder.chapters import parameters_of, standalone, tagged, title_of, with_values
from book.builder.teaching.course import Made
from book.builder.teaching.exercises import assigned, exercises_of, used, without_magics
from book.builder.teaching.notebooks import blank

_CONFIG = '''\
"""nbgrader's settings for the sheets in source/: run nbgrader in this folder, beside symlib's own environment."""

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "symlib"
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}
# A chapter's code may take minutes.
c.ExecutePreprocessor.timeout = 1200
'''


def sheets(course):
    """sheets/: a course folder for nbgrader, an assignment a chapter."""
    folder = course.out / "sheets"
    for lesson in course.lessons:
        notebook = sheet(lesson.source, parameters_of_run(lesson))
        place = folder / "source" / lesson.name
        place.mkdir(parents=True)
        site = course.repository.site if course.repository else None
        nbformat.write(standalone(notebook, lesson.name, course.install_source, site), place / f"{lesson.name}.ipynb")
    (folder / "nbgrader_config.py").write_text(_CONFIG, encoding="utf-8")
    what = "Graded sheets: a course folder of nbgrader. `nbgrader generate_assignment 06_spectral_error` writes what "
    what += "students get, without solutions and without the checks; `nbgrader autograde 06_spectral_error` grades."
    return [Made("sheets", what, "source/*/*.ipynb")]


def parameters_of_run(lesson):
    """What the chapter was executed with: the values of its parameters cell, and those that papermill injected."""
    values = parameters_of(lesson.executed)
    for index in tagged(lesson.executed, "injected-parameters"):
        values |= parameters_of(nbformat.v4.new_notebook(cells=[_as_parameters(lesson.executed.cells[index])]))
    return values


def _as_parameters(cell):
    return nbformat.v4.new_code_cell(cell.source, metadata={"tags": ["parameters"]})


def sheet(notebook, parameters):
    """The graded sheet of a chapter, with the given values of its parameters."""
    source = copy.deepcopy(notebook)
    exercises = exercises_of(source)
    start = exercises[0].cells.start
    cells = [cell for cell in source.cells[:2] if "setup" in cell.metadata.get("tags", [])]
    cells.append(_locked("title", _opening(source)))
    for cell in _code_needed(source, start, [c for exercise in exercises for c in exercise.cells]):
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = with_values(cell.source, parameters)
        cells.append(_mark(cell, cell.id, locked=True))
    cells.append(_locked("exercises", "## Exercises"))
    for exercise in exercises:
        cells += _graded(exercise, source.cells)
    source.cells = cells
    return source


def points(heading):
    """Of an exercise: a point a star.

    >>> points("### Exercise 6.4 ★★: the general formula")
    2
    """
    return re.match(r"### Exercise \d+\.\d+ (★+)", heading)[1].count("★")


def _opening(notebook):
    title = title_of(notebook)
    words = (
        "This sheet holds the exercises of the chapter, and the code of the chapter that they stand on. Run it from "
    )
    words += "its first cell to its last before you hand it in: an answer that is still `...` is no answer."
    return f"# Exercises of {title}\n\n{words}\n\n## From the chapter"


def _code_needed(notebook, start, exercise_cells):
    """The chapter's code cells before index `start`, but for figures and claims that define nothing used later."""
    needed = set()
    for index in exercise_cells:
        if notebook.cells[index].cell_type == "code":
            needed |= used(notebook.cells[index].source) | assigned(notebook.cells[index].source)
    kept = []
    for cell in reversed(notebook.cells[:start]):
        tags = cell.metadata.get("tags", [])
        if cell.cell_type != "code" or "setup" in tags:
            continue
        if "hide-input" not in tags or assigned(cell.source) & needed:
            cell.source = without_claims(cell.source)
            needed |= used(cell.source)
            kept.append(cell)
    return kept[::-1]


def without_claims(source):
    """Code without the claims it makes: what a chapter has found is no part of its exercises.

    >>> without_claims('n = 2\\nclaim(\\n    "Two is even.", n % 2 == 0, "0"\\n)\\nm = n')
    'n = 2\\nm = n'
    """
    lines = source.split("\n")
    for statement in reversed(ast.parse(without_magics(source)).body):
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Name(id="claim"))):
                del lines[statement.lineno - 1 : statement.end_lineno]
    return "\n".join(lines)


def _graded(exercise, cells):
    heading = cells[exercise.text.start].source
    for index in (*exercise.text, *exercise.hint):
        yield _mark(cells[index], f"text-{cells[index].id}", locked=True)
    where = exercise.number.replace(".", "-")
    solution = [cells[index] for index in exercise.solution if index != exercise.check]
    code = "\n".join(cell.source for cell in solution if cell.cell_type == "code")
    if exercise.check is None:
        words = "\n\n".join(cell.source for cell in solution if cell.cell_type == "markdown")
        if code:
            words += f"\n\n```python\n{code}\n```"
        cell = nbformat.v4.new_markdown_cell(words, id=f"words-{where}")
        yield _mark(cell, f"words-{where}", solution=True, grade=True, points=points(heading))
        return
    names = "\n".join(f"# {line}" if not line.startswith("#") else line for line in blank(exercise.answers).split("\n"))
    lines = [f"# Your answer to exercise {exercise.number}: give these names a value.", names, "### BEGIN SOLUTION"]
    answer = nbformat.v4.new_code_cell("\n".join([*lines, code, "### END SOLUTION"]), id=f"answer-{where}")
    yield _mark(answer, f"answer-{where}", solution=True)
    yield _mark(_grading(exercise, cells[exercise.check]), f"check-{where}", grade=True, points=points(heading))


def _grading(exercise, check):
    """The cell that grades: that there is an answer, for all to see, and the check, hidden."""
    there = "\n".join(
        f'assert globals().get("{name}", ...) is not ..., "put your answer into {name}"' for name in exercise.answers
    )
    hidden = f"### BEGIN HIDDEN TESTS\n{check.source}\n### END HIDDEN TESTS"
    source = f"# Exercise {exercise.number} is graded here; the test itself runs when the sheet is graded.\n{there}"
    return nbformat.v4.new_code_cell(f"{source}\n{hidden}", id=check.id)


def _locked(name, words):
    return _mark(nbformat.v4.new_markdown_cell(words, id=f"sheet-{name}"), f"sheet-{name}", locked=True)


def _mark(cell, name, *, grade=False, solution=False, locked=False, points=0):
    """The cell with nbgrader's metadata, of its third version, and none of the book's but the tags."""
    marks = {"schema_version": 3, "task": False, "grade": grade, "solution": solution}
    # A cell that is graded by a test must not be changed.
    marks |= {"locked": locked or (grade and not solution), "grade_id": name, "cell_type": cell.cell_type}
    if grade:
        marks["points"] = points
    kept = {key: cell.metadata[key] for key in ("tags",) if key in cell.metadata}
    cell.metadata = nbformat.from_dict({**kept, "nbgrader": marks})
    return cell
