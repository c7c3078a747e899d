"""How to cite the book and each of its chapters, as BibTeX: made from titles, CITATION.cff, version and commit."""

import html
import re

import yaml


def bibtex_of(root, titles, *, version, date, commit, site):
    """BibTeX by page, "" for the whole book; `titles` maps pages ("notebooks/06_…") to titles ("06 · The error").

    `commit` and `site`, the address of the book, are None where they are not known, and left out.
    """
    cff = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    made = f"Version {version}, {date}" + (f", commit {commit[:10]}" if commit else "")
    authors = " and ".join(_author(author) for author in cff["authors"])
    book = re.sub(r"([%&#_$])", r"\\\1", cff["title"])

    def entry(key, title, page, more):
        fields = {"author": authors, "title": f"{{{title}}}", **more, "year": date[:4], "note": made}
        if site:
            fields["url"] = f"{site}/{page}" if page else site
        width = max(map(len, fields))
        lines = [f"  {name:{width}} = {{{value}}}," for name, value in fields.items()]
        return "\n".join([f"@misc{{{key},", *lines, "}"])

    found = {"": entry("symlib-book", book, "", {})}
    for page, title in titles.items():
        number, _, name = title.partition(" · ")
        where = {"howpublished": f"Chapter {int(number)} of \\emph{{{book}}}"}
        found[page] = entry(f"symlib-book-{number}", re.sub(r"([%&#_$])", r"\\\1", name), f"{page}.html", where)
    return found


def _author(author):
    # A second pair of braces keeps BibTeX from taking a name apart that is no person's.
    if "name" in author:
        return f"{{{author['name']}}}"
    return f"{author['family-names']}, {author['given-names']}"


def citation_fold(bibtex):
    """The fold at the foot of a chapter's page."""
    return (
        '<details class="cite-this"><summary>Cite this chapter</summary>'
        f'<div class="highlight"><pre>{html.escape(bibtex)}</pre></div></details>'
    )


def citations_page(bibtex, titles):
    """The Markdown that book/citing.md lists the chapters with."""
    return "\n\n".join(f"## {titles[page]}\n\n```bibtex\n{entry}\n```" for page, entry in bibtex.items())
