"""What `check` says of right answers, of answers that are not there yet, and of what readers get wrong."""

import numpy as np
import pytest
import torch

from symlib.exercises import WrongAnswer, check

X = np.arange(1.0, 9.0) ** 1.5
SQUARE = np.outer(np.arange(1.0, 4.0), np.arange(1.0, 4.0) ** 2)
WAVE = np.exp(1j * X)


def with_entry(array, at, value):
    changed = array.copy()
    changed[at] = value
    return changed


@pytest.mark.parametrize(
    "answer, right",
    [
        (X, X), (list(X), X), (X * (1 + 1e-9), X), (np.float32(0.1), 0.1), (3.0, 3), (1e-17, 0.0), (WAVE, WAVE),
        (X + 0j, X), (True, np.True_), (np.array([True, False]), [True, False]), (" Yes", "yes"),
        (("a", X), ("a", X)), ((1, 2), np.array([1, 2])), (X, lambda: X), (np.array(2.0), 2.0), (np.nan, np.nan),
        (torch.tensor(X, requires_grad=True), X), (np.ma.masked_less(X, 0), X),
    ],
)  # fmt: skip
def test_right_answers(answer, right, capsys):
    check("1.1", answer, right)
    assert capsys.readouterr().out == "1.1 ✓ answer is right\n"


