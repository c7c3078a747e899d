"""Where things are kept that may be fetched or computed again."""

import os
from pathlib import Path

import platformdirs

from symlib.support.files import expanded


def cache_folder() -> Path:
    """The folder for what may be fetched or computed again: $SYMLIB_CACHE, by default the user's cache folder.

    A leading ~ is the home folder: neither Docker nor notebooks expand it.
    """
    return expanded(os.environ.get("SYMLIB_CACHE") or platformdirs.user_cache_dir("symlib"))
