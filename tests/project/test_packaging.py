"""pyproject.toml, constraints.txt, environment.yml, the Makefile, the README and CITATION.cff say the same."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import symlib
from book.__main__ import installation

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINS = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"]


def direct():
    """Every requirement that pyproject.toml names."""
    return [Requirement(text) for text in sum(EXTRAS.values(), PROJECT["dependencies"])]


def test_constraints_are_plain_pins_each_once():
    assert [pin for pin in PINS if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)] == []
    names = [canonicalize_name(pin.split("==")[0]) for pin in PINS]
    assert len(names) == len(set(names))
    assert "://" not in (ROOT / "constraints.txt").read_text()


def test_every_direct_dependency_is_pinned_to_a_version_it_allows():
    pinned = {canonicalize_name(name): version for name, version in (pin.split("==") for pin in PINS)}
    for requirement in direct():
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"constraints.txt does not pin {name}"
        assert requirement.specifier.contains(pinned[name]), f"{requirement} against {pinned[name]}"


def test_core_dependencies_have_lower_bounds_only():
    for text in PROJECT["dependencies"]:
        operators = {specifier.operator for specifier in Requirement(text).specifier}
        assert operators == {">="}, f"{text}: an upper bound would change versions on Colab"


def test_make_conda_and_pip_install_the_same():
    extras = re.search(r"^EXTRAS := (\S+)$", (ROOT / "Makefile").read_text(), re.M)[1]
    assert extras == ",".join(EXTRAS)
    assert installation() == f'python -m pip install -c constraints.txt -e ".[{extras}]"'
    assert f"\n{installation()}" in (ROOT / "README.md").read_text()
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip = conda["dependencies"]
    assert pip == "pip" and Requirement(python.replace("=", "==")).specifier.contains("3.11")


def test_versions_of_python():
    oldest = PROJECT["requires-python"].removeprefix(">=")
    named = [re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line) for line in PROJECT["classifiers"]]
    assert [found[1] for found in named if found] == [oldest, "3.12", "3.13", "3.14"]
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert configured["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"


def test_one_version():
    assert "version" in PROJECT["dynamic"]
    assert "version" not in yaml.safe_load((ROOT / "CITATION.cff").read_text()), "symlib/__init__.py says it"
    changes = re.findall(r"^## \[?([\w.]+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert changes[0] == symlib.__version__, "CHANGELOG.md begins with the version of symlib/__init__.py"


def test_the_wheel_holds_the_library_and_nothing_else(tmp_path):
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "symlib", tmp_path / "symlib", ignore=shutil.ignore_patterns("__pycache__"))
    program = "from setuptools.build_meta import build_wheel; build_wheel('.')"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"symlib-{symlib.__version__}-py3-none-any.whl"
    sources = {str(path.relative_to(tmp_path)) for path in (tmp_path / "symlib").rglob("*") if path.is_file()}
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == sources and "symlib/py.typed" in packed


def test_no_address_of_an_index_anywhere():
    """Any mirror serves. The workflows alone name one: PyTorch's CPU builds, for the runners' small disks."""
    files = ["constraints.txt", "environment.yml", "Makefile", "pyproject.toml", "README.md", "CONTRIBUTING.md"]
    files += [str(path.relative_to(ROOT)) for path in (ROOT / ".ci").iterdir()]
    for name in files:
        text = (ROOT / name).read_text()
        assert not re.search(r"index-url|find-links|simple/?$|whl/cpu", text, re.M), name


def test_the_container_to_work_in_installs_as_make_does():
    lines = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8").splitlines()
    container = json.loads("\n".join(line for line in lines if not line.strip().startswith("//")))
    assert "make .venv/.installed" in container["onCreateCommand"]
    assert "\n.venv/.installed:" in (ROOT / "Makefile").read_text()
