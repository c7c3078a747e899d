"""The command: `python -m book exam --seed 7 --variants 4` writes sheets for students, and a key for each."""

import argparse
import sys
from pathlib import Path

from book.exam.documents import FORMATS, write
from book.exam.sheet import MOST_VARIANTS, TEMPLATES, answer_key, chosen, letter, question, student_sheet

_EXAMPLES = """\
examples:
  python -m book exam --list
  python -m book exam --seed 7 --variants 4 --number 6 --to exams
  python -m book exam --seed 7 --chapters 06 07 --format pdf --to exams

The same seed gives the same sheets. Keep the seed, and whatever is written into exams, to yourself.
"""


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m book exam",
        description="Exam questions whose numbers are drawn from a seed, with a key of answers for the instructor.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=0, help="0 or more; the numbers follow from it")
    parser.add_argument("--variants", type=int, default=1, help="sheets of the same questions with other numbers")
    parser.add_argument("--variant", metavar="LETTER", help="only this one of them: A, B, …")
    parser.add_argument("--questions", nargs="+", metavar="NAME", help="which questions; all, if left out")
    parser.add_argument("--chapters", nargs="+", metavar="NN", help="only questions about these chapters")
    parser.add_argument("--number", type=int, help="draw so many of them, the same for all variants")
    parser.add_argument("--format", choices=FORMATS, default="markdown", help="markdown, notebook or pdf")
    parser.add_argument("--to", type=Path, default=Path("exams"), help="the folder to write to (exams)")
    parser.add_argument("--list", action="store_true", help="say which questions there are, and write nothing")
    options = parser.parse_args(arguments)
    try:
        return _list(options.seed) if options.list else _write(options)
    except (ValueError, RuntimeError, OSError) as error:
        print(f"No exam was written: {error}", file=sys.stderr)
        return 2


def _list(seed):
    for name in TEMPLATES:
        about = question(name, seed, 0)
        print(f"{name:20}chapter {about.chapter}, {about.points:2} points: {about.title}")
    return 0


def _write(options):
    if options.seed < 0 or not 1 <= options.variants <= MOST_VARIANTS:
        raise ValueError(f"--seed is 0 or more, --variants 1 to {MOST_VARIANTS}")
    variants = range(options.variants)
    if options.variant is not None:
        variants = [at for at in range(MOST_VARIANTS) if letter(at) == options.variant.upper()]
        if not variants:
            raise ValueError(f"--variant is one letter, A to {letter(MOST_VARIANTS - 1)}; got {options.variant!r}")
    chapters = None if options.chapters is None else [f"{int(number):02}" for number in options.chapters]
    names = chosen(options.seed, names=options.questions, chapters=chapters, number=options.number)
    options.to.mkdir(parents=True, exist_ok=True)
    for variant in variants:
        asked = [question(name, options.seed, variant) for name in names]
        path = options.to / f"exam-{options.seed}-{letter(variant)}"
        print(write(student_sheet(asked, options.seed, variant), path, options.format, room=True))
        key = path.with_name(f"{path.name}-key")
        print(write(answer_key(asked, options.seed, variant), key, options.format))
    return 0


if __name__ == "__main__":
    sys.exit(main())
