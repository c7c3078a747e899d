"""Executes the chapters at other seeds and reports claim by claim (`python -m book claims --seeds 3`)."""

import argparse
import os
import sys
from pathlib import Path

import nbformat
import yaml

from book.builder.build import ROOT, TIERS, chapter_names
from book.builder.claims import claims_of
from book.builder.execute import execute_all, read_chapter
from symlib.claims import FALSE_CLAIMS, MARKS


def at_other_seeds(root, tier, seeds, names):
    """{(chapter, statement): one record a seed, None where it was not made} for seeds 1 … `seeds`, and failures.

    `names` are chapters. One without a seed draws nothing, and is executed once.
    """
    tiers = yaml.safe_load((root / "book" / "tiers.yml").read_text(encoding="utf-8"))
    chapters = [read_chapter(root, name, tiers, tier) for name in names]
    drawing = [chapter for chapter in chapters if "seed" in chapter.parameters]
    found, failures = {}, []
    os.environ[FALSE_CLAIMS] = "report"  # for the kernels of the chapters, which this process starts
    for seed in range(1, seeds + 1):
        print(f"Seed {seed}", flush=True)
        seeded = [chapter._replace(parameters={**chapter.parameters, "seed": seed}) for chapter in drawing]
        seeded += [chapter for chapter in chapters if chapter not in drawing] if seed == 1 else []
        # Apart from the book's own: false claims stop those.
        paths, failed = execute_all(seeded, root, root / "_build" / "claims")
        failures += failed
        for name, path in paths.items():
            for record in claims_of(nbformat.read(path, as_version=4)) if path.exists() else []:
                found.setdefault((name, record["statement"]), [None] * seeds)[seed - 1] = record
    return found, failures


def chosen(names, numbers, refuse):
    """The chapters with these numbers, all where there are none; `refuse` is told of numbers that no chapter has."""
    unknown = [number for number in numbers or () if number not in {name[:2] for name in names}]
    if unknown:
        refuse(f"no chapter {', '.join(unknown)}; there are {', '.join(name[:2] for name in names)}")
    return [name for name in names if not numbers or name[:2] in numbers]


def report(found, seeds):
    """Markdown: the claims and their evidence, a column a seed."""
    heads = " | ".join(f"seed {seed}" for seed in range(1, seeds + 1))
    lines = [f"| chapter | claim | {heads} |", "|---|---|" + "---|" * seeds]
    for (name, statement), records in found.items():
        cells = [f"{MARKS[one['outcome']]} {one['evidence']}" if one else "" for one in records]
        lines.append(f"| {name[:2]} | {statement} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m book claims", description="Do the claims hold at other seeds?")
    parser.add_argument("--seeds", type=int, default=3, help="how many: seeds 1, 2, 3 (default)")
    parser.add_argument("--tier", choices=TIERS, default="teach", help="how much is computed")
    parser.add_argument("--chapters", nargs="+", metavar="NN", help="only these, by number: 07 12; default: all")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"--seeds takes a number of seeds, 1 at least; got {options.seeds}")
    root = options.root.resolve()
    names = chosen(chapter_names(root), options.chapters, parser.error)
    found, failures = at_other_seeds(root, options.tier, options.seeds, names)
    text = report(found, options.seeds)
    path = root / "_build" / "claims" / "report.md"
    path.write_text(text + "\n", encoding="utf-8")
    false = sum(any(one and one["outcome"] == "fails" for one in records) for records in found.values())
    print(f"{text}\n\n{len(found)} claims, {false} of them false at some seed; {path}")
    if failures:
        print("\n" + "\n\n".join(map(str, failures)), file=sys.stderr)
    return 1 if false or failures else 0


if __name__ == "__main__":
    sys.exit(main())
