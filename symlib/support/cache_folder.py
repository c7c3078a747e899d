"""Where things are kept that may be fetched or computed again."""

import os
import warnings
from pathlib import Path


def cache_folder():
    """The folder for what may be fetched or computed again: $SYMLIB_CACHE, by default the user's cache folder."""
    return Path(os.environ.get("SYMLIB_CACHE") or quiet_pooch().os_cache("symlib"))


def quiet_pooch():
    # Imported when it is due, and silently: in a notebook without widgets its import warns of a bar that is not shown.
    with warnings.catch_warnings(action="ignore"):
        import pooch

    return pooch
