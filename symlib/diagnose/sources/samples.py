"""Labelled samples, wherever they came from, and the checks that all sources share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.support.checks import finite_array
from symlib.support.labels import whole_or_text

MOST_SAMPLES = 20_000  # read from folders and data sets; beyond, some are drawn
MOST_BYTES = 2 * 2**30


@dataclass(frozen=True)
class LabelledSamples:
    """Samples with their labels.

    Attributes
    ----------
    x : (n, …) float64 array
    y : (n,) array of int or str
    pose : (n,) int array, the element of the group at which each sample was observed; None where all are seeds
    objects : (n,) array of int or str, which object each is of; None where each is its own
    source : str, in words
    notes : list of str, what was done on the way that a reader should know
    """

    x: NDArray[np.float64]
    y: NDArray
    pose: NDArray[np.intp] | None = None
    objects: NDArray | None = None
    source: str = ""
    notes: list[str] = field(default_factory=list)


def checked_samples(
    source: str,
    x: ArrayLike,
    y: ArrayLike,
    pose: ArrayLike | None = None,
    objects: ArrayLike | None = None,
    *,
    names: Mapping[str, str] | None = None,
    notes: list[str] | None = None,
) -> LabelledSamples:
    """The samples, one label each, at least two classes, nothing missing.

    `names` says what the source calls "x", "y", "pose" and "objects". Raises ValueError or TypeError, naming the source
    and the entry.
    """

    def called(kind: str) -> str:
        return f"{(names or {}).get(kind, kind)} of {source}"

    points = finite_array(x, called("x"), min_ndim=2)
    if 0 in points.shape:
        raise ValueError(f"{called('x')} holds nothing, its shape is {points.shape}")
    labels = whole_or_text(y, called("y"), len(points))
    classes = np.unique(labels)
    if len(classes) < 2:
        raise ValueError(
            f"{called('y')} holds one class only, {classes[0].item()!r}; with one, every answer "
            "is right: give samples of at least two"
        )
    poses = None if pose is None else _whole(whole_or_text(pose, called("pose"), len(points)), called("pose"))
    ids = None if objects is None else whole_or_text(objects, called("objects"), len(points))
    return LabelledSamples(points, labels, poses, ids, source, list(notes or []))


def _whole(values: Any, called: str) -> Any:
    if values.dtype.kind != "U":
        return values
    try:
        return np.array([int(value) for value in values], dtype=np.intp)
    except ValueError:
        wrong = next(value for value in values if not str(value).strip().lstrip("+-").isdigit())
        raise ValueError(
            f"{called} must hold whole numbers, the elements of the group from 0 on, got {str(wrong)!r}"
        ) from None


def refuse_bytes(entries: int, source: str, remedy: str) -> None:
    """Raise MemoryError before that many float64 numbers are read."""
    if 8 * entries > MOST_BYTES:
        raise MemoryError(
            f"{source} would take {8 * entries / 2**30:.3g} GiB in memory, more than {MOST_BYTES / 2**30:.0f}; {remedy}"
        )


def drawn(n: int, most: int, seed: int) -> NDArray[np.intp]:
    """Which of n samples are read: all, or `most` of them drawn evenly, in their order."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def as_names(names: dict[str, Any]) -> dict[str, str]:
    """The keys of the source by our own names, as words for messages."""
    return {kind: repr(name) for kind, name in names.items() if name is not None}
