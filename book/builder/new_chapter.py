"""A chapter of one's own from the template: `python -m book new 19_my_chapter` writes it and lists it."""

import argparse
import re
from pathlib import Path

import nbformat
import yaml

from book.builder.chapters import parameters_of

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = Path("notebooks") / "template" / "19_one_pose_less.ipynb"
# What a chapter made from the template computes at the other tiers.
_OTHER_TIERS = {"smoke": {"n_pairs": 16}, "paper": {"n_pairs": 512}}


def new_chapter(root: Path, name: str) -> Path:
    """Writes notebooks/NAME.ipynb and enters it in _toc.yml and book/tiers.yml; gives its path.

    Figures, tables and exercises get the number that the name begins with. Raises ValueError where the name is no name
    of a chapter, or its number is taken, and changes nothing then.
    """
    if not re.fullmatch(r"\d\d_[a-z][a-z0-9_]*", name):
        raise ValueError(f"a chapter is named by two digits and words in small letters, 19_my_chapter; got {name!r}")
    number = name[:2]
    taken = sorted(path.stem for path in (root / "notebooks").glob(f"{number}_*.ipynb"))
    if taken:
        raise ValueError(f"the number {number} is that of {taken[0]}; take another")
    text = (root / TEMPLATE).read_text(encoding="utf-8")
    # 19.1 of figures and exercises, the title's 19 ·, and among the cells' names check-19-1 and next-19.
    text = re.sub(r"\b19(?=\.\d| ·|-)|(?<=next-)19", number, text)
    path = root / "notebooks" / f"{name}.ipynb"
    contents, tiers = root / "_toc.yml", root / "book" / "tiers.yml"
    listed = _behind_the_chapters(contents.read_text(encoding="utf-8"), name)
    path.write_text(text, encoding="utf-8")
    contents.write_text(listed, encoding="utf-8")
    sizes = _OTHER_TIERS | {"teach": parameters_of(nbformat.reads(text, as_version=4))}
    lines = [f"  {tier}: {_in_one_line(sizes[tier])}" for tier in ("smoke", "teach", "paper")]
    known = tiers.read_text(encoding="utf-8").rstrip("\n")
    tiers.write_text("\n".join([known, f"{name}:", *lines, ""]), encoding="utf-8")
    return path


def _behind_the_chapters(contents, name):
    """The table of contents with a line for the chapter behind the last one that it has."""
    lines = contents.split("\n")
    last = max(i for i, line in enumerate(lines) if re.match(r"\s*- file: notebooks/", line))
    entry = re.sub(r"notebooks/.*", f"notebooks/{name}", lines[last])
    return "\n".join([*lines[: last + 1], entry, *lines[last + 1 :]])


def _in_one_line(values):
    return yaml.safe_dump(values, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True).strip()


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m book new", description=__doc__)
    parser.add_argument("name", help="two digits and words: 19_my_chapter")
    name = parser.parse_args(arguments).name
    try:
        path = new_chapter(ROOT, name)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    print(
        f"Wrote {path.relative_to(ROOT)}, and entered it in _toc.yml and book/tiers.yml.\n"
        f"Now change its title, parameters and claims (python -m book lab), enter it in the table of book/intro.md, "
        "and build: python -m book build --tier smoke"
    )


if __name__ == "__main__":
    main()
