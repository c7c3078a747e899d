"""Draws CONTRIBUTING's map of symlib from the contract in pyproject.toml: `python tests/project/architecture.py`."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "CONTRIBUTING.md"
FIRST, LAST = "<!-- the map: drawn by python tests/project/architecture.py -->", "<!-- end of the map -->"


def contracts():
    """The import contracts, by their id."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    return {contract["id"]: contract for contract in tools["importlinter"]["contracts"]}


def layers():
    """The parts of symlib, a list for each layer, the uppermost first."""
    return [layer.split(" | ") for layer in contracts()["layers"]["layers"]]


def job(part):
    """What a part of symlib is for: the first sentence of its docstring."""
    folder = ROOT / "symlib" / part
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    return ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))).split(".\n")[0].rstrip(".")


def drawn():
    """The map as Markdown: a table whose rows import from rows of the layers beneath only."""
    rows = ["| layer | part | its job |", "|---|---|---|"]
    for height, parts in zip(range(len(layers()), 0, -1), layers()):
        rows += [f"| {height} | `{part}` | {' '.join(job(part).split())} |" for part in sorted(parts)]
    return "\n".join(rows)


def with_map(text):
    """The page with the map between its two marks drawn anew."""
    before, _, after = text.partition(FIRST)
    return f"{before}{FIRST}\n\n{drawn()}\n\n{LAST}{after.partition(LAST)[2]}"


if __name__ == "__main__":
    PAGE.write_text(with_map(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
