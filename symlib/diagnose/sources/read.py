"""Samples from wherever a path leads: .npz, .csv, a folder of images, or a data set by its import path."""

from symlib.diagnose.names import is_import_path
from symlib.diagnose.sources.array_files import read_npz
from symlib.diagnose.sources.csv_files import read_csv
from symlib.diagnose.sources.data_sets import read_data_set
from symlib.diagnose.sources.image_folder import read_folder
from symlib.diagnose.sources.samples import MOST_SAMPLES, LabelledSamples
from symlib.support.checks import nonnegative_int, positive_int
from symlib.support.files import expanded


def read_samples(
    path: str,
    *,
    samples: str | None = None,
    labels: str | None = None,
    pose: str | None = None,
    objects: str | None = None,
    side: int | None = None,
    most: int = MOST_SAMPLES,
    seed: int = 0,
) -> LabelledSamples:
    """The labelled samples at a path, checked: finite, one label each, at least two classes.

    Parameters
    ----------
    path : str
        A .npz or .csv file, a folder with a folder of images for each class, or "module:attribute", a data set (any
        object with __len__ and __getitem__ giving pairs).
    samples, labels, pose, objects : str, optional
        Which key, column or part of an item holds them. For a folder, pose can be "folder" and objects "prefix".
    side : int, optional, pixels to which the images of a folder are brought
    most : int, samples that are read of a folder or a data set at most; beyond, they are drawn
    seed : int, for the draw

    Returns
    -------
    LabelledSamples

    Raises
    ------
    ValueError, TypeError
        If there is nothing there, it cannot be read, or is not what is wanted, naming file and entry.
    MemoryError
        If the samples would take more than 2 GiB.
    ImportError
        For images, without Pillow.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> file = Path(tempfile.mkdtemp()) / "waves.npz"
    >>> np.savez(file, x=np.eye(4), y=["up", "up", "down", "down"])
    >>> read_samples(str(file)).y.tolist()
    ['up', 'up', 'down', 'down']
    """
    named = {"samples": samples, "labels": labels, "pose": pose, "objects": objects}
    if side is not None:
        side = positive_int(side, "side")
    most, seed = positive_int(most, "most"), nonnegative_int(seed, "seed")
    place = expanded(path)
    if place.is_dir():
        _refuse_options(path, "a folder of images", {"samples": samples, "labels": labels})
        return read_folder(place, side=side, pose=pose, objects=objects, most=most, seed=seed)
    if side is not None:
        raise ValueError(f"--side is for a folder of images, and {path} is none")
    if place.is_file():
        suffix = place.suffix.lower()
        if suffix == ".npz":
            return read_npz(place, **named)
        if suffix == ".csv":
            return read_csv(place, **named)
        hint = "; a .npy file holds no labels: numpy.savez(FILE, x=..., y=...)" if suffix == ".npy" else ""
        raise ValueError(f"{path} must be a .npz or .csv file, a folder of images, or module:attribute{hint}")
    if is_import_path(path):
        return read_data_set(path, **named, most=most, seed=seed)
    raise ValueError(f"there is no file or folder {path}; a data set is named as module:attribute")


def _refuse_options(path, what, options):
    for option, value in options.items():
        if value is not None:
            raise ValueError(f"--{option} is not for {what}, and {path} is one")
