"""What is done to the rendered pages before they are shown: made light, given their map and picture, printed."""

import time

from book.builder.figure_files import lift_images
from book.builder.icons import cut_icons
from book.builder.lighten import lighten
from book.builder.preview import draw_preview
from book.builder.printing import print_book
from book.builder.publishing import write_sitemap


def finish(pages, title, contents, repository, printer):
    """Finishes the site in `pages`, of the book `title` with pages `contents`, prints it with the browser `printer`.

    `repository` and `printer` are None where there is none.
    """
    lighten(pages)
    lift_images(pages)
    cut_icons(pages)
    if repository is not None:
        draw_preview(pages / "_static" / "preview.png", title)
        write_sitemap(pages, contents, repository.site)
    if printer is not None:
        start = time.perf_counter()
        print("Printing", flush=True)
        print_book(pages, contents, printer, repository and repository.site)
        print(f"  {len(contents)} PDFs and the whole book in {time.perf_counter() - start:.0f} s")
