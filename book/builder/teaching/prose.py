r"""Turns the chapters' plain Markdown into HTML for slides, and picks the sentences that a slide can hold.

>>> html_of("A *wave* $\\lambda_\\omega<1$.")
'<p>A <em>wave</em> <span class="math">\\(\\lambda_\\omega&lt;1\\)</span>.</p>'
"""

import html
import re
from functools import cache
from itertools import pairwise

from book.builder.markup import lower_markup, map_links

# What a full stop may stand in without ending a sentence.
_WHOLE = re.compile(r"\$\$.*?\$\$|\$[^$]+\$|`+[^`]*`+|\[[^\]]*\]\([^)]*\)|\b(?:e\.g|i\.e|cf|vs|et al|St)\.", re.S)
_END = re.compile(r"[.?!:][*_\"”’)]*(?=\s+[^a-z\s]|\s*$)")


@cache
def _markdown():
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    def formula(content, options):
        content = html.escape(content.strip(), quote=False)
        return rf"\[{content}\]" if options["display_mode"] else rf"\({content}\)"

    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    return reader.use(dollarmath_plugin, renderer=formula, allow_labels=False)


def html_of(text):
    """HTML of Markdown, its formulas between the marks that MathJax looks for."""
    markup = _markdown().render(text).strip()
    # The plugin draws displayed formulas as a block, inline ones as a span: both without marks of their own.
    return re.sub(r'<span class="math inline">', '<span class="math">', markup)


def inline_html(text):
    """HTML of one line of Markdown, without a paragraph around it."""
    return re.sub(r'<span class="math inline">', '<span class="math">', _markdown().renderInline(text).strip())


def blocks_of(text):
    """[(kind, source)] of the top-level blocks of Markdown: heading, paragraph, math, list, table, quote, fence."""
    lines = text.split("\n")
    kinds = {"heading_open": "heading", "paragraph_open": "paragraph", "math_block": "math", "table_open": "table"}
    kinds |= {"bullet_list_open": "list", "ordered_list_open": "list", "blockquote_open": "quote", "fence": "fence"}
    tokens = [token for token in _markdown().parse(text) if token.level == 0 and token.nesting >= 0 and token.map]
    return [
        (kinds.get(token.type, "other"), "\n".join(lines[slice(*token.map)]).strip("\n"))
        for token in tokens
        if token.type in kinds or token.nesting == 0
    ]


def list_items(source):
    """The sources of the items of a Markdown list, without their marks."""
    items = re.split(r"^(?:[*+-]|\d+[.)])\s+", source, flags=re.M)[1:]
    return [re.sub(r"\n\s+", "\n", item).strip() for item in items]


def sentences(text):
    """The sentences of a paragraph of Markdown; stops inside formulas, code and links end none.

    >>> sentences("Take $n$ points, e.g. 8. Is $K_{0.5}$ small?")
    ['Take $n$ points, e.g. 8.', 'Is $K_{0.5}$ small?']
    """
    text = " ".join(text.split())
    kept = _WHOLE.sub(lambda match: re.sub(r"[.?!:\s]", "x", match[0]), text)
    cuts = [0, *(match.end() for match in _END.finditer(kept)), len(text)]
    found = [text[a:b].strip() for a, b in pairwise(cuts) if text[a:b].strip()]
    # Words in bold that open a paragraph are its name, and say nothing alone.
    if len(found) > 1 and re.fullmatch(r"\*\*[^*]+\*\*", found[0]):
        found[:2] = [f"{found[0]} {found[1]}"]
    return found


def length(text):
    """How many letters a line of Markdown takes on paper, roughly: formulas are shorter than their source.

    >>> length(r"the mean $\\langle\\lambda^{-1}\\rangle$"), length("[here](https://a.org)")
    (14, 4)
    """
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(
        r"\$[^$]+\$", lambda match: re.sub(r"\\[a-zA-Z]+|[{}$^_ ]", lambda m: "x" * (m[0][0] == "\\"), match[0]), text
    )
    return len(re.sub(r"[*`]", "", text))


def without_near_links(text, page, site):
    """Markdown whose links to other pages of the book are absolute below `site`, or mere words where it is None."""
    if site is not None:
        return lower_markup(text, page, site)
    return map_links(text, lambda label, url: None if re.match(r"[a-z]+:", url) else label)
