"""Samples from a folder of images: a folder a class, grey, all of one size or brought to one."""

import re
from pathlib import Path

import numpy as np

from symlib.diagnose.sources.samples import MOST_SAMPLES, LabelledSamples, checked_samples, drawn, refuse_bytes

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm"}


def read_folder(
    folder: Path,
    *,
    side: int | None = None,
    pose: str | None = None,
    objects: str | None = None,
    most: int = MOST_SAMPLES,
    seed: int = 0,
) -> LabelledSamples:
    """The images of a folder, FOLDER/CLASS/…/IMAGE.png, as grey values from 0 (black) to 1 (white).

    What is transparent is white, a photograph stands as its camera noted, and of a film the first picture is taken.
    Hidden files are left out, and files that are no images by their suffix. More than `most` images are drawn from
    before any is read.

    Parameters
    ----------
    folder : Path
    side : int, optional; images are cropped to a square about their middle and resized to so many pixels
    pose : "folder", optional; FOLDER/CLASS/POSE/IMAGE.png, the folder's name being the element of the group
    objects : "prefix", optional; images of a class whose names agree up to the first "_" or "-" are of one object

    Raises
    ------
    ValueError
        If there are no folders with images, one of them is empty, a file cannot be read, or sizes differ, naming them.
    ImportError
        Without Pillow (the extra `diagnose`).
    MemoryError
        Before all are read, if they would not fit.
    """
    for option, value, only in (("--pose", pose, "folder"), ("--objects", objects, "prefix")):
        if value not in (None, only):
            raise ValueError(f"for a folder of images {option} can be {only!r} only, got {value!r}; see --help")
    files, ignored = _files(folder)
    kept = [files[i] for i in drawn(len(files), most, seed)]
    notes = [f"{len(kept):,} of {len(files):,} images were read, drawn evenly"] if len(kept) < len(files) else []
    if ignored:
        shown = ", ".join(str(path.relative_to(folder)) for path in ignored[:3])
        notes.append(f"left out, since they are no images by their names: {shown}{', …' * (len(ignored) > 3)}")
    images = _read_all(kept, folder, side)
    labels = np.array([path.relative_to(folder).parts[0] for path in kept])
    if all(re.fullmatch(r"0|[1-9]\d{0,8}", label) for label in labels):  # in the order of their numbers, 2 before 10
        labels = labels.astype(np.intp)
    poses = [_pose(path, folder) for path in kept] if pose else None
    ids = [f"{path.relative_to(folder).parts[0]}/{re.split('[_-]', path.stem)[0]}" for path in kept]
    return checked_samples(str(folder), images, labels, poses, ids if objects else None, notes=notes)


def _files(folder):
    """All images in a fixed order, and what is none."""
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    loose = [path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file()]
    if not classes:
        found = f"{len(loose)} images beside each other" if loose else "no folders"
        raise ValueError(f"{folder} must hold a folder for each class, with its images in it; it holds {found}")
    images, ignored, empty = [], [], []
    for class_folder in classes:
        inside = sorted(
            path
            for path in class_folder.rglob("*")
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        )
        here = [path for path in inside if path.suffix.lower() in _SUFFIXES]
        images += here
        ignored += [path for path in inside if path.suffix.lower() not in _SUFFIXES]
        if not here:
            empty.append(class_folder.name)
    if empty:
        raise ValueError(
            f"{folder} has folders without images: {', '.join(empty)}; remove them, or put images there "
            f"({', '.join(sorted(_SUFFIXES))})"
        )
    return images, ignored


def _read_all(files, folder, side):
    reader = _pillow()
    first = _grey(reader, files[0], side)
    refuse_bytes(len(files) * first.size, str(folder), "make the images smaller, --side 28, or give fewer")
    images = np.empty((len(files), *first.shape))
    images[0] = first
    for i, path in enumerate(files[1:], 1):
        image = _grey(reader, path, side)
        if image.shape != first.shape:
            raise ValueError(
                f"images must be of one size: {files[0]} has {_size(first)} pixels (height × width), {path} has "
                f"{_size(image)}; crop and resize all to a square with --side N"
            )
        images[i] = image
    return images


def _size(image):
    return " × ".join(map(str, image.shape))


def _grey(reader, path, side):
    image_module, operations = reader
    try:
        with image_module.open(path) as file:
            image = operations.exif_transpose(file)
            image = _flat(image_module, image)
            if side is not None:
                image = operations.fit(image, (side, side), method=image_module.Resampling.BOX)
            return np.asarray(image, dtype=float) / (255 if image.mode == "L" else 1)
    except Exception as error:  # Pillow raises many kinds for files that are damaged, and for some that are too large
        raise ValueError(
            f"{path} cannot be read as an image ({type(error).__name__}: {error}); repair or remove it"
        ) from error


def _flat(image_module, image):
    """One channel: of 8 bits, or real numbers from 0 to 1 where the file has more."""
    if image.mode.startswith("I"):
        image = image_module.fromarray(np.asarray(image, dtype=np.float32) / 65535)
    if image.mode == "F":
        low, high = np.min(image), np.max(image)
        # Beside pictures of 8 bits they would count a hundred times.
        if not (0 <= low and high <= 1):
            raise ValueError(
                f"grey values must be whole numbers of 8 or 16 bits, or real ones from 0 to 1, got {low:.3g} to "
                f"{high:.3g} once 16 bits are 1"
            )
        return image
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = image_module.new("RGBA", image.size, "white")
        image = image_module.alpha_composite(paper, image)
    return image.convert("L")


def grey_array(image) -> np.ndarray:
    """A picture of Pillow's as grey values from 0 to 1."""
    flat = _flat(_pillow()[0], image)
    return np.asarray(flat, dtype=float) / (255 if flat.mode == "L" else 1)


def _pillow():
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ImportError('reading images needs Pillow: pip install "symlib[diagnose]", or pillow') from error
    return Image, ImageOps


def _pose(path, folder):
    parts = path.relative_to(folder).parts
    if len(parts) < 3 or not re.fullmatch(r"\d{1,9}", parts[1]):
        raise ValueError(
            f"with --pose folder, images lie in {folder.name}/CLASS/POSE/, POSE a whole number from 0 on; got {path}"
        )
    return int(parts[1])
