"""How far a drawn curve is from the computed one, and in what words it runs."""

import numpy as np
import pytest

from tests.plots.live.node import evaluate


def test_distances_are_ratios_on_a_logarithmic_scale_and_differences_on_a_straight_one():
    drawn, computed = [1.0, 0.5, 2.0], [1.0, 2.0, 1.0]
    ratio, gap = evaluate("distance", "[distance(d, c, true), distance(d, c, false)]", d=drawn, c=computed)
    assert ratio == pytest.approx({"typical": (1 * 4 * 2) ** (1 / 3), "most": 4, "at": 1})
    assert gap == pytest.approx({"typical": np.mean([0, 1.5, 1]), "most": 1.5, "at": 1})


@pytest.mark.parametrize(
    "values, words",
    [
        ([1, 2, 3], "rises"),
        ([3, 2.9, 1], "falls"),
        ([1, 3, 2.9, 3.1, 0], "rises, then falls"),
        ([2, 0, 2], "falls, then rises"),
        ([0, 1, 0.5, 1.2], "rises, then falls, then rises"),
        ([1, 1.1, 0.9, 1], "stays level"),
        ([0, 1, 0, 1, 0], "goes up and down"),
    ],
)
def test_a_curve_turns_where_it_goes_back_by_more_than_a_little(values, words):
    assert evaluate("distance", "course(values, 0.3)", values=values) == words
