"""Results of calls as files that hold data only: arrays in NumPy's format, the rest as JSON; reading runs no code.

One file a result, named by the digest of the call (`fingerprints`), written whole or not at all (`files`).
"""

import io
import json
import os
import zipfile

import numpy as np

from symlib.support.files import check_writable, expanded, replacing


def pack(result, note=""):
    """The bytes of a result, and of a note for people who open the file.

    Parameters
    ----------
    result : None, numbers, text, arrays, and lists, tuples and dicts of them
        A named tuple becomes a dict.
    note : str

    Raises
    ------
    TypeError
        If the result holds anything else; its place is named.

    Examples
    --------
    >>> unpack(pack({"errors": np.arange(3.0), "n": (1, None)}))
    {'errors': array([0., 1., 2.]), 'n': (1, None)}
    """
    arrays = []
    tree = _encode(result, "result", arrays)
    buffer = io.BytesIO()
    text = np.frombuffer(json.dumps({"note": note, "result": tree}).encode(), np.uint8)
    np.savez(buffer, allow_pickle=False, tree=text, **{f"array{i}": array for i, array in enumerate(arrays)})
    return buffer.getvalue()


def packed_call(function, setting):
    """The packed result: what the store takes is known where it was computed, and only data travels back."""
    return pack(function(**setting), note=f"{getattr(function, '__qualname__', function)}(**{setting})")


def unpack(packed):
    """The result in the bytes that `pack` gave."""
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        return _decode(json.loads(arrays["tree"].tobytes())["result"], arrays)


class ResultStore:
    """A folder of results by key."""

    def __init__(self, folder: str | os.PathLike):
        self.folder = expanded(folder)

    def path(self, key):
        return self.folder / f"{key}.npz"

    def check(self):
        """OSError if nothing can be written."""
        try:
            check_writable(self.path("result"))
        except OSError as error:
            cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
            message = (
                f"no results can be stored in {self.folder}: {cause.strerror or cause}; make room or give another "
                "folder, by folder= or by the environment variable SYMLIB_CACHE"
            )
            raise (OSError(error.errno, message) if error.errno else OSError(message)) from error

    def put(self, key, packed):
        with replacing(self.path(key)) as file:
            file.write(packed)

    def get(self, key):
        """The result of that key; KeyError where there is none, or none that can be read."""
        try:
            return unpack(self.path(key).read_bytes())
        # RuntimeError is what zipfile makes of a damaged mark of compression, TypeError of an array that is no archive.
        except (OSError, ValueError, KeyError, EOFError, RuntimeError, TypeError, zipfile.BadZipFile) as error:
            raise KeyError(key) from error


def _encode(value, place, arrays):
    """JSON in which each container is {kind: content}; arrays go to the list `arrays`."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{place} is a masked array, stored without its mask; return its numbers and mask as two arrays"
        )
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.dtype != object):
        arrays.append(value)
        return {"scalar" if isinstance(value, np.generic) else "array": len(arrays) - 1}
    if value is None or type(value) in (bool, int, float, str):
        return value
    if hasattr(value, "_asdict") and isinstance(value, tuple):
        value = value._asdict()
    if type(value) in (list, tuple):
        return {type(value).__name__: [_encode(part, f"{place}[{i}]", arrays) for i, part in enumerate(value)]}
    if type(value) is dict:
        pairs = value.items()
        return {"dict": [[_encode(k, place, arrays), _encode(v, f"{place}[{k!r}]", arrays)] for k, v in pairs]}
    raise TypeError(
        f"{place} is a {type(value).__name__}, which is not stored; return numbers, text, NumPy arrays, and lists, "
        "tuples and dicts of them"
    )


def _decode(tree, arrays):
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    match kind:
        case "array":
            return arrays[f"array{content}"]
        case "scalar":
            return arrays[f"array{content}"][()]
        case "dict":
            return {_decode(key, arrays): _decode(value, arrays) for key, value in content}
    parts = [_decode(part, arrays) for part in content]
    return parts if kind == "list" else tuple(parts)
