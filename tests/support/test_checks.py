"""What callers pass in: taken at its value in float64, or refused by name; nothing is lost on the way."""

import numpy as np
import pytest
import scipy.sparse
import torch

from symlib.groups import cyclic
from symlib.regression import holdout_residuals, loo_residuals
from symlib.spectral import circulant_loo_error, project_invariant, spectral_loo_residuals
from symlib.support.checks import (
    finite_array,
    fraction,
    index_array,
    label_array,
    label_columns,
    nonnegative,
    plain_array,
    positive,
    positive_int,
)

GRAM = np.eye(4) + 0.5
MASKED = np.ma.masked_greater(GRAM, 1.0)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize(
    "same",
    [
        np.matrix,
        torch.tensor,
        np.ndarray.tolist,
        lambda x: x.astype(object),
        lambda x: x.astype(np.longdouble),
        lambda x: x.astype(np.float16),
        lambda x: (2 * x).astype(np.int8) / np.float32(2),
        lambda x: x[::-1, ::-1][::-1, ::-1],
    ],
)
def test_whatever_holds_real_numbers_is_worked_on_in_float64(same):
    taken = finite_array(same(GRAM), "x", ndim=2)
    assert type(taken) is np.ndarray and taken.dtype == np.float64
    np.testing.assert_array_equal(taken, GRAM)
    np.testing.assert_allclose(loo_residuals(same(GRAM), [True, False, True, False]), loo_residuals(GRAM, [1, 0, 1, 0]))


@pytest.mark.parametrize(
    "x, error, message",
    [
        (MASKED, TypeError, "x is a masked array.*filled"),
        (np.ma.asarray(GRAM), TypeError, "masked array"),
        ([MASKED[0], MASKED[1]], TypeError, "masked array"),
        ([[1.0, 2.0], (MASKED[0], 3.0)], TypeError, "masked array"),
        ([1.0, np.ma.masked], TypeError, "masked array"),
        (scipy.sparse.csr_array(GRAM), TypeError, r"sparse csr_array; pass x.toarray\(\)"),
        (scipy.sparse.coo_matrix(GRAM), TypeError, "sparse coo_matrix"),
        (GRAM + 0j, ValueError, "must be real, got dtype complex128"),
        (["1.0", "2.0"], ValueError, "must hold numbers, got dtype <U3"),
        (np.array(["1.0", 2.0], object), ValueError, "must hold numbers, got dtype object"),
        (np.array([1.0, object()], object), ValueError, "an entry that is none"),
        (np.array(["2020-01-01"], "datetime64[D]"), ValueError, "datetime64"),
        (np.array([3], "timedelta64[s]"), ValueError, "timedelta64"),
        ([1.0, None], ValueError, r"finite, got nan at \(1,\)"),
        ([[1.0], [-np.inf]], ValueError, r"finite, got -inf at \(1, 0\)"),
    ],
)
def test_whatever_does_not_is_refused_by_name(x, error, message):
    with pytest.raises(error, match=message):
        finite_array(x, "x")


def test_a_tensor_with_a_gradient_is_refused():
    with pytest.raises(RuntimeError, match="detach"):
        finite_array(torch.ones(3, requires_grad=True), "x")


@pytest.mark.parametrize(
    "call",
    [
        lambda: loo_residuals(MASKED, np.ones(4)),
        lambda: loo_residuals(GRAM, MASKED[0]),
        lambda: holdout_residuals(GRAM, np.ones(4), np.ma.masked_equal([0, 1], 1)),
        lambda: circulant_loo_error(MASKED),
        lambda: project_invariant(MASKED, cyclic(2)),
        lambda: spectral_loo_residuals(MASKED.reshape(4, 2, 2), np.ones(2), cyclic(4)),
        lambda: spectral_loo_residuals(np.ones((4, 2, 2)), np.ma.masked_equal([1, 2], 2), cyclic(4)),
    ],
)
def test_masks_are_refused_wherever_arrays_come_in(call):
    with pytest.raises(TypeError, match="is a masked array"):
        call()


def test_what_is_plain_is_not_copied():
    assert plain_array(GRAM, "x") is GRAM and finite_array(GRAM, "x") is GRAM


@pytest.mark.parametrize("value", [0, True, 1.5, "2", None, np.nan, np.inf, np.bool_(True)])
def test_counts_are_whole(value):
    with pytest.raises(ValueError, match="n must be a whole number of at least 1, got"):
        positive_int(value, "n")
    assert positive_int(np.int8(3), "n") == positive_int(3.0, "n") == 3


@pytest.mark.parametrize("value", [None, "a", [1, 2], 1j, np.ones(2)])
def test_what_is_no_number_is_refused_by_name(value):
    for taken in (nonnegative, positive, fraction):
        with pytest.raises(ValueError, match="ridge must be one real number, got"):
            taken(value, "ridge")


def test_ridges_labels_and_indices():
    with pytest.raises(ValueError, match="ridge must be finite and at least 0, got -1"):
        nonnegative(-1, "ridge")
    with pytest.raises(ValueError, match=r"labels must have shape \(3,\) or \(3, k\).*got \(2,\)"):
        label_array([1, 2], 3, "point")
    np.testing.assert_array_equal(index_array(np.array([3, 0], np.uint8), (4,), "h"), [3, 0])
    with pytest.raises(ValueError, match="must hold integers, got dtype bool"):
        index_array([True, False], (2,), "h")


def test_columns_of_labels():
    batch, n = (2, 3), 4
    for shape, columns in (((4,), 1), ((2, 3, 4), 1), ((4, 5), 5), ((2, 3, 4, 5), 5)):
        labels = np.random.default_rng(0).standard_normal(shape)
        found, one_column = label_columns(labels, batch, n)
        assert found.shape == (2, 3, 4, columns) and one_column == (columns == 1)
        np.testing.assert_array_equal(found, np.broadcast_to(labels[..., None] if one_column else labels, found.shape))
    assert label_columns(np.ones((4, 1)), batch, n)[1] is False
    # As many sets as points: one column each, as it reads where the numbers differ.
    assert label_columns(np.ones((4, 4)), (4,), 4)[0].shape == (4, 4, 1)
    assert label_columns(np.ones((4, 4)), (), 4)[0].shape == (4, 4)
    for shape in ((3,), (3, 4), (2, 3), (2, 3, 5), (4, 0), (3, 4, 5), ()):
        with pytest.raises(ValueError, match=r"labels must have shape \(4,\) or \(2, 3, 4\) or \(4, k\).*got"):
            label_columns(np.ones(shape), batch, n)
