"""Stabilisers and distinct points against counting, on orbits that repeat in every way a group allows."""

import numpy as np
import pytest

from symlib.datasets import mnist
from symlib.groups import FiniteGroup, cyclic, dihedral, symmetric
from symlib.orbits import act, dihedral_orbits, distinct_points, rotation_orbits, shift_orbits, stabilisers

BOARDS = np.array(
    [
        [[1, 2, 0], [0, 1, 2], [0, 0, 0]],
        [[1, 0, 1], [0, 2, 0], [1, 0, 1]],
        [[1, 2, 1], [0, 0, 0], [1, 2, 1]],
        [[1, 1, 1], [0, 2, 0], [0, 0, 0]],
        [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
    ]
)


def test_boards():
    orbits = dihedral_orbits(BOARDS)
    found = stabilisers(orbits, dihedral(4))
    expected = [tuple(g for g in range(8) if (orbit[g] == orbit[0]).all()) for orbit in orbits]
    assert found == expected and [len(h) for h in found] == [1, 8, 4, 2, 8]
    pairs = distinct_points(found, dihedral(4))
    assert len(pairs) == 8 + 1 + 2 + 4 + 1 == len(np.unique(orbits.reshape(-1, 9), axis=0))
    assert pairs.tolist() == sorted(pairs.tolist())
    for c in range(5):
        of_c = [orbits[c, g].tobytes() for g, orbit in pairs if orbit == c]
        assert len(set(of_c)) == len(of_c) == len({point.tobytes() for point in orbits[c]})


def test_every_pair_is_distinct_where_nothing_repeats():
    pairs = distinct_points([(0,)] * 3, cyclic(4))
    assert (pairs[:, 0] * 3 + pairs[:, 1] == np.arange(12)).all()


def test_the_tolerance_is_relative_to_each_seed():
    series = np.array([[1.0, 2, 1, 2 + 3e-6], [1e-9, 2e-9, 1e-9, 2e-9], [0, 0, 0, 0], [1, 2, 1, 2.1]])
    orbits = shift_orbits(series, 4)
    every = (0, 1, 2, 3)
    assert stabilisers(orbits, cyclic(4)) == [(0,), (0, 2), every, (0,)]
    assert stabilisers(orbits, cyclic(4), tolerance=1e-5) == [(0, 2), (0, 2), every, (0,)]
    # A ring, turned by spline: left alone up to some per cent.
    y, x = np.mgrid[-13.5:14, -13.5:14]
    ring = np.exp(-((np.hypot(x, y) - 8) ** 2) / 8)
    orbits = rotation_orbits([ring, mnist()[0][3]], 6)
    assert stabilisers(orbits, cyclic(6)) == [(0, 3), (0,)]  # a half turn permutes pixels
    assert stabilisers(orbits, cyclic(6), tolerance=0.05) == [(0, 1, 2, 3, 4, 5), (0,)]


def test_what_is_no_subgroup_is_refused_with_the_elements():
    spiral = np.arange(6.0)[None, :, None] * 0.01 + 1  # neighbours are close, and not so those farther on
    with pytest.raises(ValueError, match=r"what fixes seed 0 must be closed: 1·1 = 2 in .*C6.*tolerance= .it is 0.015"):
        stabilisers(spiral, cyclic(6), tolerance=0.015)
    # Orbits of the opposite multiplication: what fixes the seed is the same, and the cosets are the wrong ones.
    orbits = dihedral_orbits(BOARDS[3:4])
    with pytest.raises(ValueError, match=r"fix seed 0, but of the coset .* two differ by \d.*pass the group"):
        stabilisers(orbits, FiniteGroup(dihedral(4).table.T))
    with pytest.raises(ValueError, match=r"\(C, \|G\|, …\) with \|G\| = 6 .*got \(1, 8, 3, 3\)"):
        stabilisers(orbits, symmetric(3))
    with pytest.raises(ValueError, match="tolerance must be positive"):
        stabilisers(orbits, dihedral(4), tolerance=0.0)
    with pytest.raises(ValueError, match=r"stabilisers\[1\] must be closed: 1·1 = 2"):
        distinct_points([(0,), (0, 1)], cyclic(4))
    with pytest.raises(ValueError, match=r"stabilisers\[0\] is empty; the identity fixes every seed"):
        distinct_points([()], cyclic(4))


def test_points_of_any_shape():
    x = np.array([[[1.0, 2], [1, 2]], [[1, 2], [3, 4]]])
    found = stabilisers(act(x, lambda g, x: np.roll(x, g, axis=-2), cyclic(2)), cyclic(2))
    assert found == [(0, 1), (0,)]
