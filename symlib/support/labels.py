"""Labels as callers give them, numbers or names, one a sample."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from symlib.support.checks import plain_array

EXACT = 2**53  # up to which float64 tells whole numbers apart


def whole_or_text(values: Any, called: str, n: int) -> Any:
    """(n,) of int or str, one entry a sample: whole numbers that came as floats are whole numbers.

    Raises
    ------
    ValueError
        If there are more or fewer, they are one-hot, or one is missing, or neither a whole number that its type holds
        exactly nor text, naming it.
    TypeError
        If they are masked or sparse.
    """
    values = np.asarray(plain_array(values, called))
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2 and len(values) == n and set(np.unique(values)) <= {0, 1} and (values.sum(axis=1) == 1).all():
        raise ValueError(f"{called} is one-hot, shape {values.shape}; give one number or name a sample: argmax(axis=1)")
    if values.shape != (n,):
        raise ValueError(f"{called} must hold one entry a sample, {n} in all, got shape {values.shape}")
    if values.dtype.kind == "S":
        try:
            values = np.char.decode(values, "utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{called} must hold text in UTF-8 ({error}); decode it: numpy.char.decode(y, ...)"
            ) from error
    if values.dtype.kind == "O":
        _refuse_missing(absent(values), values, called)
        values = np.array([str(value) for value in values])
    if values.dtype.kind == "f":
        wrong = np.flatnonzero(~np.isfinite(values) | (values != np.round(values)))
        if wrong.size:
            raise ValueError(
                f"{called} must hold whole numbers or names, got {values[wrong[0]]} at {wrong[0]}; remove or repair it"
            )
    if values.dtype.kind in "fbui":
        limit = EXACT if values.dtype.kind == "f" else np.iinfo(np.intp).max
        if values.dtype.kind in "fu" and np.abs(values).max(initial=0) > limit:
            raise ValueError(f"{called} holds {values.max()}, too large for a whole number here; give it as text")
        return values.astype(np.intp)
    if values.dtype.kind != "U":
        raise ValueError(f"{called} must hold whole numbers or names, got dtype {values.dtype}")
    _refuse_missing([not value.strip() for value in values], values, called)
    return values


def absent(values: NDArray) -> list[bool]:
    """Which entries of an array of objects are None or NaN."""
    return [value is None or value != value for value in values]


def _refuse_missing(missing: list[bool], values: Any, called: str) -> None:
    if any(missing):
        i = missing.index(True)
        raise ValueError(
            f"{called} must have an entry for every sample, got {values.tolist()[i]!r} at {i}; leave that sample out, "
            "or name what it is"
        )
