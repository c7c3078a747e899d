"""Files that are whole or not there: written beside their place, and moved into it when complete."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_LITTLE = 2**20  # bytes free below which a disk counts as full


def expanded(path: str | os.PathLike) -> Path:
    """The path with a leading ~ as the home folder: shells expand it, environment files and notebooks do not."""
    return Path(path).expanduser()


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """A binary file to write that takes the place of `path` once it is complete and on the disk.

    Whatever happens before, `path` stays as it was: absent, or its former content. Several processes may
    write one path at once; the last to finish stays. Folders that are missing are made. A device or a pipe
    (/dev/null, /dev/stdout) is written to, and no file takes its place.

    Raises
    ------
    OSError
        If the file cannot be made or written, naming `path` and the cause: a full disk, say, or a folder that is
        read-only. Its `errno` and subclass are those of the cause.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "sub" / "numbers"
    >>> with replacing(path) as file:
    ...     _ = file.write(b"1 2 3")
    >>> path.read_bytes()
    b'1 2 3'
    """
    path = expanded(path)
    if _is_stream(path):
        try:
            with open(path, "ab") as file:
                yield file
        except OSError as error:
            raise _named(error, path) from error
        return
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise _named(error, path) from error
    finally:
        _remove(part)


def check_writable(path: str | os.PathLike) -> None:
    """Write a few kB beside `path` and remove them: better known before hours of computing than after.

    Raises
    ------
    OSError
        As `replacing`.
    """
    path = expanded(path)
    if _is_stream(path):
        return
    probe = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.probe")
    with replacing(probe) as file:
        file.write(bytes(4096))
    probe.unlink()


def _is_stream(path):
    """Whether `path` is a device, a pipe, or one of the names for what a process has open."""
    special = path.exists() and not path.is_file() and not path.is_dir()
    return special or path.parent in (Path("/dev"), Path("/dev/fd"), Path("/proc/self/fd"))


def _named(error, path):
    """The same error, saying which file could not be written, and whether the disk is full."""
    reason = error.strerror or str(error)
    if isinstance(error, FileExistsError | NotADirectoryError):
        reason = f"{error.filename} is a file and no folder"
    folder = next((place for place in path.parents if place.is_dir()), path.parent)
    try:
        full = shutil.disk_usage(folder).free < _LITTLE and "No space" not in reason
    except OSError:
        full = False
    message = f"{path} could not be written: {reason}{' (no space left on the disk)' if full else ''}"
    # Three arguments make Python choose the subclass, PermissionError say, by the number; without one there is none.
    return OSError(error.errno, message) if error.errno else OSError(message)


def _remove(part):
    try:
        part.unlink(missing_ok=True)
    except OSError:
        pass  # in a folder that cannot be read there is none
