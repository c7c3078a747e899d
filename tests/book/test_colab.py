"""Does what Colab does: its versions, an empty folder, one notebook file, its first cell.

The versions are exactly those of tests/data/colab.txt, but for torch, which is the one that these tests run beside, as
Colab's is a large download, and setuptools, of which torch wants a version of its own. symlib is served as a wheel from
the loopback, where Colab takes it from GitHub. Run are the students' copies: empty, where checks wait for answers, and
with the solutions put in, where they tick them. Every day one of either kind runs so, on the Python of these tests;
.ci/colab runs both of all chapters on Colab's Python, once a week.
"""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from book.builder.build import ROOT
from book.builder.chapters import tagged, with_values
from book.builder.execute import Chapter
from book.builder.stage import write_colab_copies
from book.builder.stderr import left_on_stderr
from book.builder.teaching.notebooks import with_solutions
from symlib.support.threads import usable_cores

pytestmark = pytest.mark.slow

GIVEN = os.environ.get("SYMLIB_COLAB_PYTHON")  # of an environment with Colab's versions, which .ci/colab makes
# The quickest of their kinds: without networks, and with them.
EVERY_DAY = [("03_any_finite_group", "solved"), ("11_networks_of_finite_width", "empty")]
CHAPTERS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
RUNS = [(name, kind) for name in CHAPTERS for kind in ("empty", "solved")] if GIVEN else EVERY_DAY
LISTED = [line for line in (ROOT / "tests" / "data" / "colab.txt").read_text().split("\n") if "==" in line]
VERSIONS = {canonicalize_name(name): version for name, version in (line.split("==") for line in LISTED)}
if not GIVEN:
    VERSIONS |= {"setuptools": metadata.version("setuptools")}


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


def packages_of(python):
    return Path(run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())


def requirements_of(name):
    """`name` and all that it requires here, directly or not, but for what Colab's versions are known of."""
    found, waiting = set(), [name]
    while waiting:
        current = canonicalize_name(waiting.pop())
        if current not in found and (current == name or current not in VERSIONS):
            found.add(current)
            required = map(Requirement, metadata.requires(current) or ())
            waiting += [r.name for r in required if not r.marker or r.marker.evaluate({"extra": ""})]
    return found


def link(name, folder):
    """Makes the package `name` of this environment one of `folder` too."""
    package = metadata.distribution(name)
    for top in {file.parts[0] for file in package.files} - {"..", "__pycache__"}:
        if not (folder / top).exists():
            (folder / top).symlink_to(package.locate_file(top))


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    """Python of an environment with what Colab carries; symlib is absent."""
    if GIVEN:
        return Path(GIVEN)
    # Colab's pip is among the packages; putting this one in beforehand takes seconds.
    python = make_environment(tmp_path_factory.mktemp("colab") / "venv", "--without-pip")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", str(python)]
    run(*pip, "install", "--no-compile", *(f"{name}=={at}" for name, at in VERSIONS.items() if name != "torch"))
    for name in requirements_of("torch"):
        link(name, packages_of(python))
    return python


def carried(python, *options):
    """Names and versions of the packages of an environment."""
    # -P: what lies in the folder that the tests run in is not installed.
    listed = run(str(python), "-P", "-m", "pip", "list", "--format", "json", "--disable-pip-version-check", *options)
    return {canonicalize_name(package["name"]): package["version"] for package in json.loads(listed)}


def test_environment_is_that_of_colab(colab):
    here = carried(colab)
    others = {name: version for name, version in VERSIONS.items() if here.get(name) != version}
    assert others.keys() <= {"torch", "setuptools"}
    assert "torch" in here and "symlib" not in here


def at_smoke_sizes(name):
    """The chapter with the parameters of the smoke tier: what runs small on Colab runs."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4)
    tiers = yaml.safe_load((ROOT / "book" / "tiers.yml").read_text())
    cell = notebook.cells[tagged(notebook, "parameters")[0]]
    cell.source = with_values(cell.source, tiers[name]["smoke"])
    return notebook


@pytest.fixture(scope="module")
def executed(colab, wheel, tmp_path_factory):
    """How each student's copy ran, from nothing: the process, the notebook, what its first cell installed."""
    folder = tmp_path_factory.mktemp("chapters")
    read = [Chapter(name, at_smoke_sizes(name), {}, "smoke") for name in dict(RUNS)]
    copies = write_colab_copies(read, folder / "copies", None, wheel)["student"]
    solved = {
        chapter.name: with_solutions(nbformat.read(copies[chapter.name], 4), chapter.notebook) for chapter in read
    }

    def execute(which):
        chapter, kind = which
        name = f"{chapter}-{kind}"
        # Its own environment on top of Colab's: what one installs, no other sees.
        python = make_environment(folder / name / "venv", "--without-pip")
        own = packages_of(python)
        (own / "colab.pth").write_text(str(packages_of(colab)))
        command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": command, "display_name": name, "language": "python"}
        (folder / "kernels" / name).mkdir(parents=True)
        (folder / "kernels" / name / "kernel.json").write_text(json.dumps(spec))
        # Nothing but the notebook in its folder; executing it in place leaves the source copy alone.
        (folder / name / "empty").mkdir()
        notebook = folder / name / "empty" / f"{chapter}.ipynb"
        if kind == "solved":
            nbformat.write(solved[chapter], notebook)
        else:
            shutil.copy(copies[chapter], notebook)
        program = Path(sys.executable).with_name("jupyter-execute")
        done = subprocess.run(
            [program, "--inplace", f"--kernel_name={name}", "--timeout=600", notebook],
            # Side by side they have more threads than there are cores; torch's would wait for each other spinning.
            # Without PYTHONPATH, which could lead to a symlib that was not installed.
            env={
                **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
                "JUPYTER_PATH": str(folder),
                "OMP_NUM_THREADS": "1",
            },
            capture_output=True,
            text=True,
        )
        return done, nbformat.read(notebook, 4), carried(colab, "--path", str(own))

    with ThreadPoolExecutor(usable_cores()) as pool:
        return dict(zip(RUNS, pool.map(execute, RUNS), strict=True))


of_all_runs = pytest.mark.parametrize("which", RUNS, ids="-".join)


@of_all_runs
def test_chapter_runs(executed, which):
    done, _, _ = executed[which]
    assert done.returncode == 0, done.stderr


@of_all_runs
def test_checks_wait_for_answers_and_tick_the_right_ones(executed, which):
    _, notebook, _ = executed[which]
    # On a busy machine a kernel hands over one line in two pieces.
    outputs = [notebook.cells[index].outputs for index in tagged(notebook, "check")]
    said = [line for cell in outputs for line in "".join(out.get("text", "") for out in cell).splitlines()]
    wanted = "not yet: " if which[1] == "empty" else " ✓ "
    assert len(said) >= 3 and [line for line in said if wanted not in line] == []


@of_all_runs
def test_first_cell_changes_no_version(executed, colab, which):
    _, _, installed = executed[which]
    assert "symlib" in installed
    assert set(installed) & set(carried(colab)) == set()


@of_all_runs
def test_reader_sees_no_noise(executed, which):
    _, notebook, _ = executed[which]
    assert left_on_stderr(notebook) == []
