"""Image data sets: MNIST and Fashion-MNIST as arrays."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from symlib.datasets.downloads import load
from symlib.datasets.mnist_files import FASHION_MNIST, FILES, MNIST, bundled, read_split


def mnist(split: Literal["bundled", "train", "test"] = "bundled") -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """Handwritten digits: "bundled" and "test" are the 10,000 of the test split, "train" the 60,000.

    "bundled" comes with symlib. "train" and "test" are read from the folder `$SYMLIB_DATA` (IDX files, packed or not,
    as train-images-idx3-ubyte or train-images.idx3-ubyte, in itself or its folders mnist or MNIST/raw; capitals and
    punctuation are of no account), else from the cache, else downloaded there; the SHA-256 of the unpacked content is
    checked. Licence: CC BY-SA 3.0.

    Parameters
    ----------
    split : {"bundled", "train", "test"}

    Returns
    -------
    images : ndarray, shape (n, 28, 28)
        float64 in [0, 1].
    labels : ndarray, shape (n,)
        int, 0..9.

    Raises
    ------
    ValueError
        If `split` is unknown, or a file in `$SYMLIB_DATA` is not the published one.
    ConnectionError
        If no mirror gave a file that is needed.
    OSError
        If the cache (`$SYMLIB_CACHE`) cannot be written.

    Examples
    --------
    >>> images, labels = mnist()
    >>> images.shape, labels[:4].tolist()
    ((10000, 28, 28), [7, 2, 1, 0])
    """
    if split == "bundled":
        return read_split(FILES["test"], MNIST, bundled)
    if split not in FILES:
        raise ValueError(f'split must be "bundled", "train" or "test", got {split!r}')
    return read_split(FILES[split], MNIST, load)


def fashion_mnist(split: Literal["train", "test"] = "train") -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """Images of clothes in ten classes (Xiao, Rasul and Vollgraf, 2017): 60,000 to train, 10,000 to test.

    Read from the folder `$SYMLIB_DATA` as `mnist` is, from itself or its folders fashion-mnist, fashion, data/fashion
    or FashionMNIST/raw, else from the cache, else downloaded there; the SHA-256 of the unpacked content is checked, so
    digits are never taken for clothes. Licence: MIT.

    Parameters
    ----------
    split : {"train", "test"}

    Returns
    -------
    images : ndarray, shape (n, 28, 28)
        float64 in [0, 1].
    labels : ndarray, shape (n,)
        int, 0..9.

    Raises
    ------
    ValueError
        If `split` is unknown, or a file in `$SYMLIB_DATA` is not the published one.
    ConnectionError
        If no mirror gave a file that is needed.
    OSError
        If the cache (`$SYMLIB_CACHE`) cannot be written.
    """
    if split not in FILES:
        raise ValueError(f'split must be "train" or "test", got {split!r}')
    return read_split(FILES[split], FASHION_MNIST, load)
