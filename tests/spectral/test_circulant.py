"""The paper's formula for one circulant Gram matrix, against dense algebra and by hand."""

import numpy as np
import pytest

from symlib.datasets import circles
from symlib.groups import cyclic
from symlib.kernels import rbf
from symlib.orbits import points
from symlib.regression import loo_residuals
from symlib.spectral import (
    circulant_eigenvalues,
    circulant_loo_error,
)
from tests.samples import random_kappa


@pytest.mark.parametrize("n", [3, 8])
def test_papers_formula_is_exact_on_two_circles(n):
    gram = rbf(points(circles(n, separation=0.7), ndim=1), length_scale=0.5)
    error = circulant_loo_error(gram, 1e-8)
    residuals = loo_residuals(gram, np.tile([1.0, -1.0], n), 1e-8)
    np.testing.assert_allclose(np.abs(residuals), error, rtol=1e-9)


def test_circularised_eigenvalues_by_averaging_shifts():
    gram = random_kappa(cyclic(1), 6, 3)[0]
    shift = np.roll(np.eye(6), 1, axis=0)
    average = sum(np.linalg.matrix_power(shift, k) @ gram @ np.linalg.matrix_power(shift, k).T for k in range(6)) / 6
    np.testing.assert_allclose(np.sort(circulant_eigenvalues(gram)), np.linalg.eigvalsh(average), atol=1e-12)


def test_the_circularised_spectrum_is_the_same_bit_for_bit_alone_and_in_a_batch():
    gram = random_kappa(cyclic(1), 26, 4, batch=(3, 70))[:, :, 0]
    together = circulant_eigenvalues(gram)
    assert together.shape == (3, 70, 26)
    alone = [[circulant_eigenvalues(one) for one in row] for row in gram]
    np.testing.assert_array_equal(together, alone)


def test_empty_batches_have_empty_results():
    gram = np.zeros((0, 4, 4))
    assert circulant_eigenvalues(gram).shape == (0, 4) and circulant_loo_error(gram).shape == (0,)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="even number of points, got 3"):
        circulant_loo_error(np.eye(3))
    with pytest.raises(ValueError, match="circularised gram is not positive semidefinite: lambda_min = -1"):
        circulant_loo_error([[1.0, 2.0], [2.0, 1.0]])
