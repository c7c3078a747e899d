"""Samples from a data set in memory: any object with __len__ and __getitem__, such as torch's, by its import path.

torch is not imported here. A tensor is known by its methods, a picture by its `getbands`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from symlib.diagnose.names import imported
from symlib.diagnose.sources.image_folder import grey_array
from symlib.diagnose.sources.samples import (
    MOST_SAMPLES,
    LabelledSamples,
    as_names,
    checked_samples,
    drawn,
    refuse_bytes,
)

_LUMINANCE = np.array([0.299, 0.587, 0.114])


def read_data_set(
    path: str,
    *,
    samples: str | None = None,
    labels: str | None = None,
    pose: str | None = None,
    objects: str | None = None,
    most: int = MOST_SAMPLES,
    seed: int = 0,
) -> LabelledSamples:
    """The items of the data set at "module:attribute", pairs (x, y) or dicts; a function without arguments is called.

    Items are chosen from by position ("0", "1", …) or key: samples the first, labels the second, unless named. Of
    images (1, H, W), (3, H, W) or (H, W, 3), and pictures, grey values are taken. More than `most` items are drawn from
    before any is asked for.

    Raises
    ------
    ValueError
        If nothing is found there, it is no data set, an item has no such part, or shapes differ, naming the item.
    MemoryError
        Before all are read, if they would not fit.
    """
    source = _data_set(imported(path, "data set"), path)
    keys = {"x": samples or "0", "y": labels or "1", "pose": pose, "objects": objects}
    keys = {kind: key for kind, key in keys.items() if key is not None}
    chosen = drawn(_length(source, path), most, seed)
    parts: dict[str, list[Any]] = {kind: [] for kind in keys}
    for i in chosen:
        item = _item(source, int(i), path)
        for kind, key in keys.items():
            parts[kind].append(_plain(_part(item, key, int(i), path), image=kind == "x"))
        shape, first = np.shape(parts["x"][-1]), np.shape(parts["x"][0])
        if shape != first:
            raise ValueError(
                f"samples of {path} must be of one shape: item {chosen[0]} has {first}, item {i} has {shape}; resize "
                "them in the data set"
            )
        if len(parts["x"]) == 1:
            refuse_bytes(len(chosen) * int(np.prod(first)), path, "make the samples smaller, or give fewer")
    n = len(source)
    notes = [f"{len(chosen):,} of {n:,} items were read, drawn evenly"] if len(chosen) < n else []
    x = np.array(parts.pop("x"), dtype=float)
    return checked_samples(path, x, **parts, names=as_names({"x": "samples", **keys}), notes=notes)


def _data_set(source: Any, path: str) -> Any:
    if hasattr(source, "dataset") and not hasattr(source, "__getitem__"):
        source = source.dataset  # of a loader
    if not hasattr(source, "__getitem__") or isinstance(source, type):
        if callable(source):
            try:
                source = source()
            except Exception as error:
                raise ValueError(
                    f"data set {path!r} was called without arguments and raised {type(error).__name__}: {error}; make "
                    "the data set in a file of your own, say data.py with a line train = …, and name data:train"
                ) from error
    if not (hasattr(source, "__getitem__") and hasattr(source, "__len__")):
        raise ValueError(
            f"data set {path!r} is {type(source).__name__}, without __len__ and __getitem__; of one that is only "
            "iterated, make a list of pairs (x, y)"
        )
    return source


def _length(source, path):
    try:
        n = len(source)
    except TypeError as error:
        raise ValueError(f"data set {path!r} does not say how long it is ({error}); make a list of it") from error
    if not n:
        raise ValueError(f"data set {path!r} is empty")
    return n


def _item(source, i, path):
    try:
        return source[i]
    except Exception as error:
        raise ValueError(f"item {i} of {path} cannot be read: {type(error).__name__}: {error}") from error


def _part(item, key, i, path):
    if isinstance(item, Mapping):
        if key in ("0", "1") and key not in item:
            key = list(item)[int(key)] if len(item) > int(key) else key
        if key not in item:
            raise ValueError(f"item {i} of {path} has no {key!r}; it has {', '.join(map(repr, item))}")
        return item[key]
    if not isinstance(item, (tuple, list)) or not key.isdigit() or int(key) >= len(item):
        size = f"of {len(item)} parts" if isinstance(item, (tuple, list)) else "and no pair (x, y)"
        raise ValueError(f"item {i} of {path} is a {type(item).__name__} {size}, and has no part {key!r}")
    return item[int(key)]


def _plain(value, image):
    """A number, name or array: of a tensor or a picture too. Images lose their channels."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if hasattr(value, "getbands"):
        return grey_array(value)
    if not image:
        return value.item() if np.ndim(value) == 0 and hasattr(value, "item") else value
    value = np.asarray(value)
    if value.ndim == 3 and 1 in (value.shape[0], value.shape[-1]):
        return value[0] if value.shape[0] == 1 else value[..., 0]
    if value.ndim == 3 and value.shape[0] == 3:
        return np.tensordot(_LUMINANCE, value, 1)
    if value.ndim == 3 and value.shape[-1] == 3:
        return value @ _LUMINANCE
    return value
