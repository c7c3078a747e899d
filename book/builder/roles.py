"""A Sphinx extension: sets right what the page's markup tells assistive technology."""

import re


def set_right(_app, _page, _template, context, _doctree):
    """Folds are called by their visible words, and the bibliography is a list of items."""
    if "body" not in context:
        return
    # myst-nb calls every fold "Toggle hidden content", whatever stands on it.
    body = re.sub(r'<summary aria-label="Toggle hidden content">', "<summary>", context["body"])
    # docutils puts entries of a role that was withdrawn (doc-biblioentry) into a list, which has list items only.
    context["body"] = body.replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app):
    app.connect("html-page-context", set_right)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
