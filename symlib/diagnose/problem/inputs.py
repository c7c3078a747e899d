"""What `diagnose` is given, checked: samples, classes, objects, poses and the gaps that are supposed.

Every refusal names what was wanted, what came and what to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.diagnose.report import Label, Refused
from symlib.groups import FiniteGroup
from symlib.support.checks import finite_array, plain_array
from symlib.support.labels import EXACT, absent

_LARGEST = 1e100


@dataclass(frozen=True)
class Samples:
    """Clean inputs: n samples of k classes.

    Attributes
    ----------
    x : (n, d) or (n, H, W) float64 array
    y : (n,) int array, the class of each sample, 0 … k−1
    labels : list of k labels as the caller gave them, in sorted order
    objects : (n,) int array, the object of each sample, 0 … m−1
    pose : (n,) int array of elements, or None: then every sample is a seed, and all its poses are trained on
    missing : list of (class, pose) that are supposed to be gaps, classes as 0 … k−1; or None
    """

    x: NDArray[np.float64]
    y: NDArray[np.intp]
    labels: list[Label]
    objects: NDArray[np.intp]
    pose: NDArray[np.intp] | None
    missing: list[tuple[int, int]] | None


def samples(
    x: ArrayLike,
    y: ArrayLike,
    group: FiniteGroup,
    pose: ArrayLike | None = None,
    missing: Sequence[tuple[Any, Any]] | None = None,
    objects: ArrayLike | None = None,
) -> Samples:
    """The inputs of `diagnose`, checked; raises `Refused`, or TypeError for masked and sparse arrays."""
    try:
        points = finite_array(x, "x")
    except ValueError as error:
        raise Refused(str(error)) from None
    if points.ndim not in (2, 3) or 0 in points.shape:
        shown = f"x must be (n, d) vectors or (n, H, W) images, none of them 0, got shape {points.shape}"
        if points.ndim == 4:
            shown += "; for colour images take one channel or their mean, x.mean(axis=-1)"
        elif points.ndim == 1:
            shown += "; for samples of one number pass x[:, None]"
        raise Refused(shown)
    largest = float(np.abs(points).max())
    if largest > _LARGEST:
        raise Refused(f"x has entries up to {largest:.1e}, whose squares overflow; divide x by its largest entry")
    if group.order == 1:
        raise Refused(
            f"{group} has one element, the identity, and so one pose: no pose can be missing; pass a larger group"
        )
    n = len(points)
    codes, labels = _classes(y, n)
    ids = _objects(objects, n)
    checked_pose = None if pose is None else _elements(pose, n, group)
    return Samples(points, codes, labels, ids, checked_pose, _missing(missing, labels, group))


def _classes(y, n):
    """Classes as 0 … k−1, and the labels that they stand for."""
    given = plain_array(y, "y")
    if given.shape == (n, 1):
        raise Refused(f"y must hold one class a sample, ({n},), got shape {given.shape}; pass y[:, 0]")
    if given.ndim == 2 and given.shape[0] == n:
        raise Refused(
            f"y must hold one class a sample, ({n},), got shape {given.shape}; of one-hot rows take y.argmax(1)"
        )
    _refuse_unlike(given, n, "y")
    if given.dtype.kind == "f":
        if not np.isfinite(given).all():
            at = int(np.flatnonzero(~np.isfinite(given))[0])
            raise Refused(f"y must hold classes, got {given[at]} at {at}; leave out samples without a label")
        if (given != np.round(given)).any():
            raise Refused(
                f"y must hold classes, whole numbers or strings, got {given[given != np.round(given)][0]}; diagnose is "
                "for classification: cut a quantity into classes first"
            )
        if np.abs(given).max(initial=0) > EXACT:
            raise Refused(
                f"y holds {np.abs(given).max():.3g}, and beyond 2^53 floats do not tell whole numbers apart; pass "
                "integers or strings"
            )
        given = given.astype(np.int64)
    elif given.dtype.kind == "O":
        if any(absent(given)):
            raise Refused("y must hold classes, got None or NaN; leave out samples without a label")
        given = given.astype(str)
    elif given.dtype.kind == "b":
        given = given.astype(np.int64)
    elif given.dtype.kind not in "iuUS":
        raise Refused(f"y must hold classes, whole numbers or strings, got dtype {given.dtype}; convert it")
    if given.dtype.kind == "S":
        given = given.astype(str)
    values, codes = np.unique(given, return_inverse=True)
    if len(values) < 2:
        raise Refused(f"y must hold at least two classes, got only {values[0].item()!r}; add samples of another class")
    # Of few samples, that a class has too few is said by name, elsewhere.
    if len(values) > max(n // 2, 10):
        raise Refused(
            f"y must hold classes, got {len(values)} different values in {n} samples; diagnose needs at least two "
            "objects of each class, and is not for regression"
        )
    return codes.astype(np.intp), [value.item() for value in values]


def _objects(objects, n):
    if objects is None:
        return np.arange(n)
    given = plain_array(objects, "objects")
    _refuse_unlike(given, n, "objects")
    if given.dtype.kind == "f" and not np.isfinite(given).all():
        raise Refused("objects must be ids, got NaN or inf; give every sample the id of its object")
    if given.dtype.kind == "O":
        unnamed = absent(given)
        if any(unnamed):
            raise Refused(
                f"objects must be ids, got {given[unnamed.index(True)]} at {unnamed.index(True)}; give every sample "
                "the id of its object"
            )
        given = given.astype(str)
    return np.unique(given, return_inverse=True)[1].astype(np.intp)


def _elements(pose, n, group):
    given = plain_array(pose, "pose")
    _refuse_unlike(given, n, "pose")
    if given.dtype.kind not in "iuf" or (given.dtype.kind == "f" and (given != np.round(given)).any()):
        raise Refused(
            f"pose must hold elements of the group, whole numbers 0 … {group.order - 1}, got dtype {given.dtype}; an "
            "angle of a degrees in C_n is element round(a·n/360) % n"
        )
    outside = np.flatnonzero((given < 0) | (given >= group.order))
    if outside.size:
        raise Refused(
            f"pose must lie in 0 … {group.order - 1}, the elements of {group}, got {given[outside[0]]} at "
            f"{outside[0]}; take it modulo {group.order} if it counts steps, or pass the larger group"
        )
    return given.astype(np.intp)


def _missing(missing, labels, group):
    if missing is None:
        return None
    cells = []
    if not np.iterable(missing):
        raise Refused(f"missing must be a list of (class, pose) pairs, got {missing!r}; pass [(class, pose)]")
    for cell in missing:
        if not isinstance(cell, (tuple, list, np.ndarray)) or len(cell) != 2:
            raise Refused(
                f"missing must be a list of (class, pose) pairs, got the entry {cell!r}; pass [(class, pose)]"
            )
        label, pose = cell
        # "4" is class 4 on a command line.
        found = [code for code, known in enumerate(labels) if known == label or str(known) == str(label)]
        if not found:
            shown = ", ".join(repr(known) for known in labels[:10]) + (", …" if len(labels) > 10 else "")
            raise Refused(f"missing names class {label!r}, which no sample has; the classes are {shown}")
        try:
            element = int(pose)
            whole = element == float(pose) and 0 <= element < group.order
        except (TypeError, ValueError):
            whole = False
        if not whole:
            raise Refused(f"missing names pose {pose!r} of class {label!r}; poses of {group} are 0 … {group.order - 1}")
        cells.append((found[0], element))
    if not cells:
        raise Refused("missing is empty; name at least one (class, pose), or leave it out")
    if len(set(cells)) != len(cells):
        raise Refused(f"missing names a cell twice: {list(missing)}; name each once")
    return cells


def _refuse_unlike(given, n, name):
    if given.ndim != 1 or len(given) != n:
        raise Refused(f"{name} must have one entry a sample, ({n},), got shape {given.shape}")
