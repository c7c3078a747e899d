"""The bytes of a published file: from `$SYMLIB_DATA`, else the cache, else a verified download.

A file is what its content says, whatever its name and packing: its SHA-256 decides. A download tries several mirrors in
turn and goes on where an interrupted one stopped; nothing enters the cache before its digest is right, and it enters
whole. Two processes may ask for one file at once.
"""

import errno
import gzip
import hashlib
import os
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock
from tqdm import tqdm

from symlib.support.cache_folder import cache_folder, environment_folder
from symlib.support.files import replacing

_TRIES = 5  # connections to one mirror, as long as each brings something new
_TIMEOUT = (10, 30)  # seconds to connect, seconds without a byte
_PATIENCE = 120  # seconds for another process to bring a byte; more than two mirrors take to time out
_CHUNK = 1 << 16
_GZIP = b"\x1f\x8b"
# What is wrong with the place that is written to, not with the mirror.
_OF_THE_DISK = {
    getattr(errno, name)
    for name in (
        *("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM", "EIO"),
        *("ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ELOOP", "ENAMETOOLONG"),
    )
}


@dataclass(frozen=True)
class Remote:
    """A gzipped file, the mirrors that serve it and the SHA-256 that proves it.

    `sha256` is that of the unpacked file, or of the .gz itself where `packed`. `folders` are the places below
    `$SYMLIB_DATA` where it may lie; the last of them is its place in the cache. `others` pairs digests of unpacked
    files of the same name with the data sets that they belong to.
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

    Looks in the folder `$SYMLIB_DATA` (under each of `remote.names` in each of `remote.folders`, whatever their
    capitals and punctuation), then in the cache (`$SYMLIB_CACHE`, by default the user's cache folder), then downloads
    to the cache, showing progress. In both a leading ~ and $NAME are expanded.

    Raises
    ------
    ValueError
        If files of that name lie in `$SYMLIB_DATA` and none is the one published.
    ConnectionError
        If no mirror gave the file: each mirror is listed with what went wrong, and where else was looked.
    OSError
        If the cache cannot be written.
    """
    supplied = environment_folder("SYMLIB_DATA")
    refusal = None
    for folder in remote.folders:
        for path in _alike(supplied, folder, remote) if supplied else ():
            raw = path.read_bytes()
            try:
                return verified(raw, remote, path)
            except ValueError as error:
                # $SYMLIB_DATA itself is first of all the place of another data set, whose files may lie there.
                if folder != "." or remote.folders[0] == "." or not _data_set(raw, remote):
                    refusal = refusal or error
    if refusal:
        raise refusal
    return _cached(remote)


def _alike(root: Path, folder: str, remote: Remote) -> Iterator[Path]:
    """Files with a name of `remote` in `folder` below `root`, in any capitals and punctuation of either."""
    places = [root]
    for part in Path(folder).parts:
        children = [child for place in places for child in _listed(place) if _letters(child.name) == _letters(part)]
        places = [child for child in children if child.is_dir()]
    wanted = {_letters(name) for name in remote.names}
    for place in places:
        for path in _listed(place):
            if _letters(path.name) in wanted:
                # Some archives (one on Kaggle) hold a folder of the file's name around the file.
                yield from filter(Path.is_file, [path, *(path / name for name in remote.names)])


def _listed(folder):
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _letters(name):
    return "".join(filter(str.isalnum, name.lower()))


def verified(raw: bytes, remote: Remote, path: str | os.PathLike) -> bytes:
    """The unpacked bytes of `raw`, read from `path`, if they are those of `remote`; ValueError otherwise."""
    try:
        return _content(_as_published(raw, remote), remote)
    except ValueError as problem:
        raise ValueError(
            f"{path} {problem}: the file is damaged or belongs to another data set; "
            "replace it, or unset SYMLIB_DATA if it lies there"
        ) from problem


def _as_published(raw, remote):
    """The form of `raw`, packed or unpacked, that has the digest of `remote`; ValueError if none has.

    Who keeps a file may have packed it again, and a mirror may pack the .gz once more, or unpack it, on the way.
    """
    try:
        forms = list(_unpacked(raw))
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"does not unpack ({error})") from error
    for form in _packings(forms) if remote.packed else forms[1:] or forms:
        if hashlib.sha256(form).hexdigest() == remote.sha256:
            return form
    other = _data_set(raw, remote)
    whose = f" and is the file of that name of {other}" if other else f"; it begins with {raw[:16]!r}"
    came = hashlib.sha256(raw if remote.packed else forms[-1]).hexdigest()
    raise ValueError(f"has SHA-256 {came}, wanted {remote.sha256}{whose}")


def _unpacked(raw):
    """`raw`, then what it holds while that is gzipped; at most twice, for a file that is said to hold itself."""
    yield raw
    for _ in range(2):
        if raw[:2] != _GZIP:
            return
        raw = gzip.decompress(raw)
        yield raw


def _packings(forms):
    """The forms that came, then the last one packed as files are published: gzip -9 without a time."""
    yield from forms
    packed = gzip.compress(forms[-1], 9, mtime=0)
    for system in (b"\x03", b"\xff"):  # byte 9 of the header (RFC 1952): Unix, unknown
        yield packed[:9] + system + packed[10:]


