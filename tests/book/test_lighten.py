"""Rendered pages made light: images beside them, nothing fetched that nobody uses, icons cut to those in use."""

import base64
import re

from fontTools.ttLib import TTFont

from book.builder.figure_files import lift_images
from book.builder.lighten import lighten

SVG = b'<svg width="100pt" height="50pt"></svg>'


def test_an_image_is_one_file_however_often_it_stands_in_pages(tmp_path):
    inline = f"data:image/svg+xml;base64,{base64.b64encode(SVG).decode()}"
    (tmp_path / "notebooks").mkdir()
    for name in ("a", "notebooks/b"):
        page = f'<source media="(max-width: 600px)" srcset="{inline}"><img alt="x" src="{inline}">'
        (tmp_path / f"{name}.html").write_text(page)
    lift_images(tmp_path)
    (file,) = (tmp_path / "_images").iterdir()
    assert file.read_bytes() == SVG and file.suffix == ".svg"
    deep = (tmp_path / "notebooks" / "b.html").read_text()
    assert f'srcset="../_images/{file.name}" width="100" height="50"' in deep
    assert f'src="../_images/{file.name}" width="100" height="50" fetchpriority="low"' in deep
    assert f'src="_images/{file.name}"' in (tmp_path / "a.html").read_text()


def test_what_no_page_uses_is_neither_asked_for_nor_there(tmp_path):
    scripts = tmp_path / "_static" / "scripts"
    scripts.mkdir(parents=True)
    for name in ("fontawesome.js", "bootstrap.js", "bootstrap.js.map"):
        (scripts / name).write_text("x")
    page = '<script defer src="_static/scripts/{}.js?digest=1"></script>\n'
    head = page.format("fontawesome") + page.format("bootstrap") + "<script src='searchindex.js'></script>"
    head = head.replace("'", '"')
    (tmp_path / "a.html").write_text(head)
    (tmp_path / "search.html").write_text(head)
    lighten(tmp_path)
    assert (tmp_path / "a.html").read_text() == page.format("bootstrap")
    assert "searchindex" in (tmp_path / "search.html").read_text()
    assert [path.name for path in scripts.iterdir()] == ["bootstrap.js"]


def test_no_built_page_carries_an_image_within(site):
    for page in site.rglob("*.html"):
        assert "data:image/svg+xml;base64" not in page.read_text(encoding="utf-8"), page


def test_every_icon_of_the_pages_has_its_glyph(site):
    fonts = (site / "_static" / "vendor" / "fontawesome" / "webfonts").glob("*.woff")
    glyphs = {code for font in fonts for code in TTFont(font).getBestCmap() or ()}
    sheet = (site / "_static" / "styles" / "pydata-sphinx-theme.css").read_text(encoding="utf-8")
    pages = "".join(page.read_text(encoding="utf-8") for page in site.rglob("*.html"))
    names = set(re.findall(r'class="fa(?:-solid|-regular|-brands|[srb])? (fa-[\w-]+)', pages))
    assert len(names) > 5
    for name in names:
        (code,) = re.findall(rf'\.{name}:before[^{{}}]*\{{content:"\\([0-9a-f]+)"', sheet) or [None]
        assert code is None or int(code, 16) in glyphs, name
