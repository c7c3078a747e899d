"""Samples from a .npz file, a key each for samples, labels, poses and objects. Nothing is unpickled."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from symlib.diagnose.names import perhaps
from symlib.diagnose.sources.samples import LabelledSamples, as_names, checked_samples, refuse_bytes


def read_npz(
    path: Path,
    *,
    samples: str | None = None,
    labels: str | None = None,
    pose: str | None = None,
    objects: str | None = None,
) -> LabelledSamples:
    """The arrays of a .npz file: "x" and "y" unless named otherwise, poses and objects where they are named.

    Raises
    ------
    ValueError
        If the file cannot be read, lacks a key (those that it has are named), holds Python objects, or as
        `checked_samples`.
    MemoryError
        Before anything is read, if the samples would not fit.
    """
    keys = {"x": samples or "x", "y": labels or "y", "pose": pose, "objects": objects}
    options = {"x": "--samples", "y": "--labels", "pose": "--pose", "objects": "--objects"}
    try:
        with zipfile.ZipFile(path) as packed:
            sizes = {entry.filename.removesuffix(".npy"): entry.file_size for entry in packed.infolist()}
        for kind, key in keys.items():
            if key is not None and key not in sizes:
                raise _missing(path, key, list(sizes), options[kind])
        refuse_bytes(sum(sizes[key] for key in keys.values() if key) // 8, path.name, "give fewer samples")
        with np.load(path, allow_pickle=False) as file:
            arrays: dict[str, Any] = {kind: _array(file, key, path) for kind, key in keys.items() if key is not None}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ValueError(f"{path} cannot be read as .npz: {error}; write it anew with numpy.savez") from error
    unused = [f"{kind}: {options[kind]} {kind}" for kind in ("pose", "objects") if not keys[kind] and kind in sizes]
    notes = [f"{path.name} also holds a key not in use ({note})" for note in unused]
    return checked_samples(path.name, **arrays, names=as_names(keys), notes=notes)


def _array(file, key, path):
    try:
        return file[key]
    except ValueError as error:
        if "pickle" not in str(error):
            raise
        raise ValueError(
            f"{key!r} of {path} holds Python objects, which are not unpickled, since that can run any program; save "
            "numbers or text, for example numpy.savez(..., y=numpy.array(y).astype(str))"
        ) from error


def _missing(path, key, there, option):
    return ValueError(
        f"{path} has no key {key!r}{perhaps(key, there)}; it holds {', '.join(map(repr, sorted(there))) or 'nothing'}: "
        f"name the one meant, {option} NAME"
    )
