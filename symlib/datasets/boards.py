"""Final boards of tic-tac-toe, enumerated: a data set that the symmetries of the square map onto itself, D₄.

    0 1 2        squares are numbered by rows; 1 is a cross, which moves first, −1 a nought, 0 an empty square
    3 4 5
    6 7 8

Element g of `dihedral(4)` acts on a board by `board[permutations[g]]`. Many boards are fixed by some of the eight
elements, so that their orbits have fewer than eight points.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.support.checks import plain_array

_SQUARES = np.arange(9).reshape(3, 3)
_LINES = [*_SQUARES, *_SQUARES.T, _SQUARES.diagonal(), _SQUARES[:, ::-1].diagonal()]
_VALUES = (1, -1, 0)  # in the order of the blocks of one_hot


class Boards(NamedTuple):
    """What `tic_tac_toe` gives, a row a board, and the action on its squares; fields stand there."""

    boards: NDArray[np.int8]
    winners: NDArray[np.int8]
    orbits: NDArray[np.intp]
    permutations: NDArray[np.intp]


def tic_tac_toe() -> Boards:
    """All boards on which a game of tic-tac-toe can end, with their winners, and the eight symmetries of the square.

    Crosses move first; a game ends with three in a line, or with nine squares filled.

    Returns
    -------
    Boards
        `boards` (958, 9) int8, 1 for a cross, −1 for a nought, 0 for an empty square, in lexicographic order;
        `winners` (958,) int8, 1 for crosses (626 boards), −1 for noughts (316), 0 for a draw (16);
        `orbits` (958,) int, the number of the orbit that a board is in, 0 … 137, in order of first appearance;
        `permutations` (8, 9) int: element g of `dihedral(4)` moves a board to `board[permutations[g]]`, in the order
        and sense of `dihedral_orbits`. `permutation_orbits(boards, permutations)` takes them.

    Notes
    -----
    Source: enumerated here, so there are no terms. Among the 138 orbits 104 are free (eight boards each), 27 are fixed
    by one reflection, 3 by the half turn, 2 by four elements, and 2 by all of D₄.

    Examples
    --------
    >>> game = tic_tac_toe()
    >>> game.boards.shape, [int((game.winners == winner).sum()) for winner in (1, -1, 0)]
    ((958, 9), [626, 316, 16])
    >>> _, seeds = np.unique(game.orbits, return_index=True)  # one board of each orbit
    >>> game.boards[seeds].shape
    (138, 9)
    """
    ended = _ended_games()
    boards = np.array(sorted(ended), dtype=np.int8)
    permutations = np.stack([np.rot90(face, k).ravel() for face in (_SQUARES, _SQUARES[:, ::-1]) for k in range(4)])
    number = {board: i for i, board in enumerate(map(tuple, boards.tolist()))}
    moved = boards[:, permutations]  # (958, 8, 9)
    first = [min(number[tuple(pose)] for pose in poses) for poses in moved.tolist()]
    _, orbits = np.unique(first, return_inverse=True)
    winners = np.array([ended[board] for board in number], dtype=np.int8)
    return Boards(boards, winners, orbits.astype(np.intp), permutations)


def one_hot(boards: ArrayLike) -> NDArray[np.float64]:
    """Boards as 27 numbers each, three a square: √3 where it is a cross, a nought, or empty, else 0.

    Every board has |x|² = 27, the number of its entries, as kernels and networks of this library like their inputs; and
    squares that are permuted permute the entries, so the symmetries of the square act by orthogonal matrices.

    Parameters
    ----------
    boards : (..., 9) array of 1, −1 and 0, for instance `tic_tac_toe().boards` or orbits of them

    Returns
    -------
    (..., 27) float64 array: the nine squares that hold a cross, the nine that hold a nought, the nine that are empty

    Raises
    ------
    ValueError
        If the last axis has not nine entries, or one is neither 1, −1 nor 0.

    Examples
    --------
    >>> one_hot([1, -1, 0, 0, 0, 0, 0, 0, 0]).reshape(3, 9).round(2)[:2, :3]
    array([[1.73, 0.  , 0.  ],
           [0.  , 1.73, 0.  ]])
    """
    boards = plain_array(boards, "boards")
    if not boards.ndim or boards.shape[-1] != 9:
        raise ValueError(f"boards must be an array (..., 9), a number a square, got shape {boards.shape}")
    if (wrong := ~np.isin(boards, _VALUES)).any():
        raise ValueError(f"boards must hold 1 (cross), -1 (nought) and 0 (empty), got {boards[wrong][0]}")
    return np.sqrt(3) * np.concatenate([boards == value for value in _VALUES], axis=-1)


def _ended_games():
    """{board: winner} of all games, played move by move; a position that was reached before is not played again."""
    ended, open_positions = {}, {(0,) * 9}
    for move in range(9):
        player, reached = (1, -1)[move % 2], set()
        for position in open_positions:
            for square in np.flatnonzero(np.equal(position, 0)):
                board = (*position[:square], player, *position[square + 1 :])
                if any(all(board[i] == player for i in line) for line in _LINES):
                    ended[board] = player
                elif move == 8:
                    ended[board] = 0
                else:
                    reached.add(board)
        open_positions = reached
    return ended
