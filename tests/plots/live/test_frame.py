"""Numbers in words, scales and packed arrays: what every live figure is made of."""

import numpy as np
import pytest

from symlib.plots.live.assemble import packed
from tests.plots.live.node import evaluate


def test_numbers_in_words():
    values = [0, 0.01234, -12.34, 1234.5, 123456, 1.234e-5, -3e7, 0.99999, 1]
    words = ["0", "0.0123", "−12.3", "1,235", "123,456", "1.23·10⁻⁵", "−3.00·10⁷", "1.00", "1.00"]
    assert evaluate("numbers", "values.map((v) => short(v))", values=values) == words
    assert evaluate("numbers", "[fixed(-0.001, 2), fixed(-1.005, 1), power(-12)]") == ["0.00", "−1.0", "10⁻¹²"]


def test_scales_go_there_and_back():
    places = "[s(1), s(10), s(100), s.back(s(42)), s.clamped(1e5)]"
    s = "scale({ range: [1, 100], pixels: [40, 240], log: true })"
    assert evaluate("scales", f"((s) => {places})({s})") == pytest.approx([40, 140, 240, 42, 240])
    t = "scale({ range: [0, 4], pixels: [100, 0] })"
    assert evaluate("scales", f"((s) => [s(1), s.back(25), s.clamped(-3)])({t})") == pytest.approx([75, 3, 100])


def test_ticks_lie_within_and_are_few():
    even = evaluate("scales", "ticks(scale({ range: [-0.3, 1.7], pixels: [0, 1] }), 5)")
    assert even == [[0, "0.0"], [0.5, "0.5"], [1, "1.0"], [1.5, "1.5"]]
    powers = evaluate("scales", "ticks(scale({ range: [1e-8, 1], pixels: [0, 1], log: true }), 4)")
    assert [value for value, _ in powers] == [1e-8, 1e-6, 1e-4, 1e-2, 1]
    assert powers[0][1] == "10⁻⁸" and powers[3][1] == "0.01"


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_arrays_come_out_as_they_went_in(dtype):
    array = (np.arange(6).reshape(2, 3) * 40.1).astype(dtype)
    values, shape = evaluate("unpack", "((a) => [a, a.shape])(unpack(array))", array=packed(array, dtype))
    assert shape == [2, 3] and np.array_equal(np.array(values, dtype).reshape(shape), array)
