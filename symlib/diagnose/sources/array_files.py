"""Samples from a .npz file, a key each for samples, labels, poses and objects. Nothing is unpickled."""

from pathlib import Path
from typing import Any

from symlib.diagnose.sources.samples import LabelledSamples, as_names, checked_samples, refuse_bytes
from symlib.support.nearest import perhaps
from symlib.support.npz import npz_arrays, npz_sizes


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
    sizes = npz_sizes(path)
    for kind, key in keys.items():
        if key is not None and key not in sizes:
            raise _missing(path, key, list(sizes), options[kind])
    wanted = {kind: key for kind, key in keys.items() if key is not None}
    refuse_bytes(sum(sizes[key] for key in wanted.values()) // 8, path.name, "give fewer samples")
    found = npz_arrays(path, wanted.values())
    arrays: dict[str, Any] = {kind: found[key] for kind, key in wanted.items()}
    unused = [f"{kind}: {options[kind]} {kind}" for kind in ("pose", "objects") if not keys[kind] and kind in sizes]
    notes = [f"{path.name} also holds a key not in use ({note})" for note in unused]
    return checked_samples(path.name, **arrays, names=as_names(keys), notes=notes)


def _missing(path, key, there, option):
    return ValueError(
        f"{path} has no key {key!r}{perhaps(key, there)}; it holds {', '.join(map(repr, sorted(there))) or 'nothing'}: "
        f"name the one meant, {option} NAME"
    )
