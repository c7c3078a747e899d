"""The cheat sheet: every equation that it names is in a chapter, every function in symlib."""

import importlib
import re

import nbformat
import pytest

from book.builder.build import ROOT, chapter_names
from book.builder.references import link_mentions, targets_of

SHEET = (ROOT / "book" / "cheat_sheet.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def linked():
    targets = {}
    for name in chapter_names(ROOT):
        notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
        targets |= targets_of(notebook, f"notebooks/{name}.html")
    return link_mentions(SHEET, targets, "book/cheat_sheet.html")


def test_every_equation_that_it_names_is_in_a_chapter(linked):
    numbers = re.findall(r"\((\d+\.\d+)\)", SHEET)
    assert len(set(numbers)) > 20
    assert [number for number in numbers if f">({number})</a>" not in linked] == []


def test_every_formula_says_where_it_comes_from():
    entries = [part for part in SHEET.split("\n\n") if part.startswith("**")]
    assert len(entries) > 20
    assert [
        entry[:60] for entry in entries if not re.match(r"\*\*[^*]+\*\* \((\d+\.\d+|Theorem \d+\.\d+)\)", entry)
    ] == []


def test_every_function_that_it_names_is_in_symlib():
    names = re.findall(r"\{py:func\}`~([\w.]+)`", SHEET)
    assert len(names) > 20 and "{py:" not in re.sub(r"\{py:func\}`~[\w.]+`", "", SHEET)
    for name in names:
        module, _, function = name.rpartition(".")
        assert callable(getattr(importlib.import_module(module), function)), name
