"""The bytes of a published file: from $SYMLIB_DATA, else the cache, else a verified download.

A file is what its content says, whatever its name and packing: its SHA-256 decides. A download tries several mirrors in
turn and goes on where an interrupted one stopped; nothing enters the cache before its digest is right, and it enters
whole. Two processes may ask for one file at once.
"""

import errno
import gzip
import hashlib
import os
import shutil
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import filelock
from tqdm import tqdm

from symlib.support.cache_folder import cache_folder
from symlib.support.files import expanded

_TRIES = 5  # connections to one mirror, as long as each brings something new
_TIMEOUT = (10, 30)  # seconds to connect, seconds without a byte
_CHUNK = 1 << 16
_GZIP = b"\x1f\x8b"
# What is wrong with the place that is written to, not with the mirror.
_OF_THE_DISK = {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EDQUOT}


@dataclass(frozen=True)
class Remote:
    """A gzipped file, the mirrors that serve it and the SHA-256 that proves it.

    `sha256` is that of the unpacked file, or of the .gz itself where `packed`. `folders` are the places below
    $SYMLIB_DATA where it may lie; the last of them is its place in the cache. `others` pairs digests of unpacked files
    of the same name with the data sets that they belong to.
    """

    name: str
    mirrors: tuple[str, ...]
    sha256: str
    packed: bool = False
    folders: tuple[str, ...] = (".",)
    others: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the file goes by: 7-Zip, for one, unpacks x-idx3-ubyte.gz to x.idx3-ubyte."""
        plain = self.name.removesuffix(".gz")
        dotted = plain.replace("-idx", ".idx")
        return tuple(dict.fromkeys((self.name, plain, f"{dotted}.gz", dotted)))


def load(remote: Remote) -> bytes:
    """The verified, unpacked content of `remote`.

    Looks in the folder $SYMLIB_DATA (under each of `remote.names` in each of `remote.folders`), then in the cache
    ($SYMLIB_CACHE, by default the user's cache folder), then downloads to the cache, showing progress. A leading ~ is
    the home folder in both.

    Raises
    ------
    ValueError
        If a file of that name in $SYMLIB_DATA is not the one published.
    ConnectionError
        If no mirror gave the file: each mirror is listed with what went wrong, and where else was looked.
    OSError
        If the cache cannot be written.
    """
    supplied = os.environ.get("SYMLIB_DATA", "")
    refusal = None
    for folder in remote.folders if supplied else ():
        for name in remote.names:
            path = expanded(supplied) / folder / name
            if not path.is_file():
                continue
            raw = path.read_bytes()
            try:
                return verified(raw, remote, path)
            except ValueError as error:
                # $SYMLIB_DATA itself is first of all the place of another data set, whose files may lie there.
                if folder != "." or remote.folders[0] == "." or not _data_set(raw, remote):
                    refusal = refusal or error
    if refusal:
        raise refusal
    return _unpack(_cached(remote).read_bytes())


def verified(raw: bytes, remote: Remote, path: str | os.PathLike) -> bytes:
    """The unpacked bytes of `raw`, read from `path`, if they are those of `remote`; ValueError otherwise."""
    try:
        unpacked = _unpack(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise _not_the_file(path, f"does not unpack ({error})") from error
    if not remote.packed:
        came = [hashlib.sha256(unpacked).hexdigest()]
    else:
        # One that was packed again has the published digest when it is packed as that was: gzip -9, without a time.
        came = [hashlib.sha256(packed).hexdigest() for packed in (raw, gzip.compress(unpacked, 9, mtime=0))]
    if remote.sha256 not in came:
        other = _data_set(raw, remote)
        whose = f" and is the file of that name of {other}" if other else ""
        raise _not_the_file(path, f"has SHA-256 {came[0]}, wanted {remote.sha256}{whose}")
    return unpacked


def _not_the_file(path, problem):
    return ValueError(
        f"{path} {problem}: the file is damaged or belongs to another data set; "
        "replace it, or unset SYMLIB_DATA if it lies there"
    )


def _data_set(raw, remote):
    """The other data set that these bytes are known to belong to; None if there is none."""
    try:
        return dict(remote.others).get(hashlib.sha256(_unpack(raw)).hexdigest())
    except (OSError, EOFError, zlib.error):
        return None


def _unpack(raw):
    return gzip.decompress(raw) if raw[:2] == _GZIP else raw


def _cached(remote):
    """Path of the intact file in the cache, downloaded if it is not there yet."""
    name = remote.name if remote.packed else remote.name.removesuffix(".gz")
    target = cache_folder() / remote.folders[-1] / name
    if _intact(target, remote):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.with_name(remote.name + ".lock")) as alone:
            # Another process may have brought it while this one waited for the lock.
            if not _intact(target, remote):
                part = target.with_name(remote.name + (".part" if alone else f".{os.getpid()}.part"))
                _download(remote, target, part)
    except ConnectionError:
        raise
    except OSError as error:
        raise type(error)(
            error.errno,
            f"{target} could not be written: {error.strerror or error}; make room there, or set SYMLIB_CACHE to a "
            "folder that can be written, or SYMLIB_DATA to one that has the file",
        ) from error
    return target


def _intact(path, remote):
    return path.is_file() and _pooch().file_hash(str(path), alg="sha256") == remote.sha256


def _pooch():
    # Imported when it is due, and silently: in a notebook without widgets its import warns of a bar that is not shown.
    with warnings.catch_warnings(action="ignore"):
        import pooch

    return pooch


def _download(remote, target, part):
    """Bring `remote` to `target` from the first mirror that gives it."""
    target.unlink(missing_ok=True)
    problems = []
    for mirror in remote.mirrors:
        try:
            return _from_mirror(mirror + remote.name, remote, target, part)
        except (OSError, ValueError) as problem:
            if getattr(problem, "errno", None) in _OF_THE_DISK:
                raise
            problems.append(f"  {mirror + remote.name}: {problem}")
    supplied = os.environ.get("SYMLIB_DATA")
    folders = ", ".join(remote.folders)
    names = ", ".join(remote.names)
    looked = f"SYMLIB_DATA={supplied} has none of {names} (looked in its folders {folders}), and " if supplied else ""
    raise ConnectionError(
        f"could not get {remote.name}: {looked}no mirror gave it:\n" + "\n".join(problems) + "\n"
        "Check the network and call again (an interrupted download goes on where it stopped), or put "
        "the file in a folder and set SYMLIB_DATA to that folder, or for MNIST use the digits that come "
        'with symlib: split="bundled"'
    )


def _from_mirror(url, remote, target, part):
    """Bring `url` to `target` through pooch, which verifies the digest and renames into place."""

    def download(url, output_file, _):
        _complete(url, part)
        try:
            if remote.packed:
                os.replace(part, output_file)
            else:
                _unpack_file(part, output_file)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"what came does not unpack ({error})") from error
        finally:
            part.unlink(missing_ok=True)

    for left in reversed(range(_TRIES)):
        before = _size(part)
        try:
            place = {"fname": target.name, "path": target.parent}
            _pooch().retrieve(url, f"sha256:{remote.sha256}", **place, downloader=download)
            return
        except (OSError, ValueError) as error:
            broke_off = _size(part) > before
            # Damaged bytes may have been begun by another mirror: once more, from the first byte.
            began_elsewhere = before > 0 and not part.exists()
            if not left or not (broke_off or began_elsewhere) or getattr(error, "errno", None) in _OF_THE_DISK:
                raise


def _unpack_file(source, target):
    """Unpack as often as it was packed: a mirror may have packed the .gz again, or unpacked it, on the way."""
    with open(source, "rb") as file:
        stream = file
        for _ in range(2):
            packed = stream.read(2) == _GZIP
            stream.seek(0)
            stream = gzip.GzipFile(fileobj=stream, mode="rb") if packed else stream
        with open(target, "wb") as unpacked:
            shutil.copyfileobj(stream, unpacked)


def _complete(url, part):
    """Append to the file `part` the bytes of `url` that it lacks (HTTP Range, RFC 9110 section 14)."""
    import requests  # here, where it is due: it takes as long to import as all of symlib's own files

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
            tqdm(total=total, initial=have, desc=part.stem, unit="B", unit_scale=True, leave=False) as bar,
        ):
            file.seek(have)
            # A connection that breaks must hand over its last bytes; the length is checked below.
            response.raw.enforce_content_length = False
            # As they came: a server that stores a .gz may call its packing an encoding of the content.
            for chunk in response.raw.stream(_CHUNK, decode_content=False):
                bar.update(file.write(chunk))
    if total is not None and _size(part) < total:
        raise ConnectionError(f"connection closed after {_size(part)} of {total} bytes")


def _size(path):
    return path.stat().st_size if path.exists() else 0


@contextmanager
def _locked(path) -> Iterator[bool]:
    """Hold `path` as a lock among processes; whether it is held: some file systems of clusters have no locks."""
    lock = filelock.FileLock(path)
    try:
        with warnings.catch_warnings(action="ignore"):  # filelock tells of the softer lock that it takes there
            lock.acquire()
    except (NotImplementedError, OSError) as error:
        if getattr(error, "errno", None) in _OF_THE_DISK:
            raise
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
