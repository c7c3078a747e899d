"""The questions of a prediction on its page: a list that reads without scripts; predictions.js makes a form of it."""

import html
import json


def with_questions(text, questions):
    """The raised text of a cell that opens with a prediction's box, with the questions at the end of the box.

    The answers travel in an attribute: nothing shows them, nor finds them on the page, before predictions.js does.
    """
    if not questions:
        return text
    lines = text.split("\n")
    end = lines.index("::::")
    # HTML that MyST passes on as it is.
    return "\n".join([*lines[:end], "", "```{raw} html", _list(questions), "```", *lines[end:]])


def _list(questions):
    packed = html.escape(json.dumps(questions, ensure_ascii=False, separators=(",", ":")))
    items = "".join(f"<li>{html.escape(question['question'])}{_choices(question)}</li>" for question in questions)
    return f'<div class="symlib-questions" data-questions="{packed}"><ol>{items}</ol></div>'


def _choices(question):
    if question["type"] == "numeric":
        return ""
    choices = "".join(f"<li>{html.escape(answer['answer'])}</li>" for answer in question["answers"])
    return f"<ul>{choices}</ul>"
