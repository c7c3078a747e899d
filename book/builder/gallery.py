"""The page of all figures: small pictures, each with its number, its caption, and the cell that makes it."""

import html

from book.builder.chapters import title_of
from book.builder.figure_files import image_name, room
from book.builder.pictures import picture_of, shown_by
from book.builder.repository import COLAB_BRANCH


def gallery(chapters, repository):
    """Markdown and HTML of all numbered figures of executed `chapters` ({name: notebook}), a heading a chapter.

    The pictures are the files that figure_files.py makes of the chapters' own. Where the repository is known, a link
    opens the cell on Colab.
    """
    parts = []
    for name, chapter in chapters.items():
        cells = [(cell, picture_of(markup)) for cell in chapter.cells for markup in shown_by(cell)]
        items = [_item(name, cell, picture, repository) for cell, picture in cells if picture and picture.number]
        if items:
            figures = "\n".join(items)
            parts.append(f'## {title_of(chapter)}\n\n<div class="gallery">\n{figures}\n</div>')
    return "\n\n".join(parts)


def _item(name, cell, picture, repository):
    """One figure as a line of HTML: without an empty line, at which Markdown would take over again."""
    address = f"../notebooks/{name}.html#figure-{picture.number.replace('.', '-')}"
    content = picture.content
    image = (
        f'<img loading="lazy" decoding="async" alt="{picture.alt}" '
        f'src="../_images/{image_name(content, picture.kind)}"{room(content)}>'
    )
    code = html.escape(cell.source).replace("\n", "&#10;")
    return (
        f'<figure class="symlib-figure pictured"><a class="reference internal" href="{address}">{image}</a>'
        f'<figcaption><span class="number">Figure {picture.number}.</span> '
        f"{picture.caption}</figcaption><details><summary>The code of Figure {picture.number}</summary>"
        f"<pre>{code}</pre>{_on_colab(name, cell, repository)}</details></figure>"
    )


def _on_colab(name, cell, repository):
    if repository is None or "id" not in cell:
        return ""
    owner = repository.url.removeprefix("https://github.com/")
    notebook = f"https://colab.research.google.com/github/{owner}/blob/{COLAB_BRANCH}/notebooks/{name}.ipynb"
    return f'<p><a href="{notebook}#scrollTo={cell.id}">This cell on Colab</a></p>'
