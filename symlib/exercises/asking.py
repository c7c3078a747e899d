"""`ask`: the questions of a prediction in a notebook, as a form where jupyterquiz is installed, else as plain text.

Nothing says which choice is right before the reader has committed to one. The questions come packed, so that their
answers do not stand in the cell that asks.
"""

import base64
import importlib.util
import json
import sys
import zlib
from collections.abc import Sequence
from typing import Any

from symlib.exercises.checking import is_missing


def pack(questions: Sequence[dict[str, Any]]) -> str:
    """Questions in jupyterquiz's format as one line of letters, from which `ask` reads them.

    Examples
    --------
    >>> pack([])
    'eNqLjgUAARUAuQ=='
    """
    text = json.dumps(list(questions), ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def ask(my_choices: Sequence[Any], packed: str) -> None:
    """Show questions, and what becomes of the answers that a reader has committed to.

    Parameters
    ----------
    my_choices : list, an entry a question: the number of a choice (1, 2, ...) or the number asked for;
        `...` is no answer yet
    packed : str, the questions as `pack` gives them

    Raises
    ------
    ValueError
        If there are not as many answers as questions, one is not among the choices or is no number, or `packed` is not
        what `pack` gives.

    Examples
    --------
    >>> questions = [{"question": "Is 2 odd?", "type": "multiple_choice", "answers": [
    ...     {"answer": "yes", "correct": False, "feedback": "Halve it."},
    ...     {"answer": "no", "correct": True, "feedback": "It is twice 1."}]}]
    >>> ask([...], pack(questions))
    Is 2 odd?
      1. yes
      2. no
    Put the numbers of your choices into my_choices, and run the cell again.
    >>> ask([1], pack(questions))
    Is 2 odd?
      ✗ yes. Halve it.
      Right is: no. It is twice 1.
    """
    questions = _unpacked(packed)
    came = len(my_choices) if hasattr(my_choices, "__len__") else repr(my_choices)
    if came != len(questions):
        raise ValueError(f"my_choices must hold an answer a question, {len(questions)}, got {came}; ... is none yet")
    if all(map(is_missing, my_choices)) and _show_form(questions):
        return
    missing = False
    for given, question in zip(my_choices, questions):
        print(question["question"])
        if is_missing(given):
            missing = True
            for number, answer in enumerate(question["answers"], 1):
                if "answer" in answer:
                    print(f"  {number}. {answer['answer']}")
        else:
            print("\n".join(f"  {line}" for line in _outcome(question, given)))
    if missing:
        print("Put the numbers of your choices into my_choices, and run the cell again.")


def _unpacked(packed):
    try:
        return json.loads(zlib.decompress(base64.b64decode(packed)))
    except (TypeError, ValueError, zlib.error) as error:  # what Base64 and JSON raise are ValueErrors
        raise ValueError(
            f"the questions cannot be read ({error}); give ask the text that pack makes of them"
        ) from error


def _show_form(questions):
    """Whether jupyterquiz shows them: in a notebook that has it."""
    # Asked without importing it: outside of notebooks IPython need not be there.
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None or importlib.util.find_spec("jupyterquiz") is None:
        return False
    from jupyterquiz import display_quiz

    display_quiz(questions)
    return True


def _outcome(question, given):
    """Lines that say whether an answer is right, and why."""
    answers = question["answers"]
    if getattr(given, "shape", None) == ():  # of NumPy, torch or JAX
        given = given.item()
    if not isinstance(given, (int, float)):
        raise ValueError(f"the answer to {question['question']!r} must be one number, got {given!r}; ... is none yet")
    if question["type"] == "multiple_choice":
        if given not in range(1, len(answers) + 1):
            raise ValueError(f"{question['question']!r} has the choices 1 to {len(answers)}, got {given!r}")
        chosen, right = answers[int(given) - 1], next(answer for answer in answers if answer["correct"])
        if chosen is right:
            return [f"✓ {_sentence(right)}"]
        return [f"✗ {_sentence(chosen)}", f"Right is: {_sentence(right)}"]
    met = next((answer for answer in answers if _meets(given, answer)), answers[-1])
    return [f"{'✓' if met.get('correct') else '✗'} {given}. {met['feedback']}"]


def _sentence(answer):
    return f"{answer['answer'].rstrip('.')}. {answer['feedback']}"


def _meets(given, answer):
    if answer["type"] == "value":
        return given == answer["value"]
    return answer["type"] == "range" and answer["range"][0] <= given <= answer["range"][1]
