"""Cuts the theme's icon fonts down to the icons that the built pages show: some kilobytes of several hundred."""

import re

_FONTS = "vendor/fontawesome/webfonts"
# A rule of the style sheets, and the code points behind a backslash in it, whichever property carries them to an icon.
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_CODE = re.compile(r'"\\([0-9a-f]{4,5})"')
_NAME = re.compile(r"\bfa-[a-z0-9-]+")


def cut_icons(pages):
    """Rewrites the icon fonts below `pages`, and what the style sheets say of them."""
    static = pages / "_static"
    sheets = {path: path.read_text(encoding="utf-8") for path in static.rglob("*.css")}
    named_in = [*pages.rglob("*.html"), *static.glob("*.js"), *static.glob("scripts/*.js")]
    used = {name for path in named_in for name in _NAME.findall(path.read_text(encoding="utf-8"))}
    codes = {int(code, 16) for text in sheets.values() for code in shown(text, used)}
    for font in (static / _FONTS).glob("*.ttf"):
        cut(font, codes)
    for path, text in sheets.items():
        if _FONTS in text:
            path.write_text(without_other_formats(text), encoding="utf-8")


def shown(sheet, used):
    r"""Code points of the icons that a style sheet shows where only the names in `used` occur in pages.

    >>> shown(r'.fa-sun:before{content:"\f185"} .fa-at:before{content:"\40aa"} html{--note:"\f05a"}', {"fa-sun"})
    ['f185', 'f05a']
    """
    found = [(set(_NAME.findall(selectors)), rules) for selectors, rules in _RULE.findall(sheet)]
    return [code for names, rules in found if not names or names & used for code in _CODE.findall(rules)]


def cut(font, codes):
    """Replaces a TrueType font, and its WOFF2 beside it, by a WOFF with the glyphs of `codes` only."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    with TTFont(font) as whole:
        subsetter = Subsetter(Options(layout_features=[], notdef_outline=True))
        subsetter.populate(unicodes=codes)
        subsetter.subset(whole)
        whole.flavor = "woff"  # packed with zlib, which every Python has
        whole.save(font.with_suffix(".woff"))
    font.unlink()
    font.with_suffix(".woff2").unlink(missing_ok=True)


def without_other_formats(sheet):
    """A style sheet that names the WOFF alone.

    >>> without_other_formats('src:url(a/webfonts/fa.woff2) format("woff2"),url(a/webfonts/fa.ttf) format("truetype")}')
    'src:url(a/webfonts/fa.woff) format("woff")}'
    """
    pattern = r'url\(([^()]*/webfonts/[^()]*)\.woff2\) format\("woff2"\),\s*url\([^()]*\.ttf\) format\("truetype"\)'
    return re.sub(pattern, r'url(\1.woff) format("woff")', sheet)
