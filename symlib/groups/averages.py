"""Averages of a Gram matrix over a group, and the warning where they lose more than interpolation explains."""

import warnings

import numpy as np
from numpy.typing import NDArray

from symlib.groups.finite_group import FiniteGroup

_LOST_BY_INTERPOLATION, _LOST_BY_A_MISTAKE = 0.025, 0.05


def group_average(blocks: NDArray[np.float64], table: NDArray[np.intp]) -> NDArray[np.float64]:
    """κ(u) = (1/|G|) Σ_g of the blocks (..., g, C, gu, C), for every u: (..., |G|, C, C)."""
    order, n_orbits = blocks.shape[-4:-2]
    kappa = np.empty((*blocks.shape[:-4], order, n_orbits, n_orbits))
    for u in range(order):
        kappa[..., u, :, :] = blocks[..., np.arange(order), :, table[:, u], :].mean(axis=0)
    return kappa


def warn_if_averaged_away(
    gram: NDArray[np.float64], kappa: NDArray[np.float64], group: FiniteGroup, name: str, stacklevel: int
) -> None:
    """Warn where the projection loses what interpolation does not explain, and say of which mistake it would come.

    The loss is a fraction of K, or of what varies in K: the mean is invariant under anything, and nearly all of the
    Gram of a network with biases. With the spline rotations and kernels of the book, N = 2 … 32, it was at most 1.1 %
    of K, and of what varies 2 % (pooled convolutions, for which orbits all but collapse, 43 %); points in the order of
    orbits lost 3 to 60 %, and half of it or less when read in their own order.
    """
    of_all, of_varying = _lost(gram, kappa)
    if of_varying < _LOST_BY_INTERPOLATION:
        return
    *batch, n, _ = gram.shape
    order, n_orbits = group.order, n // group.order
    orbit_major = np.moveaxis(gram.reshape(*batch, n_orbits, order, n_orbits, order), (-4, -2), (-3, -1))
    element_major = gram.reshape(*batch, order, n_orbits, order, n_orbits)
    others = [group_average(orbit_major, group.table), group_average(element_major, group.table.T)]
    least = min(_lost(gram, other)[1] for other in others)
    if of_all > _LOST_BY_A_MISTAKE or least < of_varying / 2:
        warnings.warn(
            f"{name} averages away {of_all:.2g} of the Gram (|K - projection| / |K|), {of_varying:.2g} of "
            "what varies in it: usually the points are not element-major (index g * C + c; symlib.orbits.points makes "
            "them so), or the group's table is that of the opposite multiplication (table[g, h] is h acting first)",
            stacklevel=stacklevel + 1,
        )


def _lost(gram, kappa):
    """‖K − projection‖ as a fraction of ‖K‖, and of ‖K − its mean‖, over a batch; projections are orthogonal."""
    total = (gram * gram).sum()
    lost = np.sqrt(max(total - kappa.shape[-3] * (kappa * kappa).sum(), 0.0))
    varying = np.sqrt(max(total - gram.shape[-1] ** 2 * (gram.mean(axis=(-1, -2)) ** 2).sum(), 0.0))
    if lost <= 1e-7 * np.sqrt(total):  # rounding
        return 0.0, 0.0
    return lost / np.sqrt(total), lost / varying
