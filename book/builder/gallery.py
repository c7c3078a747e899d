"""The page of all figures: small pictures, each with its number, its caption, and the cell that makes it."""

import base64
import html
import re
from typing import NamedTuple

from book.builder.chapters import title_of
from book.builder.figure_files import image_name, room
from book.builder.repository import COLAB_BRANCH

_PICTURE = re.compile(
    r'<img alt="(?P<alt>[^"]*)" src="data:image/(?P<kind>svg\+xml|png|jpeg);base64,(?P<content>[^"]+)"'
)
_NUMBER = re.compile(r'<span class="number">Figure (\d+\.\d+)\.</span>')
_CAPTION = re.compile(r"<figcaption>(?:<span[^>]*>[^<]*</span> ?)?(.*?)</figcaption>", re.S)
_FRAME = re.compile(r'<div class="symlib-frame">(.*?)</div>', re.S)


class Pictured(NamedTuple):
    """A numbered figure of an executed chapter; alternative text and caption are HTML, `cell` the id of its cell."""

    number: str
    alt: str
    caption: str
    image: str
    size: str
    code: str
    cell: str


def figures_of(executed):
    """The numbered figures of an executed chapter, in order: of one that moves, the picture that it starts with."""
    found = []
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            markup = "".join(output.get("data", {}).get("text/html", ""))
            number = _NUMBER.search(markup)
            shown = _FRAME.search(markup)
            shown = shown[1] if shown else markup
            picture, caption = _PICTURE.search(shown), _CAPTION.search(shown)
            if number and picture:
                content = base64.b64decode(picture["content"])
                name = image_name(content, picture["kind"])
                words = caption[1] if caption else ""
                found.append(
                    Pictured(number[1], picture["alt"], words, name, room(content), cell.source, cell.get("id", ""))
                )
    return found


def gallery(chapters, repository):
    """Markdown and HTML of all figures of executed `chapters` ({name: notebook}), a heading a chapter.

    The pictures are the files that figure_files.py makes of the chapters' own. Where the repository is known, a link
    opens the cell on Colab.
    """
    parts = []
    for name, chapter in chapters.items():
        figures = figures_of(chapter)
        if figures:
            items = "\n".join(_item(name, figure, repository) for figure in figures)
            parts.append(f'## {title_of(chapter)}\n\n<div class="gallery">\n{items}\n</div>')
    return "\n\n".join(parts)


def _item(name, figure, repository):
    """One figure as a line of HTML, without an empty line inside, at which Markdown would take over again."""
    address = f"../notebooks/{name}.html#figure-{figure.number.replace('.', '-')}"
    picture = f'<img loading="lazy" decoding="async" alt="{figure.alt}" src="../_images/{figure.image}"{figure.size}>'
    code = html.escape(figure.code).replace("\n", "&#10;")
    links = ""
    if repository is not None and figure.cell:
        owner = repository.url.removeprefix("https://github.com/")
        notebook = f"https://colab.research.google.com/github/{owner}/blob/{COLAB_BRANCH}/notebooks/{name}.ipynb"
        links = f'<p><a href="{notebook}#scrollTo={figure.cell}">This cell on Colab</a></p>'
    return (
        f'<figure class="symlib-figure pictured"><a class="reference internal" href="{address}">{picture}</a>'
        f'<figcaption><a class="reference internal number" href="{address}">Figure {figure.number}.</a> '
        f"{figure.caption}</figcaption>"
        f"<details><summary>The code of Figure {figure.number}</summary><pre>{code}</pre>{links}</details></figure>"
    )
