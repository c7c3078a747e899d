"""What the chapters claim: reading it from their outputs, and the page that lists it."""

import html

from book.builder.chapters import title_of
from symlib.claims import MARKS, anchor


def claims_of(executed):
    """The records (statement, outcome, evidence) of the claims of an executed chapter, in their order."""
    outputs = (out for cell in executed.cells for out in cell.get("outputs", []))
    return [out.metadata["symlib_claim"] for out in outputs if "symlib_claim" in out.get("metadata", {})]


def claims_table(chapters):
    """HTML of a table a chapter: every claim with its evidence, linked to where it is made."""
    parts = []
    for name, chapter in chapters.items():
        records = claims_of(chapter)
        if not records:
            continue
        rows = "".join(_row(name, record) for record in records)
        head = '<th scope="col">holds</th><th scope="col">claim</th><th scope="col">evidence</th>'
        tier = chapter.metadata["computed"]["tier"]
        table = f'<table class="symlib-table claims"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        parts.append(f"## {title_of(chapter)}\n\nAt the `{tier}` tier.\n\n{table}")
    return "\n\n".join(parts)


def _row(name, record):
    """A row of the table: whether the claim holds, its words, and what they rest on."""
    address = f"../notebooks/{name}.html#{anchor(record['statement'])}"
    words, evidence = html.escape(record["statement"]), html.escape(record["evidence"])
    link = f'<a class="reference internal" href="{address}">{words}</a>'
    mark = f'<td class="{record["outcome"]}">{MARKS[record["outcome"]]}</td>'
    return f'<tr>{mark}<th scope="row">{link}</th><td>{evidence}</td></tr>'
