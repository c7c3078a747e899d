"""The questions of a prediction on a slide: choices to vote on, and later the right one, which a click reveals."""

import html
import re
import string


def question_html(question, *, answered):
    """Blocks of HTML of a question in jupyterquiz's form; `answered`: with what a click reveals.

    What is right takes the same room before the click as what is wrong: the words of why come last.
    """
    words = f"<p>{html.escape(question['question'])}</p>"
    right = next((answer for answer in question["answers"] if answer.get("correct")), None)
    if question["type"] == "numeric":
        blocks = ['<p class="blank">Your number: <span></span></p>']
        reveal = f"✓ It is {_number(right)}. " if right else ""
    else:
        blocks = [_choice(*pair, answered) for pair in zip(string.ascii_uppercase, question["answers"])]
        reveal = ""
    if answered and right:
        why = html.escape(reveal + right.get("feedback", ""))
        blocks.append(f'<p class="fragment why" data-fragment-index="0">{why}</p>')
    return [words, *blocks]


def label_of(question):
    """The letter that a question opens with: "b" of "(b) Which is larger?", "" where it has none."""
    found = re.match(r"\((\w)\)", question["question"])
    return found[1] if found else ""


def question_notes(question):
    """What the speaker should know of a question: what is right, and what to say of each answer."""
    lines = []
    for answer in question["answers"]:
        words = answer.get("answer") or _number(answer)
        mark = "✓" if answer.get("correct") else "✗"
        lines.append(f"<li>{mark} {html.escape(str(words))}: {html.escape(answer.get('feedback', ''))}</li>")
    return [f"<p>{html.escape(question['question'])}</p><ul>{''.join(lines)}</ul>"]


def _choice(letter, answer, answered):
    words = f"<strong>{letter}</strong> {html.escape(str(answer['answer']))}"
    marked = ' fragment right" data-fragment-index="0' if answered and answer.get("correct") else ""
    return f'<p class="choice{marked}">{words}</p>'


def _number(answer):
    """What a numeric answer accepts, in words."""
    if "range" in answer:
        low, high = answer["range"]
        return f"between {low:g} and {high:g}"
    return f"{answer['value']:g}" if "value" in answer else "anything else"
