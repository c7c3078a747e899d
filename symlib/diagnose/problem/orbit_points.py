"""The points of a diagnosis: every sample moved into every pose, and prepared as inputs of a kernel.

Point (g, i) is element g of the seed of sample i, seed_i = pose_i⁻¹ x_i, so that sample i itself is point (pose_i, i).
It is computed as (g pose_i⁻¹) x_i: at its own pose a sample is what was observed, to the last digit, also under an
action that interpolates.

Preparation, as of the data in the book ("each"): every point minus its mean over its entries, at |x|² = d. It commutes
with every action that leaves constants alone and lengths as they are. Where an action on vectors does neither, or
vectors are so short that mean and length tell the classes apart, all points are scaled by one number to a mean |x|² of
d ("whole").
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from symlib.diagnose.report import Refused
from symlib.groups import FiniteGroup
from symlib.orbits import normalize
from symlib.orbits.actions import moved_points

_SHORT = 8  # entries of a vector below which its mean and length are kept
_BLANK = 1e-12
Move = Callable[[int, NDArray], NDArray]


def moved_orbits(x: NDArray, move: Move, group: FiniteGroup, pose: NDArray | None) -> NDArray[np.float64]:
    """The orbits (n, |G|, …) of the seeds of samples x (n, …), index g being element g of the seed."""
    orbits = np.empty((len(x), group.order, *x.shape[1:]))
    rows = np.arange(len(x))
    for u in range(group.order):
        moved = x if u == 0 else moved_points(move, u, x)
        orbits[rows, u if pose is None else group.table[u, pose]] = moved
    return orbits


def preparation(x: NDArray, move: Move, group: FiniteGroup, standardise: bool) -> str:
    """How points are prepared: "each", "whole" or "none"."""
    if not standardise:
        return "none"
    if x.ndim == 3:
        return "each"
    if x.shape[-1] < _SHORT:
        return "whole"
    ones = np.ones((1, *x.shape[1:]))
    few = x[:3]
    for g in range(group.order):
        lengths = np.linalg.norm(moved_points(move, g, few), axis=-1) - np.linalg.norm(few, axis=-1)
        if np.abs(moved_points(move, g, ones) - 1).max() > 1e-6:
            return "whole"
        if np.abs(lengths).max() > 1e-6 * np.abs(few).max() * np.sqrt(few.shape[-1]):
            return "whole"
    return "each"


def prepared(orbits: NDArray, how: str) -> NDArray[np.float64]:
    """Orbits (n, |G|, …) as inputs of a kernel; `how` as of `preparation`."""
    d = int(np.prod(orbits.shape[2:]))
    if how == "none":
        return orbits
    if how == "each":
        flat = orbits.reshape(*orbits.shape[:2], 1, d)
        return (normalize(flat) * np.sqrt(d)).reshape(orbits.shape)
    mean_square = float((orbits**2).sum(axis=tuple(range(2, orbits.ndim))).mean())
    if mean_square == 0:
        raise Refused("all entries of x are 0, so that no sample differs from another")
    return orbits * np.sqrt(d / mean_square)


def refuse_blank(x: NDArray, how: str) -> None:
    """Raise for samples of equal entries, of which "each" leaves nothing."""
    if how != "each":
        return
    flat = x.reshape(len(x), -1)
    blank = np.flatnonzero(np.ptp(flat, axis=1) <= _BLANK * np.abs(flat).max(axis=1))
    if blank.size:
        raise Refused(
            f"x has {blank.size} blank samples (all entries equal), the first at {blank[0]}, which differ from each "
            "other in nothing but their mean; leave them out, or pass standardise=False"
        )
