"""Where things are kept that may be fetched or computed again."""

import os
from pathlib import Path

import platformdirs

from symlib.support.files import expanded


def cache_folder() -> Path:
    """The folder for what may be fetched or computed again: `$SYMLIB_CACHE`, by default the user's cache folder."""
    try:
        return environment_folder("SYMLIB_CACHE") or expanded(platformdirs.user_cache_dir("symlib"))
    except RuntimeError as error:
        raise OSError(
            f"there is no cache folder ({error}); set SYMLIB_CACHE to a folder that can be written"
        ) from error


def environment_folder(variable: str) -> Path | None:
    """The folder that an environment variable names, or None where it is not set.

    A leading ~ and $NAME are expanded: neither environment files nor notebooks do it.

    Raises
    ------
    RuntimeError
        If there is a ~ and the home folder is not known.
    """
    value = os.environ.get(variable, "").strip()
    if not value:
        return None
    try:
        return expanded(os.path.expandvars(value))
    except RuntimeError as error:
        raise RuntimeError(f"{variable}={value}: {error}; write the path in full") from error
