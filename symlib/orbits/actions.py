"""Group actions on points of any kind: vectors, series, boards, graphs. Each seed becomes its orbit, (C, |G|, …).

An action moves points so that element 0 leaves them alone and g after h is table[g, h]:

    g(hx) = (gh)x .

`act` takes any action and looks whether it is one, on the data themselves. Index g of an orbit is element g acting on
the seed, index 0 the seed. Book chapters 02 and 17.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.groups import FiniteGroup
from symlib.support.checks import SYMMETRY_TOLERANCE, finite_array, plain_array, positive, positive_int
from symlib.support.memory import MEMORY_LIMIT, refuse_beyond_memory

_REMEDY = "use fewer points or elements, or pass memory_limit= in bytes"

Action = Callable[[int, NDArray], ArrayLike]


def act(
    x: ArrayLike,
    action: Action | ArrayLike,
    group: FiniteGroup,
    *,
    tolerance: float = SYMMETRY_TOLERANCE,
    memory_limit: int = MEMORY_LIMIT,
) -> NDArray[np.float64]:
    """The orbits of points under an action, which is refused where it does not obey the group's table on these points.

    Parameters
    ----------
    x : (C, …) array, the seeds: vectors (C, d), images (C, H, W), or of whatever shape
    action : callable, (|G|, d, d) array, or (|G|, d) array of int
        A callable `action(g, x)` moves all points of an array (C, …) by element g and returns an array of that shape.
        Matrices act by `matrices[g] @ x`, permutations by `x[permutations[g]]` as in `permutation_orbits`, both on
        points of d numbers, which are flattened for it.
    group : FiniteGroup
    tolerance : float, above 0
        The largest |h(gx) − (hg)x| that is taken for rounding, as a fraction of the largest |x|. Interpolated actions,
        such as spline rotations, miss their table by some per cent: no formula for groups is exact on their orbits, so
        a tolerance that lets them through should be followed by `invariant_gram(..., project=True)`.
    memory_limit : int, bytes

    Returns
    -------
    (C, |G|, …) float64 array; index 0 along axis 1 is the seed. Cost: every point is moved by |G| elements, and by
    generators of the group once more.

    Raises
    ------
    ValueError
        If the points do not have an axis of their own or are not finite; if the action is of none of the kinds above,
        does not fit the points or the group, returns another shape, or does not obey the table: then with the elements
        where it is worst, by how much, and whether the opposite multiplication would fit.
    MemoryError
        Before anything is allocated, if the orbits would exceed `memory_limit`.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> act([[1, 2, 3]], lambda g, x: np.roll(x, g, axis=-1), cyclic(3))[0]
    array([[1., 2., 3.],
           [3., 1., 2.],
           [2., 3., 1.]])
    >>> mirror = np.array([[[1, 0], [0, 1]], [[1, 0], [0, -1]]])
    >>> act([[5, 7]], mirror, cyclic(2))[0, 1]
    array([ 5., -7.])
    """
    x = _seeds(x)
    tolerance = positive(tolerance, "tolerance")
    refuse_beyond_memory(x.size * group.order, memory_limit, "act", _REMEDY)
    move = as_callable(action, group, x.shape[1:])
    orbits = np.empty((len(x), group.order, *x.shape[1:]))
    for g in range(group.order):
        orbits[:, g] = moved_points(move, g, x)
    poses = np.moveaxis(orbits, 1, 0)
    refuse_what_is_no_action(move, x, poses, group, range(group.order), group.generators, tolerance)
    orbits[:, 0] = x  # to the last digit
    return orbits


def as_callable(action: Action | ArrayLike, group: FiniteGroup, shape: tuple[int, ...]) -> Action:
    """The action as `action(g, x)` on arrays (..., *shape), whichever of the three kinds it came as.

    Raises ValueError if it is none of them, or does not fit the group or the points.
    """
    if callable(action):
        return action
    array, d = plain_array(action, "action"), int(np.prod(shape))

    def flat(x):
        return x.reshape(*x.shape[: x.ndim - len(shape)], d)

    if array.shape == (group.order, d):
        permutations = _permutations(array, d)
        return lambda g, x: flat(x)[..., permutations[g]].reshape(x.shape)
    if array.shape == (group.order, d, d):
        matrices = finite_array(array, "action")
        return lambda g, x: (flat(x) @ matrices[g].T).reshape(x.shape)
    raise ValueError(
        f"action must be a callable action(g, x), matrices (|G|, d, d) = {(group.order, d, d)} or permutations "
        f"(|G|, d) = {(group.order, d)} for {group} and points of shape {shape}, got an array of shape {array.shape}"
    )


def moved_points(action: Action, g: int, x: NDArray) -> NDArray[np.float64]:
    """All points of x moved by element g, checked to be finite and of the shape they had."""
    # A copy: the caller's own points stay as they are, whatever the action does in place.
    moved = finite_array(action(int(g), x.copy()), "the action's result")
    if moved.shape != x.shape:
        raise ValueError(
            f"action(g, x) must return points of the shape it was given, {x.shape}, got {moved.shape} at g = {g}"
        )
    return moved


def refuse_what_is_no_action(
    action: Action,
    x: NDArray,
    moved: Sequence[NDArray] | Mapping[int, NDArray] | NDArray,
    group: FiniteGroup,
    elements: Iterable[int],
    generators: Iterable[int],
    tolerance: float = SYMMETRY_TOLERANCE,
) -> None:
    """Raise unless element 0 leaves x alone and moving by g and then by h is moving by table[h, g].

    `moved[g]` is x moved by g, for the elements of a group or subgroup; h runs through generators of it, which is
    enough: with h and h' their product obeys the table too.
    """
    size = np.abs(x).max(initial=0.0)
    worst, where, opposite = _gap(moved[0], x), (0, 0), 0.0
    for h in generators:
        for g in elements:
            once_more = moved_points(action, h, moved[g])
            gap = _gap(once_more, moved[group.table[h, g]])
            opposite = max(opposite, _gap(once_more, moved[group.table[g, h]]))
            if gap > worst:
                worst, where = gap, (h, g)
    if worst <= tolerance * size:
        return
    h, g = where
    if where == (0, 0):
        found = f"element 0 moves points by {worst:.1e}, where the identity leaves them alone"
    else:
        found = (
            f"moving by {g} and then by {h} differs from moving by {group.table[h, g]} by {worst:.1e}, the worst of "
            "all elements"
        )
    if _gap(moved[0], x) <= tolerance * size and opposite <= tolerance * size:
        remedy = (
            "it obeys the opposite multiplication (table[h, g] has g act first), and would obey the table if element g "
            "did what its inverse does: action(group.inverse[g], x), or the inverse permutations or matrices"
        )
    else:
        remedy = (
            'use an exact action such as rotation_operators(..., interpolation="steerable"), elements numbered as in '
            "the table, and the order in which table[h, g] has g act first"
        )
    raise ValueError(
        f"the action does not obey the table of {group}: {found} (the largest entry is {size:.1e}); {remedy}"
    )


def shift_orbits(x: ArrayLike, n: int, *, memory_limit: int = MEMORY_LIMIT) -> NDArray[np.float64]:
    """Every vector or series in n cyclic shifts: pose g is `np.roll` by g·d/n along the last axis.

    An action of `cyclic(n)`. On images (C, H, W) it is `translation_orbits`.

    Parameters
    ----------
    x : (C, d) array, or (C, …, d): several series that are shifted together
    n : int
        Number of shifts; must divide d.
    memory_limit : int, bytes

    Returns
    -------
    (C, n, d) or (C, n, …, d) float64 array; index 0 along axis 1 is the seed

    Raises
    ------
    ValueError
        If `x` is not finite or has no axis of seeds before that of its entries, or `n` is not a whole number that
        divides d.
    MemoryError
        Before anything is allocated, if the orbits would exceed `memory_limit`.

    Examples
    --------
    >>> shift_orbits([[1, 2, 3, 4]], 2)[0]
    array([[1., 2., 3., 4.],
           [3., 4., 1., 2.]])
    """
    return rolled(_seeds(x), n, "the length of {} entries", memory_limit, "shift_orbits")


def rolled(x: NDArray, n: int, width: str, memory_limit: int, name: str) -> NDArray[np.float64]:
    """(C, n, …, d): points rolled by g·d/n along their last axis; errors call its length by `width`."""
    n, d = positive_int(n, "n"), x.shape[-1]
    if d % n:
        divisors = [m for m in range(1, d + 1) if d % m == 0]
        raise ValueError(f"n must divide {width.format(d)}, got n = {n}; choose one of {divisors}")
    refuse_beyond_memory(x.size * n, memory_limit, name, _REMEDY)
    orbits = np.empty((len(x), n, *x.shape[1:]))
    for g in range(n):
        orbits[:, g] = np.roll(x, g * (d // n), axis=-1)
    return orbits


def permutation_orbits(
    x: ArrayLike, permutations: ArrayLike, *, memory_limit: int = MEMORY_LIMIT
) -> NDArray[np.float64]:
    """Every point with its entries permuted: pose g is `x[permutations[g]]`, entry j being x[permutations[g][j]].

    Acting with h and then with g is then `permutations[h][permutations[g]]`, which has to be element `table[g, h]` of
    the group; `act(x, permutations, group)` looks whether it is. The permutations of `symmetric(n)` say where each
    entry *goes*, and act by their inverses: `np.argsort(permutations, axis=1)`.

    Parameters
    ----------
    x : (C, d) array, or (C, …) of d entries each, which are counted as if flattened
    permutations : (|G|, d) array of int, each row the numbers 0 … d−1 in some order, the first in their own
    memory_limit : int, bytes

    Returns
    -------
    (C, |G|, …) float64 array; index 0 along axis 1 is the seed

    Raises
    ------
    ValueError
        If `x` is not finite; if a row is no permutation of its entries, or the first is not the identity.
    MemoryError
        Before anything is allocated, if the orbits would exceed `memory_limit`.

    Examples
    --------
    >>> permutation_orbits([[10, 20, 30]], [[0, 1, 2], [1, 2, 0], [2, 0, 1]])[0]
    array([[10., 20., 30.],
           [20., 30., 10.],
           [30., 10., 20.]])
    """
    x = _seeds(x)
    d = x[0].size
    permutations = _permutations(plain_array(permutations, "permutations"), d)
    if not np.array_equal(permutations[0], np.arange(d)):
        raise ValueError(
            f"permutations[0] must be the identity, 0 … {d - 1} in order, got {permutations[0].tolist()}; put it first"
        )
    refuse_beyond_memory(x.size * len(permutations), memory_limit, "permutation_orbits", _REMEDY)
    return x.reshape(len(x), d)[:, permutations].reshape(len(x), len(permutations), *x.shape[1:])


def _permutations(array, d):
    """Rows (m, d) of whole numbers, each checked to be a permutation of d entries."""
    if array.ndim != 2 or array.shape[1] != d or not len(array):
        raise ValueError(f"permutations must have shape (|G|, d) with d = {d} entries a point, got {array.shape}")
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"permutations must hold whole numbers, got dtype {array.dtype}")
    wrong = np.flatnonzero((np.sort(array, axis=1) != np.arange(d)).any(axis=1))
    if wrong.size:
        g = wrong[0]
        raise ValueError(f"permutations[{g}] = {array[g].tolist()} is no permutation of 0 … {d - 1}")
    return array.astype(np.intp)


def _seeds(x):
    x = finite_array(x, "x", min_ndim=2)
    if 0 in x.shape:
        raise ValueError(f"x must hold points (C, …), none of the axes 0, got shape {x.shape}")
    return x


def _gap(a, b):
    return np.abs(a - b).max(initial=0.0)
