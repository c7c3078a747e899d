"""The questions of a prediction on a slide: choices to vote on, and later the right one, which a click reveals."""

import html
import string


def question_html(question, *, answered):
    """Blocks of HTML of a question in jupyterquiz's form; `answered`: with what a click reveals."""
    words = f"<p>{html.escape(question['question'])}</p>"
    if question["type"] == "numeric":
        right = next((answer for answer in question["answers"] if answer.get("correct")), None)
        reveal = _revealed(f"It is {_number(right)}.", right) if answered and right else ""
        return [words, '<p class="blank">Your number: <span></span></p>', *([reveal] if reveal else [])]
    return [words, *(_choice(*pair, answered) for pair in zip(string.ascii_uppercase, question["answers"]))]


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
    if not (answered and answer.get("correct")):
        return f'<p class="choice">{words}</p>'
    feedback = html.escape(answer.get("feedback", ""))
    why = f' <span class="fragment why" data-fragment-index="0">{feedback}</span>' if feedback else ""
    return f'<p class="choice fragment right" data-fragment-index="0">{words}{why}</p>'


def _revealed(words, answer):
    feedback = html.escape(answer.get("feedback", ""))
    return f'<p class="fragment" data-fragment-index="0">✓ {html.escape(words)} {feedback}</p>'


def _number(answer):
    """What a numeric answer accepts, in words."""
    if "range" in answer:
        low, high = answer["range"]
        return f"between {low:g} and {high:g}"
    return f"{answer['value']:g}" if "value" in answer else "anything else"
