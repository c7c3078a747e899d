"""The reference names every public function and class, and nothing that is not there."""

import importlib
import inspect
import re

import pytest

import symlib
from book.builder.build import ROOT

PAGE = (ROOT / "book" / "api.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"^\.\. auto(?:function|class|exception):: (\w+)", PAGE, re.M))
PACKAGES = ["groups", "orbits", "datasets", "kernels", "training", "sweeps", "diagnose", "exercises"]


@pytest.mark.parametrize("module", [symlib, *(importlib.import_module(f"symlib.{name}") for name in PACKAGES)])
def test_every_public_function_and_class_is_there(module):
    public = {name for name in module.__all__ if callable(getattr(module, name))}
    assert public - NAMED - {"gram_matrix"} == set()  # which is symlib.gram.gram


def test_everything_there_can_be_imported():
    module = None
    for kind, name in re.findall(r"^\.\. (currentmodule|autofunction|autoclass|autoexception):: ([\w.]+)", PAGE, re.M):
        if kind == "currentmodule":
            module = importlib.import_module(name)
        else:
            thing = getattr(module, name)
            assert inspect.getdoc(thing) and (inspect.isclass(thing) or callable(thing))
