"""Makes what teachers are given (`python -m book teach`): _build/teach, from the executed book, in one go.

notebooks/  --makers-->  _build/teach/    a maker a kind of material (MAKERS); index.html lists what they made
"""

import argparse
import functools
import shutil
import sys
from pathlib import Path

import yaml

from book.builder.build import ROOT, TIERS, build, chapter_names, run_alone
from book.builder.execute import execute_all, read_chapter, read_executed
from book.builder.repository import find_repository, install_source
from book.builder.teaching.contents import write_contents
from book.builder.teaching.course import Course, Lesson, Maker
from book.builder.teaching.files import colab_notebooks, instructor_notebooks, questions, student_notebooks
from book.builder.teaching.pdfs import pdfs
from book.builder.teaching.sheets import sheets
from book.builder.teaching.slides import slides

# In the order in which the contents list what they make.
MAKERS: tuple[Maker, ...] = (student_notebooks, instructor_notebooks, colab_notebooks, slides, pdfs, sheets, questions)


def teach(root, tier, wanted=()):
    """Writes `root`/_build/teach; of the chapters whose names begin with one of `wanted` only, if there are any.

    All chapters: the book is built first. Some: they are executed, and what needs the built site is left out.
    """
    out = root / "_build"
    if not wanted:
        status = build(root, tier)
        if status:
            return status
    names = [name for name in chapter_names(root) if not wanted or name.startswith(tuple(wanted))]
    if not names:
        raise ValueError(f"no chapter begins with {' or '.join(wanted)}; there are {', '.join(chapter_names(root))}")
    tiers = yaml.safe_load((root / "book" / "tiers.yml").read_text(encoding="utf-8"))
    chapters = [read_chapter(root, name, tiers, tier) for name in names]
    paths, failures = execute_all(chapters, root, out / "cache")
    if failures:
        print("\n" + "\n\n".join(map(str, failures)), file=sys.stderr)
        return 1
    lessons = [Lesson(c.name, c.notebook, read_executed(paths[c.name], c.notebook)) for c in chapters]
    repository = find_repository(root)
    pages = None if wanted else out / "html"
    course = Course(root, out / "teach", lessons, tier, pages, repository, install_source(repository))
    shutil.rmtree(course.out, ignore_errors=True)
    course.out.mkdir(parents=True)
    write_contents(course, [made for maker in MAKERS for made in maker(course)])
    print(f"For teachers: {course.out / 'index.html'}")
    return 0


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m book teach", description="Makes what teachers are given.")
    parser.add_argument("chapters", nargs="*", help="numbers of chapters (06 07); all, and the book, without any")
    parser.add_argument("--tier", choices=TIERS, default="teach", help="how much is computed")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    job = functools.partial(teach, root, options.tier, options.chapters)
    return run_alone(root, job, failed="The teaching material was not made", again="run")


if __name__ == "__main__":
    sys.exit(main())
