"""Reads the numbered figures in what a chapter's cells show: picture, alternative text, caption."""

import base64
import re
from typing import NamedTuple

_NUMBER = re.compile(r'<span class="number">Figure (\d+\.\d+)\.</span>')
_FRAME = re.compile(r'<div class="symlib-frame">(.*?)</div>', re.S)
_IMAGE = re.compile(r'<img alt="(?P<alt>[^"]*)" src="(?P<source>data:image/(?P<kind>svg\+xml|png|jpeg);base64,[^"]+)"')
_CAPTION = re.compile(r"<figcaption>(?:<span[^>]*>[^<]*</span> ?)?(.*?)</figcaption>", re.S)


class Picture(NamedTuple):
    """A figure without what moves in it: `number` may be "", `alt` and `caption` are HTML, `source` is an address."""

    number: str
    alt: str
    caption: str
    source: str
    kind: str

    @property
    def content(self):
        """The bytes of the picture."""
        return base64.b64decode(self.source.partition("base64,")[2])


def picture_of(markup):
    """The figure in the HTML that a cell shows; None where it shows another thing.

    Of a live figure it is the picture that stands in print, of a slider the one that it starts with.
    """
    if 'class="symlib-figure' not in markup:
        return None
    frame, number = _FRAME.search(markup), _NUMBER.search(markup)
    shown = frame[1] if frame else markup
    image, caption = _IMAGE.search(shown), _CAPTION.search(shown)
    if image is None:
        return None
    return Picture(
        number[1] if number else "", image["alt"], caption[1] if caption else "", image["source"], image["kind"]
    )


def shown_by(cell):
    """The HTML of each output of a cell."""
    return ["".join(output.get("data", {}).get("text/html", "")) for output in cell.get("outputs", [])]
