"""Exact answers of kernel regression for points left out of the training set, from one factorisation.

With A = K + σ²I, the residual (label minus prediction) of point i when i alone is left out is
e_i = (A⁻¹y)_i / (A⁻¹)_ii, and of a held-out set H it is e_H = ((A⁻¹)_HH)⁻¹ (A⁻¹y)_H, with posterior covariance
((A⁻¹)_HH)⁻¹, noise included. Source: Rasmussen and Williams, *Gaussian Processes for Machine
Learning* (2006), section 5.4.2; proved in book chapter 06.

How far wide networks that are trained alike differ at H is another covariance, and needs the kernel of their initial
functions as well: `ensemble_covariance`, proved in book chapter 10.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.support.accuracy import coarser, perturbation, refuse_indefinite, relative_error, vouched
from symlib.support.checks import index_array, label_array, nonnegative, symmetric_gram
from symlib.support.hermitian import inverse, norm_of_each
from symlib.support.threads import in_threads

_AT_ONCE = 2**16  # entries of the matrices of a batch that a thread takes at a time: they stay in its cache


def loo_residuals(gram: ArrayLike, labels: ArrayLike, ridge: float = 0.0) -> NDArray[np.float64]:
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
    IndefiniteMatrixError
        If the Gram matrix is not positive semidefinite (λ_min is named).
    SingularMatrixError
        If it is so close to singular that rounding may change a residual by more than 1e-6 of the larger of itself and
        the labels (`support.accuracy`); the smallest ridge that would do is named. A ridge far below 2.2e-16 · n · ‖K‖
        is none.
    ValueError
        If the Gram matrix is not square, symmetric and finite, if a label is missing, or the ridge is negative. Both
        errors above are ValueErrors too.

    Examples
    --------
    >>> loo_residuals([[2.0, 1.0], [1.0, 2.0]], [1.0, -1.0])
    array([ 1.5, -1.5])
    """
    gram, columns, ridge, dtype = _checked(gram, labels, ridge)

    def compute(block, scale, ridge):
        a_inverse = inverse(block, ridge, "gram", scale)
        diagonal = np.diagonal(a_inverse, axis1=-2, axis2=-1)
        squares = np.einsum("bij,bij->bi", a_inverse, a_inverse)
        weights = a_inverse @ columns
        return loo_from_inverse(diagonal, squares, weights, (weights**2).sum(axis=1), columns, scale)

    (residuals,) = _over_batch(compute, gram, ridge, dtype)
    return in_shape_of(labels, residuals)


