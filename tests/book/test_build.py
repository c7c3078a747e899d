"""Executing the chapters: nothing twice, everything again that has changed, and failures by name."""

import re
import subprocess
import sys
import time

import nbformat
import numpy as np
import pytest

from book.builder import execute as execution
from book.builder.build import ROOT, chapter_names
from book.builder.execute import cache_path, environment_digest, execute_all, files_digest, read_chapter
from book.builder.repository import find_repository
from book.builder.site import foreign_references
from book.builder.stage import with_repository, write_status

TIERS = {
    "01_a": {"smoke": {"n": 3}},
    "02_b": {"smoke": {}},
    "03_c": {"smoke": {}},
    "04_d": {"smoke": {"n": 1}, "teach": {"n": 2}, "paper": {"n": 9}, "needs_gpu": ["paper"]},
}


def write(path, *cells, minutes=1):
    code = [nbformat.v4.new_code_cell(source) for source in cells]
    code[0].metadata["frame"] = {"computing": minutes}
    if cells[0].startswith("n ="):
        code[0].metadata["tags"] = ["parameters"]
    nbformat.write(nbformat.v4.new_notebook(cells=code), path)


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "symlib").mkdir()
    (tmp_path / "symlib" / "a.py").write_text("x = 1\n")
    write(tmp_path / "notebooks" / "01_a.ipynb", "n = 2", "print(n * 7)")
    write(tmp_path / "notebooks" / "02_b.ipynb", "print('b')", minutes=3)
    return tmp_path


def kept(tree):
    """The path of each chapter, as it is, in the cache."""
    chapters = [read_chapter(tree, name, TIERS, "smoke") for name in ("01_a", "02_b")]
    return [cache_path(chapter, environment_digest(tree), tree / "cache") for chapter in chapters]


def execute(tree, *names):
    chapters = [read_chapter(tree, name, TIERS, "smoke") for name in names]
    return execute_all(chapters, tree, tree / "cache")


def test_nothing_is_executed_twice_and_what_changed_is(tree, capsys):
    """Executing is dear, so that one story has it all: long ones first, nothing again, what changed, a failure."""
    paths, failures = execute(tree, "01_a", "02_b")
    assert failures == [] and kept(tree) == list(paths.values())
    ran = nbformat.read(paths["01_a"], as_version=4)
    assert [out.text for cell in ran.cells for out in cell.outputs] == ["21\n"]
    computed = ran.metadata["computed"]
    assert computed["tier"] == "smoke" and computed["seconds"] > 0
    assert re.fullmatch(r"1 CPU core|\d+ CPU cores|.*(GPU|NVIDIA|AMD|Tesla).*", computed["device"])
    assert "Executing 02_b, 01_a (" in capsys.readouterr().out

    assert execute(tree, "01_a", "02_b") == (paths, [])
    assert "Executing" not in capsys.readouterr().out

    # A chapter that has changed has another name in the cache, and the other keeps its own: names decide what is run.
    write(tree / "notebooks" / "02_b.ipynb", "print('c')")
    assert kept(tree)[0] == paths["01_a"] and not kept(tree)[1].exists()
    write(tree / "notebooks" / "01_a.ipynb", "n = 2", "1 / (n - n)", "print(n)")
    again, failures = execute(tree, "01_a", "02_b")
    assert [(f.name, f.cell) for f in failures] == [("01_a", 2)]
    assert "01_a, cell 2: ZeroDivisionError: division by zero" in str(failures[0])
    assert "1 / (n - n)" in str(failures[0])
    assert "01_a: failed in cell 2" in capsys.readouterr().out
    assert again["02_b"].exists() and not again["01_a"].exists()

    before = kept(tree)
    (tree / "symlib" / "a.py").write_text("x = 2\n")
    assert set(before).isdisjoint(kept(tree)) and not any(path.exists() for path in kept(tree))


def test_what_tools_leave_behind_changes_no_digest(tree):
    before = files_digest(tree / "notebooks", tree / "symlib" / "a.py")
    for name in (".ruff_cache/0.1/1", "__pycache__/a.pyc", ".ipynb_checkpoints/01_a.ipynb"):
        (tree / "notebooks" / name).parent.mkdir(parents=True)
        (tree / "notebooks" / name).write_text("x")
    assert files_digest(tree / "notebooks", tree / "symlib" / "a.py") == before
    (tree / "notebooks" / "new.md").write_text("x")
    assert files_digest(tree / "notebooks", tree / "symlib" / "a.py") != before


