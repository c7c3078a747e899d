"""How symlib hangs together: the contracts of pyproject.toml hold, cover all of it, and CONTRIBUTING shows them."""

import subprocess
import sys

from tests.project.architecture import PAGE, ROOT, contracts, layers, with_map


def test_imports_keep_the_contracts():
    program = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_part_may_import_both_jax_and_torch():
    parts = {f"symlib.{part}" for layer in layers() for part in layer}
    bound = [set(contracts()[name]["source_modules"]) for name in ("without-torch", "without-jax")]
    assert set.union(*bound) == parts, "each part is named by without-torch or without-jax, in pyproject.toml"


def test_contributing_shows_the_map():
    text = PAGE.read_text(encoding="utf-8")
    assert text == with_map(text), "draw it anew: python tests/project/architecture.py"