def _content(form, remote):
    return gzip.decompress(form) if remote.packed else form


def _data_set(raw, remote):
    """The other data set that these bytes are known to belong to; None if there is none."""
    try:
        digests = [hashlib.sha256(form).hexdigest() for form in _unpacked(raw)]
    except (OSError, EOFError, zlib.error):
        return None
    return dict(remote.others).get(digests[-1])


def _cached(remote):
    """The content from the cache, downloaded if it is not there yet."""
    if (kept := _kept(remote)) is not None:
        return kept
    folder = cache_folder() / remote.folders[-1]
    target = folder / (remote.name if remote.packed else remote.name.removesuffix(".gz"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(target.with_name(remote.name)) as part:
            # Another process may have brought it while this one waited for the lock.
            if (kept := _kept(remote)) is not None:
                return kept
            form = _download(remote, part)
            with replacing(target) as file:
                file.write(form)
            part.unlink()
            return _content(form, remote)
    except ConnectionError:
        raise
    except OSError as error:
        reason = str(error.strerror or error)
        problem = reason if str(target) in reason else f"{target} could not be written: {reason}"
        raise OSError(
            error.errno,
            f"{problem}; make room there, or set SYMLIB_CACHE to a folder that can be written, or SYMLIB_DATA to one "
            "that has the file",
        ) from error


def _kept(remote):
    """The content of an intact file in the cache, or None."""
    for path in _alike(cache_folder(), remote.folders[-1], remote):
        try:
            return verified(path.read_bytes(), remote, path)
        except ValueError:
            pass  # damaged: fetched anew
    return None


def _download(remote, part):
    """The bytes of `remote`, in the form that has its digest, from the first mirror that gives them."""
    problems = []
    for mirror in remote.mirrors:
        try:
            return _from_mirror(mirror + remote.name, remote, part)
        except (OSError, ValueError) as problem:
            if getattr(problem, "errno", None) in _OF_THE_DISK:
                raise
            problems.append(f"  {mirror + remote.name}: {problem}")
    supplied = environment_folder("SYMLIB_DATA")
    folders, names = ", ".join(remote.folders), ", ".join(remote.names)
    looked = ""
    if supplied:
        what = "has none of" if supplied.is_dir() else "is no folder with"
        other = " but that of another data set" if any(_alike(supplied, ".", remote)) else ""
        looked = f"SYMLIB_DATA={supplied} {what} {names}{other} (looked in its folders {folders}), and "
    raise ConnectionError(
        f"could not get {remote.name}: {looked}no mirror gave it:\n" + "\n".join(problems) + "\n"
        "Check the network and call again (an interrupted download goes on where it stopped), or put "
        "the file in a folder and set SYMLIB_DATA to that folder, or for MNIST use the digits that come "
        'with symlib: split="bundled"'
    )


def _from_mirror(url, remote, part):
    """The bytes that `url` gives, in the form that has the digest of `remote`; `part` holds what has come of them."""
    left = _TRIES
    while True:
        left -= 1
        before = _size(part)
        try:
            _complete(url, part)
            try:
                return _as_published(part.read_bytes(), remote)
            except ValueError as problem:
                part.unlink()
                raise ValueError(f"what came {problem}") from problem
        except (OSError, ValueError) as error:
            broke_off = _size(part) > before
            # Damaged bytes may have been begun by another mirror: once more, from the first byte.
            began_elsewhere = before > 0 and not part.exists()
            if not left or not (broke_off or began_elsewhere) or getattr(error, "errno", None) in _OF_THE_DISK:
                raise


def _complete(url, part):
    """Append to the file `part` the bytes of `url` that it lacks (HTTP Range, RFC 9110 section 14)."""
    import requests  # here, where it is due: it takes as long to import as all of symlib's own files
    from urllib3.exceptions import HTTPError

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
            try:
                for chunk in response.raw.stream(_CHUNK, decode_content=False):
                    bar.update(file.write(chunk))
            except HTTPError as error:
                raise ConnectionError(f"connection broke: {error}") from error
    if total is not None and _size(part) < total:
        raise ConnectionError(f"connection closed after {_size(part)} of {total} bytes")


def _size(path):
    return path.stat().st_size if path.exists() else 0


@contextmanager
def _alone(path) -> Iterator[Path]:
    """Where to write the download of `path` while no other process does: path.part, under a lock.

    Some file systems of clusters have no locks, and a holder may have been suspended: after _PATIENCE without a byte
    from it, the part is this process's own.
    """
    lock = filelock.FileLock(f"{path}.lock", fallback_to_soft=False)
    part, own = (path.with_name(f"{path.name}{tag}.part") for tag in ("", f".{uuid.uuid4().hex[:12]}"))
    held = True
    try:
        _acquire(lock, part)
    except (NotImplementedError, OSError) as error:
        if getattr(error, "errno", None) in _OF_THE_DISK:
            raise
        held = False
    try:
        yield part if held else own
    finally:
        if held:
            lock.release()
        else:
            own.unlink(missing_ok=True)


def _acquire(lock, part):
    """Wait for the lock as long as whoever holds it brings bytes."""
    while True:
        before = _size(part)
        try:
            return lock.acquire(timeout=_PATIENCE)
        except filelock.Timeout:
            if _size(part) == before:
                raise
