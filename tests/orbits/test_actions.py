"""Actions on points that are no images, against plain loops, and the refusal of what obeys no table."""

from itertools import permutations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symlib.groups import cyclic, dihedral, symmetric
from symlib.orbits import (
    act,
    dihedral_orbits,
    normalize,
    permutation_orbits,
    rotation_operators,
    rotation_orbits,
    shift_orbits,
    translation_orbits,
)
from tests.samples import GROUPS, semidirect

RNG = np.random.default_rng(0)
BOARDS = RNG.standard_normal((5, 3, 3))
SQUARE = np.arange(9).reshape(1, 3, 3)
# Entry j of the moved board is entry PLACES[g, j] of the board: flips and turns of the numbers of the fields.
PLACES = dihedral_orbits(SQUARE).reshape(8, 9).astype(int)


def matrices_of(places):
    return np.eye(places.shape[1])[places]


@pytest.mark.parametrize("action", [PLACES, matrices_of(PLACES), lambda g, x: dihedral_orbits(x)[:, g]])
def test_boards_by_permutations_matrices_and_a_callable(action):
    found = act(BOARDS, action, dihedral(4))
    assert found.shape == (5, 8, 3, 3) and found.flags.writeable
    assert_allclose(found, dihedral_orbits(BOARDS), atol=1e-15)
    assert_array_equal(found[:, 0], BOARDS)


def test_permutations_move_entries_as_indices_do():
    found = permutation_orbits(BOARDS, PLACES)
    for c, board in enumerate(BOARDS):
        for g, places in enumerate(PLACES):
            assert_array_equal(found[c, g].ravel(), board.ravel()[places])
    assert_array_equal(found, dihedral_orbits(BOARDS))


def test_permutations_that_say_where_entries_go_act_by_their_inverses():
    group, goes = symmetric(4), np.array(list(permutations(range(4))))
    x = RNG.standard_normal((3, 4))
    found = act(x, np.argsort(goes, axis=1), group)
    for g in range(24):
        for j in range(4):
            assert_array_equal(found[:, g, goes[g, j]], x[:, j])
    with pytest.raises(ValueError, match=r"it obeys the opposite multiplication .*the inverse permutations"):
        act(x, goes, group)


