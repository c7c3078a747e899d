"""What a question of an exam is, and how its numbers are written."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np


class Question(NamedTuple):
    """One variant of a question.

    Attributes
    ----------
    title : str
    chapter : str, where it is taught ("06")
    points : int
    text : str, Markdown: what students read
    working : str, Markdown: the answers, how to come to them, and what to look for in an answer in words
    given, answers : dict, the numbers of the text and those of the answers, for those who check them
    """

    title: str
    chapter: str
    points: int
    text: str
    working: str
    given: dict
    answers: dict


def written(value):
    """A number as a fraction where it is one of a small denominator, and to four digits: "$12/17 \\approx 0.7059$".

    >>> written(0.5), written(3.0), written(2**0.5)
    ('$1/2 = 0.5$', '$3$', '$1.414$')
    """
    value = float(value)
    fraction = Fraction(value).limit_denominator(200)
    if abs(fraction - value) > 1e-9 * max(1.0, abs(value)):
        return f"${value:.4g}$"
    if fraction.denominator == 1:
        return f"${fraction.numerator}$"
    decimal = f"{value:.4g}"
    sign = "=" if float(decimal) == float(fraction) else "\\approx"
    return f"${fraction.numerator}/{fraction.denominator} {sign} {decimal}$"


def matrix(values, digits=4):
    """A matrix in TeX, without the dollars."""
    # What rounding leaves of a zero is written as one.
    clean = np.round(np.real(np.atleast_2d(values)), 12) + 0.0
    rows = (" & ".join(f"{value:.{digits}g}" for value in row) for row in clean)
    return "\\begin{pmatrix}" + "\\\\ ".join(rows) + "\\end{pmatrix}"


def decided(*errors):
    """Whether no prediction is 0, which is neither label: no error is 1 to rounding.

    >>> decided(0.7, -1.2), decided(0.7, 1 + 1e-15)
    (True, False)
    """
    return not np.isclose(np.abs(errors), 1, rtol=0, atol=1e-9).any()


def rightly(error):
    """Whether a prediction of this error is right, in words; for errors that are `decided`."""
    return "classified rightly" if error < 1 else "classified wrongly"
