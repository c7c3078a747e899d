"""Links what the text refers to: (4.1), Figure 4.2, Table 4.1, Theorem 4.3, Exercise 4.1, of whichever chapter.

Sources number by hand, so that they read the same on Colab; here every mention becomes a link, and one that leads
nowhere is an error.
"""

import posixpath
import re

from book.builder.markup import NUMBERED, PLAIN, anchor, box_opening, lines_of

_EQUATION = re.compile(r"\\tag\{(\d+\.\d+)\}")
_KINDS = r"plots\.(?:table|show|slider|live_\w+)\("
_SHOWN = re.compile(rf"(?={_KINDS})plots\.(\w+)\((?:(?!{_KINDS}).)*?number=\"(\d+\.\d+)\"", re.S)
_EXERCISE = re.compile(r"^### Exercise (\d+\.\d+)", re.M)
_NAMES = "|".join(("Figure", "Table", "Exercise", "exercise", *NUMBERED))
_NUMBER = r"\d{1,2}\.\d{1,2}"
# What is not prose is matched first, and left alone: code, formulas, links, headings, a box's own name.
_SKIP = "|".join(
    (
        r"`+[^`]*`+",
        r"\$\$.*?\$\$",
        r"\$[^$]+\$",
        r"!?\[[^\]]*\]\([^)]*\)",
        r"<a [^>]*>.*?</a>",
        r"^#+ [^\n]*",
        rf"^> ?\*\*(?:{'|'.join((*NUMBERED, *PLAIN))})\b[^\n]*?\*\*",
    )
)
_MORE = rf"(?:(?:, | and |, and | to ){_NUMBER}(?!\d))*"
_MENTION = re.compile(
    rf"(?P<skip>{_SKIP})|(?P<name>\b(?:{_NAMES}))(?P<plural>s?) (?P<number>{_NUMBER})(?!\d)(?P<more>{_MORE})"
    rf"|\((?P<equation>{_NUMBER})\)",
    re.S | re.M,
)


def targets_of(notebook, page):
    """{(kind, number): address} of what chapter `notebook`, whose built page is `page`, numbers.

    Raises ValueError where one number stands twice, or the numbers of a kind do not count 1, 2, 3 ….
    """
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            shown = [(match[1], match[2]) for match in _SHOWN.finditer(cell.source)]
            found += [("Table" if kind == "table" else "Figure", number) for kind, number in shown]
            continue
        found += [("equation", number) for number in _EQUATION.findall(cell.source)]
        found += [("Exercise", number) for number in _EXERCISE.findall(cell.source)]
        lines = [line.text for line in lines_of(cell.source) if line.text.startswith(">") and not line.code]
        openings = [opening for line in lines if (opening := _box(line)) is not None]
        found += [(kind, number) for kind, number, *_ in openings if number]
    _check_counting(found)
    return {key: f"{page}#{anchor(*key)}" for key in found}


def _box(line):
    try:
        return box_opening(line)
    except ValueError:
        return None  # said, with its cell, when the cell is raised


def _check_counting(found):
    """Figures, tables, equations, exercises, and all boxes together each count from 1 without a gap."""
    sequences = {}
    for kind, number in found:
        sequences.setdefault("box" if kind in NUMBERED else kind, []).append(number)
    for kind, numbers in sequences.items():
        last = [int(number.split(".")[1]) for number in numbers]
        if last != list(range(1, len(last) + 1)):
            raise ValueError(f"the numbers of its {kind}s should count 1, 2, 3 …; they are {', '.join(numbers)}")


def link_mentions(text, targets, page):
    """`text` with every mention of a target as a link, seen from `page`; ValueError for one that leads nowhere.

    An unknown number in parentheses is left alone: it may be a number.
    """

    def link(kind, number, words):
        address = targets.get((kind, number))
        if address is None:
            raise ValueError(f"{kind} {number} is mentioned, and no chapter has it")
        path, _, fragment = address.partition("#")
        path = "" if path == page else posixpath.relpath(path, posixpath.dirname(page))
        return f'<a class="reference internal" href="{path}#{fragment}">{words}</a>'

    def replace(match):
        if match["skip"] is not None:
            return match[0]
        if match["equation"]:
            number = match["equation"]
            return link("equation", number, f"({number})") if ("equation", number) in targets else match[0]
        kind = match["name"].capitalize()
        first = link(kind, match["number"], f"{match['name']}{match['plural']} {match['number']}")
        return first + re.sub(_NUMBER, lambda more: link(kind, more[0], more[0]), match["more"])

    out, prose = [], []
    for line in [*lines_of(text), None]:
        if line is not None and not line.code:
            prose.append(line.text)
            continue
        if prose:
            out.append(_MENTION.sub(replace, "\n".join(prose)))
            prose = []
        if line is not None:
            out.append(line.text)
    return "\n".join(out)
