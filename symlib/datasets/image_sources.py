"""Labelled images by the name of a data set or from a file: what the parameter `source` of a chapter chooses."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from symlib.datasets.images import fashion_mnist, mnist
from symlib.support.checks import finite_array, positive_int
from symlib.support.files import expanded
from symlib.support.labels import whole_or_text
from symlib.support.memory import MEMORY_LIMIT, refuse_beyond_memory
from symlib.support.nearest import perhaps, unknown
from symlib.support.npz import npz_arrays, npz_sizes

_DIGITS = tuple(map(str, range(10)))
_CLOTHES = (
    *("T-shirt", "trousers", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)
_SOURCES = {
    "digits": (lambda: mnist("bundled"), _DIGITS),
    "digits:train": (lambda: mnist("train"), _DIGITS),
    "fashion": (lambda: fashion_mnist("test"), _CLOTHES),
    "fashion:train": (lambda: fashion_mnist("train"), _CLOTHES),
}
_SAVE = "write the file with numpy.savez(FILE, x=images, y=labels)"


class LabelledImages(NamedTuple):
    """Images, the number of the class of each, and what the classes are called.

    Attributes
    ----------
    images : (n, H, W) float64 array in [0, 1]
    labels : (n,) int array, 0, 1, …
    names : tuple of str, names[k] being that of class k
    """

    images: NDArray[np.float64]
    labels: NDArray[np.int_]
    names: tuple[str, ...]


def labelled_images(source: str = "digits", *, side: int | None = None, n_classes: int | None = None) -> LabelledImages:
    """Images with their classes: the digits that come with symlib, clothes, or a file of your own.

    Parameters
    ----------
    source : str
        "digits" (`mnist`, the 10,000 that come with symlib), "digits:train" (the 60,000, downloaded), "fashion"
        (`fashion_mnist`, the 10,000 of its test split, downloaded), "fashion:train", or the path of a .npz file with
        `x`, grey images (n, H, W) with values in [0, 1] or whole numbers from 0 to 255, which are divided by 255, and
        `y` (n,), whole numbers or text. Classes are numbered in the order of their numbers or of the alphabet.
    side : int, optional
        Images of another size are brought to side × side pixels: made square by a black edge, then each pixel the mean
        of what it covers.
    n_classes : int, optional
        So many classes are kept, the first, for programs that want a certain number.

    Returns
    -------
    LabelledImages
        `images` (n, H, W) float64 in [0, 1], `labels` (n,) int, and `names` of the classes.

    Raises
    ------
    ValueError
        If there is no such source, or the file is missing, cannot be read, or does not hold such images and labels: at
        least two classes, or `n_classes`. The message says what is wrong and what to do.
    TypeError
        If an array of the file is of no use as numbers.
    MemoryError
        If the images would take more than 8 GiB.
    ConnectionError, OSError
        If a download fails, as `mnist` and `fashion_mnist` say.

    Examples
    --------
    >>> images, labels, names = labelled_images("digits")
    >>> images.shape, names[labels[0]]
    ((10000, 28, 28), '7')
    """
    if side is not None:
        side = positive_int(side, "side")
    if n_classes is not None:
        n_classes = positive_int(n_classes, "n_classes")
    name = str(source).strip()
    if name.lower().endswith(".npz"):
        images, labels, names = _from_file(expanded(name))
    elif name.lower() in _SOURCES:
        read, names = _SOURCES[name.lower()]
        images, labels = read()
    else:
        raise unknown("source", source, _SOURCES, "or the path of a .npz file with x (n, H, W) and y (n,)")
    if len(names) < (n_classes or 2):
        raise ValueError(
            f"{n_classes or 2} classes are wanted, and {source} has {len(names)} ({', '.join(names)}); give images of "
            "more classes" + (", or ask for fewer, n_classes=, where the program allows it" if n_classes else "")
        )
    if n_classes is not None and len(names) > n_classes:
        kept = labels < n_classes
        images, labels, names = images[kept], labels[kept], names[:n_classes]
    if side is not None and images.shape[1:] != (side, side):
        images = _resized(images, side)
    return LabelledImages(images, labels, names)


def _from_file(path: Path):
    """Images, labels and names of the classes from a .npz file with the keys x and y."""
    if not path.is_file():
        near = perhaps(path.name, [other.name for other in path.parent.glob("*.npz")]) if path.parent.is_dir() else ""
        raise ValueError(
            f"there is no file {path}{near} (looked in {path.parent.resolve()}); on Colab, upload it first with the "
            "folder symbol at the left, and give its path"
        )
    there = npz_sizes(path)
    for key in ("x", "y"):
        if key not in there:
            listed = ", ".join(map(repr, sorted(there))) or "nothing"
            raise ValueError(f"{path.name} has no key {key!r}{perhaps(key, there)}; it holds {listed}: {_SAVE}")
    found = npz_arrays(path, ("x", "y"))
    x, y = (f"{key!r} of {path.name}" for key in ("x", "y"))
    images = _grey_images(found["x"], x)
    blank = np.flatnonzero(np.ptp(images, axis=(1, 2)) == 0)
    if blank.size:
        raise ValueError(
            f"{x} holds {len(blank)} blank images, all pixels alike, number {blank[0]} for one; leave them out: "
            "kept = numpy.ptp(x, axis=(1, 2)) > 0, then x[kept] and y[kept]"
        )
    classes, labels = np.unique(whole_or_text(found["y"], y, len(images)), return_inverse=True)
    return images, labels, tuple(map(str, classes))


def _grey_images(values, called):
    """Images (n, H, W) in [0, 1]."""
    shape = values.shape
    if len(shape) == 4 and shape[-1] in (3, 4):
        raise ValueError(
            f"{called} must be grey images (n, H, W), got shape {shape}, in colour; take their grey values, "
            "x[..., :3] @ [0.299, 0.587, 0.114]"
        )
    if len(shape) != 3 or 0 in shape:
        remedy = _SAVE
        if len(shape) == 4 and 1 in (shape[1], shape[-1]):
            remedy = "drop the axis of length 1: x.squeeze()"
        elif len(shape) == 2 and shape[1] > 0 and round(shape[1] ** 0.5) ** 2 == shape[1]:
            remedy = (
                f"rows of pixels become images by x.reshape(-1, {round(shape[1] ** 0.5)}, {round(shape[1] ** 0.5)})"
            )
        raise ValueError(f"{called} must be grey images (n, H, W), got shape {shape}; {remedy}")
    refuse_beyond_memory(values.size, MEMORY_LIMIT, called, "give fewer images")
    images = finite_array(values, called)
    low, high = images.min(), images.max()
    if low >= 0 and high <= 1 and values.dtype != np.uint8:
        return images
    # Whole numbers up to 255 are bytes; up to 16, say, they are of another scale, and would come out nearly black.
    if low >= 0 and high <= 255 and (values.dtype == np.uint8 or high > 127) and np.array_equal(images, images // 1):
        return images / 255.0
    raise ValueError(
        f"{called} must hold values in [0, 1], or whole numbers from 0 to 255, got {low:g} to {high:g} "
        f"({values.dtype}); bring them there, (x - x.min()) / (x.max() - x.min())"
    )


def _resized(images, side):
    """Images (n, side, side): a black edge where they are not square, then means over areas."""
    height, width = images.shape[1:]
    longer = max(height, width)
    pads = [((longer - length) // 2, -((length - longer) // 2)) for length in (height, width)]
    square = np.pad(images, [(0, 0), *pads])
    # Entry (i, j): what pixel i of `side` on the whole length covers of pixel j of `longer`, as a share of i.
    ends, edges = np.linspace(0, longer, side + 1), np.arange(longer + 1)
    covered = np.minimum(ends[1:, None], edges[1:]) - np.maximum(ends[:-1, None], edges[:-1])
    share = np.maximum(covered, 0) * side / longer
    return np.clip(share @ square @ share.T, 0, 1)
