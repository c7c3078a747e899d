"""Distances over all elements of a group against two loops."""

import numpy as np
import pytest

from symlib.diagnose.problem.neighbours import neighbours


def test_against_loops():
    rng = np.random.default_rng(0)
    n, order, d = 17, 7, 7
    seeds = rng.standard_normal((n, d))
    seeds[11] = np.roll(seeds[4], -2)  # x_4 is x_11 moved by 2
    seeds[9] = np.roll(seeds[2], -3) + 0.01 * rng.standard_normal(d)
    orbits = np.stack([np.roll(seeds, u, axis=1) for u in range(order)], axis=1)
    y = np.arange(n) % 3
    y[11] = y[4]
    y[9] = (y[2] + 1) % 3
    objects = np.arange(n) // 2
    found = neighbours(orbits, y, objects, 3)
    assert (4, 11, 2) in found.repeats and all((i, j) == (4, 11) for i, j, _ in found.repeats)
    far = {(i, j, u): np.linalg.norm(seeds[i] - orbits[j, u]) for i in range(n) for j in range(n) for u in range(order)}
    others = {key: value for key, value in far.items() if y[key[0]] != y[key[1]]}
    assert found.distance == pytest.approx(min(others.values())) and set(found.pair[:2]) == {2, 9}
    typical = np.median([value for (_, _, u), value in others.items() if u == 0])
    assert found.typical == pytest.approx(typical, rel=1e-3)  # a median of squares, that is
    near = {i for (i, _, _), value in others.items() if value <= 0.1 * typical}
    assert found.close == len(near) > 0
    tables = []
    for elements in (range(order), [0]):
        table = np.zeros((3, 3))
        for i in range(n):
            nearest = min(
                ((far[i, j, u], y[j]) for j in range(n) for u in elements if objects[j] != objects[i]),
                key=lambda entry: entry[0],
            )
            table[y[i], nearest[1]] += 1 / (y == y[i]).sum()
        tables.append(table)
    a, b, moved, still = found.confusion
    more = tables[0] - tables[1] - 9 * np.eye(3)
    assert moved - still == pytest.approx(more.max()) and (moved, still) == pytest.approx(
        (tables[0][a, b], tables[1][a, b])
    )
