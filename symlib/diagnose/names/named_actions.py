"""Actions by name: what element g of a group does to vectors, series or images, as a callable `action(g, x)`.

shift        x ↦ np.roll(x, g·d/n)          C_n on vectors and series of d entries
translate    the same along the width       C_n on images
rotate       360·g/n degrees                C_n on square images, by splines (composes only approximately), or
                                            "rotate-exact", an orthogonal representation (`orbits.rotation_orbits`)
flip         mirrored for g = 1             C_2 on images (left and right), or on vectors (their order)
flip-rotate  rᵏ, and rᵏs for g = n + k      D_n on square images, in the order of `groups.dihedral`
permute      entries moved as g moves       S_n on vectors of n entries and on n × n matrices (rows and columns)
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.diagnose.names.lookup import array_file, imported, is_array_file, is_import_path, parted
from symlib.diagnose.names.named_groups import named_group
from symlib.groups import FiniteGroup, cyclic, dihedral, symmetric
from symlib.orbits import rotation_orbits, shift_orbits, translation_orbits
from symlib.orbits.actions import as_callable
from symlib.support.nearest import unknown

KNOWN = ["shift", "translate", "rotate", "rotate-exact", "flip", "flip-rotate", "permute"]
_SAME = {"dihedral": "flip-rotate", "flips": "flip", "rotations": "rotate"}
_AT_ONCE = 2**24  # numbers that the poses of a block of images hold at a time


class NamedAction(NamedTuple):
    """`action(g, x)` moves all points of an array (..., d) or (..., H, W) by element g, and returns an array like x."""

    move: Callable[[int, NDArray], ArrayLike]
    name: str
    description: str

    def __call__(self, g: int, x: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(self.move(g, np.asarray(x, dtype=float)), dtype=float)


def named_action(
    action: str | Callable | ArrayLike | None, group: str | FiniteGroup | ArrayLike, point_shape: tuple[int, ...]
) -> NamedAction:
    """The action of that name, of a group, on points of that shape.

    Parameters
    ----------
    action : str, callable, array, or None
        A name of the table above ("dihedral" is "flip-rotate"); the path of a .npy file with matrices (|G|, d, d) or
        permutations (|G|, d), or a .csv file with permutations, a row an element; such an array itself;
        "package.module:function" or a callable `action(g, x)`. None takes what the group implies: "rotations:N" on
        images rotate, "dihedral:N" on images flip-rotate, "cyclic:N" on vectors shift.
    group : str, FiniteGroup or table, as `named_group` takes it
    point_shape : (d,), (H, W) or any other

    Returns
    -------
    NamedAction
        A callable with `name` and `description`. Rotations of images cost up to |G| times what one costs: where all
        poses of an image are wanted, take `rotation_orbits`.

    Raises
    ------
    ValueError
        If there is no such name (the nearest is named), it does not belong to this group or to points of this shape, or
        nothing is implied. Whether a caller's own action obeys the table is for `orbits.act`, on the data.

    Examples
    --------
    >>> shift = named_action("shift", "cyclic:4", (8,))
    >>> shift(1, np.arange(8.0))
    array([6., 7., 0., 1., 2., 3., 4., 5.])
    """
    resolved = named_group(group)
    if action is None:
        action = _implied(group, resolved, point_shape)
    if isinstance(action, NamedAction):
        return action
    if not isinstance(action, str):
        return _own(action, "your own action", resolved, point_shape)
    name, rest = parted(action)
    if name in ("permute", "matrices") and rest is not None:
        return _own(array_file(rest, "action"), action, resolved, point_shape)
    if is_array_file(action):
        return _own(array_file(action, "action"), action, resolved, point_shape)
    name = _SAME.get(name, name)
    if name in _MAKERS and rest is None:
        return NamedAction(_MAKERS[name](resolved, point_shape), name, _DESCRIPTIONS[name])
    if is_import_path(action):
        return _own(imported(action, "action"), action, resolved, point_shape)
    raise unknown("action", action, KNOWN, "or a .npy or .csv file of permutations or matrices, or module:function")


def _implied(group, resolved, point_shape):
    family = parted(group)[0] if isinstance(group, str) else ""
    images = len(point_shape) == 2
    if family == "rotations" and images:
        return "rotate"
    if images and point_shape[0] == point_shape[1] and resolved.name == f"D{resolved.order // 2}":
        return "flip-rotate"
    if len(point_shape) == 1 and family in ("", "cyclic") and _is(resolved, cyclic):
        return "shift"
    fit = [name for name in KNOWN if _fits(name, resolved, point_shape)]
    raise ValueError(
        f"say how {resolved} acts on points of shape {point_shape}: action= (on the command line --action) "
        + (f"{', '.join(fit)}, " if fit else "")
        + "a file of permutations or matrices, or a function of your own"
    )


def _fits(name, group, point_shape):
    try:
        _MAKERS[name](group, point_shape)
    except ValueError:
        return False
    return True


def _own(action, name, group, point_shape):
    title = name if isinstance(action, np.ndarray) else getattr(action, "__name__", name)
    return NamedAction(as_callable(action, group, point_shape), name, f"{title}, as given")


def _is(group, family):
    """Whether the group has the table of `family` at its order."""
    if family is symmetric:
        return any(group.order == m and np.array_equal(group.table, symmetric(n).table) for n, m in _FACTORIALS)
    n = group.order if family is cyclic else group.order // 2
    return group.order == (n if family is cyclic else 2 * n) and np.array_equal(group.table, family(n).table)


_FACTORIALS = [(1, 1), (2, 2), (3, 6), (4, 24), (5, 120)]


def _refuse_other_groups(name, group, family, wanted):
    if not _is(group, family):
        raise ValueError(f"action {name!r} is one of {wanted}, and not of {group}; name that group, or another action")


def _refuse_other_points(name, fits, what, point_shape):
    if not fits:
        raise ValueError(f"action {name!r} moves {what}, and the points have shape {point_shape}; take another action")


def _shift(group, point_shape):
    _refuse_other_groups("shift", group, cyclic, "cyclic:N")
    _refuse_other_points("shift", len(point_shape) >= 1, "vectors or series", point_shape)
    return _rolled(group.order, point_shape, shift_orbits)


def _translate(group, point_shape):
    _refuse_other_groups("translate", group, cyclic, "cyclic:N")
    _refuse_other_points("translate", len(point_shape) == 2, "images (H, W)", point_shape)
    return _rolled(group.order, point_shape, translation_orbits)


def _rolled(n, point_shape, orbits):
    step = point_shape[-1] // n
    orbits(np.zeros((1, *point_shape)), n)  # says what n would fit
    return lambda g, x: np.roll(x, int(g) * step, axis=-1)


def _rotate(group, point_shape, interpolation="spline"):
    name = "rotate" if interpolation == "spline" else "rotate-exact"
    _refuse_other_groups(name, group, cyclic, "rotations:N or cyclic:N")
    _refuse_unless_square(name, point_shape)
    if interpolation == "steerable" and group.order % 4 == 0 and point_shape[0] % 4 == 2:
        rotation_orbits(np.zeros((1, *point_shape)), group.order, interpolation)  # says how to pad
    return lambda g, x: _turned(x, int(g), group.order, interpolation)


def _refuse_unless_square(name, point_shape):
    square = len(point_shape) == 2 and point_shape[0] == point_shape[1]
    _refuse_other_points(name, square, "square images (H, W), H = W", point_shape)


def _turned(x, g, n, interpolation):
    """Images (..., side, side) turned by 360·g/n degrees, in blocks: the other poses are made and dropped."""
    common = int(np.gcd(g, n)) or n
    n, g = n // common, g // common
    images = x.reshape(-1, *x.shape[-2:])
    out = np.empty(images.shape)
    at_once = max(1, _AT_ONCE // (n * images[0].size)) if len(images) else 1
    for start in range(0, len(images), at_once):
        block = slice(start, start + at_once)
        out[block] = rotation_orbits(images[block], n, interpolation)[:, g]
    return out.reshape(x.shape)


def _flip(group, point_shape):
    if group.order != 2:
        raise ValueError(f"action 'flip' is one of cyclic:2, and not of {group}; name that group, or another action")
    _refuse_other_points("flip", len(point_shape) >= 1, "vectors or images", point_shape)
    return lambda g, x: np.array(x[..., ::-1] if g else x)


def _flip_rotate(group, point_shape):
    _refuse_other_groups("flip-rotate", group, dihedral, "dihedral:N")
    _refuse_unless_square("flip-rotate", point_shape)
    n = group.order // 2

    def move(g, x):
        reflected, k = divmod(int(g), n)
        return _turned(x[..., ::-1] if reflected else x, k, n, "spline")

    return move


def _permute(group, point_shape):
    _refuse_other_groups("permute", group, symmetric, "symmetric:N")
    letters = next(n for n, order in _FACTORIALS if order == group.order)
    fits = point_shape in ((letters,), (letters, letters))
    _refuse_other_points("permute", fits, f"({letters},) or ({letters}, {letters}) under {group}", point_shape)
    # Entry i goes to place g(i): place j holds entry g⁻¹(j).
    inverses = np.argsort(_one_line(letters), axis=1)
    if len(point_shape) == 1:
        return lambda g, x: x[..., inverses[g]]
    return lambda g, x: x[..., inverses[g][:, None], inverses[g]]


def _one_line(n):
    """The permutations of n letters in lexicographic order, as `groups.symmetric` numbers them."""
    from itertools import permutations

    return np.array(list(permutations(range(n))))


_MAKERS = {
    "shift": _shift,
    "translate": _translate,
    "rotate": _rotate,
    "rotate-exact": lambda group, shape: _rotate(group, shape, "steerable"),
    "flip": _flip,
    "flip-rotate": _flip_rotate,
    "permute": _permute,
}
_DESCRIPTIONS = {
    "shift": "circular shift of the entries",
    "translate": "circular shift along the width",
    "rotate": "rotation of images by splines, which composes only approximately in between quarter turns",
    "rotate-exact": "rotation of images as an orthogonal representation, which composes exactly",
    "flip": "reflection, left and right",
    "flip-rotate": "rotations and reflections of images",
    "permute": "permutation of the entries",
}
