"""Both copies of a chapter: a button each on Colab and to download, and the files that they lead to."""

import nbformat

from book.builder.build import ROOT
from book.builder.copies import offer_copies
from book.builder.execute import Chapter
from book.builder.stage import write_colab_copies, write_downloads


def buttons(page, *groups):
    context = {"header_buttons": [{"buttons": list(group)} for group in groups] + [{"label": "fullscreen-button"}]}
    offer_copies(None, page, "page.html", context, None)
    made = [button for group in context["header_buttons"] for button in group.get("buttons", [])]
    return [(button["text"], button["url"], button["tooltip"]) for button in made]


COLAB = {"text": "Colab", "url": "c.org/github/ada/book/blob/colab/notebooks/01_a.ipynb", "tooltip": "Launch on Colab"}
SOURCE = {
    "text": ".ipynb",
    "url": "../_sources/notebooks/01_a.ipynb",
    "tooltip": "Download source file",
    "label": "download-source-button",
}


def test_a_chapter_offers_the_students_copy_first():
    work, solved = "to work in", "with solutions and notes"
    assert buttons("notebooks/01_a", [COLAB.copy()], [SOURCE.copy()]) == [
        ("Colab", COLAB["url"], f"Launch on Colab, {work}"),
        ("Colab with solutions", COLAB["url"].replace("notebooks", "instructor"), f"Launch on Colab, {solved}"),
        (".ipynb", SOURCE["url"], f"Download source file, {work}"),
        (
            ".ipynb with solutions",
            "../_sources/notebooks/01_a_with_solutions.ipynb",
            f"Download source file, {solved}",
        ),
    ]
    assert buttons("book/intro", [SOURCE.copy()]) == [tuple(SOURCE[key] for key in ("text", "url", "tooltip"))]


def test_the_files_are_there(tmp_path):
    notebook = nbformat.read(ROOT / "tests" / "book" / "conventions.ipynb", as_version=4)
    copies = write_colab_copies([Chapter("09_all", notebook, {}, "smoke")], tmp_path / "colab", None, "git+x")
    assert copies["student"]["09_all"] == tmp_path / "colab" / "notebooks" / "09_all.ipynb"
    staged = tmp_path / "pages" / "_sources" / "notebooks" / "09_all.ipynb"
    staged.parent.mkdir(parents=True)
    staged.touch()
    write_downloads(copies, tmp_path / "pages")
    read = {path.stem: path.read_text(encoding="utf-8") for path in staged.parent.iterdir()}
    assert {name: "Because." in text for name, text in read.items()} == {"09_all": False, "09_all_with_solutions": True}
    assert all("git+x" in text for text in read.values())
