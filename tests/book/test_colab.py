"""Does what Colab does: the newest versions, an empty folder, one notebook file, its first cell.

symlib is served as a wheel from the loopback, where Colab takes it from GitHub.
"""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
import yaml

from book.builder.build import ROOT
from book.builder.chapters import tagged, with_values
from book.builder.execute import Chapter
from book.builder.stage import write_colab_copies

pytestmark = pytest.mark.slow

NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
# torch at its pin: every build of it is a large download, and the chapters' own requirement is a lower bound.
PINNED = [line for line in (ROOT / "constraints.txt").read_text().split() if line.startswith("torch==")]
NEWEST = ["numpy", "scipy", "jax", "matplotlib", "numba", "ipykernel", "pip", "dask[distributed]", *PINNED]


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def make_environment(folder, *options):
    run(sys.executable, "-m", "venv", *options, str(folder))
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory, serve):
    """Address of a wheel of symlib, built from a copy of the tree so that the tree stays clean."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "tree"
    shutil.copytree(ROOT / "symlib", copy / "symlib", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(copy))
    (built,) = folder.glob("*.whl")
    return f"{serve(folder)}/{built.name}"


@pytest.fixture(scope="module")
def newest(tmp_path_factory):
    """Python of an environment with the newest releases; symlib is absent. .ci/colab names one with Colab's own."""
    if "SYMLIB_COLAB_PYTHON" in os.environ:
        return Path(os.environ["SYMLIB_COLAB_PYTHON"])
    python = make_environment(tmp_path_factory.mktemp("newest") / "venv")
    run(str(python), "-m", "pip", "install", "--quiet", "--upgrade", "--no-compile", *NEWEST)
    return python


def installed(python):
    listed = run(str(python), "-m", "pip", "list", "--format", "json")
    return {package["name"].lower() for package in json.loads(listed)}


def test_install_changes_no_installed_version(newest, wheel):
    plan = run(
        *(str(newest), "-m", "pip", "install", "--quiet", "--dry-run", "--report", "-"),
        f"symlib[plots,nets,cluster] @ {wheel}",
    )
    planned = {item["metadata"]["name"].lower() for item in json.loads(plan)["install"]}
    assert "symlib" in planned
    assert planned & installed(newest) == set()


def at_smoke_sizes(name):
    """The chapter with the parameters of the smoke tier: what runs small on Colab runs."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4)
    tiers = yaml.safe_load((ROOT / "book" / "tiers.yml").read_text())
    cell = notebook.cells[tagged(notebook, "parameters")[0]]
    cell.source = with_values(cell.source, tiers[name]["smoke"])
    return notebook


@pytest.fixture(scope="module")
def executed(newest, wheel, tmp_path_factory):
    """How each chapter's lowered copy ran, each from nothing; as many at once as there are cores."""
    folder = tmp_path_factory.mktemp("colab")
    read = [Chapter(name, at_smoke_sizes(name), {}, "smoke") for name in NAMES]
    copies = write_colab_copies(read, folder / "copies", None, wheel)
    libraries = run(str(newest), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")

    def execute(name):
        # Its own environment on top of the newest releases: what one installs, no other sees.
        python = make_environment(folder / name / "venv", "--without-pip")
        own = run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        with open(os.path.join(own.strip(), "newest.pth"), "w") as path:
            path.write(libraries)
        command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": command, "display_name": name, "language": "python"}
        (folder / "kernels" / name).mkdir(parents=True)
        (folder / "kernels" / name / "kernel.json").write_text(json.dumps(spec))
        # Nothing but the notebook in its folder; executing it in place leaves the source copy alone.
        (folder / name / "empty").mkdir()
        notebook = shutil.copy(copies[name], folder / name / "empty")
        program = Path(sys.executable).with_name("jupyter-execute")
        return subprocess.run(
            [program, f"--kernel_name={name}", "--timeout=600", notebook],
            # Side by side they have more threads than there are cores; torch's would wait for each other spinning.
            env={**os.environ, "JUPYTER_PATH": str(folder), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(NAMES, pool.map(execute, NAMES), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_chapter_runs(executed, name):
    assert executed[name].returncode == 0, executed[name].stderr
