"""A small Sphinx extension: hints and solutions fold, formulas keep tags, docstrings may be plain text."""

import re
from dataclasses import dataclass, field

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx_design.shared import create_component
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import BracketStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

from book.builder.markup import anchor


class FoldSolutions(SphinxTransform):
    """Marks sections "Exercise 4.1 ★: ..." and folds each section "Hint 4.1" or "Solution 4.1" inside them.

    A section ends where the next heading of its level stands, so text, code and outputs of a
    solution fold away together, as they do in JupyterLab and on Colab.
    """

    # After section titles are promoted (320), before Sphinx collects the contents of the page.
    default_priority = 700

    def apply(self, **_):
        for section in list(self.document.findall(nodes.section)):
            title = section.children[0]
            if not isinstance(title, nodes.title):
                continue
            heading = re.match(r"(Exercise|Hint|Solution) (\d+\.\d+)", title.astext())
            if heading and heading[1] == "Exercise":
                section["classes"].append("exercise")
                section["ids"].insert(0, anchor("exercise", heading[2]))
            elif heading:
                fold = create_component(
                    "dropdown", container_classes=[heading[1].lower(), "sd-mb-3"], title_classes=[],
                    body_classes=[], opened=False, has_title=True, icon=None, chevron=None,
                    type="dropdown",
                )  # fmt: skip
                fold += nodes.rubric("", "", *title.children)
                fold += [child for child in section.children if child is not title]
                fold["ids"] = section["ids"]
                section.replace_self(fold)
        # The line about the tier closes the page, not its last solution.
        for line in list(self.document.findall(lambda node: "computed-at" in _classes(node))):
            line.parent.remove(line)
            self.document.next_node(nodes.section).append(line)


def _classes(node):
    return node["classes"] if isinstance(node, nodes.Element) else []


class KeepTags(SphinxTransform):
    r"""Hands displayed formulas to MathJax as written.

    Sphinx wraps a formula of several lines in `split`, inside which \tag is an error.
    """

    default_priority = 700

    def apply(self, **_):
        for formula in self.document.findall(nodes.math_block):
            if not formula.get("number") and not formula.get("nowrap"):
                formula["nowrap"] = True
                formula.children = [nodes.Text(rf"\[{formula.astext()}\]")]
            formula["ids"] += [
                anchor("equation", number) for number in re.findall(r"\\tag\{([\d.]+)\}", formula.astext())
            ]


def plain_docstring(_app, _what, _name, _object, _options, lines):
    """Makes reStructuredText of a docstring whose formulas are plain text.

    |G| is the order of a group, not a substitution; an indented block ahead of the first section
    ("Parameters", underlined) is a formula whose lines stay as they are.
    """
    underlined = [at for at, line in enumerate(lines) if re.fullmatch(r"-{3,}", line)]
    end = underlined[0] - 1 if underlined else len(lines)
    out, before = [], ""
    for at, line in enumerate(lines):
        indented = at < end and line.startswith(" ")
        if indented and not out[-1] and not before.startswith((" ", "..", "-", "*", ">>>")):
            if not before.endswith("::"):
                out += ["::", ""]
        prose = not indented and not line.lstrip().startswith((">>>", "..."))
        out.append(re.sub(r"(?<!\\)\|", r"\\|", line) if prose and "``" not in line else line)
        before = line or before
    lines[:] = out


def without_thebe(_app, _page, _template, context, _doctree):
    """Takes thebe's scripts off the pages: they name another host, and declare a name twice."""
    context["script_files"] = [
        script
        for script in context["script_files"]
        if "thebe" not in str(script).lower() + str(getattr(script, "attributes", "")).lower()
    ]


@dataclass
class RoundAuthorYear(AuthorYearReferenceStyle):
    """Citations as the chapters' sources write them: Jacot et al. (2018)."""

    bracket_textual: BracketStyle = field(default_factory=lambda: BracketStyle("(", ")"))
    bracket_parenthetical: BracketStyle = field(default_factory=lambda: BracketStyle("(", ")"))


def setup(app):
    register_plugin("sphinxcontrib.bibtex.style.referencing", "author_year_round", RoundAuthorYear)
    # Ahead of napoleon, which turns sections into fields.
    app.connect("autodoc-process-docstring", plain_docstring, priority=400)
    # After thebe and the theme have added theirs.
    app.connect("html-page-context", without_thebe, priority=900)
    app.add_transform(FoldSolutions)
    app.add_transform(KeepTags)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
