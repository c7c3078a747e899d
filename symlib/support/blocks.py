"""Finished blocks of a long computation, kept in a folder so that a run that was killed resumes.

A block appears under its name only when it is whole (`files.replacing`). The folder carries a fingerprint of what is
being computed, so that blocks of another computation are never taken for it.
"""

import json
from pathlib import Path

import numpy as np

from symlib.support.files import replacing

_FINGERPRINT = "fingerprint.json"
_SAME_VALUE = 1e-9  # relative: the same kernel on another machine


class Blocks:
    """Blocks in `folder`, or nowhere if it is None: then nothing is found and nothing kept."""

    def __init__(self, folder, fingerprint):
        """`fingerprint` is a dict of texts, numbers and lists of numbers; numbers agree up to rounding.

        Raises ValueError if the folder holds blocks of a different computation.
        """
        self.folder = None if folder is None else Path(folder)
        if self.folder is None:
            return
        path = self.folder / _FINGERPRINT
        if not path.exists():
            with replacing(path) as file:
                file.write(json.dumps(fingerprint).encode())
            return
        found = json.loads(path.read_text())
        different = [key for key in fingerprint if not _same(fingerprint[key], found.get(key))]
        if different:
            raise ValueError(
                f"the checkpoint folder {self.folder} holds another computation (its {', '.join(different)} differ); "
                "name another folder, or remove this one if its blocks are no longer needed"
            )

    def load(self, name):
        """The array kept under a name, or None."""
        if self.folder is None or not (path := self._path(name)).exists():
            return None
        return np.load(path, allow_pickle=False)

    def save(self, name, array):
        if self.folder is not None:
            with replacing(self._path(name)) as file:
                np.save(file, array, allow_pickle=False)

    def _path(self, name):
        return self.folder / f"{name}.npy"


def _same(a, b):
    if isinstance(a, (int, float, list)) and isinstance(b, (int, float, list)):
        return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=_SAME_VALUE, atol=0.0)
    return a == b
