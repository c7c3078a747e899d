"""The questions of a prediction, from its cell's metadata: one source for the page, notebooks and slides.

They are in jupyterquiz's own format:

    {"question": "(a) ...", "type": "multiple_choice",
     "answers": [{"answer": "...", "correct": true, "feedback": "..."}, ...]}
    {"question": "(b) ...", "type": "numeric",
     "answers": [{"type": "range", "range": [0.1, 0.3], "correct": true, "feedback": "..."},
                 {"type": "default", "feedback": "..."}]}
"""

_RANGES = ("range", "value", "default")


def questions_of(cell):
    """The questions of a cell, checked; [] where it has none. ValueError where one is not in the format."""
    questions = cell.metadata.get("questions", [])
    if questions and not cell.source.startswith("> **Prediction.**"):
        raise ValueError(f"only a prediction has questions, not {cell.source[:40]!r}")
    for question in questions:
        fault = _fault(question)
        if fault:
            raise ValueError(f"question {question.get('question', question)!r}: {fault}")
    return questions


def _fault(question):
    if set(question) != {"question", "type", "answers"} or not question["question"].strip():
        return f"holds question, type and answers, not {', '.join(question)}"
    answers = question["answers"]
    if not all(answer.get("feedback", "").strip() for answer in answers):
        return "every answer needs feedback"
    right = sum(answer.get("correct") is True for answer in answers)
    if question["type"] == "multiple_choice":
        if not all(answer.get("answer", "").strip() and isinstance(answer.get("correct"), bool) for answer in answers):
            return "every choice has an answer, and correct true or false"
        if right != 1 or len(answers) < 2:
            return f"one of several choices is correct, not {right} of {len(answers)}"
        if len({answer["answer"] for answer in answers}) < len(answers):
            return "two choices read the same"
    elif question["type"] == "numeric":
        if [a for a in answers if a.get("type") not in _RANGES] or not right or answers[-1]["type"] != "default":
            return "a numeric answer is a range or a value, one of them correct, and last the default"
        for answer in answers[:-1]:
            low, high = answer.get("range") or (answer.get("value"),) * 2
            if not (isinstance(low, (int, float)) and isinstance(high, (int, float)) and low <= high):
                return f"a range is two numbers in order, and a value one number; got {answer}"
    else:
        return f"its type is multiple_choice or numeric, not {question['type']}"
    return None


def right_answer(question):
    """The right answer of a question in words, and its feedback.

    >>> answers = [{"type": "range", "range": [1, 2], "correct": True, "feedback": "So."}]
    >>> right_answer({"question": "?", "type": "numeric", "answers": answers})
    ('from 1 to 2', 'So.')
    """
    right = next(answer for answer in question["answers"] if answer.get("correct"))
    if question["type"] == "multiple_choice":
        words = right["answer"]
    elif "range" in right:
        words = "from {:g} to {:g}".format(*right["range"])
    else:
        words = f"{right['value']:g}"
    return words, right["feedback"]
