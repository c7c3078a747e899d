"""The makers of notebooks, Colab copies and questions: each writes its folder of the teaching material."""

import json

import nbformat

from book.builder.chapters import standalone, to_colab
from book.builder.teaching.course import Made
from book.builder.teaching.notebooks import instructor, student
from book.builder.teaching.questions import questions_of


def student_notebooks(course):
    """student/: what a class is given, for JupyterLab."""
    folder = _folder(course, "student")
    for lesson in course.lessons:
        _write(_alone(course, student(lesson.source), lesson), folder / f"{lesson.name}.ipynb")
    what = "For students, in JupyterLab: an answer cell in place of each solution, checks that say what is wrong with "
    return [Made("student", f"{what}an answer, questions before the results, hints folded.")]


def instructor_notebooks(course):
    """instructor/: the same chapters for the teacher, with the outputs of the executed ones."""
    folder = _folder(course, "instructor")
    for lesson in course.lessons:
        notebook = _alone(course, instructor(lesson.source, lesson.executed), lesson)
        ran = {cell.id: cell for cell in lesson.executed.cells if cell.cell_type == "code"}
        for cell in notebook.cells:
            if cell.cell_type == "code" and cell.id in ran and "setup" not in cell.metadata.get("tags", []):
                cell.outputs = [out for out in ran[cell.id].outputs if out.get("name") != "stderr"]
        _write(notebook, folder / f"{lesson.name}.ipynb")
    what = "For you: solutions open, notes on what to ask and where students stumble, the minutes of each section to"
    return [Made("instructor", f"{what} read and its seconds to compute, and what every cell shows.")]


def colab_notebooks(course):
    """colab/: both kinds as Colab wants them."""
    made = []
    for kind, make, whom in (("student", student, "students"), ("instructor", instructor, "you")):
        folder = _folder(course, f"colab/{kind}")
        for lesson in course.lessons:
            notebook = to_colab(make(lesson.source), lesson.name, course.install_source, course.site)
            _write(notebook, folder / f"{lesson.name}.ipynb")
        made.append(Made(f"colab/{kind}", f"The same for Colab, for {whom}: upload it, or open it from a repository."))
    return made


def questions(course):
    """questions/: the questions of the predictions, a list a chapter in jupyterquiz's format."""
    folder = _folder(course, "questions")
    for lesson in course.lessons:
        found = [question for cell in lesson.source.cells for question in questions_of(cell)]
        text = json.dumps(found, indent=1, ensure_ascii=False)
        (folder / f"{lesson.name}.json").write_text(f"{text}\n", encoding="utf-8")
    what = "The questions of the predictions with their answers and feedback, for jupyterquiz's display_quiz or a vote"
    return [Made("questions", f"{what} in class.")]


def _folder(course, name):
    folder = course.out / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _alone(course, notebook, lesson):
    site = course.repository.site if course.repository else None
    return standalone(notebook, lesson.name, course.install_source, site)


def _write(notebook, path):
    nbformat.validate(notebook)
    nbformat.write(notebook, path)
