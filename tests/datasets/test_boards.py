"""Tic-tac-toe: boards against games played by counting, the action against the symmetries of a 3 × 3 image."""

from collections import Counter
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from symlib.datasets import one_hot, tic_tac_toe
from symlib.groups import dihedral
from symlib.orbits import dihedral_orbits, permutation_orbits, stabilisers

LINES = ("012", "345", "678", "036", "147", "258", "048", "246")


def final(board):
    """Whether a game can end so: as many moves as it takes, and the last one made the line, if there is one."""
    crosses, noughts = board.count(1), board.count(-1)
    won = {player for player in (1, -1) for line in LINES if all(board[int(i)] == player for i in line)}
    if won == {1}:
        return crosses == noughts + 1
    if won == {-1}:
        return crosses == noughts
    return not won and crosses == 5 and noughts == 4


def test_boards_are_those_on_which_a_game_can_end():
    game = tic_tac_toe()
    # All 3⁹ boards sifted, instead of games played. Two lines of one player share a square: one move made both.
    assert list(map(tuple, game.boards.tolist())) == [board for board in product((-1, 0, 1), repeat=9) if final(board)]
    assert Counter(game.winners.tolist()) == {1: 626, -1: 316, 0: 16}
    for board, winner in zip(game.boards.tolist(), game.winners):
        lines = {sum(board[int(i)] for i in line) for line in LINES}
        assert (3 in lines, -3 in lines) == (winner == 1, winner == -1)


def test_permutations_are_the_symmetries_of_the_square_in_the_order_of_the_group():
    game = tic_tac_toe()
    squares = np.arange(9.0)
    assert_array_equal(game.permutations, dihedral_orbits(squares.reshape(1, 3, 3)).reshape(8, 9))
    for g, h in product(range(8), repeat=2):
        assert_array_equal(
            squares[game.permutations[h]][game.permutations[g]], squares[game.permutations[dihedral(4).table[g, h]]]
        )


def test_orbits():
    game = tic_tac_toe()
    _, seeds = np.unique(game.orbits, return_index=True)
    poses = permutation_orbits(game.boards[seeds], game.permutations)
    for orbit, members in enumerate(poses):
        assert_array_equal(np.unique(members, axis=0), game.boards[game.orbits == orbit])
        assert len(set(game.winners[game.orbits == orbit])) == 1
    kinds = Counter(len(fixing) for fixing in stabilisers(poses, dihedral(4)))
    assert kinds == {1: 104, 2: 30, 4: 2, 8: 2}  # one reflection 27, half turn 3


def test_one_hot():
    boards = np.array([[1, -1, 0] * 3, [0] * 9])
    x = one_hot(boards)
    assert x.shape == (2, 27) and x.dtype == np.float64
    np.testing.assert_allclose((x**2).sum(axis=1), 27)
    for column, value in enumerate((1, -1, 0)):
        assert_array_equal(x[:, 9 * column : 9 * column + 9] > 0, boards == value)
    # Permuted squares permute the entries: inner products stay.
    game = tic_tac_toe()
    moved = one_hot(game.boards[:50][:, game.permutations[5]])
    np.testing.assert_allclose(moved @ moved.T, one_hot(game.boards[:50]) @ one_hot(game.boards[:50]).T)


@pytest.mark.parametrize(
    "boards, said",
    [
        (np.zeros((2, 8)), r"\(..., 9\), .* \(2, 8\)"),
        (0, r"\(\)"),
        (np.full(9, 2), "got 2"),
        (np.full(9, np.nan), "got nan"),
    ],
)
def test_what_is_no_board_is_refused(boards, said):
    with pytest.raises(ValueError, match=f"boards must .*{said}"):
        one_hot(boards)
