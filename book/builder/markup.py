"""Raises the chapters' plain Markdown to MyST for the book, and lowers it to copies for Colab.

Chapters hold Markdown that reads well as it stands on GitHub, in JupyterLab and on Colab:

    source                                   in the book
    > **Theorem (name).** ...                a theorem box (Definition, Lemma, Proof ... likewise)
    > **Prediction.** ...                    a box that asks the reader to predict
    [Jacot et al. (2018)](its url)           a citation, if references.bib has the url
    ### Exercise 4.1: ... #### Solution 4.1  stay headings; extension.py folds the solution
"""

import hashlib
import re
from typing import NamedTuple

ENVIRONMENTS = (
    "Theorem", "Proposition", "Lemma", "Corollary", "Definition", "Remark", "Proof", "Prediction",
)  # fmt: skip
_KINDS = "|".join(ENVIRONMENTS)
_OPENING = re.compile(rf"\*\*({_KINDS})(?: \((.+?)\))?\.\*\*\s*(.*)")
_NEAR_MISS = re.compile(rf"\*\*({_KINDS})\b")
# A code span is matched first, so that a link shown as code is left alone.
_LINK = re.compile(r"`+[^`]*`+|(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")
_AUTHOR_YEAR = re.compile(r".+ \(\d{4}[a-z]?\)")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")


class Line(NamedTuple):
    """A line of Markdown, and whether it belongs to a fenced block of code."""

    text: str
    code: bool


def lines_of(text):
    """The lines of `text`, each marked as prose or as code."""
    fence = None
    for text_line in text.split("\n"):
        mark = _FENCE.match(text_line)
        yield Line(text_line, fence is not None or mark is not None)
        if mark and fence is None:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and text_line.strip() == mark[1]:
            fence = None


def map_links(text, change):
    """`text` with every link outside of code replaced by `change(label, url)`, where not None."""

    def replace(match):
        new = change(match[1], match[2]) if match[2] else None
        return match[0] if new is None else new

    return "\n".join(line.text if line.code else _LINK.sub(replace, line.text) for line in lines_of(text))


def raise_markup(text, citations):
    """MyST for the plain Markdown `text`; `citations` maps addresses to keys of references.bib."""
    raised, quote = [], []
    for line in [*lines_of(text), Line("", False)]:
        if line.text.startswith(">") and not line.code:
            quote.append(line.text)
            continue
        if quote:
            raised += _raise_quote(quote)
            quote = []
        raised.append(line.text)
    return map_links("\n".join(raised[:-1]), lambda label, url: _cite(label, url, citations))


def _raise_quote(quote):
    """Lines of a directive for a blockquote that opens with an environment's name, else itself."""
    content = [line.removeprefix(">").removeprefix(" ") for line in quote]
    opening = _OPENING.fullmatch(content[0])
    if opening is None:
        if _NEAR_MISS.match(content[0]):
            raise ValueError(
                f"a blockquote opens with {content[0]!r}; write '> **Theorem.** text' or "
                "'> **Theorem (name).** text', without a number"
            )
        return quote
    kind, name, first = opening.groups()
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", "\n".join(content)))])
    body = [first, *content[1:]] if first else content[1:]
    if kind == "Prediction":
        title = f"Prediction: {name}" if name else "Prediction"
        return [f"{fence}{{admonition}} {title}", ":class: prediction", "", *body, fence]
    if kind == "Proof":
        return [f"{fence}{{prf:proof}}", *body, fence]
    # sphinx-proof numbers unlabelled boxes page by page and then calls two pages' labels the same.
    label = f"{kind.lower()}-{hashlib.sha256(''.join(content).encode()).hexdigest()[:8]}"
    head = [
        f"{fence}{{prf:{kind.lower()}}} {name or ''}".rstrip(),
        f":label: {label}",
        ":nonumber:",
    ]
    return [*head, "", *body, fence]


def _cite(label, url, citations):
    # Only a label that reads as a citation becomes one; "[their code](...)" keeps its own words.
    if url in citations and _AUTHOR_YEAR.fullmatch(label):
        return f"{{cite:t}}`{citations[url]}`"
    return None


def lower_markup(text, page, site):
    """`text` with links to other files of the book made absolute, for a copy that stands alone.

    `page` is the file's own path in the tree ("notebooks/05_x.ipynb"), `site` the book's address.
    """

    def absolute(_label, url):
        if re.match(r"[a-z]+:|#", url):
            return None
        path, _, anchor = url.partition("#")
        parts = page.split("/")[:-1]
        for part in path.split("/"):
            if part == "..":
                parts.pop()
            elif part != ".":
                parts.append(part)
        target = re.sub(r"\.(ipynb|md)$", ".html", "/".join(parts))
        return f"[{_label}]({site}/{target}{'#' + anchor if anchor else ''})"

    return map_links(text, absolute)


def citations_of(bibliography):
    """Map from the `url` of each entry of a BibTeX file to its key."""
    from pybtex.database import parse_file

    entries = parse_file(str(bibliography)).entries
    return {entry.fields["url"]: key for key, entry in entries.items() if "url" in entry.fields}
