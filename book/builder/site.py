"""Renders the staged book to static pages, adds MathJax, and checks that none needs a network."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# MathJax's one combined component that the pages load; it fetches the rest by relative address.
MATHJAX = "tex-chtml.js"


def render(source, work):
    """Builds `source` (a staged Jupyter Book) afresh below `work`; gives the folder of pages.

    Always from scratch: Sphinx repeats no warning for a page that it has read before, so a second
    try at a faulty book would pass.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    program = Path(sys.executable).with_name("jupyter-book")
    command = [str(program), "build", str(source), "--path-output", str(work), "--all", "--quiet"]
    command += ["--nitpick", "--warningiserror", "--keep-going"]
    # Sphinx imports book.builder.extension, and symlib for the interface page, from the root of the tree.
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    pages = work / "_build" / "html"
    if done.returncode != 0 or not (pages / "index.html").exists():
        output = re.sub(r"\x1b\[[0-9;]*m", "", done.stderr + done.stdout)
        raise RuntimeError(f"the book does not render:\n{output.strip()}")
    copy_mathjax(pages / "_static" / "mathjax")
    return pages


def copy_mathjax(target):
    """Copies the part of MathJax 3 that pages of formulas use: their component, fonts, speech.

    Into the built pages only: Jupyter Book would load every script of a source folder _static.
    """
    package = Path(importlib.util.find_spec("mathjax").origin).parent
    source = package / "static" / "mathjax" / "es5"

    def unused(folder, names):
        if Path(folder) == source:
            return [name for name in names if name.endswith(".js") and name != MATHJAX]
        return [name for name in names if name == "svg" and folder.endswith("output")]

    shutil.copytree(source, target, ignore=unused)
    shutil.copy(package / "static" / "mathjax" / "LICENSE", target)


# What a browser fetches by itself on opening a page, unlike what a reader clicks.
_FETCHED = {"img", "script", "iframe", "source", "video", "audio", "embed", "object", "track"}
_FETCHED_LINKS = {"stylesheet", "preload", "icon", "modulepreload", "prefetch", "preconnect"}


class _References(HTMLParser):
    """Collects the addresses that a page fetches."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag in _FETCHED:
            self.found += [values.get(name) for name in ("src", "srcset", "data", "poster")]
        if tag == "link" and _FETCHED_LINKS & set((values.get("rel") or "").split()):
            self.found.append(values.get("href"))


def foreign_references(pages):
    """(file, address) of all in the built pages that a browser would ask another host for."""
    found = []
    for page in sorted(pages.rglob("*.html")):
        parser = _References()
        parser.feed(page.read_text(encoding="utf-8"))
        found += [(page, address) for address in parser.found if address]
    for sheet in sorted(pages.rglob("*.css")):
        text = sheet.read_text(encoding="utf-8")
        found += [(sheet, url) for url in re.findall(r"(?:url\(|@import )[\"']?([^\"')\s]+)", text)]
    return [
        (path.relative_to(pages).as_posix(), address) for path, address in found if re.match(r"(?:https?:)?//", address)
    ]
