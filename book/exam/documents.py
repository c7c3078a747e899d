"""Sheets as files: Markdown, notebooks with room for answers, and PDF where there is a browser."""

import tempfile
from pathlib import Path

import nbformat

FORMATS = ("markdown", "notebook", "pdf")
_ROOM = "*Your answer:*"
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
@page {{ size: A4; margin: 20mm; @bottom-right {{ content: counter(page); font: 9pt sans-serif; }} }}
body {{ font: 11pt/1.45 Georgia, "Times New Roman", serif; }}
h1, h2, h3 {{ font-family: sans-serif; break-after: avoid; }} h1 {{ font-size: 17pt; }} h2 {{ font-size: 13pt; }} h3 {{ font-size: 11pt; }}
table {{ border-collapse: collapse; break-inside: avoid; }} th, td {{ border: 0.5pt solid #888; padding: 1.5mm 2.5mm; }}
pre {{ font-size: 12pt; break-inside: avoid; }}
</style>
<script>MathJax = {{ tex: {{ inlineMath: [["\\\\(", "\\\\)"]], displayMath: [["\\\\[", "\\\\]"]] }} }};</script>
<script src="mathjax/tex-chtml.js"></script>
{body}</html>"""


def write(pieces, path, form, *, room=False):
    """Writes pieces of Markdown to `path` (without its suffix) in one of FORMATS; gives the file.

    `room` leaves a cell for the answer behind each question of a notebook. Raises RuntimeError where a PDF is asked for
    and there is no browser.
    """
    if form == "markdown":
        file = path.with_name(f"{path.name}.md")
        file.write_text("\n\n".join(pieces) + "\n", encoding="utf-8")
    elif form == "notebook":
        file = path.with_name(f"{path.name}.ipynb")
        nbformat.write(_notebook(pieces, room), file)
    else:
        file = path.with_name(f"{path.name}.pdf")
        _print("\n\n".join(pieces), file)
    return file


def _notebook(pieces, room):
    cells = []
    for at, piece in enumerate(pieces):
        cells.append(nbformat.v4.new_markdown_cell(piece, id=f"question-{at}"))
        if room and at:
            cells.append(nbformat.v4.new_markdown_cell(_ROOM, id=f"answer-{at}"))
            cells.append(nbformat.v4.new_code_cell("", id=f"code-{at}"))
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def as_html(text):
    """A page of its own of Markdown with formulas; MathJax is looked for beside it."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    def formula(content, how):
        marks = (r"\[", r"\]") if how["display_mode"] else (r"\(", r"\)")
        return content.replace("&", "&amp;").replace("<", "&lt;").join(marks)

    parser = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, renderer=formula)
    title = text.partition("\n")[0].lstrip("# ")
    return _PAGE.format(title=title, body=parser.render(text))


def _print(text, file):
    from book.builder.browser import ARGUMENTS
    from book.builder.printing import find_printer
    from book.builder.site import copy_mathjax

    chromium = find_printer()
    if chromium is None:
        raise RuntimeError("a PDF takes Chromium and playwright; write notebooks or Markdown instead (--format)")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "exam.html"
        page_file.write_text(as_html(text), encoding="utf-8")
        copy_mathjax(Path(folder) / "mathjax")
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=ARGUMENTS)
        page = browser.new_page()
        page.goto(page_file.as_uri())
        page.evaluate("async () => { await MathJax.startup.promise; await document.fonts.ready; }")
        page.pdf(path=file, prefer_css_page_size=True, print_background=True)
        browser.close()
