"""Takes out of built pages what the theme has them fetch, and no page of this book uses."""

import re

# Icons come from the theme's web font, so its script of all 2,000 of them can go; nothing runs in the page (thebe),
# nothing carries a toggle button or a tab. Style sheets go with their scripts.
_UNUSED = ("scripts/fontawesome.js", "sphinx-thebe", "togglebutton", "design-tabs.js")
# The theme has every page fetch what only the page of results runs.
_SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")
_SCRIPT = r'<script\b[^>]*\bsrc="[^"]*{name}[^"]*"[^>]*></script>'
_SHEET = r'<link\b[^>]*\bhref="[^"]*{name}[^"]*"[^>]*>'
# Inline settings of the scripts above.
_SETTINGS = re.compile(
    r"<script>(?:let toggle\w+ = |var togglebuttonSelector|kernelName = |mkThebe).*?</script>\n?"
    r'|<script type="text/x-thebe-config">.*?</script>\n?',
    re.S,
)


def lighten(pages):
    """Removes unused scripts and style sheets from the pages below `pages`, and the files that no page asks for."""
    for page in sorted(pages.rglob("*.html")):
        names = _UNUSED if page.name == "search.html" else (*_UNUSED, *_SEARCH)
        text = _SETTINGS.sub("", page.read_text(encoding="utf-8"))
        for name in names:
            for pattern in (_SCRIPT, _SHEET):
                text = re.sub(pattern.format(name=re.escape(name)) + r"\n?", "", text)
        page.write_text(text, encoding="utf-8")
    for file in sorted((pages / "_static").rglob("*")):
        if file.is_file() and (file.suffix in (".map", ".po", ".mo") or any(name in str(file) for name in _UNUSED)):
            file.unlink()
