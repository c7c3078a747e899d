"""pyproject.toml, constraints.txt, environment.yml and the Makefile say the same."""

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


def test_makefile_and_conda_install_the_same():
    extras = re.search(r"^EXTRAS := (\S+)$", (ROOT / "Makefile").read_text(), re.M)[1]
    assert set(extras.split(",")) == set(EXTRAS)
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, lines = conda["dependencies"]
    assert pip == "pip" and lines == {"pip": ["-c constraints.txt", f"-e .[{extras}]"]}
    assert Requirement(python.replace("=", "==")).specifier.contains("3.11")
    assert PROJECT["requires-python"] == ">=3.11"


def test_no_address_of_an_index_anywhere():
    for name in ("constraints.txt", "environment.yml", "Makefile", "pyproject.toml", ".ci/run"):
        text = (ROOT / name).read_text()
        assert not re.search(r"index-url|find-links|simple/?$", text, re.M), name