def test_missing_chapter_and_missing_tier_are_named(tree):
    with pytest.raises(FileNotFoundError, match="_toc.yml names notebooks/03_c"):
        read_chapter(tree, "03_c", TIERS, "smoke")
    with pytest.raises(KeyError, match="no parameters of 01_a at the paper tier"):
        read_chapter(tree, "01_a", TIERS, "paper")


@pytest.mark.parametrize(("gpu", "expected"), [(True, ("paper", 9)), (False, ("teach", 2))])
def test_a_tier_that_needs_a_gpu_is_the_teach_tier_without_one(tree, monkeypatch, gpu, expected):
    monkeypatch.setattr(execution, "has_gpu", lambda: gpu)
    write(tree / "notebooks" / "04_d.ipynb", "n = 2", "print(n)")
    chapter = read_chapter(tree, "04_d", TIERS, "paper")
    assert (chapter.tier, chapter.parameters["n"]) == expected
    assert read_chapter(tree, "04_d", TIERS, "smoke").parameters == {"n": 1}


def test_status_page_lists_where_each_chapter_was_computed(tmp_path):
    page = tmp_path / "status.md"
    page.write_text((ROOT / "book" / "status.md").read_text())
    chapter = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 01 · A\n\nText")])
    chapter.metadata["computed"] = {"tier": "paper", "device": "a GPU", "seconds": 7.6, "date": "2026-01-02"}
    write_status(page, {"01_a": chapter})
    text = page.read_text()
    assert "\n| [01 · A](../notebooks/01_a.ipynb) | `paper` | a GPU | 8 | 2026-01-02 |\n" in text
    assert f"numpy {np.__version__}," in text and "CHAPTERS" not in text and "VERSIONS" not in text


def test_second_build_does_nothing(site):
    tier = (site.parent / "site.json").read_text().split('"tier": "')[1].split('"')[0]
    start = time.perf_counter()
    command = [sys.executable, "-m", "book.builder.build", "--tier", tier]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"Up to date at the {tier} tier")
    assert time.perf_counter() - start < 20


def test_foreign_references_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="https://a.org">read</a><img src="//b.org/x.png"><script src="c.js"></script>'
        '<link rel="stylesheet" href="https://d.org/d.css"><link rel="canonical" href="https://e.org">'
    )
    (tmp_path / "f.css").write_text("@import 'https://f.org/f.css'; a { background: url(data:x) }")
    assert foreign_references(tmp_path) == [
        ("a.html", "//b.org/x.png"),
        ("a.html", "https://d.org/d.css"),
        ("f.css", "https://f.org/f.css"),
    ]


def test_repository_comes_from_the_environment(monkeypatch):
    for name in ("SYMLIB_REPOSITORY", "GITHUB_REPOSITORY", "GITHUB_SHA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "ada/book")
    monkeypatch.setenv("GITHUB_SHA", "abc")
    found = find_repository(ROOT)
    assert found == ("https://github.com/ada/book", "abc")
    assert found.site == "https://ada.github.io/book"
    monkeypatch.setenv("SYMLIB_REPOSITORY", "git@github.com:bob/bob.github.io.git")
    assert find_repository(ROOT).site == "https://bob.github.io"
    monkeypatch.setenv("SYMLIB_REPOSITORY", "/srv/elsewhere")
    assert find_repository(ROOT) is None


def test_launch_buttons_need_a_repository(monkeypatch):
    monkeypatch.setenv("SYMLIB_REPOSITORY", "https://github.com/ada/book")
    config = {"launch_buttons": {"colab_url": "https://colab.research.google.com"}}
    found = with_repository(config, find_repository(ROOT))
    assert found["repository"]["url"] == "https://github.com/ada/book"
    assert found["launch_buttons"] == config["launch_buttons"]
    assert "launch_buttons" not in with_repository(config, None)


def test_contents_list_the_chapters_in_order():
    assert chapter_names(ROOT) == sorted(chapter_names(ROOT))


def test_what_setuptools_brings_for_itself_is_not_installed(tmp_path, monkeypatch):
    here = execution.versions()
    (tmp_path / "_vendor" / "vendored-0.1.dist-info").mkdir(parents=True)
    (tmp_path / "_vendor" / "vendored-0.1.dist-info" / "METADATA").write_text("Name: vendored\nVersion: 0.1\n")
    monkeypatch.syspath_prepend(tmp_path / "_vendor")
    assert execution.versions() == here
