"""`check`: the last cell of an exercise. It waits for an answer, ticks a right one, and names the fault of a wrong one.

An answer that is not there yet is `...`: then the check says where it belongs, and raises nothing, so that a notebook
runs to its end. A wrong answer raises an AssertionError, which is what nbgrader counts.
"""

import ast
import inspect
import linecache
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

import numpy as np

from symlib.exercises.faults import fault, same
from symlib.support.checks import nonnegative


class WrongAnswer(AssertionError):
    """An answer that is not right; its message says what is wrong with it."""

    def _render_traceback_(self):
        """What a notebook shows: the message, and not the inside of the check."""
        return [str(self)]


def check(
    exercise: str,
    answer: Any,
    expected: Any = None,
    *,
    mistakes: Mapping[str, Any] | None = None,
    holds: Sequence[tuple[str, Callable[[Any], Any]]] = (),
    rtol: float = 1e-6,
    atol: float = 0.0,
) -> None:
    """Say whether an answer is right, and if it is not, what is wrong: a shape, a sign, a factor, a known mistake.

    Parameters
    ----------
    exercise : str, its number: "6.1"
    answer : a number, bool, str, array, or a tuple or list of these; `...`, or one that contains it, is not there yet
    expected : the right answer, or a function of no arguments that computes it. Without one only `holds` is asked.
    mistakes : dict, optional; what to say of a wrong answer: the wrong value, or a function that computes it
    holds : list of pairs, optional; a property in words and a function of the answer that is true where it holds
    rtol, atol : float, how far an entry may be from its value: ``atol + rtol * |value|``. Rounding is always allowed:
        1e-12 of the largest entry.

    Raises
    ------
    WrongAnswer
        If the answer is wrong: an AssertionError.
    TypeError
        If there is neither `expected` nor `holds`, a property is no pair of words and function, or `expected` gives a
        function.
    ValueError
        If `rtol` or `atol` is negative or not finite.

    Examples
    --------
    >>> share = 0.25
    >>> check("1.1", share, 1 / 4)
    1.1 ✓ share is right
    >>> share = ...
    >>> check("1.1", share, 1 / 4)
    1.1 not yet: put your answer into share
    >>> share = 25.0
    >>> check("1.1", share, 1 / 4)
    Traceback (most recent call last):
    symlib.exercises.checking.WrongAnswer: 1.1 ✗ share is 100 times what it should be: a share, not per cent
    """
    rtol, atol = nonnegative(rtol, "rtol"), nonnegative(atol, "atol")
    if expected is None and not holds:
        raise TypeError("check takes what the answer should be, or properties in holds, or both; got neither")
    for entry in holds:
        if not (isinstance(entry, tuple) and len(entry) == 2 and callable(entry[1])):
            raise TypeError(f"holds takes pairs of words and a function of the answer, got {entry!r}")
    name = _name_of_answer(inspect.currentframe())
    if is_missing(answer):
        print(f"{exercise} not yet: put your answer into {name or 'the place of ...'}")
        return
    wrong = _what_is_wrong(answer, expected, mistakes or {}, holds, rtol, atol)
    if wrong is not None:
        # Raised without the frames of what was tried: they are no business of the reader.
        raise WrongAnswer(f"{exercise} ✗ {name or 'the answer'} {wrong}") from None
    print(f"{exercise} ✓ {name or 'the answer'} {'are' if ',' in name else 'is'} right")


def _what_is_wrong(answer, expected, mistakes, holds, rtol, atol):
    """What follows the answer's name in the message; None where the answer is right."""
    right = None if expected is None else _value(expected)
    if answer is None and right is None:
        return "is None: does a function lack its `return`?"
    if right is None or same(answer, right, rtol, atol):
        return _broken(answer, holds)
    for words, mistake in mistakes.items():
        if same(answer, _value(mistake), rtol, atol):
            return f"is wrong. {words}"
    found = fault(answer, right, rtol, atol)
    broken = _broken(answer, holds)
    return f"{found}; and it {broken}" if broken else found


def _broken(answer, holds):
    """The first property that the answer lacks."""
    for words, holds_for in holds:
        try:
            so = bool(np.all(holds_for(answer)))
        except Exception as error:  # whatever an answer of another kind makes of the property
            return f"cannot be asked whether {words}: {type(error).__name__}: {error}"
        if not so:
            return f"lacks a property: {words}"
    return None


def _value(given):
    value = given() if callable(given) else given
    if callable(value):
        raise TypeError(f"what an answer is held against must be a value, or a function that computes one, got {value}")
    return value


def is_missing(answer):
    """Whether it is `...`, or holds one."""
    if isinstance(answer, np.ndarray):
        return answer.dtype == object and any(map(is_missing, answer.flat))
    if isinstance(answer, (list, tuple)):
        return any(map(is_missing, answer))
    return answer is ...


def _name_of_answer(frame: FrameType | None) -> str:
    """The second argument as the cell that called `check` wrote it, where that is a name or several; else ""."""
    caller = frame.f_back if frame else None
    if caller is None:
        return ""
    at = inspect.getframeinfo(caller).positions
    if at is None or at.lineno is None or at.end_lineno is None:
        return ""
    # IPython, doctest and files alike keep their lines here.
    lines = linecache.getlines(caller.f_code.co_filename)[at.lineno - 1 : at.end_lineno]
    if not lines:
        return ""
    # Columns count bytes.
    last = lines[-1].encode()[: at.end_col_offset].decode()
    text = "".join([*lines[:-1], last]).encode()[at.col_offset or 0 :].decode()
    try:
        call = ast.parse(text.strip()).body[0]
    except (SyntaxError, IndexError):
        return ""
    match call:
        case ast.Expr(value=ast.Call(args=[_, given, *_])):
            names = [node.id for node in ast.walk(given) if isinstance(node, ast.Name)]
            plain = isinstance(given, (ast.Name, ast.Tuple, ast.List))
            return ", ".join(names) if plain else ""
    return ""
