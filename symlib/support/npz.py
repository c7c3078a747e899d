"""Arrays from a .npz file: what it holds, and the arrays of some of its keys. Nothing is unpickled."""

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def npz_sizes(path: Path) -> dict[str, int]:
    """The keys of the file, and the bytes that each takes unpacked.

    Raises
    ------
    ValueError
        If the file cannot be read.
    """
    with _readable(path), zipfile.ZipFile(path) as packed:
        return {entry.filename.removesuffix(".npy"): entry.file_size for entry in packed.infolist()}


def npz_arrays(path: Path, keys: Iterable[str]) -> dict[str, NDArray]:
    """The arrays of these keys, each of which the file must have.

    Raises
    ------
    ValueError
        If the file cannot be read, or an array holds Python objects.
    """
    with _readable(path), np.load(path, allow_pickle=False) as file:
        return {key: _array(file, key, path) for key in keys}


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise ValueError(f"{path} cannot be read as .npz: {error}; write it anew with numpy.savez") from error


def _array(file, key, path):
    try:
        return file[key]
    except ValueError as error:
        if "pickle" not in str(error):
            raise ValueError(f"{key!r} of {path} cannot be read: {error}; write it anew with numpy.savez") from error
        raise ValueError(
            f"{key!r} of {path} holds Python objects, which are not unpickled, since that can run any program; save "
            "numbers or text, for example numpy.savez(..., y=numpy.array(y).astype(str))"
        ) from error