def holdout_residuals(
    gram: ArrayLike, labels: ArrayLike, held_out: ArrayLike, ridge: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
    gram, columns, ridge, dtype = _checked(gram, labels, ridge)
    held_out = index_array(held_out, gram.shape[-1:], "held_out")

    def compute(block, scale, ridge):
        a_inverse = inverse(block, ridge, "gram", scale)
        rows, weights = a_inverse[:, held_out], a_inverse @ columns
        squares, total = rows @ rows.swapaxes(-1, -2), (weights**2).sum(axis=1)
        return holdout_from_inverse(rows[..., held_out], squares, weights[:, held_out], total, columns, scale)

    residuals, covariance = _over_batch(compute, gram, ridge, dtype)
    return in_shape_of(labels, residuals), covariance


def ensemble_covariance(
    ntk: ArrayLike, nngp: ArrayLike, held_out: ArrayLike, ridge: float = 0.0
) -> NDArray[np.float64]:
    """Covariance, over random starts, of what infinitely wide trained networks answer at points left out together.

    A network that starts as f₀ and minimises ½|y − f|² + ½σ²|θ − θ₀|² on the points R that are not held out, at
    infinite width, ends as f = f₀ + Θ_HR (Θ_RR + σ²I)⁻¹ (y − f₀)_R at H. Over starts f₀ has mean 0 and covariance Σ,
    so the mean of f is the prediction of `holdout_residuals` with Θ, and with A = Θ + σ²I

        Cov_H = S (A⁻¹ Σ A⁻¹)_HH S,    S = ((A⁻¹)_HH)⁻¹.

    Labels do not enter. The ridge acts on Θ alone: it holds the weights near their *start*, which gradient flow to
    convergence without a penalty does too (σ² = 0). A penalty on |θ|² would be another machine. Networks that are
    trained as f − f₀ (`train_ensemble` without `keep_initial`) all give the same answer at infinite width: their
    spread is 0, and so is not computed here. With Σ = Θ and no ridge, as where only the last layer is trained and both
    are the NNGP kernel, it is the posterior covariance of `holdout_residuals`; elsewhere it is not.

    Parameters
    ----------
    ntk, nngp : (..., n, n) arrays, Θ and Σ of one network, symmetric positive semidefinite; leading axes are a batch
    held_out : (h,) list of distinct point indices
    ridge : float, absolute, at least 0; added to Θ

    Returns
    -------
    (..., h, h) array, in the order of `held_out`: of the networks' outputs, without noise of labels; for k outputs the
    same for each, and none between two. Cost: as `holdout_residuals`, and 3h n² for the products with Σ.

    Raises
    ------
    IndefiniteMatrixError
        If either matrix is not positive semidefinite (λ_min is named).
    SingularMatrixError
        If Θ is so close to singular that rounding may change an entry by more than 1e-6 of the standard deviations of
        its two points; the smallest ridge that would do is named.
    ValueError
        If the matrices are not square, symmetric, finite and of one shape, for indices that repeat or are out of range,
        or a negative ridge.

    Warns
    -----
    UserWarning
        If Θ is smaller than Σ at every point, as in no network whose last layer is trained: `Kernel` holds Σ first.

    Sources: Lee et al., *Wide neural networks of any depth evolve as linear models under gradient descent* (2019); He,
    Lakshminarayanan and Teh, *Bayesian deep ensembles via the neural tangent kernel* (2020).

    Examples
    --------
    >>> ensemble_covariance([[2.0, 1.0], [1.0, 2.0]], np.eye(2), [1])
    array([[1.25]])
    """
    dtype = coarser(ntk, nngp)
    ntk, nngp = symmetric_gram(ntk, "ntk"), symmetric_gram(nngp, "nngp")
    if ntk.shape != nngp.shape:
        raise ValueError(
            f"ntk and nngp must be of one shape, got {ntk.shape} and {nngp.shape}; pass both kernels of one network "
            "among the same points"
        )
    held_out, ridge = index_array(held_out, ntk.shape[-1:], "held_out"), nonnegative(ridge, "ridge")
    refuse_indefinite(nngp, "nngp", norm_of_each(nngp), dtype)

    def compute(theta, sigma, scale, ridge):
        a_inverse = inverse(theta, ridge, "ntk", scale)
        rows = a_inverse[:, held_out]
        block_scale = norm_of_each(rows[..., held_out])
        s = inverse(rows[..., held_out], 0.0, "(A^-1)_HH", block_scale)
        learnt = s @ rows
        learnt[..., held_out] = np.eye(len(held_out))  # F: f₀ itself at H, and what is learnt from it at R
        drawn = learnt @ sigma
        covariance = drawn @ learnt.swapaxes(-1, -2)
        # S cancels much of the rows at R, of which F then has as many digits as the rows have.
        lost = np.sqrt(s**2 @ (rows**2).sum(axis=-1, keepdims=True))
        noise = perturbation(np.ones(1)) * lost * np.linalg.norm(drawn, axis=-1)[:, None]
        return spread_vouched(
            (covariance + covariance.swapaxes(-1, -2)) / 2,
            (learnt**2).sum(axis=-1),
            ((drawn @ a_inverse) ** 2).sum(axis=-1),
            (rows**2).sum(axis=-1),
            (learnt**2 @ variances(sigma)[..., None])[..., 0],
            noise + noise.swapaxes(-1, -2),
            (scale, relative_norm(sigma)),
        )

    (covariance,) = _over_batch(compute, ntk, ridge, dtype, [nngp], "ntk", "covariance")
    warn_if_swapped(variances(ntk), variances(nngp), stacklevel=3)
    return covariance


def warn_if_swapped(ntk: NDArray, nngp: NDArray, stacklevel: int) -> None:
    """Warn where the diagonal of Θ is below that of Σ at every point, since Θ is Σ and what other layers add."""
    if ntk.size and (ntk < nngp).all():
        warnings.warn(
            "ntk is smaller than nngp at every point, which it is in no network whose last layer is trained; the NTK "
            "comes first here, while a Kernel holds the NNGP kernel first: pass kernel.ntk, kernel.nngp",
            stacklevel=stacklevel,
        )


def spread_vouched(
    covariance: NDArray,
    reach: NDArray,
    used: NDArray,
    columns: NDArray,
    reach_nngp: NDArray,
    rounding: NDArray,
    scales: tuple[NDArray, NDArray],
) -> tuple[tuple[NDArray], float]:
    """((C,), relative error) of the covariance of an ensemble, with the letters of `support.accuracy`.

    Parameters
    ----------
    covariance : (b, h, h) array, C
    reach, used, columns, reach_nngp : (b, h) arrays, squares: ‖F_j‖², ‖XΣF_jᵀ‖², ‖X_:j‖² and ‖F_j D^½‖²
    rounding : (b, h, h) array, what computing C from X adds
    scales : ‖Θ‖₁ and ‖D^-½ Σ D^-½‖, (b,) arrays
    """
    used = used + (covariance**2 @ columns[..., None])[..., 0]
    reach, used, reach_nngp = (np.sqrt(np.maximum(squares, 0.0)) for squares in (reach, used, reach_nngp))
    size, size_nngp = (perturbation(scale)[:, None, None] for scale in scales)
    learnt = size * reach[:, :, None] * used[:, None]
    drawn = size_nngp * reach_nngp[:, :, None] * reach_nngp[:, None]
    bound = rounding + learnt + learnt.swapaxes(-1, -2) + drawn
    deviations = np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0))
    return (covariance,), relative_error(bound, deviations[:, :, None] * deviations[:, None], np.zeros((1, 1)))


