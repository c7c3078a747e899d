"""The spectra of the page's two circles are symlib's where float64 can tell, and exact where symlib's FFT cannot."""

import itertools
import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from symlib import circles, circulant_loo_error, points, rbf
from tests.plots.live.node import evaluate

SETTINGS = [
    dict(zip(("n", "delta", "scale", "ridge"), setting))
    for setting in itertools.product((2, 3, 8, 19, 32), (0.02, 0.05, 0.5, 1.6), (0.1, 0.4, 1.0), (1e-8, 1e-4, 1.0))
]


@pytest.fixture(scope="module")
def found():
    one = "((v) => ({ values: v, ...verdict(v) }))(circleSpectra(s.scale, s.ridge, 32)(s.n, s.delta))"
    return evaluate("circle_spectrum", f"settings.map((s) => {one})", settings=SETTINGS)


def test_error_and_spectrum_are_those_of_symlib(found):
    """To 1e-10, and where the smallest eigenvalue is near symlib's own rounding, to what that leaves of it."""
    close = 0
    for setting, page in zip(SETTINGS, found, strict=True):
        gram = rbf(points(circles(setting["n"], setting["delta"]), ndim=1), length_scale=setting["scale"])
        exact = np.fft.fft(gram[0]).real + setting["ridge"]
        rounding = 4 * np.finfo(float).eps * np.abs(gram[0]).sum() / np.min(page["values"])
        rtol = max(1e-10, rounding)
        close += rtol == 1e-10
        np.testing.assert_allclose(page["values"], exact, rtol=rtol, err_msg=str(setting))
        assert page["error"] == pytest.approx(circulant_loo_error(gram, setting["ridge"]), rel=rtol), setting
        assert page["mean"] == 1 - page["error"] and page["deviation"] == math.sqrt(page["noise"])
        assert page["error"] == page["noise"] / page["signal"]
    assert close > len(SETTINGS) / 2


@pytest.mark.parametrize("setting", [(32, 0.02, 1.0, 1e-8), (9, 0.05, 0.4, 1e-8), (2, 1.6, 0.1, 1e-8)])
def test_eigenvalues_far_below_rounding_are_right(setting):
    """Against the definition, summed with 60 digits."""
    n, delta, scale, ridge = setting
    page = evaluate("circle_spectrum", f"circleSpectra({scale}, {ridge}, 32)({n}, {delta})")
    np.testing.assert_allclose(page, _definition(*setting), rtol=1e-12)


def _definition(n, delta, scale, ridge):
    """The discrete Fourier transform of the first row, equation (6.2), in decimal arithmetic."""
    with localcontext(prec=60):
        pi, width = _pi(), 2 * Decimal(scale) ** 2
        cosine = [_cos(2 * pi * j / (2 * n)) for j in range(2 * n)]
        row = [(-((2 - 2 * cosine[j]) + (j % 2) * Decimal(delta) ** 2) / width).exp() for j in range(2 * n)]
        sums = [sum(row[j] * cosine[j * w % (2 * n)] for j in range(2 * n)) for w in range(2 * n)]
        return [float(value + Decimal(ridge)) for value in sums]


def _cos(angle):
    term, total, k = Decimal(1), Decimal(1), 0
    while abs(term) > Decimal(10) ** -60:
        k += 2
        term *= -angle * angle / (k * (k - 1))
        total += term
    return total


def _pi():
    """Machin's formula."""

    def arctan_of_inverse(x):
        return sum(Decimal((-1) ** k) / ((2 * k + 1) * Decimal(x) ** (2 * k + 1)) for k in range(100))

    return 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))
