"""What symlib offers is annotated, and pyright accepts the annotations (pyproject.toml says in which mode)."""

import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.architecture import layers

ROOT = Path(__file__).resolve().parents[2]
PARTS = sorted({part for layer in layers() for part in layer} - {"support"})


def callables(module):
    """The public functions of a module, and those of its public classes that are written out, with their names."""
    for name in getattr(module, "__all__", None) or [name for name in vars(module) if name[0] != "_"]:
        found = getattr(module, name)
        if not f"{getattr(found, '__module__', '')}.".startswith(f"{module.__name__}."):
            continue
        if inspect.isfunction(found):
            yield name, found
        elif inspect.isclass(found) and not issubclass(found, tuple):
            methods = inspect.getmembers(found, inspect.isfunction)
            yield from ((f"{name}.{n}", m) for n, m in methods if n in vars(found) and (n[0] != "_" or n == "__init__"))


def unannotated(function):
    signature = inspect.signature(function)
    missing = [p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name != "self"]
    returns = function.__name__ == "__init__" or signature.return_annotation is not signature.empty
    return missing + ([] if returns else ["return"])


@pytest.mark.parametrize("part", PARTS)
def test_public_functions_are_annotated(part):
    module = importlib.import_module(f"symlib.{part}")
    missing = {called: unannotated(function) for called, function in callables(module)}
    assert {called: names for called, names in missing.items() if names} == {}


@pytest.mark.slow
def test_pyright_finds_nothing():
    command = [sys.executable, "-m", "pyright", "--level", "error", "--pythonpath", sys.executable]
    environment = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