@pytest.mark.parametrize("n", [1, 3, 4, 12])
def test_shifts_roll_the_last_axis(n):
    series = RNG.standard_normal((2, 3, 12))
    found = shift_orbits(series, n)
    for g in range(n):
        assert_array_equal(found[:, g], np.roll(series, g * 12 // n, axis=-1))
    assert_array_equal(found, translation_orbits(series, n))
    assert_array_equal(shift_orbits(series[:, 0], n), found[:, :, 0])
    assert_array_equal(act(series, lambda g, x: np.roll(x, g * 12 // n, axis=-1), cyclic(n)), found)


@pytest.mark.parametrize("group", [*GROUPS.values(), semidirect(5, 4, 2)], ids=str)
def test_the_regular_representation_of_every_group(group):
    x = RNG.standard_normal((3, group.order))
    found = act(x, group.table[group.inverse], group)  # (g x)(h) = x(g⁻¹h)
    for g in range(group.order):
        for h in range(group.order):
            assert_array_equal(found[:, g, group.table[g, h]], x[:, h])


def refusal(x, action, group, **options):
    with pytest.raises(ValueError) as error:
        act(x, action, group, **options)
    return str(error.value)


def test_the_worst_element_is_named_with_the_size_of_the_gap():
    x = np.arange(12.0)[None]

    def shifted(g, x):
        return np.roll(x, g, axis=-1) + (g == 5) * 0.25 + (g == 8) * 1e-3

    message = refusal(x, shifted, cyclic(12))
    assert "does not obey the table of FiniteGroup(C12, order=12)" in message
    assert "moving by 4 and then by 1 differs from moving by 5 by 2.5e-01" in message
    assert "the largest entry is 1.1e+01" in message
    assert "element 0 moves points by 1.0e+00" in refusal(x, lambda g, x: np.roll(x, g, axis=-1) + 1, cyclic(12))
    # Steps of two come round after six of twelve.
    assert "differs from moving by" in refusal(x, lambda g, x: np.roll(x, 2 * g + (g > 5), axis=-1), cyclic(12))


def test_interpolated_actions_need_a_tolerance():
    images = normalize(RNG.standard_normal((2, 9, 9)).cumsum(axis=1).cumsum(axis=2))
    exact = rotation_operators(8, 9, "steerable")
    assert_allclose(act(images, exact, cyclic(8)), rotation_orbits(images, 8, "steerable"), atol=1e-12)
    assert_array_equal(act(images, exact * (1 + 1e-9), cyclic(8))[:, 0], images)  # the seeds, to the last digit
    spline = rotation_operators(8, 9)
    assert 'interpolation="steerable"' in refusal(images, spline, cyclic(8))
    assert "interpolation" in refusal(images, spline, cyclic(8), tolerance=1e-3)
    assert_allclose(act(images, spline, cyclic(8), tolerance=2), rotation_orbits(images, 8), atol=1e-12)


def test_an_action_that_works_in_place_leaves_the_callers_points_alone():
    x = RNG.standard_normal((3, 4))
    before = x.copy()

    def flip(g, x):
        if g:
            x *= -1
        return x

    found = act(x, flip, cyclic(2))
    assert_array_equal(x, before)
    assert_array_equal(found[:, 1], -before)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: act([1.0, 2.0], PLACES, dihedral(4)), "x must have at least 2 dimensions"),
        (lambda: act(np.zeros((0, 3)), PLACES, dihedral(4)), r"none of the axes 0, got shape \(0, 3\)"),
        (lambda: act(BOARDS, PLACES[:4], dihedral(4)), r"permutations \(\|G\|, d\) = \(8, 9\) .*got .*\(4, 9\)"),
        (lambda: act(BOARDS, PLACES * 1.0, dihedral(4)), "whole numbers, got dtype float64"),
        (lambda: act(BOARDS, np.zeros((8, 9), int), dihedral(4)), r"permutations\[0\] = \[0, 0.* no permutation"),
        (lambda: act(BOARDS, lambda g, x: x[..., 1:], dihedral(4)), r"must return points of the shape .*\(5, 3, 2\)"),
        (lambda: act(BOARDS, lambda g, x: x * np.nan, dihedral(4)), "the action's result must be finite"),
        (lambda: act(BOARDS, "turn", dihedral(4)), "action must be a callable"),
        (lambda: act(BOARDS, PLACES, dihedral(4), tolerance=0), "tolerance must be positive"),
        (lambda: shift_orbits(np.ones((2, 12)), 5), r"n must divide the length of 12 entries, got n = 5; .*\[1, 2, 3"),
        (lambda: shift_orbits(np.ones((2, 12)), 0), "n must be a whole number"),
        (lambda: shift_orbits(np.ones(12), 3), "x must have at least 2 dimensions"),
        (lambda: permutation_orbits(BOARDS, PLACES[1:]), r"permutations\[0\] must be the identity"),
        (lambda: permutation_orbits(BOARDS, [[0, 1]]), r"\(\|G\|, d\) with d = 9 entries a point, got \(1, 2\)"),
        (lambda: permutation_orbits(BOARDS, [range(9), [0] * 9]), r"permutations\[1\] = .*no permutation of 0 … 8"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda limit: act(BOARDS, PLACES, dihedral(4), memory_limit=limit),
        lambda limit: shift_orbits(BOARDS, 3, memory_limit=limit),
        lambda limit: permutation_orbits(BOARDS, PLACES, memory_limit=limit),
    ],
)
def test_memory_is_refused(call):
    with pytest.raises(MemoryError, match="use fewer points"):
        call(100)
