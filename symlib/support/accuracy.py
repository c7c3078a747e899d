"""What may be read off an inverse: residuals are returned where rounding leaves them right, and refused elsewhere.

A Gram matrix in float64 is known up to δK with ‖δK‖ about 2.2e-16 · ‖K‖, and factorising it adds as much (Higham,
*Accuracy and Stability of Numerical Algorithms*, 2nd ed., sections 10.1 and 14.3). With A = K + σ²I and X = A⁻¹,
the held-out residuals e_H = S (Xy)_H, S = (X_HH)⁻¹, change to first order by

    δe_H = −S X_H: (δK Xy − Σ_i δK_i X_:i e_i),     |δe_j| ≲ ‖(S X_H:)_j‖ ‖δK‖ (‖Xy‖² + Σ_i ‖X_:i‖² e_i²)^½,

δK_i being another such error for each column of X, and errors adding up in squares. The last factor holds the weights
of the machine: huge where labels are fitted against the grain of K, small where they are not. So a nearly singular K is
not refused as such: where orbits collapse the residuals are right at any ridge; where a ridge of 1e-10 on a matrix of
low rank fits the labels to rounding they are wrong in all digits.

The spread of an ensemble, C = F Σ Fᵀ with F = S X_H: (`regression.ensemble_covariance`), is such an answer twice: its
"labels" are the columns of Σ Fᵀ, whose residuals are C. With D the diagonal of Σ, known up to δΣ = D^½ E D^½,

    |δC_ij| ≲ r_i u_j + u_i r_j + ‖E‖ ‖F_i D^½‖ ‖F_j D^½‖,   r_i = ‖F_i‖ ‖δK‖,   u_j² = ‖XΣF_jᵀ‖² + Σ_i ‖X_:i‖² C_ij²,

to be small against the standard deviations, (C_ii C_jj)^½.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symlib.support import hermitian
from symlib.support.hermitian import EPSILON, IndefiniteMatrixError, SingularMatrixError

ACCURACY = 1e-6  # of what is returned, relative to the larger of the residual and the labels
# Rounding in units of 2.2e-16 · ‖K‖₁. Against 40-digit arithmetic, 54 matrices of low rank asked for 0.04 in the median
# and 0.3 at most, and 180 others for 0.5 of a bound up to √2 larger (tests/support/test_accuracy.py repeats a few).
_ROUNDING = 1.0
_SEARCH_UP_TO = 1500  # order of a matrix up to which the ridge that would do is found to two digits


def perturbation(scale: NDArray) -> NDArray:
    """‖δK‖, for a scale ‖K‖₁."""
    return _ROUNDING * EPSILON * scale


def relative_error(bound: NDArray, residuals: NDArray, labels: NDArray) -> float:
    """The largest of the bounds |δe|, relative to the larger of the residual and the largest label of its column."""
    size = np.maximum(np.abs(residuals), np.abs(labels).max(axis=0, initial=0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(bound == 0, 0.0, bound / size)  # NaN stays, and is accurate nowhere
    return float(np.max(relative, initial=0.0))


def vouched(
    compute: Callable[[float], tuple[Any, float]],
    ridge: float,
    scale: float,
    order: int,
    name: str,
    dtype: np.dtype | None = None,
    what: str = "residuals",
) -> Any:
    """The result of `compute(ridge)`, which gives a pair: it, and the relative error estimated of it.

    `what` says in errors what the result is.

    Raises
    ------
    SingularMatrixError
        If the error exceeds 1e-6, or the inverse does not exist; with the smallest ridge at which neither is so.
    IndefiniteMatrixError
        As `hermitian.inverse`.
    """
    try:
        result, error = compute(ridge)
        reason = (
            f"{name} at ridge {ridge:g} is so close to singular that rounding may change the {what} by "
            f"{error:.0e} of their size"
        )
    except SingularMatrixError as singular:
        result, error, reason = None, math.inf, str(singular)
    except IndefiniteMatrixError as indefinite:
        raise IndefiniteMatrixError(f"{indefinite}{_hint(dtype)}") from None
    if error <= ACCURACY:
        return result
    smallest = _smallest_ridge(compute, ridge, scale, order)
    remedy = f"pass ridge={smallest:.2g} or more, or " if smallest is not None else ""
    remedy += "leave out points that repeat"
    raise SingularMatrixError(f"{reason}; {remedy}{_hint(dtype)}")


def refuse_indefinite(matrices: NDArray, name: str, scale: NDArray, dtype: np.dtype | None = None) -> None:
    """`hermitian.refuse_indefinite`, whose error also says what to do with a matrix that came in less than float64."""
    try:
        hermitian.refuse_indefinite(matrices, name, scale)
    except IndefiniteMatrixError as indefinite:
        raise IndefiniteMatrixError(f"{indefinite}{_hint(dtype)}") from None


def coarser(*arrays: Any) -> np.dtype | None:
    """The dtype of the first array that holds fewer digits than float64, if one does."""
    dtypes: list[Any] = [getattr(array, "dtype", None) for array in arrays]
    coarse: list[Any] = [dtype for dtype in dtypes if dtype in (np.float32, np.float16)]
    return coarse[0] if coarse else None


def _hint(dtype):
    """What to do first with a matrix that came in less than float64: its rounding is a million times larger."""
    if dtype in (np.float32, np.float16):
        return f"; it came as {np.dtype(dtype).name}, whose rounding alone explains as much: compute it in float64"
    return ""


def _smallest_ridge(compute, ridge, scale, order):
    """The smallest ridge with results that are accurate, to two digits; for a large matrix to a power of ten.

    None where a ridge that drowns the whole matrix does not make them so.
    """

    def accurate(exponent):
        try:
            return compute(_rounded_up(10**exponent))[1] <= ACCURACY
        except SingularMatrixError:
            return False

    # A matrix of zeros has no size: any ridge whose inverse has a square will do.
    size = max(scale, np.finfo(np.float64).tiny / EPSILON) if scale else 1.0
    low = math.log10(max(ridge, EPSILON * size))
    step, high = (1.0 if order > _SEARCH_UP_TO else 2.0), low
    while not accurate(high):
        low, high = high, high + step
        if low > math.log10(size / EPSILON):
            return None
    if order <= _SEARCH_UP_TO:
        while high - low > 0.02:
            middle = (low + high) / 2
            low, high = (low, middle) if accurate(middle) else (middle, high)
    return _rounded_up(10**high)


def _rounded_up(ridge):
    """`ridge` in two significant digits, and no less."""
    unit = 10.0 ** (math.floor(math.log10(ridge)) - 1)
    return float(f"{math.ceil(ridge / unit * (1 - 1e-12)) * unit:.1e}")
