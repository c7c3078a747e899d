"""The bytes of a published file: from $SYMLIB_DATA, else the cache, else a verified download.

A download tries several mirrors in turn and goes on where an interrupted one stopped; nothing enters
the cache before its digest is right, and it enters whole. Two processes may ask for one file at once.
"""

import gzip
import hashlib
import os
import shutil
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from tqdm import tqdm

from symlib.support.cache_folder import cache_folder, quiet_pooch

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

_TRIES = 5  # connections to one mirror, as long as each brings something new
_TIMEOUT = (10, 30)  # seconds to connect, seconds without a byte
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Remote:
    """A gzipped file, the mirrors that serve it and the SHA-256 that proves it.

    `sha256` is that of the unpacked file, or of the .gz itself where `packed`. `folders` are the places
    below $SYMLIB_DATA where it may lie; the last of them is its place in the cache.
    """

    name: str
    mirrors: tuple[str, ...]
    sha256: str
    packed: bool = False
    folders: tuple[str, ...] = (".",)


def load(remote):
    """The verified, unpacked content of `remote` as bytes.

    Looks in the folder $SYMLIB_DATA (.gz or unpacked), then in the cache ($SYMLIB_CACHE, by default
    the user's cache folder), then downloads to the cache, showing progress.

    Raises
    ------
    ValueError
        If the file in $SYMLIB_DATA is not the one published.
    ConnectionError
        If no mirror gave the file: each mirror is listed with what went wrong.
    """
    supplied = os.environ.get("SYMLIB_DATA")
    for folder in remote.folders if supplied else ():
        for name in (remote.name, remote.name.removesuffix(".gz")):
            path = Path(supplied, folder, name)
            if path.is_file():
                return verified(path.read_bytes(), remote, path)
    return _unpack(_cached(remote).read_bytes())


def verified(raw, remote, path):
    """The unpacked bytes of `raw`, read from `path`, if they are those of `remote`."""
    try:
        unpacked = _unpack(raw)
        # Where the digest is that of the .gz, nothing is known of a file that came unpacked.
        known = not remote.packed or unpacked is not raw
        came = hashlib.sha256(raw if remote.packed else unpacked).hexdigest()
        wrong = known and came != remote.sha256
        problem = f"has SHA-256 {came}, wanted {remote.sha256}" if wrong else None
    except (OSError, EOFError, zlib.error) as error:
        problem = f"does not unpack ({error})"
    if problem:
        raise ValueError(
            f"{path} {problem}: the file is damaged or belongs to another data set; "
            "replace it, or unset SYMLIB_DATA if it lies there"
        )
    return unpacked


def _unpack(raw):
    return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw


def _cached(remote):
    """Path of the intact file in the cache, downloaded if it is not there yet."""
    name = remote.name if remote.packed else remote.name.removesuffix(".gz")
    target = cache_folder() / remote.folders[-1] / name
    if not _intact(target, remote):
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.with_name(remote.name + ".lock")):
            # Another process may have brought it while this one waited for the lock.
            if not _intact(target, remote):
                _download(remote, target)
    return target


def _intact(path, remote):
    return path.is_file() and quiet_pooch().file_hash(str(path), alg="sha256") == remote.sha256


def _download(remote, target):
    """Bring `remote` to `target` from the first mirror that gives it."""
    target.unlink(missing_ok=True)
    problems = []
    for mirror in remote.mirrors:
        try:
            return _from_mirror(mirror + remote.name, remote, target)
        except (OSError, ValueError) as problem:
            problems.append(f"  {mirror + remote.name}: {problem}")
    supplied = os.environ.get("SYMLIB_DATA")
    looked = f"it is not in SYMLIB_DATA={supplied}, and " if supplied else ""
    raise ConnectionError(
        f"could not get {remote.name}: {looked}no mirror gave it:\n" + "\n".join(problems) + "\n"
        "Check the network and call again (an interrupted download goes on where it stopped), or put "
        "the file in a folder and set SYMLIB_DATA to that folder, or for MNIST use the digits that come "
        'with symlib: split="bundled"'
    )


def _from_mirror(url, remote, target):
    """Bring `url` to `target` through pooch, which verifies the digest and renames into place."""
    part = target.with_name(remote.name + ".part")

    def download(url, output_file, _):
        _complete(url, part)
        if remote.packed:
            os.replace(part, output_file)
            return
        try:
            with gzip.open(part) as packed, open(output_file, "wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"what came does not unpack ({error})") from error
        finally:
            part.unlink()

    for left in reversed(range(_TRIES)):
        before = _size(part)
        try:
            place = {"fname": target.name, "path": target.parent}
            quiet_pooch().retrieve(url, f"sha256:{remote.sha256}", **place, downloader=download)
            return
        except (OSError, ValueError):
            broke_off = _size(part) > before
            # Damaged bytes may have been begun by another mirror: once more, from the first byte.
            began_elsewhere = before > 0 and not part.exists()
            if not left or not (broke_off or began_elsewhere):
                raise


def _complete(url, part):
    """Append to the file `part` the bytes of `url` that it lacks (HTTP Range, RFC 9110 section 14)."""
    have = _size(part)
    # identity: the range and the length count the bytes of the .gz itself.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
        if response.status_code == 416:  # nothing beyond what is here
            if response.headers.get("Content-Range") == f"bytes */{have}":
                return
            part.unlink()
            return _complete(url, part)
        response.raise_for_status()
        resumed = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if response.status_code == 206 and not resumed:
            sent = response.headers.get("Content-Range")
            raise OSError(f"asked for the bytes from {have} on, got Content-Range: {sent}")
        if response.status_code != 206:
            have = 0  # the server sends the whole file whatever was asked
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        with (
            open(part, "r+b" if have else "wb") as file,
            tqdm(total=total, initial=have, desc=part.stem, unit="B", unit_scale=True) as bar,
        ):
            file.seek(have)
            # A connection that breaks must hand over its last bytes; the length is checked below.
            response.raw.enforce_content_length = False
            for chunk in response.iter_content(_CHUNK):
                bar.update(file.write(chunk))
    if total is not None and _size(part) < total:
        raise ConnectionError(f"connection closed after {_size(part)} of {total} bytes")


def _size(path):
    return path.stat().st_size if path.exists() else 0


@contextmanager
def _locked(path):
    """Hold `path` as a lock among processes; the system frees it when a process ends."""
    with open(path, "a+b") as file:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX)
        else:
            while True:
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
                except OSError:  # still held after ten seconds
                    continue
        yield