@pytest.mark.parametrize(
    "answer, right, words",
    [
        (-X, X, "wrong sign in every entry"),
        (-0.5, 0.5, "wrong sign"),
        (with_entry(X, 2, -X[2]), X, "wrong sign in 1 of 8 entries, the first at [2]"),
        (2 * X, X, "2 times what it should be"),
        (0.15, 0.3, "1/2 of what it should be"),
        (8 * X, X, "8 times what it should be (it has 8 entries along axis 0)"),
        (30.0, 0.3, "100 times what it should be: a share, not per cent"),
        (0.3 * np.sqrt(7), 0.3, "√7 times"),
        (-2 * X, X, "minus 2 times"),
        (0.37 * X, X, "0.37 times what it should be, in every entry"),
        (0.09, 0.3, "the square of"),
        (0.7, 0.3, "one minus what it should be"),
        (SQUARE.T, SQUARE, "transposed"),
        (X[::-1], X, "reversed order"),
        (np.roll(X, 1), X, "shifted by 1 entry"),
        (np.roll(SQUARE, -1, 1), SQUARE, "shifted by 1 entry along axis 1"),
        (X[[1, 0, 3, 2, 5, 4, 7, 6]], X, "another order"),
        (X + 1, X, "too large by 1 in every entry"),
        (3, 4, "one too small"),
        (7, 3, "too large, by 133 %"),
        (with_entry(X, [3, 5], 0.0), X, "wrong in 2 of 8 entries; the first is at [3], got 0"),
        (np.zeros(8), X, "zero in every entry"),
        (0.2501, 0.25, "close, but off by up to 0.0004"),
        (X + 5 * np.sin(X), X, "wrong in every entry, off by up to"),
        (0.4, 0.3, "too large, by 33 %"),
        (with_entry(X, 2, np.nan), X, "NaN in 1 of 8 entries, the first at [2]"),
        (np.inf, 1.0, "infinite: look for a division by zero"),
        (X[:-1], X, "should have shape (8,), got (7,): one entry too few along axis 0"),
        (X.reshape(2, 4), X.reshape(4, 2), "transpose it"),
        (X[None], X, "reshape it"),
        (1.0, X, "should have shape (8,), got one number"),
        (X, 1.0, "should be one number, got an array of shape (8,)"),
        (WAVE.conj(), WAVE, "complex conjugate"),
        (WAVE.real, WAVE, "only the real part"),
        (X + 1j, X, "imaginary part, of up to 1, and should be real"),
        (None, 1.0, "None, and should be a number: does a function lack its `return`?"),
        (np.mean, 1.0, "is a function, and should be a number: call it"),
        ("many", 1.0, "should be a number, got the words 'many'"),
        ({}, 1.0, "got a dict"),
        (X.astype(object), X, "got an array of dtype object: make it one of numbers"),
        (np.ma.masked_greater(X, 3), X, "is masked in 6 of 8 entries"),
        (np.ma.masked, 1.0, "is masked in 1 of 1 entries"),
        (np.array(1.0), ("a", X), "should be a tuple of 2 entries, got a number"),
        (1, True, "should be True or False, got a whole number"),
        (False, True, "should be True"),
        ([True, True], [True, False], "wrong in 1 of 2 entries; the first is at [1], got True"),
        ("no", "yes", "'no', which is wrong"),
        (1.0, "yes", "should be words, got a number"),
        (("a", -X), ("a", X), "entry 1 has the wrong sign"),
        (("a",), ("a", X), "should have 2 entries, got 1"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_told_what_is_wrong(answer, right, words):
    with pytest.raises(WrongAnswer) as raised:
        check("1.1", answer, right)
    assert str(raised.value).startswith("1.1 ✗ answer ") and words in str(raised.value)
    assert isinstance(raised.value, AssertionError) and raised.value._render_traceback_() == [str(raised.value)]


def test_a_name_of_several_answers_and_none(capsys):
    first, second = ..., 2.0
    check("1.2", (first, second), (1.0, 2.0))
    check("1.2", np.array([1.0, ...], dtype=object), (1.0, 2.0))
    check("1.2", [[...], 1.0], (1.0, 2.0))
    first = 1.0
    check("1.2", (
        first, second
    ), (1.0, 2.0))  # fmt: skip
    check("1.2", first + 1, 2.0)
    assert capsys.readouterr().out.split("\n")[:-1] == [
        "1.2 not yet: put your answer into first, second",
        "1.2 not yet: put your answer into the place of ...",
        "1.2 not yet: put your answer into the place of ...",
        "1.2 ✓ first, second are right",
        "1.2 ✓ the answer is right",
    ]


def test_an_answer_that_is_missing_asks_for_nothing(capsys):
    def never():
        raise RuntimeError("not to be called")

    answer = ...
    check("1.1", answer, never, mistakes={"No.": never}, holds=[("it is", lambda _: never())])
    assert capsys.readouterr().out == "1.1 not yet: put your answer into answer\n"


def test_a_known_mistake_goes_before_all_else():
    answer = 3.0
    with pytest.raises(WrongAnswer, match=r"^1\.1 ✗ answer is wrong\. This is the sum, not the mean\.$"):
        check("1.1", answer, 1.0, mistakes={"This is one.": 1.0, "This is the sum, not the mean.": lambda: 3.0})
    with pytest.raises(WrongAnswer, match="The length is left out"):
        check("1.1", X[0], X, mistakes={"The length is left out.": X[0]})


def test_properties():
    rows = ("every row sums to one", lambda a: np.allclose(a.sum(axis=1), 1))
    half = np.full((2, 2), 0.5)
    check("1.1", half, holds=[rows])
    for right in (None, 2 * half):
        with pytest.raises(WrongAnswer, match=r"lacks a property: every row sums to one"):
            check("1.1", 2 * half, right, holds=[rows])
    with pytest.raises(WrongAnswer, match="answer is None: does a function lack"):
        answer = None
        check("1.1", answer, holds=[rows])
    with pytest.raises(WrongAnswer, match="cannot be asked whether every row sums to one: AxisError"):
        check("1.1", half[0], holds=[rows])
    with pytest.raises(WrongAnswer, match="2 times.*; and it lacks a property"):
        check("1.1", 2 * half, half, holds=[rows])


def test_tolerances():
    answer = 1.01
    check("1.1", answer, 1.0, rtol=0.02)
    check("1.1", answer, 1.0, atol=0.02, rtol=0)
    with pytest.raises(WrongAnswer):
        check("1.1", answer, 1.0, rtol=0.005)


@pytest.mark.parametrize(
    "arguments, error, words",
    [
        ({}, TypeError, "or properties in holds"),
        ({"holds": [len]}, TypeError, "pairs of words and a function"),
        ({"expected": lambda: lambda: 1.0}, TypeError, "held against must be a value"),
        ({"expected": 1.0, "rtol": -1.0}, ValueError, "rtol must be finite and at least 0"),
    ],
)
def test_a_check_that_checks_nothing_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        check("1.1", 1.0, **arguments)
