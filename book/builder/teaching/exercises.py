"""Finds the exercises of a chapter: their cells, the answers that a check asks for, and the names that code uses.

### Exercise 6.1 ★: title    its text
#### Hint 6.1                folded
#### Solution 6.1            folded, with its cells, of which the last may be tagged `check`
"""

import ast
import builtins
import re
from typing import NamedTuple

from book.builder.chapters import tagged

_HEADING = re.compile(r"(#{1,4}) (?:(Exercise|Hint|Solution) (\d+\.\d+))?")
HEAD_OF_EXERCISES = re.compile(r"^## Exercises", re.M)


class Exercise(NamedTuple):
    """An exercise by the indices of its cells; `check` is None where it has none, `answers` what its check asks for."""

    number: str
    text: range
    hint: range
    solution: range
    check: int | None
    answers: dict

    @property
    def cells(self):
        """All of its cells."""
        return range(self.text.start, self.solution.stop)


def exercises_of(notebook):
    """The exercises of a chapter, in order. ValueError where one is not as CONTRIBUTING.md asks."""
    checks = tagged(notebook, "check")
    marks = [*_marks(notebook.cells), (len(notebook.cells), None, None)]
    found = []
    for place, (start, kind, number) in enumerate(marks):
        if kind != "Exercise":
            continue
        parts = {kind: range(start, marks[place + 1][0])}
        for (begin, part, of), (end, *_) in zip(marks[place + 1 :], marks[place + 2 :]):
            if part not in ("Hint", "Solution") or of != number:
                break
            parts[part] = range(begin, end)
        if set(parts) != {"Exercise", "Hint", "Solution"}:
            raise ValueError(f"exercise {number} has {', '.join(parts)}; it needs a hint, then a solution")
        found.append(_exercise(notebook.cells, checks, number, parts))
    stray = set(checks) - {exercise.check for exercise in found}
    if stray:
        raise ValueError(f"cell {min(stray) + 1} is tagged check, and is not the last code cell of a solution")
    return found


def _marks(cells):
    """(index, kind, number) of the cells that open with a heading; kind None for headings that end an exercise."""
    for index, cell in enumerate(cells):
        heading = _HEADING.match(cell.source) if cell.cell_type == "markdown" else None
        if heading and (heading[2] or len(heading[1]) < 4):
            yield index, heading[2], heading[3]


def _exercise(cells, all_checks, number, parts):
    solution = parts["Solution"]
    code = [index for index in solution if cells[index].cell_type == "code"]
    checks = [index for index in all_checks if index in solution]
    if len(checks) > 1 or (checks and checks[0] != code[-1]):
        raise ValueError(f"exercise {number} has one check at most, the last code cell of its solution")
    check = checks[0] if checks else None
    answers = dict(cells[check].metadata.get("answer", {})) if checks else {}
    if checks and not (answers and all(name.isidentifier() and words.strip() for name, words in answers.items())):
        raise ValueError(f'the check of exercise {number} needs metadata "answer": {{"name": "what it is"}}')
    return Exercise(number, parts["Exercise"], parts["Hint"], solution, check, answers)


def assigned(source):
    """Names that a cell of code defines at its top level, imports and loops included.

    >>> sorted(assigned("import numpy as np\\nfor i in range(3):\\n    a, b = i, 2\\ndef f():\\n    c = 1"))
    ['a', 'b', 'f', 'i', 'np']
    """
    found = set()

    def visit(node):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
                return
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                found.update(n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr))
                return
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found.update((alias.asname or alias.name).partition(".")[0] for alias in names)
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(without_magics(source)))
    return found


def used(source):
    """Names that a cell of code takes from cells before it.

    >>> used("from numpy import pi\\nprint(pi * radius, [k for k in range(n)])") == {"radius", "n"}
    True
    """
    tree = ast.parse(without_magics(source))
    nodes = list(ast.walk(tree))
    loaded = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    inner = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    inner |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    inner |= {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler) and n.name}
    return loaded - inner - assigned(source) - set(dir(builtins))


def without_magics(source):
    """Code without IPython's own lines (%pip ...), which Python cannot parse."""
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.M)


def defined_before_exercises(notebook):
    """Names that the chapter's own code defines: what a check may use."""
    names = set()
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and HEAD_OF_EXERCISES.search(cell.source):
            break
        if cell.cell_type == "code":
            names |= assigned(cell.source)
    return names