def fitted_weights(
    gram: NDArray, columns: NDArray, ridge: float, name: str, dtype: np.dtype | None = None
) -> NDArray[np.float64]:
    """α = (K + σ²I)⁻¹ Y for grams (..., n, n) and labels (n, k): (..., n, k), for predictions f(x) = k_xᵀα.

    Refused where rounding of K may change predictions by more than 1e-6 of the labels. To first order f(x) changes by
    k_xᵀ A⁻¹ δK α, and ‖A⁻¹k_x‖² ≤ k(x, x)/λ_min(A), with k(x, x) taken to be as large as on the diagonal of K.
    """
    scale = norm_of_each(gram)
    largest = np.abs(columns).max(axis=0)
    size = np.diagonal(gram, axis1=-2, axis2=-1).max(axis=-1)

    def compute(ridge):
        a_inverse = inverse(gram, ridge, name, scale)
        weights = a_inverse @ columns
        reach = np.sqrt(size * norm_of_each(a_inverse))
        bound = (perturbation(scale) * reach)[..., None] * np.linalg.norm(weights, axis=-2)
        return weights, float((bound[..., largest > 0] / largest[largest > 0]).max(initial=0.0))

    return vouched(compute, ridge, float(scale.max(initial=0.0)), gram.shape[-1], name, dtype, "predictions")


def loo_from_inverse(
    diagonal: Any, squares: Any, weights: NDArray, total: NDArray, labels: NDArray, scale: NDArray
) -> tuple[tuple[NDArray], float]:
    """((e,), relative error) of points left out alone, with X = A⁻¹ and a batch of matrices as the first axis.

    Parameters
    ----------
    diagonal, squares : (b, n) arrays, X_ii and (X²)_ii
    weights : (b, n, k) array, α = Xy
    total : (b, k) array, |α|² over all points
    labels : (n, k) array
    scale : (b,) array, ‖K‖₁
    """
    diagonal, squares = diagonal[..., None], squares[..., None]
    residuals = weights / diagonal
    used = np.sqrt(total[:, None] + residuals**2 * squares)
    bound = perturbation(scale)[:, None, None] * np.sqrt(squares) * used / diagonal
    return (residuals,), relative_error(bound, residuals, labels)


