"""Turned images made where they are needed: rows (image, pose) become network inputs on the device, batch by batch.

The device holds the images once and one matrix a pose, R_g of `orbits.rotation_operators`, never all images in all
poses: 60,000 digits and 64 poses are 188 MB + 157 MB in float32, where the turned images would be 12 GB. A row is

    x = side · normalize(R_g image),    `orbits.normalize`: minus its mean, at unit L2 norm,

so its pixels have mean 0 and variance 1, what networks with the usual initial weights expect.
"""

import numpy as np
import torch

from symlib.orbits import rotation_operators
from symlib.support.checks import finite_array, positive_int

# Rows turned at once: large matrix products, and a working set of a few times 13 MB for digits.
_ROWS = 4096
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

    Raises
    ------
    ValueError
        If `images` are not finite, square and of rank 3, or `n_poses` is not a whole number of at least 1.

    Examples
    --------
    >>> from symlib import mnist
    >>> digits = PoseImages(mnist()[0][:5], 4, "cpu")
    >>> digits([[0, 0], [4, 3]]).shape  # the first upright, the last turned by 270 degrees
    torch.Size([2, 28, 28])
    """

    def __init__(self, images, n_poses, device):
        images = finite_array(images, "images", ndim=3)
        self.n_images, self.side, width = images.shape
        if self.side != width or images.size == 0:
            raise ValueError(f"images must be square to be turned, got shape {images.shape}; crop or pad them")
        self.n_poses, self.device = positive_int(n_poses, "n_poses"), torch.device(device)
        self.images = self._on_device(images.reshape(self.n_images, -1))
        self.operators = self._on_device(rotation_operators(self.n_poses, self.side))

    def __call__(self, rows):
        """The rows (m, 2) as inputs: float32 tensor (m, H, W) on the device, in the order of `rows`.

        Raises ValueError for an image that is blank in its pose.
        """
        image, pose = np.asarray(rows).T
        # Whatever precision the caller computes in, rotation is in float32.
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            turned = torch.empty(len(image), self.side**2, device=self.device)
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
        return turned.unflatten(1, (self.side, self.side))

    def batches(self, rows, size):
        """Yield (inputs, index) for each `size` rows: tensors (b, H, W), and (b,) of whose images they show."""
        at_once = max(_ROWS // size, 1) * size
        for start in range(0, len(rows), at_once):
            part = rows[start : start + at_once]
            yield from zip(self(part).split(size), self._index(part[:, 0]).split(size), strict=True)

    def row_array(self, rows, name):
        """`rows` as an int array (m, 2), none of them out of range.

        Raises
        ------
        ValueError
            If they are not whole numbers of that shape, there are none, or one is not of these images and poses.
        """
        rows = np.asarray(rows)
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

    def _on_device(self, array):
        return torch.from_numpy(array.astype(np.float32)).to(self.device)

    def _index(self, integers):
        return torch.from_numpy(np.ascontiguousarray(integers, dtype=np.int64)).to(self.device)
