"""Builds the book: stage, execute, render, check (`python -m book build --tier teach`).

notebooks/, book/  --execute-->  _build/cache/    executed chapters, kept by content
                   --stage---->  _build/source/   a Jupyter Book that mirrors the tree
                   --render--->  _build/html/     the site
                   --lower---->  _build/colab/    the chapters' copies for Colab
"""

import argparse
import functools
import json
import shutil
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import yaml
from filelock import FileLock

from book.builder.execute import digest, execute_all, files_digest, read_chapter, versions
from book.builder.printing import find_printer
from book.builder.repository import COLAB_BRANCH, find_repository, install_source

ROOT = Path(__file__).resolve().parents[2]
TIERS = ("smoke", "teach", "paper")


def build(root, tier, *, pdf=True):
    """Brings `root`/_build/html up to date at `tier`, with PDFs where there is a browser; gives the exit status."""
    out = root / "_build"
    repository = find_repository(root)
    printer = find_printer() if pdf else None
    inputs = digest(inputs_digest(root, tier, repository), bool(printer))
    site = read_json(out / "site.json")
    if site.get("inputs") == inputs and (out / "html" / "index.html").exists():
        print(f"Up to date at the {tier} tier: {out / 'html' / 'index.html'}")
        return 0

    start = time.perf_counter()
    tiers = yaml.safe_load((root / "book" / "tiers.yml").read_text(encoding="utf-8"))
    chapters = [read_chapter(root, name, tiers, tier) for name in chapter_names(root)]
    smaller = [chapter.name for chapter in chapters if chapter.tier != tier]
    if smaller:
        print(f"No GPU here, which {', '.join(smaller)} need at the {tier} tier: computed at the teach tier")
    paths, failures = execute_all(chapters, root, out / "cache")
    if failures:
        print("\n" + "\n\n".join(map(str, failures)), file=sys.stderr)
        return 1

    # Imported here, where something is to be done: an up-to-date book is said to be so at once.
    from book.builder.finish import finish
    from book.builder.site import foreign_references, render
    from book.builder.stage import stage, write_colab_copies, write_downloads

    stage(root, out / "source", paths, tier, repository, pdf=printer is not None)
    print("Rendering", flush=True)
    pages = render(out / "source", out / "render")
    copies = write_colab_copies(chapters, out / "colab", repository, install_source(repository))
    write_downloads(copies, pages)
    title = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["title"]
    finish(pages, title, page_names(root), repository, printer)
    foreign = foreign_references(pages)
    if foreign:
        listing = "\n".join(f"  {page}: {address}" for page, address in foreign)
        raise RuntimeError(f"pages would ask other hosts for parts of themselves:\n{listing}")

    shutil.rmtree(out / "html", ignore_errors=True)
    pages.rename(out / "html")
    (out / "site.json").write_text(json.dumps({"tier": tier, "inputs": inputs}))
    if repository is None:
        print("No GitHub address is known (git remote or SYMLIB_REPOSITORY): no Colab buttons.")
    else:
        print(f"Colab buttons lead to {repository.url}, branch {COLAB_BRANCH}")
    print(f"Built at the {tier} tier in {time.perf_counter() - start:.0f} s. Open")
    print(f"  {out / 'html' / 'index.html'}")
    return 0


def chapter_names(root):
    """Names of the chapters, in the order of _toc.yml."""
    pages = page_names(root)
    return [page.removeprefix("notebooks/") for page in pages if page.startswith("notebooks/")]


def page_names(root):
    """The pages of the book ("book/intro"), in the order of _toc.yml."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"], *(entry["file"] for part in toc["parts"] for entry in part["chapters"])]


def inputs_digest(root, tier, repository):
    """Digest of all that the site is made from."""
    parts = ("book", "notebooks", "symlib", "_config.yml", "_toc.yml", "CHANGELOG.md", "CITATION.cff")
    content = files_digest(*(root / part for part in parts))
    return digest(content, versions(), tier, repository, install_source(repository))


def read_json(path):
    """The object in a JSON file; {} where there is none."""
    return json.loads(path.read_text()) if path.exists() else {}


@contextmanager
def only_one(out):
    """Waits until no other build writes to `out`: tests ask for the site from several processes."""
    out.mkdir(exist_ok=True)
    with FileLock(out / "lock"):
        yield


def run_alone(root, job, *, failed, again):
    """Runs `job()` while nothing else writes to `root`/_build; gives its exit status, or that of what stopped it."""
    with only_one(root / "_build"):
        try:
            return job()
        except KeyboardInterrupt:
            print(f"Interrupted. The next {again} goes on after the chapters finished so far.")
            return 130
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            # str() of a KeyError quotes its message.
            reason = error.args[0] if isinstance(error, KeyError) else error
            print(f"{failed}: {reason}", file=sys.stderr)
            return 1


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m book build", description="Builds the book.")
    parser.add_argument("--tier", choices=TIERS, default="teach", help="how much is computed")
    parser.add_argument("--no-pdf", dest="pdf", action="store_false", help="leave out the printed pages")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    job = functools.partial(build, root, options.tier, pdf=options.pdf)
    return run_alone(root, job, failed="The book was not built", again="build")


if __name__ == "__main__":
    sys.exit(main())
