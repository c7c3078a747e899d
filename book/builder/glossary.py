"""A Sphinx extension: the first mention of a term of book/glossary.md on a page leads there, and says what it means.

A mention is a link with its definition as title, which book/_static/notes.js shows under the pointer, a finger and in
focus; without scripts it is a link. In the glossary a comment under a term, `% in 06, 07`, says in which chapters the
word has that meaning (elsewhere it is left alone), and `% never` that it is an everyday word.
"""

import re
from typing import NamedTuple

from docutils import nodes

GLOSSARY = "book/glossary"
# Pages that say themselves what their words mean, or are lists.
_LEFT_ALONE = {GLOSSARY, *(f"book/{page}" for page in "notation api changelog claims bibliography status".split())}
# What holds no running text (code, formulas, links, headings, captions, tables, what cells put out), and boxes that
# define, or come before the text.
_CLOSED = (
    nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.reference, nodes.raw, nodes.title,
    nodes.rubric, nodes.caption, nodes.table, nodes.image, nodes.comment, nodes.target, nodes.Invisible,
)  # fmt: skip
_CLOSED_CLASSES = {"cell_output", "cell_input", "definition", "frame", "computed-at"}


class Term(NamedTuple):
    """A term's spellings, its id on the glossary's page, its definition, the chapters it is marked in (None: all)."""

    names: list
    anchor: str
    definition: str
    chapters: set | None


def terms_of(doctree):
    """The terms of a glossary, from its page as Sphinx reads it."""
    found = []
    for item in doctree.findall(nodes.definition_list_item):
        names = list(item.findall(nodes.term))
        if not names or not names[0]["ids"]:
            continue
        notes = " ".join(comment.astext() for comment in item.findall(nodes.comment))
        meant = next(item.findall(nodes.paragraph))
        chapters = set(re.findall(r"\d\d", notes)) if notes else None
        found.append(Term([name.astext() for name in names], names[0]["ids"][0], _words(meant), chapters))
    return found


def _words(node):
    """The text of a node, without the raw HTML of links."""
    return "".join(text.astext() for text in node.findall(nodes.Text) if not isinstance(text.parent, nodes.raw))


def pattern_of(name):
    """A regular expression of a term as it stands in running text: capitalised or not, one or several.

    >>> re.findall(pattern_of("Gram matrix"), "Gram matrices, a Gram matrix, the program matrix")
    ['Gram matrices', 'Gram matrix']
    """
    first, rest = name[0], re.escape(name[1:])
    for ending, several in (("matrix", "matri(?:x|ces)"), ("y", "(?:y|ies)")):
        if name.endswith(ending):
            rest = rest.removesuffix(ending) + several
            break
    else:
        rest += "(?:es|s)?"
    return rf"(?<![\w-])[{first.upper()}{first.lower()}]{rest}(?![\w-])"


def mark_mentions(doctree, terms, address):
    """Makes a link of the first mention of each term in `doctree`; `address` is that of the glossary's page."""
    names = sorted(((name, term) for term in terms for name in term.names), key=lambda pair: -len(pair[0]))
    left = {term.anchor: term for term in terms}
    if not names:
        return
    any_term = re.compile("|".join(f"({pattern_of(name)})" for name, _ in names))
    for text in list(doctree.findall(nodes.Text)):
        if _is_closed(text):
            continue
        pieces, end, words = [], 0, text.astext()
        for match in any_term.finditer(words):
            term = names[match.lastindex - 1][1]
            if left.pop(term.anchor, None) is None:
                continue
            pieces += [nodes.Text(words[end : match.start()]), _link(match[0], term, address)]
            end = match.end()
        if pieces:
            text.parent.replace(text, [piece for piece in [*pieces, nodes.Text(words[end:])] if piece.astext()])


def _is_closed(node):
    inside = node.parent
    if inside is None:  # a formula's own text, put there without its parent (extension.py)
        return True
    while inside is not None:
        classes = inside.get("classes", []) if isinstance(inside, nodes.Element) else []
        if isinstance(inside, _CLOSED) or _CLOSED_CLASSES & set(classes):
            return True
        inside = inside.parent
    return False


def _link(words, term, address):
    link = nodes.reference("", "", nodes.Text(words), internal=True, refuri=f"{address}#{term.anchor}")
    link["reftitle"] = term.definition
    link["classes"].append("glossary-term")
    return link


def mark_page(app, doctree, page):
    """Marks a page of the book, where it has a glossary."""
    if page in _LEFT_ALONE or GLOSSARY not in app.env.found_docs:
        return
    if not hasattr(app, "glossary_terms"):
        app.glossary_terms = terms_of(app.env.get_doctree(GLOSSARY))
    chapter = re.match(r"notebooks/(\d\d)", page)
    number = chapter[1] if chapter else ""
    here = [term for term in app.glossary_terms if term.chapters is None or number in term.chapters]
    mark_mentions(doctree, here, app.builder.get_relative_uri(page, GLOSSARY))


def setup(app):
    app.connect("doctree-resolved", mark_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
