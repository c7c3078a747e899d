"""Questions in a notebook: what is right is said only to those who have committed to an answer."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from symlib.exercises import ask, pack

QUESTIONS = [
    {
        "question": "(a) Is 2 odd?",
        "type": "multiple_choice",
        "answers": [
            {"answer": "yes", "correct": False, "feedback": "Halve it."},
            {"answer": "no", "correct": True, "feedback": "It is twice 1."},
        ],
    },
    {
        "question": "(b) How much is λ?",
        "type": "numeric",
        "answers": [
            {"type": "value", "value": 4, "correct": True, "feedback": "Four."},
            {"type": "range", "range": [5, 8], "feedback": "Fewer."},
            {"type": "default", "feedback": "Far off."},
        ],
    },
]
PACKED = pack(QUESTIONS)


@pytest.mark.parametrize(
    "mine, shown, hidden",
    [
        ([..., ...], ["(a) Is 2 odd?", "  1. yes", "(b) How much is λ?", "Put the numbers"], ["Halve", "✓", "Four"]),
        ([1, ...], ["✗ yes. Halve it.", "Right is: no. It is twice 1.", "Put the numbers"], ["Four"]),
        ([2, 4], ["✓ no. It is twice 1.", "✓ 4. Four."], ["Halve", "Put the numbers"]),
        ([2, 6.5], ["✗ 6.5. Fewer."], ["Four."]),
        ([2, 100], ["✗ 100. Far off."], ["Four."]),
    ],
)
def test_as_text(mine, shown, hidden, capsys):
    ask(mine, PACKED)
    text = capsys.readouterr().out
    assert [words for words in shown if words not in text] == []
    assert [words for words in hidden if words in text] == []


@pytest.mark.parametrize(
    "mine, words",
    [
        ([1], "an answer a question, 2, got 1"),
        (2, "an answer a question, 2, got 2"),
        (None, "an answer a question, 2, got None"),
        ([3, 4], "choices 1 to 2, got 3"),
        ([None, 4], "must be one number, got None"),
        ([[1, 2], 4], r"must be one number, got \[1, 2\]"),
        ([np.array([1, 2]), 4], r"must be one number, got array"),
        ([1, "4"], "must be one number, got '4'"),
        ([1, 4j], "must be one number, got 4j"),
    ],
)
def test_answers_that_fit_no_question_are_refused(mine, words):
    with pytest.raises(ValueError, match=words):
        ask(mine, PACKED)


def test_an_answer_may_be_a_number_of_any_library(capsys):
    ask([np.array(2), torch.tensor(4)], PACKED)
    assert "✓ no." in capsys.readouterr().out


@pytest.mark.parametrize("packed", [PACKED[:-5], "", "no questions", None])
def test_questions_that_are_not_packed_are_refused(packed):
    with pytest.raises(ValueError, match="give ask the text that pack makes"):
        ask([1, 4], packed)


def test_what_is_packed_cannot_be_read_at_a_glance():
    assert "correct" not in PACKED and "odd" not in PACKED and "\n" not in PACKED


def test_a_notebook_with_jupyterquiz_shows_its_form_until_there_is_an_answer(monkeypatch, capsys):
    shown = []
    quiz = ModuleType("jupyterquiz")
    quiz.display_quiz = shown.append
    quiz.__spec__ = SimpleNamespace(name="jupyterquiz")
    monkeypatch.setitem(sys.modules, "jupyterquiz", quiz)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=object))
    ask([..., ...], PACKED)
    assert shown == [QUESTIONS] and capsys.readouterr().out == ""
    ask([2, 4], PACKED)
    assert len(shown) == 1 and "✓ no" in capsys.readouterr().out
