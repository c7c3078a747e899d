"""Raises the chapters' plain Markdown to MyST for the book, and lowers it to copies for Colab.

Chapters hold Markdown that reads well as it stands on GitHub, in JupyterLab and on Colab:

    source                                   in the book
    > **Theorem 4.1 (name).** ...            a theorem box with an anchor (Definition, Lemma ... likewise)
    > **Proof.** ..., > **Prediction.** ...  boxes without a number; > **Answer.** ... settles a prediction
    [Jacot et al. (2018)](its url)           a citation, if references.bib has the url
    [words](06_x.ipynb#a-section)            a link to the section of that name
    ### Exercise 4.1 ★: ... #### Hint 4.1    stay headings; extension.py folds hint and solution
    (4.1), Figure 4.2, Theorem 4.1 ...       links (references.py)
"""

import re
from typing import NamedTuple

NUMBERED = ("Theorem", "Proposition", "Lemma", "Corollary", "Definition", "Remark")
PLAIN = ("Proof", "Prediction", "Answer")
_KINDS = "|".join((*NUMBERED, *PLAIN))
_OPENING = re.compile(rf"\*\*({_KINDS})(?: (\d+\.\d+))?(?: \((.+?)\))?\.\*\*\s*(.*)")
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
    return map_links("\n".join(raised[:-1]), lambda label, url: _cite(label, url, citations) or _to_section(label, url))


def box_opening(line):
    """(kind, number, name, first words) of a quoted line that opens a box, with None for what it lacks; else None."""
    content = line.removeprefix(">").removeprefix(" ")
    opening = _OPENING.fullmatch(content)
    if opening is not None and (opening[2] is not None) == (opening[1] in NUMBERED):
        return opening.groups()
    if opening is not None or _NEAR_MISS.match(content):
        raise ValueError(
            f"a blockquote opens with {content!r}; write '> **Theorem 4.1.** text' or '> **Theorem 4.1 (name).** text' "
            f"({', '.join(NUMBERED)}), and without a number '> **Proof.** text' ({', '.join(PLAIN)})"
        )
    return None


def anchor(kind, number):
    """The id on its page of "Theorem 4.1", "Figure 4.2", "Exercise 4.3" or equation (4.1)."""
    return f"{kind.lower()}-{number.replace('.', '-')}"


def _raise_quote(quote):
    """Lines of a directive for a blockquote that opens a box, else itself."""
    opening = box_opening(quote[0])
    if opening is None:
        return quote
    kind, number, name, first = opening
    content = [line.removeprefix(">").removeprefix(" ") for line in quote[1:]]
    title = kind + (f" {number}" if number else "") + (f" ({name})" if name else "")
    head = [f"::::{{admonition}} {title}", f":class: symlib-box {kind.lower()}"]
    if number:
        head.append(f":name: {anchor(kind, number)}")
    return [*head, "", *([first] if first else []), *content, "::::"]


def _cite(label, url, citations):
    # Only a label that reads as a citation becomes one; "[their code](...)" keeps its own words.
    if url in citations and _AUTHOR_YEAR.fullmatch(label):
        return f"{{cite:t}}`{citations[url]}`"
    return None


def _to_section(label, url):
    # MyST knows the sections of its own page only.
    section = re.fullmatch(r"([\w./-]+)\.(?:md|ipynb)#([\w-]+)", url)
    return f'<a class="reference internal" href="{section[1]}.html#{section[2]}">{label}</a>' if section else None


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
