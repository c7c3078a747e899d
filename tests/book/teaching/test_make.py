"""What `python -m book teach` writes for a small chapter: every kind of material, and a list that leads to it all."""

import json
import re

import nbformat
import pytest

from book.builder.build import ROOT
from book.builder.execute import read_executed
from book.builder.teaching.contents import write_contents
from book.builder.teaching.files import colab_notebooks, instructor_notebooks, questions, student_notebooks
from book.builder.teaching.make import MAKERS, teach
from book.builder.teaching.sheets import sheets

NOTEBOOKS = (student_notebooks, instructor_notebooks, colab_notebooks, sheets, questions)


def test_every_file_is_listed_and_every_link_leads_to_one(course):
    course.out.mkdir()
    made = [entry for maker in NOTEBOOKS for entry in maker(course)]
    write_contents(course, made)
    page = (course.out / "index.html").read_text(encoding="utf-8")
    links = set(re.findall(r'<a href="([^"]+)"', page))
    files = {path.relative_to(course.out).as_posix() for path in course.out.rglob("*") if path.is_file()}
    assert files - {"index.html", "sheets/nbgrader_config.py"} == links
    assert set(NOTEBOOKS) <= set(MAKERS) and "09 · All conventions" in page
    assert "<code>nbgrader autograde 06_spectral_error</code>" in page and "`" not in page
    for path in course.out.rglob("*.ipynb"):
        nbformat.validate(nbformat.read(path, as_version=4))
    assert [len(json.loads((course.out / link).read_text())) for link in links if link.endswith(".json")] == [2]


def test_instructors_see_what_cells_show_and_students_do_not(course):
    student_notebooks(course)
    instructor_notebooks(course)
    shown = {}
    for kind in ("student", "instructor"):
        notebook = nbformat.read(course.out / kind / "09_all.ipynb", as_version=4)
        shown[kind] = {cell.id for cell in notebook.cells if cell.get("outputs")}
    assert shown["student"] == set() and {"cell-05", "check-91"} <= shown["instructor"]
    assert "cell-00" not in shown["instructor"]  # that symlib was there is no news


def test_what_is_kept_of_a_run_has_the_words_of_the_chapter(tmp_path, chapter, executed):
    del executed.cells[3].metadata["questions"]
    nbformat.write(executed, tmp_path / "ran.ipynb")
    chapter.cells[1].metadata["frame"]["reading"] = 7
    read = read_executed(tmp_path / "ran.ipynb", chapter)
    assert len(read.cells[3].metadata["questions"]) == 2 and read.cells[1].metadata["frame"]["reading"] == 7
    assert read.cells[2].metadata["papermill"]["duration"] == 3.0


def test_a_chapter_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"no chapter begins with 99; there are 01_"):
        teach(ROOT, "smoke", ["99"])
