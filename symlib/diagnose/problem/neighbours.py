"""Which samples the group moves onto one another, or near one another: distances |x_i − u x_j| over all elements u."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symlib.support.threads import threads_for

SAME = 1e-6  # of a point's length: rounding of an exact action


@dataclass(frozen=True)
class Neighbours:
    """What the distances say.

    Attributes
    ----------
    repeats : list of (i, j, u), i < j, with x_i = u x_j to rounding
    distance, pair : the least |x_i − u x_j| between samples of different classes, and its (i, j, u)
    typical : float, the median distance between samples of different classes, unmoved
    close : int, samples with another class's sample within a tenth of `typical`, once moved
    confusion : (a, b, moved, still): the two classes of which the largest part of a has its nearest neighbour (among
        other objects) in b once moved, compared with the part unmoved
    """

    repeats: list[tuple[int, int, int]]
    distance: float
    pair: tuple[int, int, int]
    typical: float
    close: int
    confusion: tuple[int, int, float, float]


def neighbours(orbits: NDArray, y: NDArray, objects: NDArray, n_classes: int, near: float = 0.1) -> Neighbours:
    """Distances between all orbits (C, |G|, …); costs |G| C² d multiplications."""
    n, order = orbits.shape[:2]
    flat = orbits.reshape(n, order, -1)
    seeds = np.ascontiguousarray(flat[:, 0])
    squares = np.einsum("ngd,ngd->ng", flat, flat)
    other_class = y[:, None] != y
    other_object = objects[:, None] != objects
    limit = SAME * np.sqrt(squares.max())
    nearest = np.full(n, np.inf)
    nearest_class = still_class = y
    foreign = np.full(n, np.inf)
    pair, least, repeats, typical = (0, 0, 0), np.inf, [], 0.0
    for u in range(order):
        with threads_for(n):
            products = seeds @ flat[:, u].T
        d2 = np.maximum(squares[:, :1] + squares[:, u] - 2 * products, 0.0)
        # Inner products lose what is below 1e-8 of a length: what may repeat is measured again.
        for i, j in np.argwhere(np.triu(d2 < 1e-10 * squares.max(), 1)):
            if np.linalg.norm(seeds[i] - flat[j, u]) <= limit:
                repeats.append((int(i), int(j), u))
        between = np.where(other_class, d2, np.inf)
        if u == 0:
            typical = float(np.sqrt(np.median(d2[other_class])))
        at = np.unravel_index(between.argmin(), between.shape)
        if between[at] < least:
            least, pair = between[at], (int(at[0]), int(at[1]), u)
        foreign = np.minimum(foreign, between.min(axis=1))
        others = np.where(other_object, d2, np.inf)
        best = others.argmin(axis=1)
        value = others[np.arange(n), best]
        nearest_class = np.where(value < nearest, y[best], nearest_class)
        nearest = np.minimum(nearest, value)
        if u == 0:
            still_class = nearest_class
    i, j, u = pair
    distance = float(np.linalg.norm(seeds[i] - flat[j, u]))
    close = int((np.sqrt(foreign) <= near * typical).sum())
    return Neighbours(repeats, distance, pair, typical, close, _confusion(y, nearest_class, still_class, n_classes))


def _confusion(y, moved, still, n_classes):
    count = np.maximum(np.bincount(y, minlength=n_classes), 1)[:, None]
    tables = []
    for found in (moved, still):
        table = np.zeros((n_classes, n_classes))
        np.add.at(table, (y, found), 1)
        tables.append(table / count)
    more = tables[0] - tables[1]
    np.fill_diagonal(more, -1)
    a, b = np.unravel_index(more.argmax(), more.shape)
    return int(a), int(b), float(tables[0][a, b]), float(tables[1][a, b])
