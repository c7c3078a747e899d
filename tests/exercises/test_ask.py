"""Questions in a notebook: what is right is said only to those who have committed to an answer."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

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


@pytest.mark.parametrize("mine, words", [([1], "an answer a question, 2, got 1"), ([3, 4], "choices 1 to 2, got 3")])
def test_answers_that_fit_no_question_are_refused(mine, words):
    with pytest.raises(ValueError, match=words):
        ask(mine, PACKED)


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
