"""Where an installed package keeps its files, found without importing the package."""

import importlib.util
from pathlib import Path


def package_folder(package: str, folder: str, reader: str) -> Path:
    """The folder `folder` inside an installed package.

    Raises
    ------
    ImportError
        If the package is not installed or comes without that folder; in one line, with how to get it.
    """
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise ImportError(f"{reader} reads files of the package {package}, which is missing: pip install {package}")
    path = Path(found.submodule_search_locations[0], folder)
    if not path.is_dir():
        raise ImportError(
            f"{reader} reads files in {folder} of the package {package}, which was installed without them: "
            f"pip install --force-reinstall {package}"
        )
    return path
