"""A Sphinx extension: a chapter's page offers both copies of its notebook, on Colab and to download, students' first.

The theme's own buttons lead to the student's copy; beside each stands one that leads to the copy with solutions.
"""

# Folders on the branch of copies, and what the name of a downloaded file ends in, by kind.
FOLDERS = {"student": "notebooks", "instructor": "instructor"}
ENDINGS = {"student": "", "instructor": "_with_solutions"}
_WORDS = {"student": "to work in", "instructor": "with solutions and notes"}


def offer_copies(_app, page, _template, context, _doctree):
    """Puts the second button beside the theme's, and says on both which copy it is."""
    if not page.startswith("notebooks/"):
        return
    for group in context.get("header_buttons", []):
        buttons = group.get("buttons", [])
        for place, button in enumerate(buttons):
            if button.get("text") == "Colab":
                other = button["url"].replace("/notebooks/", f"/{FOLDERS['instructor']}/")
            elif button.get("label") == "download-source-button":
                other = button["url"].removesuffix(".ipynb") + f"{ENDINGS['instructor']}.ipynb"
            else:
                continue
            second = {**button, "url": other}
            for one, kind in ((button, "student"), (second, "instructor")):
                one["tooltip"] = f"{one['tooltip']}, {_WORDS[kind]}"
                one["text"] += " with solutions" if kind == "instructor" else ""
            if "label" in second:
                second["label"] = "download-solutions-button"
            buttons.insert(place + 1, second)
            break


def setup(app):
    # After the theme has made its buttons.
    app.connect("html-page-context", offer_copies, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
