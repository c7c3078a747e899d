"""Writes the slides of executed chapters: a page a chapter, and beside them once what all load (`_lib/`).

Nothing is fetched from another host: reveal.js comes from the wheel of sphinx-revealjs, MathJax from that of the book.
A deck opens from a folder without a server.
"""

import html
import importlib.util
import shutil
from pathlib import Path

import yaml

from book.builder.chapters import title_of
from book.builder.figure_files import lift_images
from book.builder.site import copy_mathjax
from book.builder.teaching.course import Made
from book.builder.teaching.deck import stacks_of
from book.builder.teaching.prose import inline_html

_HERE = Path(__file__).resolve().parent
_LICENCE = "Text and figures: CC BY 4.0 · code: MIT"
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="_lib/reveal/reset.css">
<link rel="stylesheet" href="_lib/reveal/reveal.css">
<link rel="stylesheet" href="_lib/code.css">
<link rel="stylesheet" href="_lib/slides.css">
<script src="_lib/slides.js"></script>
<script defer src="_lib/mathjax/tex-chtml.js"></script>
<script defer src="_lib/reveal/reveal.js"></script>
<script defer src="_lib/reveal/notes.js"></script>
</head>
<body>
<main class="reveal measuring">
<div class="slides">
{stacks}
</div>
<p class="foot">{chapter} · {licence}</p>
</main>
</body>
</html>
"""
_INDEX = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Slides: {title}</title>
<link rel="stylesheet" href="_lib/slides.css">
</head>
<body class="index">
<main>
<h1>{title}</h1>
<p>Slides, a deck a chapter. Arrow keys or a swipe lead on; <kbd>S</kbd> opens the speaker's notes, <kbd>Esc</kbd> the
overview. Right goes to the next section, down to the next slide, and the space bar to whatever comes next. A deck with
<code>?print-pdf</code> behind its address prints, a slide a sheet.</p>
<ul>
{decks}
</ul>
<p>{licence}.</p>
</main>
</body>
</html>
"""


def slides(course):
    """slides/: the maker of the decks of a course."""
    title = yaml.safe_load((course.root / "_config.yml").read_text(encoding="utf-8"))["title"]
    chapters = {lesson.name: lesson.executed for lesson in course.lessons}
    write_slides(chapters, course.out / "slides", title, course.repository and course.repository.site)
    what = "Slides, to show from this folder without a network: what a room can read, the text as your notes (press S)."
    return [Made("slides", what, "*.html")]


def write_slides(chapters, folder, title, site=None):
    """Writes a deck of each executed chapter ({name: notebook}) to `folder`, with all that it loads; gives their paths.

    `title` is the book's, `site` its address, to which links to other pages lead; without one they are mere words.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _write_library(folder / "_lib")
    decks, titles = {}, {}
    for name, chapter in chapters.items():
        titles[name] = title_of(chapter)
        decks[name] = folder / f"{name}.html"
        decks[name].write_text(_page(chapter, name, title, site), encoding="utf-8")
    lift_images(folder)
    links = "\n".join(f'<li><a href="{name}.html">{html.escape(words)}</a></li>' for name, words in titles.items())
    index = _INDEX.format(title=html.escape(title), decks=links, licence=_LICENCE)
    (folder / "index.html").write_text(index, encoding="utf-8")
    return decks


def _page(chapter, name, title, site):
    stacks = stacks_of(chapter, f"notebooks/{name}.ipynb", site)
    names = set()
    markup = "\n".join(
        f"<section>\n{''.join(_section(slide, title, names) for slide in stack)}</section>" for stack in stacks
    )
    words = html.escape(title_of(chapter))
    return _PAGE.format(title=f"{words} · slides", chapter=words, stacks=markup, licence=_LICENCE)


def _section(slide, title, names):
    """A slide as reveal.js reads it; each name is given once, as the id that addresses lead to."""
    name = f' id="{slide.name}"' if slide.name and slide.name not in names else ""
    names.add(slide.name)
    heading = "h1" if slide.kind == "title" else "h2"
    credit = [f"<p>{html.escape(title)}</p>", f'<p class="small">{_LICENCE}</p>']
    blocks = credit if slide.kind == "title" else slide.blocks
    notes = f'<aside class="notes">{"".join(_paragraph(note) for note in slide.notes)}</aside>\n' if slide.notes else ""
    return (
        f'<section{name}><div class="sheet {slide.kind}">\n<{heading}>{inline_html(slide.heading)}</{heading}>\n'
        f'<div class="body">\n{chr(10).join(blocks)}\n</div></div>\n{notes}</section>\n'
    )


def _paragraph(note):
    return note if note.startswith(("<p", "<ul", "<div", "<ol", "<pre", "<table")) else f"<p>{note}</p>"


def _write_library(library):
    """What all decks load: reveal.js with its notes, MathJax, the house's style and script."""
    from pygments.formatters import HtmlFormatter

    reveal = _revealjs()
    (library / "reveal").mkdir(parents=True)
    for part in ("dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js", "LICENSE"):
        shutil.copy(reveal / part, library / "reveal")
    copy_mathjax(library / "mathjax")
    for part in ("slides.css", "slides.js"):
        shutil.copy(_HERE / part, library)
    style = HtmlFormatter(style="a11y-high-contrast-light", cssclass="code").get_style_defs(".code")
    (library / "code.css").write_text(style, encoding="utf-8")


def _revealjs():
    """The folder of reveal.js in the wheel of sphinx-revealjs, of which only these files are used."""
    found = importlib.util.find_spec("sphinx_revealjs")
    if found is None:
        raise RuntimeError("slides need the package sphinx-revealjs (extra `teach`), which holds reveal.js")
    return Path(found.origin).parent / "_static" / "revealjs"
