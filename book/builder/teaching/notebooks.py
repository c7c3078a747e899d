"""Student and instructor notebooks, each made from a chapter; and the solutions put back into a student's."""

import copy
import textwrap

import nbformat

from book.builder.frame import frame_of
from book.builder.teaching.exercises import exercises_of
from book.builder.teaching.questions import questions_of, right_answer
from book.builder.teaching.timing import timing
from symlib.exercises import pack

ANSWER = "answer"
_NOTE = "For the teacher"
_WIDTH = 79
_QUIZ = """\
from symlib import exercises

# Choose in the form. Where none appears, put your choices here: {kinds}.
my_choices = [{blanks}]
exercises.ask(my_choices, "{packed}")"""


def student(notebook):
    """The chapter without solutions and notes: an answer cell in place of each solution, hints folded, checks kept."""
    copied = copy.deepcopy(notebook)
    exercises = {exercise.solution.start: exercise for exercise in exercises_of(copied)}
    within = {index for exercise in exercises.values() for index in exercise.solution}
    cells = []
    for index, cell in enumerate(copied.cells):
        if index in exercises:
            cells += _answer_cells(exercises[index], copied.cells)
        elif index not in within and "instructor" not in _tags(cell):
            cells += [cell, *_quiz(cell)]
            # They say what is right.
            cell.metadata.pop("questions", None)
    copied.cells = [_folded(cell) for cell in cells]
    return copied


def instructor(notebook, computed=None):
    """The chapter with its solutions open and its notes shown; `computed`: the executed chapter, for its timings."""
    copied = copy.deepcopy(notebook)
    solutions = {exercise.solution.start for exercise in exercises_of(copied)}
    cells = []
    for index, cell in enumerate(copied.cells):
        if index in solutions:
            cell.metadata.pop("jp-MarkdownHeadingCollapsed", None)
        if "instructor" in _tags(cell):
            cell.source = _box(_NOTE, cell.source)
            cell.metadata["tags"] = [tag for tag in _tags(cell) if tag != "instructor"]
        cells += [cell, *_quiz(cell), *_key(cell)]
    frame = frame_of(notebook)
    if frame is not None:
        title = next(place for place, cell in enumerate(cells) if cell.cell_type == "markdown")
        words = timing(notebook, computed, frame["reading"])
        cells.insert(title + 1, _markdown("timing", _box(_NOTE, words)))
    copied.cells = [_folded(cell) for cell in cells]
    return copied


def with_solutions(notebook, source):
    """A student notebook with the code of the solutions of `source`, its chapter, in its answer cells."""
    code = {
        exercise.number: [
            source.cells[index]
            for index in exercise.solution
            if index != exercise.check and source.cells[index].cell_type == "code"
        ]
        for exercise in exercises_of(source)
    }
    filled = copy.deepcopy(notebook)
    cells = []
    for cell in filled.cells:
        is_answer = ANSWER in _tags(cell) and cell.cell_type == "code"
        cells += copy.deepcopy(code[cell.metadata["exercise"]]) if is_answer else [cell]
    filled.cells = cells
    return filled


def blank(answers):
    """The code of an answer cell: each name with `...` and what it is."""
    lines = []
    for name, words in answers.items():
        line = f"{name} = ...  # {words}"
        if len(line) > _WIDTH:
            lines += textwrap.wrap(words, _WIDTH, initial_indent="# ", subsequent_indent="# ")
            line = f"{name} = ..."
        lines.append(line)
    return "\n".join(lines)


def _answer_cells(exercise, cells):
    where = exercise.number.replace(".", "-")
    marks = {"tags": [ANSWER], "exercise": exercise.number}
    if exercise.check is not None:
        source = f"# Your answer to exercise {exercise.number}.\n{blank(exercise.answers)}"
        return [_code(f"answer-{where}", source, **marks), cells[exercise.check]]
    words = f"*Your answer to exercise {exercise.number}: open this cell and write.*"
    return [
        _markdown(f"words-{where}", words, **marks),
        _code(f"answer-{where}", f"# Your code for exercise {exercise.number}.", **marks),
    ]


def _quiz(cell):
    """The cell that asks the questions of a prediction: none where it has none."""
    questions = questions_of(cell) if cell.cell_type == "markdown" else []
    if not questions:
        return []
    kinds = "; ".join(_place(question) for question in questions)
    source = _QUIZ.format(kinds=kinds, blanks=", ".join(["..."] * len(questions)), packed=pack(questions))
    return [_code(f"quiz-{cell.id}"[:64], source, tags=["quiz"])]


def _key(cell):
    """The cell that tells a teacher the right answers of a prediction's questions: none where it has none."""
    lines = []
    for question in questions_of(cell) if cell.cell_type == "markdown" else []:
        words, feedback = right_answer(question)
        lines.append(f"* {question['question']} **{words.rstrip('.')}.** {feedback}")
    return [_markdown(f"key-{cell.id}"[:64], _box(_NOTE, "\n".join(["", "", *lines])))] if lines else []


def _place(question):
    if question["type"] == "numeric":
        return "a number"
    return f"1 to {len(question['answers'])}"


def _box(title, words):
    """A quotation, which JupyterLab, Colab and GitHub set apart alike; its title, unless its words begin with it."""
    titled = words.startswith(f"**{title}")
    lines = (words if titled else f"**{title}.** {words}").rstrip().split("\n")
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _folded(cell):
    """With the code of figures, claims and checks folded in JupyterLab."""
    if cell.cell_type == "code" and {"hide-input", "check"} & set(_tags(cell)):
        cell.metadata["jupyter"] = {"source_hidden": True}
    return cell


def _tags(cell):
    return cell.metadata.get("tags", [])


def _code(name, source, **metadata):
    return nbformat.v4.new_code_cell(source, id=name, metadata=metadata)


def _markdown(name, source, **metadata):
    return nbformat.v4.new_markdown_cell(source, id=name, metadata=metadata)
