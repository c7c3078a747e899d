"""`python -m book` does what make does, and make's targets are these commands."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import book.__main__ as commands

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def started(monkeypatch):
    """What would have been run: (module, arguments), one a call."""
    calls = []
    monkeypatch.setattr(commands, "run", lambda module, arguments, needs=None: calls.append((module, arguments)) or 0)
    return calls


def test_arguments_go_to_the_program_that_runs(started):
    assert commands.main(["build", "--tier", "smoke"]) == 0
    commands.main(["test", "-k", "gram", "-n", "0"])
    commands.main(["bench", "ensemble", "--runs", "1"])
    commands.main(["lab", "--no-browser"])
    assert started == [
        ("book.builder.build", ["--tier", "smoke"]),
        ("pytest", ["-n", "auto", "--dist", "loadfile", "-k", "gram", "-n", "0"]),
        ("benchmarks", ["ensemble", "--runs", "1"]),
        ("jupyterlab", ["--notebook-dir", str(ROOT / "notebooks"), "--no-browser"]),
    ]


def test_serve_takes_a_port_and_needs_a_site(started, monkeypatch, tmp_path):
    monkeypatch.setattr(commands, "SITE", tmp_path)
    with pytest.raises(SystemExit, match="python -m book build"):
        commands.main(["serve"])
    (tmp_path / "index.html").touch()
    with pytest.raises(SystemExit, match="one port, 8000 for instance; got --port 1"):
        commands.main(["serve", "--port", "1"])
    commands.main(["serve", "8123"])
    assert started[0][0] == "http.server" and started[0][1][0] == "8123"


def test_clean_leaves_sources_and_environments(monkeypatch, tmp_path):
    made = ["_build/html/a", "symlib/kernels/__pycache__/a", ".ruff_cache/a", "symlib/a.py", ".venv/a", "_built/a"]
    for name in made:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(commands, "ROOT", tmp_path)
    assert commands.main(["clean"]) == 0
    assert [name for name in made if (tmp_path / name).exists()] == ["symlib/a.py", ".venv/a", "_built/a"]


def test_what_is_not_installed_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setattr(commands.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"papermill is not installed for .*\n.*pip install -c constraints.txt"):
        commands.main(["build"])


def test_it_says_what_there_is():
    done = subprocess.run([sys.executable, "-m", "book"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and all(f"\n  {name} " in done.stdout for name in commands.COMMANDS)
    done = subprocess.run([sys.executable, "-m", "book", "bulid"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and "There is no command bulid; there are build, teach, claims, test" in done.stderr
    done = subprocess.run([sys.executable, "-m", "book", "build", "-h"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "--tier {smoke,teach,paper}" in done.stdout


def test_make_calls_them():
    called = re.findall(r"-m book ([a-z]+)", (ROOT / "Makefile").read_text())
    assert sorted(called) == sorted(commands.COMMANDS)


def test_ci_says_what_it_needs(tmp_path):
    """On a machine with nothing but a shell: the first thing missing, and what to do."""
    for name in ("bash", "dirname"):
        (tmp_path / name).symlink_to(shutil.which(name))
    for missing, remedy in (("make is needed", "python -m book test"), ("A browser is needed", "install Chromium")):
        done = subprocess.run(
            ["bash", ".ci/run"], cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True
        )
        assert done.returncode == 1 and missing in done.stderr and remedy in done.stderr
        if not (tmp_path / "make").exists():
            (tmp_path / "make").symlink_to(shutil.which("true"))
