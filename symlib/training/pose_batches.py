"""Turned images made where they are needed: rows (image, pose) become network inputs on the device, batch by batch.

The device holds the images once and one matrix a pose, R_g of `orbits.rotation_operators`, never all images in all
poses: 60,000 digits and 64 poses are 188 MB + 157 MB in float32, where the turned images would be 12 GB. A row is

    x = side · normalize(R_g image),    `orbits.normalize`: minus its mean, at unit L2 norm,

so its pixels have mean 0 and variance 1, what networks with the usual initial weights expect.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from symlib.orbits import rotation_orbits
from symlib.support.checks import finite_array, plain_array, positive_int
from symlib.support.memory import MEMORY_LIMIT, refuse_beyond_memory

# Rows turned at once: large matrix products, and a working set of a few times 13 MB for digits.
_ROWS = 4096
_ENTRIES_AT_ONCE = 2**22  # float64 entries of rotations that are computed before they become float32: 32 MB
# As in `orbits.normalize`, for float32: a root mean square about the mean below this fraction of the mean is rounding.
_BLANK = 1e-5


class PoseImages:
    """Images on a device, from which rows (image, pose) are turned and standardised there.

    Parameters
    ----------
    images : array_like, shape (n, H, W), H = W
    n_poses : int
        Pose g is the rotation by 360·g/n_poses degrees in the sense of `orbits.rotation_orbits`, splines.
    device : torch.device or str
    memory_limit : int, bytes
    progress : bool, show a bar where the rotations take more than two seconds

    Attributes
    ----------
    dtype : torch.dtype, of the inputs that are handed out; float32 unless it is set

    Raises
    ------
    ValueError
        If `images` are not finite, square and of rank 3, or `n_poses` is not a whole number of at least 1.
    MemoryError
        Before anything is allocated, if images and rotations, 4·n·H·W + 4·n_poses·(H·W)² bytes, exceed `memory_limit`.

    Examples
    --------
    >>> from symlib import mnist
    >>> digits = PoseImages(mnist()[0][:5], 4, "cpu")
    >>> digits([[0, 0], [4, 3]]).shape  # the first upright, the last turned by 270 degrees
    torch.Size([2, 28, 28])
    """

    def __init__(
        self,
        images: ArrayLike,
        n_poses: int,
        device: torch.device | str,
        *,
        memory_limit: int = MEMORY_LIMIT,
        progress: bool = False,
    ):
        images = finite_array(images, "images", ndim=3)
        self.n_images, self.side, width = images.shape
        if self.side != width or images.size == 0:
            raise ValueError(f"images must be square to be turned, got shape {images.shape}; crop or pad them")
        self.n_poses, self.device = positive_int(n_poses, "n_poses"), torch.device(device)
        self.dtype, pixels = torch.float32, self.side**2
        entries = (images.size + self.n_poses * pixels**2) // 2  # of float64, which refuse_beyond_memory counts
        remedy = "use smaller images, fewer poses, or pass memory_limit= in bytes"
        refuse_beyond_memory(entries, memory_limit, "turning images on the device", remedy)
        self.images = torch.from_numpy(images.reshape(-1, pixels).astype(np.float32)).to(self.device)
        self.operators = self._operators(progress)

    def _operators(self, progress):
        """`orbits.rotation_operators` in float32 on the device, by columns: in float64 they would be twice as large."""
        pixels = self.side**2
        operators = torch.empty(self.n_poses, pixels, pixels, dtype=torch.float32, device=self.device)
        at_once = max(1, _ENTRIES_AT_ONCE // (self.n_poses * pixels))
        starts = range(0, pixels, at_once)
        for start in tqdm(starts, desc="rotations", disable=not progress, leave=False, delay=2):
            units = np.zeros((min(at_once, pixels - start), pixels))
            units[np.arange(len(units)), start + np.arange(len(units))] = 1
            columns = rotation_orbits(units.reshape(-1, self.side, self.side), self.n_poses)
            columns = columns.reshape(len(units), self.n_poses, pixels).transpose(1, 2, 0).astype(np.float32)
            operators[:, :, start : start + len(units)] = torch.from_numpy(columns)
        return operators

    def __call__(self, rows: ArrayLike) -> torch.Tensor:
        """The rows (m, 2) as inputs: tensor (m, H, W) on the device, in the order of `rows`.

        Raises ValueError for an image that is blank in its pose.
        """
        image, pose = np.asarray(rows).T
        # Whatever precision the caller computes in, rotation is in float32.
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            turned = torch.empty(len(image), self.side**2, dtype=torch.float32, device=self.device)
            # One matrix product for all rows of a pose, whatever their order.
            for g in np.unique(pose):
                here = np.flatnonzero(pose == g)
                seeds = self.images[self._index(image[here])]
                turned[self._index(here)] = seeds @ self.operators[g].T if g else seeds
            mean = turned.mean(dim=1, keepdim=True)
            turned -= mean
            deviation = turned.square().mean(dim=1, keepdim=True).sqrt()
            blank = (deviation <= _BLANK * mean.abs()).squeeze(1)
            if blank.any():
                i = int(blank.nonzero()[0])
                raise ValueError(
                    f"image {image[i]} in pose {pose[i]} is blank (constant) and has no direction; leave it out"
                )
            turned /= deviation
        return turned.unflatten(1, (self.side, self.side)).to(self.dtype)

    def batches(self, rows: NDArray, size: int, least: int = 1) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (inputs, index) for each `size` rows: tensors (b, H, W), and (b,) of whose images they show.

        A last batch of fewer than `least` rows joins the one before.
        """
        starts = batch_starts(len(rows), size, least)
        ends = [*starts[1:], len(rows)]
        at_once = max(_ROWS // size, 1)
        for i in range(0, len(starts), at_once):
            edges = list(zip(starts[i : i + at_once], ends[i : i + at_once]))
            first, last = edges[0][0], edges[-1][1]
            inputs, index = self(rows[first:last]), self._index(rows[first:last, 0])
            for start, end in edges:
                yield inputs[start - first : end - first], index[start - first : end - first]

    def row_array(self, rows: ArrayLike, name: str) -> NDArray[np.integer]:
        """`rows` as an int array (m, 2), none of them out of range.

        Raises
        ------
        ValueError
            If they are not whole numbers of that shape, there are none, or one is not of these images and poses.
        """
        rows = plain_array(rows, name)
        if rows.ndim != 2 or rows.shape[1] != 2 or len(rows) == 0 or rows.dtype.kind not in "iu":
            raise ValueError(
                f"{name} must hold rows (image, pose), whole numbers of shape (m, 2) with m at least 1, "
                f"got {rows.dtype} of shape {rows.shape}"
            )
        sizes = (self.n_images, self.n_poses)
        outside = ((rows < 0) | (rows >= sizes)).any(axis=1)
        if outside.any():
            raise ValueError(
                f"{name} must lie within {sizes[0]} images and {sizes[1]} poses, got "
                f"{tuple(rows[outside][0].tolist())}; pass the images and n_poses that it was made for"
            )
        return rows

    def _index(self, integers):
        return torch.tensor(np.asarray(integers, dtype=np.int64), device=self.device)


def batch_starts(n: int, size: int, least: int = 1) -> list[int]:
    """Where batches of `size` of n rows begin, the last of at least `least` rows.

    >>> batch_starts(9, 4), batch_starts(9, 4, least=2)
    ([0, 4, 8], [0, 4])
    """
    starts = list(range(0, n, size))
    return starts[:-1] if len(starts) > 1 and n - starts[-1] < least else starts
