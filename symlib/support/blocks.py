"""Finished blocks of a long computation, kept in a folder so that a run that was killed resumes.

A block appears under its name only when it is whole (`files.replacing`). The folder carries a fingerprint of what is
being computed, and each block a digest of it in its name, so that blocks of another computation are never taken for it.
"""

import hashlib
import json
import os
import warnings

import numpy as np
from numpy.typing import NDArray

from symlib.support.files import expanded, replacing

_FINGERPRINT = "fingerprint.json"
_SAME_VALUE = 1e-9  # relative: the same kernel on another machine


class Blocks:
    """Blocks in `folder`, or nowhere if it is None: then nothing is found and nothing kept."""

    def __init__(self, folder: str | os.PathLike | None, fingerprint: dict):
        """`fingerprint` is a dict of texts, numbers and lists of numbers; numbers agree up to rounding.

        Raises
        ------
        ValueError
            If the folder holds blocks of a different computation.
        OSError
            If the folder cannot be written: before anything is computed.
        """
        self.folder = None if folder is None else expanded(folder)
        if self.folder is None:
            return
        texts = sorted((key, value) for key, value in fingerprint.items() if isinstance(value, (str, int)))
        self._digest = hashlib.sha256(repr(texts).encode()).hexdigest()[:12]
        path = self.folder / _FINGERPRINT
        found = _read(path)
        if found is None:
            with replacing(path) as file:
                file.write(json.dumps(fingerprint).encode())
            return
        different = [key for key in {**fingerprint, **found} if not _same(fingerprint.get(key), found.get(key))]
        if different:
            raise ValueError(
                f"the checkpoint folder {self.folder} holds another computation (its {', '.join(different)} differ); "
                "name another folder, or remove this one if its blocks are no longer needed"
            )
        # Written again: a folder that has become read-only, or a disk that is full, is found before any work.
        with replacing(path) as file:
            file.write(json.dumps(found).encode())

    def load(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
        """The array kept under a name, or None: where there is none, or one cut short by a crash of the machine."""
        if self.folder is None:
            return None
        try:
            array = np.load(self._path(name), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return array if array.shape == shape and array.dtype == np.float64 else None

    def save(self, name: str, array: NDArray[np.float64]) -> None:
        """Keep the array; where it cannot be written, warn once, and keep no more: the computation goes on."""
        if self.folder is None:
            return
        try:
            with replacing(self._path(name)) as file:
                np.save(file, array, allow_pickle=False)
        except OSError as error:
            self.folder = None
            warnings.warn(
                f"{error}; the computation goes on, and keeps no more blocks. Those finished so far are resumed from",
                RuntimeWarning,
                stacklevel=3,
            )

    def _path(self, name):
        return self.folder / f"{name} ({self._digest}).npy"


def _read(path):
    """The fingerprint in a file; None where there is none, or none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # one that must not be read cannot be written either, which is said
        return None
    return found if isinstance(found, dict) else None


def _same(a, b):
    if isinstance(a, (int, float, list)) and isinstance(b, (int, float, list)):
        return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=_SAME_VALUE, atol=0.0)
    return a == b
