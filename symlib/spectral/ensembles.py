"""How far infinitely wide trained networks differ at poses left out together, by the group formula.

A⁻¹ΣA⁻¹ is invariant as Θ and Σ are, so that the covariance of `regression.ensemble_covariance` comes from the blocks
Â(ρ)⁻¹ Σ̂(ρ) Â(ρ)⁻¹. Derived in book chapter 10.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.groups import FiniteGroup
from symlib.regression import spread_vouched, variances, warn_if_swapped
from symlib.spectral.blocks import at_pairs, blocks_among, inverse_blocks
from symlib.spectral.distinct import points_of
from symlib.support.accuracy import coarser, perturbation, refuse_indefinite, vouched
from symlib.support.checks import invariant_kappa, nonnegative
from symlib.support.hermitian import inverse, norm_of_each


def spectral_ensemble_covariance(
    kappa_ntk: ArrayLike,
    kappa_nngp: ArrayLike,
    group: FiniteGroup,
    held_out: ArrayLike,
    ridge: float = 0.0,
    stabilisers: Sequence[ArrayLike] | None = None,
) -> NDArray[np.float64]:
    """Covariance, over random starts, of what infinitely wide trained networks answer at poses left out together.

    `regression.ensemble_covariance` by the group formula: A⁻¹ΣA⁻¹ is invariant as Θ and Σ are, with the blocks
    Â(ρ)⁻¹ Σ̂(ρ) Â(ρ)⁻¹, Â(ρ) = Θ̂(ρ) + σ²I, and Cov_H = S (A⁻¹ΣA⁻¹)_HH S with S = ((A⁻¹)_HH)⁻¹. What it is the
    covariance of, and which ridge that is, stands there.

    Parameters
    ----------
    kappa_ntk, kappa_nngp : (..., |G|, C, C) arrays, the invariant Grams Θ and Σ of one network
    group : FiniteGroup
    held_out : (h, 2) list of distinct (element, orbit) pairs
    ridge : float, absolute, at least 0; added to Θ
    stabilisers : sequence of C sequences of elements, optional, as for `spectral_holdout_residuals`

    Returns
    -------
    (..., h, h) array, in the order of `held_out`. Cost: that of `spectral_holdout_residuals`, twice.

    Raises
    ------
    IndefiniteMatrixError, SingularMatrixError
        As `regression.ensemble_covariance`.
    ValueError
        If a κ does not fit the group, or the two are not of one shape; for pairs that repeat or are out of range, or a
        negative ridge; for points that repeat and stabilisers that do not fit, as `spectral_loo_residuals`.

    Warns
    -----
    UserWarning
        As `regression.ensemble_covariance`, if the two seem to be swapped.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> theta = np.array([2.0, 1.0]).reshape(2, 1, 1)
    >>> sigma = np.array([1.0, 0.0]).reshape(2, 1, 1)
    >>> spectral_ensemble_covariance(theta, sigma, cyclic(2), [(1, 0)]).round(12)
    array([[1.25]])
    """
    dtype = coarser(kappa_ntk, kappa_nngp)
    theta = invariant_kappa(kappa_ntk, group, "kappa_ntk")
    sigma = invariant_kappa(kappa_nngp, group, "kappa_nngp")
    if theta.shape != sigma.shape:
        raise ValueError(
            f"kappa_ntk and kappa_nngp must be of one shape, got {theta.shape} and {sigma.shape}; pass both kernels of "
            "one network among the same orbits"
        )
    n_orbits, ridge = theta.shape[-1], nonnegative(ridge, "ridge")
    points = points_of(theta, group, stabilisers, dtype)
    orbit, between = points.held_out(held_out)
    scale, scale_nngp = points.norm(theta), points.norm(sigma)
    flat = sigma.reshape(-1, *sigma.shape[-3:])
    of_orbits = variances(flat[:, 0])  # the same at every pose
    largest = of_orbits.max(axis=-1, initial=0.0)
    sigma_blocks = {i: block for i, _, block in blocks_among(flat, group, points)}
    for i, block in sigma_blocks.items():
        refuse_indefinite(block, f"kappa_nngp_hat(irrep {i})", scale_nngp, dtype)

    def compute(ridge):
        sums: list[Any] = [0.0] * 5  # at H: X, XΣX, and for the bound X², (XΣX)², XDX
        for i, weight, x in inverse_blocks(theta, group, ridge, scale, "kappa_ntk", points):
            characters = weight * group.irreps[i][between].conj()
            drawn = x @ sigma_blocks[i] @ x
            scaled = x * points.repeated(i, of_orbits)[:, None]
            blocks = x, drawn, x @ x, drawn @ drawn, scaled @ x
            sums = [total + at_pairs(points.lifted(i, part), characters, orbit) for total, part in zip(sums, blocks)]
        x_h, drawn_h, *squares = sums
        s = inverse(x_h, 0.0, "(A^-1)_HH", norm_of_each(x_h))
        covariance = s @ drawn_h @ s
        reach, used, reach_nngp = (np.einsum("bij,bji->bi", s @ square, s) for square in squares)
        # S cancels much of the sums at H, which are as exact as they are large.
        rows, columns = np.linalg.norm(s, axis=-1), np.linalg.norm(covariance, axis=-1)
        rounding = perturbation(norm_of_each(drawn_h))[:, None, None] * rows[:, :, None] * rows[:, None]
        inverting = perturbation(norm_of_each(x_h))[:, None, None] * rows[:, :, None] * columns[:, None]
        return spread_vouched(
            (covariance + covariance.swapaxes(-1, -2)) / 2,
            reach,
            used,
            np.diagonal(squares[0], axis1=-2, axis2=-1),
            reach_nngp,
            rounding + inverting + inverting.swapaxes(-1, -2),
            (scale, scale_nngp / np.where(largest > 0, largest, np.inf)),
        )

    (covariance,) = vouched(compute, ridge, scale.max(initial=0.0), n_orbits, "kappa_ntk", dtype, "covariance")
    warn_if_swapped(variances(theta[..., 0, :, :]), variances(sigma[..., 0, :, :]), stacklevel=3)
    return covariance.reshape(*theta.shape[:-3], *covariance.shape[1:])
