"""Checkpoints of training: written whole, read without running code, and taken up by the same run only."""

import io
import os
import pickle
import zipfile
from typing import Any

import numpy as np
import torch

from symlib.support.files import expanded, replacing

_SAME_OUTPUT = 1e-3  # relative: the same network on another device


def save(path: str | os.PathLike, run: dict[str, Any], state: dict[str, Any]) -> None:
    """Write `state`, and the description `run` of what it belongs to, in one step; see `files.replacing`.

    Both are dictionaries of tensors, numbers, text, and lists and dictionaries of them.
    """
    buffer = io.BytesIO()  # torch does not say what went wrong with a file
    torch.save({"run": run, "state": state}, buffer)
    with replacing(path) as file:
        file.write(buffer.getbuffer())


def load(path: str | os.PathLike, run: dict[str, Any], device: torch.device) -> dict[str, Any] | None:
    """The state saved at `path` by the same `run`, its tensors on `device`; None if the file does not exist.

    Raises
    ------
    ValueError
        If the file is no checkpoint, or one of another run; what differs is named.
    """
    path = expanded(path)
    if not path.exists():
        return None
    try:
        with zipfile.ZipFile(path) as parts:  # torch writes checksums, and does not look at them
            if damaged := parts.testzip():
                raise ValueError(f"its part {damaged} is damaged")
        saved = torch.load(path, map_location=device, weights_only=True)
        before, state = saved["run"], saved["state"]
    except (
        RuntimeError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
    ) as error:
        first_line = str(error).strip().split("\n")[0]
        raise ValueError(
            f"{path} is no checkpoint of symlib ({first_line}); delete it, or give another checkpoint"
        ) from error
    # Texts that differ may be long, as the layers of a network are: named, not quoted.
    differing = [
        f"{name} ({before.get(name)} there, {run.get(name)} here)" if isinstance(run.get(name), (int, float)) else name
        for name in sorted({*before, *run})
        if not _same(before.get(name), run.get(name))
    ]
    if differing:
        raise ValueError(
            f"{path} is the checkpoint of another run: {', '.join(differing)} differ; "
            "delete it, or give this run a checkpoint of its own"
        )
    return state


def _same(before, now):
    if isinstance(before, list) and isinstance(now, list):  # outputs of a network, on perhaps another device
        size = np.abs(now).max(initial=0.0)
        return np.shape(before) == np.shape(now) and np.allclose(before, now, rtol=0, atol=_SAME_OUTPUT * size)
    return before == now
