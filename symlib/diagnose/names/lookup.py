"""What a name stands for: a name with its number, an object by its import path, the array of a file."""

import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symlib.support.nearest import perhaps

_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def parted(name: str) -> tuple[str, str | None]:
    """ "mlp:3" → ("mlp", "3"); "mlp" → ("mlp", None)."""
    head, colon, tail = name.strip().partition(":")
    return head.strip().lower(), tail.strip() if colon else None


def whole(text: str | None, what: str, example: str) -> int:
    """The whole number of at least 1 that follows the colon of a name."""
    if text is None or not re.fullmatch(r"0*[1-9]\d{0,8}", text):
        came = "no number" if text is None else repr(text)
        raise ValueError(f"{what} needs a whole number of at least 1 behind the colon, as {example!r}, got {came}")
    return int(text)


def is_import_path(name: str) -> bool:
    """Whether `name` reads as "package.module:attribute" and not as a name with a number."""
    return _PATH.fullmatch(name.strip()) is not None


def imported(path: str, what: str) -> Any:
    """The object at "package.module:attribute".

    Raises
    ------
    ValueError
        If the module cannot be imported or has no such attribute, saying which.
    """
    module_name, _, attribute = path.strip().partition(":")
    try:
        found = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # whatever the user's module raises
        raise ValueError(
            f"{what} {path!r}: module {module_name!r} cannot be imported ({type(error).__name__}: {error}); run the "
            "command in the folder that holds it, or install it"
        ) from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            public = [name for name in dir(found) if not name.startswith("_")]
            raise ValueError(f"{what} {path!r}: {module_name} has no {part!r}{perhaps(part, public)}")
        found = getattr(found, part)
    return found


def is_array_file(name: str) -> bool:
    return Path(name).suffix.lower() in (".npy", ".csv")


def array_file(name: str, what: str) -> NDArray:
    """The array of a .npy file, or the whole numbers of a .csv file, one row a line. Nothing is unpickled.

    Raises
    ------
    ValueError
        If the file is not there or holds no such array, naming it.
    """
    path = Path(name).expanduser()
    try:
        if path.suffix.lower() == ".npy":
            return np.load(path, allow_pickle=False)
        return np.loadtxt(path, delimiter=",", dtype=int, ndmin=2)
    except FileNotFoundError:
        raise ValueError(f"{what} {name!r}: there is no such file") from None
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"{what} {name!r} cannot be read as an array of numbers: {error}") from error
