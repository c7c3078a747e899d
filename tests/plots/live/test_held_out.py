"""Sets of poses left out in the page's script: residuals, and both bands, are symlib's."""

import numpy as np
import pytest

from symlib import cyclic, invariant_gram, rbf, spectral_ensemble_covariance, spectral_holdout_residuals
from tests.plots.live.node import evaluate

LABELS = np.array([1.0, 1.0, -1.0])
SETS = [[(0, 0)], [(4, 0), (0, 0), (1, 0), (0, 1), (1, 1)], [(g, c) for g in range(4) for c in range(3)]]


@pytest.fixture(scope="module")
def kernels():
    """Two different κ (5, 3, 3) of the same random points."""
    seeds = np.random.default_rng(7).normal(size=(3, 3, 5))
    orbits = np.stack([np.roll(seeds, g, axis=-1) for g in range(5)], axis=1).reshape(3, 5, 15)
    of = [lambda a, b, scale=scale: rbf(a, b, length_scale=scale) for scale in (3.0, 1.5)]
    return [invariant_gram(kernel, orbits, cyclic(5), progress=False) for kernel in of]


@pytest.mark.parametrize("held_out", SETS, ids=len)
@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_residuals_and_bands_are_those_of_symlib(kernels, held_out, ridge):
    theta, sigma = kernels
    found = evaluate(
        "held_out",
        "leftOut(factored({ kappa, sigma, labels, n: 5, ridge }), held)",
        kappa=theta.ravel().tolist(),
        sigma=sigma.ravel().tolist(),
        labels=LABELS.tolist(),
        ridge=ridge,
        held=[3 * g + c for g, c in held_out],
    )
    e, covariance = spectral_holdout_residuals(theta, LABELS, cyclic(5), held_out, ridge)
    assert found["residuals"] == pytest.approx(e.tolist(), rel=1e-10)
    # (10.1) of the book: the scale that is fitted to the labels that were seen.
    whole = 5 * LABELS @ np.linalg.solve(theta.sum(axis=0) + ridge * np.eye(3), LABELS)
    scale = (whole - e @ np.linalg.solve(covariance, e)) / (15 - len(e))
    assert found["process"] == pytest.approx(np.sqrt(scale * np.diag(covariance)).tolist(), rel=1e-10)
    if ridge == 0:
        spread = spectral_ensemble_covariance(theta, sigma, cyclic(5), held_out)
        assert found["ensemble"] == pytest.approx(np.sqrt(np.diag(spread)).tolist(), rel=1e-10)


def test_without_a_second_kernel_there_is_no_ensemble_and_a_singular_matrix_is_named():
    one = {"labels": [1.0], "n": 2}
    found = evaluate("held_out", "leftOut(factored({ ...one, kappa: [2, 1] }), [0])", one=one)
    assert found == {"residuals": [pytest.approx(0.5)], "process": [pytest.approx(0.75**0.5)], "ensemble": None}
    message = evaluate(
        "held_out",
        "(() => { try { factored({ ...one, kappa: [1, 1] }); } catch (e) { return e.message; } })()",
        one=one,
    )
    assert message == "a matrix to invert must be positive definite; pivot 1 is 0"
