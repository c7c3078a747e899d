"""The files of MNIST and Fashion-MNIST: where they are, how they are proved and how they are read.

The IDX format is read by hand (LeCun, Cortes and Burges, The MNIST database): two zero bytes, the type
8 (unsigned byte), the rank, one big-endian 32-bit length for each axis, then the entries.
"""

from collections.abc import Callable
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from symlib.datasets.downloads import Remote, verified

FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
_MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_MNIST_SHA256 = {  # of the unpacked files: mirrors pack them differently
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_FASHION_MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
_FASHION_SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def _remotes(digests, mirrors, folders, other, digests_of_other):
    return {
        name: Remote(f"{name}.gz", mirrors, digest, folders=folders, others=((digests_of_other[name], other),))
        for name, digest in digests.items()
    }


# The two data sets share their file names, so Fashion-MNIST has a folder to itself first. MNIST/raw is torchvision's,
# data/fashion that of the repository. Capitals and punctuation are of no account: fashion-mnist is FashionMNIST too.
MNIST = _remotes(_MNIST_SHA256, _MNIST_MIRRORS, (".", "MNIST/raw", "mnist"), "Fashion-MNIST", _FASHION_SHA256)
FASHION_MNIST = _remotes(
    _FASHION_SHA256,
    _FASHION_MIRRORS,
    ("FashionMNIST/raw", "data/fashion", "fashion", ".", "fashion-mnist"),
    "MNIST",
    _MNIST_SHA256,
)


def read_split(
    names: tuple[str, ...], remotes: dict[str, Remote], read: Callable[[Remote], bytes]
) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """Images in [0, 1] and labels from the two IDX files of a split."""
    images, labels = (_idx(read(remotes[name]), name) for name in names)
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
        raise ValueError(
            f"{names[0]} and {names[1]} must hold as many images as labels, got shapes "
            f"{images.shape} and {labels.shape}; replace the files"
        )
    return images / 255.0, labels.astype(int)


def bundled(remote: Remote) -> bytes:
    """The verified bytes of a file that comes with symlib."""
    path = resources.files("symlib") / "data" / remote.name
    return verified(path.read_bytes(), remote, str(path))


def _idx(content, name):
    """The array of unsigned bytes in the IDX file `name`."""
    rank = content[3] if len(content) >= 4 else 0
    start = 4 + 4 * rank
    if content[:3] != b"\x00\x00\x08" or not rank or len(content) < start:
        raise ValueError(
            f"{name} must begin with the IDX header of unsigned bytes (00 00 08 and the rank), got "
            f"{content[:4].hex(' ') or 'nothing'}; replace the file"
        )
    shape = tuple(int(length) for length in np.frombuffer(content[4:start], ">u4"))
    if len(content) - start != np.prod(shape, dtype=int):
        raise ValueError(
            f"{name} must hold {shape} bytes after its header, got {len(content) - start}; replace the file"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
