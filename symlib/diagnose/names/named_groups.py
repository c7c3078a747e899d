"""Groups by name, as a user writes them: "cyclic:12", "rotations:8", "dihedral:4", or a file with the table."""

from numpy.typing import ArrayLike

from symlib.diagnose.names.lookup import array_file, is_array_file, parted, whole
from symlib.groups import FiniteGroup, cyclic, dihedral, quaternion, symmetric
from symlib.support.nearest import unknown

_FAMILIES = {"cyclic": cyclic, "rotations": cyclic, "dihedral": dihedral, "symmetric": symmetric}
KNOWN = ["cyclic:12", "rotations:8", "dihedral:4", "symmetric:4", "quaternion"]


def named_group(group: str | FiniteGroup | ArrayLike) -> FiniteGroup:
    """The group of that name, table, or itself.

    Parameters
    ----------
    group : str, FiniteGroup, or (n, n) array of int
        "cyclic:N", "rotations:N" (the same group; `named_action` then turns images), "dihedral:N", "symmetric:N" with
        N ≤ 5, "quaternion"; the path of a .npy or .csv file with a multiplication table, or the table itself.

    Returns
    -------
    FiniteGroup

    Raises
    ------
    ValueError
        If there is no such name (the nearest is named), the number is missing or out of range, the file cannot be read,
        or the table is no group.

    Examples
    --------
    >>> named_group("rotations:8").order, named_group([[0, 1], [1, 0]]).order
    (8, 2)
    """
    if isinstance(group, FiniteGroup):
        return group
    if group is None or isinstance(group, (int, float)):
        raise ValueError(
            f"group must be a name, as {KNOWN[0]!r}, a FiniteGroup or its multiplication table, got {group}"
        )
    if not isinstance(group, str):
        return FiniteGroup(group, name="the group of your table")
    if is_array_file(group):
        return FiniteGroup(array_file(group, "group"), name=group)
    family, number = parted(group)
    if family == "quaternion" and number is None:
        return quaternion()
    if family not in _FAMILIES:
        raise unknown("group", group, KNOWN, "or a .npy or .csv file with a multiplication table")
    return _FAMILIES[family](whole(number, f"group {group!r}", f"{family}:4"))
