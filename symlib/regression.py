"""Exact answers of kernel regression for points left out of the training set, from one factorisation.

With A = K + σ²I, the residual (label minus prediction) of point i when i alone is left out is
e_i = (A⁻¹y)_i / (A⁻¹)_ii, and of a held-out set H it is e_H = ((A⁻¹)_HH)⁻¹ (A⁻¹y)_H, with posterior covariance
((A⁻¹)_HH)⁻¹, noise included. Source: Rasmussen and Williams, *Gaussian Processes for Machine
Learning* (2006), section 5.4.2; proved in book chapter 04.
"""

import numpy as np

from symlib.support.checks import index_array, label_array, nonnegative, symmetric_gram
from symlib.support.hermitian import inverse


def loo_residuals(gram, labels, ridge=0.0):
    """Signed leave-one-out residuals e_i = (A⁻¹y)_i / (A⁻¹)_ii, A = gram + ridge · I, for every point.

    Parameters
    ----------
    gram : (..., n, n) array, symmetric positive semidefinite; leading axes are a batch
    labels : (n,) or (n, k) array, one column a class
    ridge : float, absolute, at least 0

    Returns
    -------
    (..., n) or (..., n, k) array: label minus prediction; for labels ±1 the left-out point is classified correctly
    where |e| < 1. Cost n³ for each matrix of the batch, whatever k.

    Raises
    ------
    ValueError
        If the Gram matrix is not square, symmetric, finite and positive semidefinite (λ_min is named), if it is
        singular at ridge 0, if a label is missing, or the ridge is negative.

    Examples
    --------
    >>> loo_residuals([[2.0, 1.0], [1.0, 2.0]], [1.0, -1.0])
    array([ 1.5, -1.5])
    """
    gram, labels, ridge = _checked(gram, labels, ridge)
    a_inverse = inverse(gram, ridge, "gram")
    diagonal = np.diagonal(a_inverse, axis1=-2, axis2=-1)
    return a_inverse @ labels / (diagonal if labels.ndim == 1 else diagonal[..., None])


def holdout_residuals(gram, labels, held_out, ridge=0.0):
    """Residuals and posterior covariance of a set of points that is left out together.

    e_H = S (A⁻¹y)_H and S = ((A⁻¹)_HH)⁻¹ with A = gram + ridge · I.

    Parameters
    ----------
    gram : (..., n, n) array, symmetric positive semidefinite
    labels : (n,) or (n, k) array; the labels of held-out points enter as truth, never as training data
    held_out : (h,) list of distinct point indices
    ridge : float, absolute, at least 0

    Returns
    -------
    residuals : (..., h) or (..., h, k) array, in the order of `held_out`
    covariance : (..., h, h) array, of the labels at H given the others (noise `ridge` on its diagonal)

    Raises
    ------
    ValueError
        As `loo_residuals`; also for indices that repeat or are out of range.

    Examples
    --------
    >>> residuals, covariance = holdout_residuals([[2.0, 1.0], [1.0, 2.0]], [1.0, -1.0], [1])
    >>> residuals, covariance
    (array([-1.5]), array([[1.5]]))
    """
    gram, labels, ridge = _checked(gram, labels, ridge)
    held_out = index_array(held_out, gram.shape[-1:], "held_out")
    rows = inverse(gram, ridge, "gram")[..., held_out, :]
    return from_inverse_rows(rows[..., held_out], rows @ labels)


def from_inverse_rows(inverse_block, weights):
    """(e_H, S) from (A⁻¹)_HH, shape (..., h, h), and (A⁻¹y)_H, shape (..., h) or (..., h, k)."""
    covariance = inverse(inverse_block, 0.0, "(A^-1)_HH")
    if weights.ndim == inverse_block.ndim:
        return covariance @ weights, covariance
    return (covariance @ weights[..., None])[..., 0], covariance


def _checked(gram, labels, ridge):
    gram = symmetric_gram(gram)
    return gram, label_array(labels, gram.shape[-1], "point of gram"), nonnegative(ridge, "ridge")
