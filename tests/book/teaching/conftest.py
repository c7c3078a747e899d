"""A small chapter with all that classes need, as written and as executed."""

import copy

import nbformat
import pytest

from book.builder.build import ROOT
from book.builder.teaching.course import Course, Lesson


@pytest.fixture
def chapter():
    notebook = nbformat.read(ROOT / "tests" / "book" / "conventions.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


@pytest.fixture
def executed(chapter):
    ran = copy.deepcopy(chapter)
    ran.metadata["computed"] = {"tier": "smoke", "device": "2 CPU cores", "seconds": 12.3, "date": "2026-01-02"}
    for cell in ran.cells:
        if cell.cell_type == "code":
            cell.metadata["papermill"] = {"duration": 3.0}
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"{cell.id}\n")]
    return ran


@pytest.fixture
def course(tmp_path, chapter, executed):
    return Course(ROOT, tmp_path / "teach", [Lesson("09_all", chapter, executed)], "smoke", None, None, "git+x")
