"""The page's random networks: their limit is symlib's kernel, and their mean and scatter are those of the formulas."""

import numpy as np
import pytest
from scipy import integrate, stats

from symlib import mlp_kernel
from tests.plots.live.node import evaluate

ANGLES = np.radians([0, 1, 30, 60, 90, 135, 179, 180])


def test_the_limit_is_symlibs_kernel_of_one_hidden_layer():
    found = evaluate("arc_cosine", "angles.map(limit)", angles=ANGLES.tolist())
    for theta, value in zip(ANGLES, found):
        pair = 2**0.5 * np.array([[1.0, 0.0], [np.cos(theta), np.sin(theta)]])  # of mean square one
        kernel = mlp_kernel(pair, depth=1, w_std=1.0, b_std=0.0).nngp
        assert value == pytest.approx(kernel[0, 1], rel=1e-10, abs=1e-10)


def test_the_scatter_is_that_of_the_fourth_moment():
    """The integral over directions that Cho and Saul solve: E r⁴ = 8 times the mean of cos² cos²."""
    found = evaluate("arc_cosine", "angles.map((a) => scatter(a, 5))", angles=ANGLES.tolist())
    for theta, value in zip(ANGLES, found):
        square, _ = integrate.quad(lambda p, t=theta: (np.cos(p) * np.cos(p - t)) ** 2, theta - np.pi / 2, np.pi / 2)
        mean, _ = integrate.quad(lambda p, t=theta: np.cos(p) * np.cos(p - t), theta - np.pi / 2, np.pi / 2)
        variance = 8 * square / (2 * np.pi) - (2 * mean / (2 * np.pi)) ** 2
        assert value == pytest.approx((variance / 5) ** 0.5, rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("width", [1, 16])
def test_networks_have_that_mean_and_scatter(width):
    """Within 4.5 standard errors, of which that of the scatter is estimated from the fourth moment of the draws."""
    n, theta = 4000, np.radians(60)
    draws = np.array(
        evaluate(
            "arc_cosine",
            f"((r) => Array.from({{length: {n}}}, (_, i) => r(i, {theta})))(drawNetworks({n}, {width}, 3))",
        )
    )
    limit, scatter, page = evaluate(
        "arc_cosine", f"[limit({theta}), scatter({theta}, {width}), summary(draws)]", draws=draws.tolist()
    )
    error = draws.std(ddof=1) / n**0.5
    assert abs(draws.mean() - limit) < 4.5 * error
    squares = (draws - draws.mean()) ** 2
    assert abs(squares.mean() - scatter**2) < 4.5 * squares.std() / n**0.5
    assert page == pytest.approx({"mean": draws.mean(), "deviation": draws.std(ddof=1), "error": error}, rel=1e-12)


def test_one_network_is_the_average_over_its_units():
    weights = np.array(evaluate("random", "gaussians(24, 7)")).reshape(4, 3, 2)
    pair = np.array([[1.0, 0.0], [np.cos(0.7), np.sin(0.7)]])
    expected = np.maximum(weights @ pair.T, 0).prod(axis=2).mean(axis=1)
    assert evaluate("arc_cosine", "[0, 1, 2, 3].map((i) => drawNetworks(4, 3, 7)(i, 0.7))") == pytest.approx(expected)


def test_the_generator_is_mulberry32_and_its_gaussians_are_gaussian():
    numbers, normal = evaluate(
        "random", "((draw) => [[draw(), draw(), draw(), draw()], gaussians(20001, 5)])(uniform(2**32 - 3))"
    )
    assert numbers == [value / 2**32 for value in _mulberry(2**32 - 3, 4)]
    assert len(normal) == 20001 and stats.kstest(normal, "norm").pvalue > 1e-4
    assert abs(np.corrcoef(normal[:-1:2], normal[1::2])[0, 1]) < 4.5 / 1e4**0.5


def _mulberry(state, count):
    """The published generator, in integers that do not overflow."""
    for _ in range(count):
        state = (state + 0x6D2B79F5) % 2**32
        mixed = (state ^ state >> 15) * (state | 1) % 2**32
        mixed ^= (mixed + (mixed ^ mixed >> 7) * (mixed | 61)) % 2**32
        yield mixed ^ mixed >> 14