def holdout_from_inverse(
    inverse_block: Any, squares: Any, weights: NDArray, total: NDArray, labels: NDArray, scale: NDArray
) -> tuple[tuple[NDArray, NDArray], float]:
    """((e_H, S), relative error) of a set left out together, from X_HH, (X²)_HH, α_H and |α|²; as above."""
    block_scale = norm_of_each(inverse_block)
    covariance = inverse(inverse_block, 0.0, "(A^-1)_HH", block_scale)
    residuals = covariance @ weights
    columns = np.diagonal(squares, axis1=-2, axis2=-1)[..., None]  # ‖X_:i‖²
    used = np.sqrt(total + (columns * residuals**2).sum(axis=1))
    reach = np.diagonal(covariance @ squares @ covariance, axis1=-2, axis2=-1)  # ‖(S X_H:)_j‖²
    reach = np.maximum(reach, 0.0)[..., None]
    size, inverting = perturbation(scale)[:, None, None], perturbation(block_scale)[:, None, None]
    rows = np.linalg.norm(covariance, axis=-1)[..., None]
    bound = size * np.sqrt(reach) * used[:, None] + inverting * rows * np.linalg.norm(residuals, axis=1, keepdims=True)
    variances = np.diagonal(covariance, axis1=-2, axis2=-1)[..., None]
    error_of_variances = relative_error(size * reach + inverting * rows**2, variances, np.zeros((1, 1)))
    return (residuals, covariance), max(relative_error(bound, residuals, labels), error_of_variances)


def variances(nngp: NDArray) -> NDArray[np.float64]:
    """The diagonals D (b, n) of matrices Σ, without what rounding left below 0."""
    return np.maximum(np.diagonal(nngp, axis1=-2, axis2=-1), 0.0)


def relative_norm(nngp: NDArray) -> NDArray[np.float64]:
    """‖Σ‖₁ of each matrix in units of its largest variance; 0 where there is none."""
    largest = variances(nngp).max(axis=-1)
    return norm_of_each(nngp) / np.where(largest > 0, largest, np.inf)


def in_shape_of(labels: ArrayLike, columns: NDArray) -> NDArray:
    """Columns (..., n, k) as they are, or without their axis where the labels had none."""
    return columns if np.ndim(labels) == 2 else columns[..., 0]


def _over_batch(compute, gram, ridge, dtype, others=(), name="gram", what="residuals"):
    """Arrays (..., rest) from `compute` on pieces of the batch, side by side, vouched for together.

    `others` are further matrices of the same batch, cut into the same pieces.
    """
    *batch, n, _ = gram.shape
    flat, *flat_others = (matrices.reshape(-1, n, n) for matrices in (gram, *others))
    pieces = batch_pieces(flat)
    scale = np.concatenate(in_threads(lambda piece: norm_of_each(flat[piece]), pieces))

    def piecewise(piece, ridge):
        return compute(flat[piece], *(other[piece] for other in flat_others), scale[piece], ridge)

    def whole(ridge):
        found = in_threads(lambda piece: piecewise(piece, ridge), pieces)
        arrays = [np.concatenate(parts) for parts in zip(*(arrays for arrays, _ in found))]
        return tuple(array.reshape(*batch, *array.shape[1:]) for array in arrays), max(error for _, error in found)

    return vouched(whole, ridge, scale.max(initial=0.0), n, name, dtype, what)


def batch_pieces(matrices: NDArray) -> list[slice]:
    """Slices of a batch (b, n, n), for a thread each at a time; one, of nothing, where the batch is empty."""
    at_once = max(1, _AT_ONCE // matrices.shape[-1] ** 2)
    return [slice(start, start + at_once) for start in range(0, max(1, len(matrices)), at_once)]


def _checked(gram, labels, ridge):
    dtype = getattr(gram, "dtype", None)
    gram = symmetric_gram(gram)
    labels = label_array(labels, gram.shape[-1], "point of gram")
    return gram, labels.reshape(len(labels), -1), nonnegative(ridge, "ridge"), dtype
