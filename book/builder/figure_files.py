"""Images of built pages as files named by their content; notebooks and their copies keep them within."""

import base64
import hashlib
import os
import re

# Images inside a page are read with it, over and over; files are fetched beside it, packed, and kept.
_INLINE = re.compile(r'\b(?P<name>src|srcset)="data:image/(?P<kind>svg\+xml|png|jpeg);base64,(?P<content>[^"]+)"')
_SUFFIX = {"svg+xml": "svg", "png": "png", "jpeg": "jpg"}
_OPENING = re.compile(rb"<svg\b[^>]*>")


def lift_images(pages):
    """Writes every inline image of the pages below `pages` into _images, once, and refers to it there."""
    folder = pages / "_images"
    folder.mkdir(exist_ok=True)
    for page in sorted(pages.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        towards = os.path.relpath(folder, page.parent).replace(os.sep, "/")
        lifted = _INLINE.sub(lambda match, towards=towards: _lift(match, folder, towards), text)
        if lifted != text:
            page.write_text(lifted, encoding="utf-8")


def _lift(match, folder, towards):
    content = base64.b64decode(match["content"])
    file = folder / image_name(content, match["kind"])
    if not file.exists():
        file.write_bytes(content)
    # Formulas come first on a slow line.
    priority = ' fetchpriority="low"' if match["name"] == "src" else ""
    return f'{match["name"]}="{towards}/{file.name}"{room(content)}{priority}'


def image_name(content, kind):
    """The name of the file of an image, by its content; `kind` as in an address of data: svg+xml, png, jpeg."""
    return f"{hashlib.sha256(content).hexdigest()[:20]}.{_SUFFIX[kind]}"


def room(content):
    """Width and height of an SVG as attributes: the page keeps room for it, and does not jump when it comes.

    >>> room(b'<svg xmlns="http://www.w3.org/2000/svg" width="532.8pt" height="237.6pt">')
    ' width="533" height="238"'
    >>> room(b"another format")
    ''
    """
    tag = _OPENING.search(content[:2000])
    size = {name: re.search(rf'\b{name}="([\d.]+)pt"'.encode(), tag[0]) for name in ("width", "height")} if tag else {}
    return "".join(f' {name}="{round(float(found[1]))}"' for name, found in size.items() if found)
