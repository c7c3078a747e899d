"""Checkpoints of training: written whole, read without running code, and taken up by the same run only."""

import pickle
from pathlib import Path

import torch

from symlib.support.files import replacing


def save(path, run, state):
    """Write `state`, and the description `run` of what it belongs to, in one step; see `files.replacing`.

    Both are dictionaries of tensors, numbers, text, and lists and dictionaries of them.
    """
    with replacing(path) as file:
        torch.save({"run": run, "state": state}, file)


def load(path, run, device):
    """The state saved at `path` by the same `run`, its tensors on `device`; None if the file does not exist.

    Raises
    ------
    ValueError
        If the file is no checkpoint, or one of another run; what differs is named.
    """
    path = Path(path)
    if not path.exists():
        return None
    try:
        saved = torch.load(path, map_location=device, weights_only=True)
        before, state = saved["run"], saved["state"]
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError, TypeError) as error:
        first_line = str(error).strip().split("\n")[0]
        raise ValueError(
            f"{path} is no checkpoint of symlib ({first_line}); delete it, or give another checkpoint"
        ) from error
    # Texts that differ may be long, as the layers of a network are: named, not quoted.
    differing = [
        name if isinstance(run.get(name), str) else f"{name} ({before.get(name)} there, {run.get(name)} here)"
        for name in sorted({*before, *run})
        if before.get(name) != run.get(name)
    ]
    if differing:
        raise ValueError(
            f"{path} is the checkpoint of another run: {', '.join(differing)} differ; "
            "delete it, or give this run a checkpoint of its own"
        )
    return state
