"""From orbits of images to the inputs of a kernel: normalised images, and points in element-major order."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.support.checks import plain_array, positive_int
from symlib.support.threads import in_threads

# Images a block: small enough that the passes of `normalize` over a block stay in the cache.
_BLOCK = 256
# A root mean square about the mean below this fraction of the mean is rounding: such an image is constant.
_BLANK = 1e-12


def normalize(images: ArrayLike) -> NDArray[np.float64]:
    """Each image minus its mean, at unit L2 norm: x ← (x - mean x) / |x - mean x|.

    Parameters
    ----------
    images : array_like, shape (..., H, W)

    Returns
    -------
    ndarray, shape (..., H, W)
        float64.

    Raises
    ------
    ValueError
        If an image is blank (constant: no direction is left) or holds NaN or inf, by index; if the
        rank is below 2.

    Examples
    --------
    >>> normalize([[0, 0], [1, 1]])
    array([[-0.5, -0.5],
           [ 0.5,  0.5]])
    """
    images = plain_array(images, "images")
    if images.ndim < 2 or images.size == 0:
        raise ValueError(f"images must have shape (..., H, W), none of them 0, got shape {images.shape}")
    flat = images.reshape(-1, images.shape[-2] * images.shape[-1])
    out = np.empty(flat.shape)

    def centre_and_scale(start):
        block = flat[start : start + _BLOCK].astype(np.float64, copy=False, casting="same_kind")
        with np.errstate(invalid="ignore"):
            mean = block.mean(axis=1, keepdims=True)
        _refuse(~np.isfinite(mean[:, 0]), start, images, "holds NaN or inf; remove or repair it")
        centred = np.subtract(block, mean, out=out[start : start + _BLOCK])
        norm = np.sqrt(np.einsum("ij,ij->i", centred, centred))
        blank = norm <= _BLANK * np.sqrt(block.shape[1]) * np.abs(mean[:, 0])
        _refuse(blank, start, images, "is blank (constant) and has no direction; leave it out")
        centred /= norm[:, None]

    in_threads(centre_and_scale, range(0, len(flat), _BLOCK))
    return out.reshape(images.shape)


def points(orbits: ArrayLike, *, ndim: int = 2, flatten: bool = True) -> NDArray:
    """The inputs of orbits as one list in element-major order: point (g, c) has index g·C + c.

    Parameters
    ----------
    orbits : array_like, shape (..., C, |G|, H, W), or (..., C, |G|, d) with ndim=1
    ndim : int
        Number of trailing axes of one input: 2 for images, 1 for vectors.
    flatten : bool
        True gives vectors, as `mlp_kernel` takes; False keeps images, as `cnn_kernel` takes.

    Returns
    -------
    ndarray, shape (..., |G|·C, d) with d = H·W, or (..., |G|·C, H, W)

    Raises
    ------
    ValueError
        If `orbits` has fewer than ndim + 2 axes.

    Examples
    --------
    >>> import numpy as np
    >>> two_orbits_of_three = np.array([[[1], [2], [3]], [[10], [20], [30]]])
    >>> points(two_orbits_of_three, ndim=1).ravel()  # interleaved
    array([ 1, 10,  2, 20,  3, 30])
    """
    orbits = plain_array(orbits, "orbits")
    ndim = positive_int(ndim, "ndim")
    if orbits.ndim < ndim + 2:
        raise ValueError(
            f"orbits must have shape (..., C, |G|, *input) with {ndim} input axes, got shape "
            f"{orbits.shape}; pass ndim=1 for vectors, ndim=2 for images"
        )
    first = orbits.ndim - ndim
    batch, shape = orbits.shape[: first - 2], orbits.shape[first:]
    element_major = orbits.swapaxes(first - 2, first - 1)
    n_points = orbits.shape[first - 2] * orbits.shape[first - 1]
    return element_major.reshape(*batch, n_points, *((np.prod(shape),) if flatten else shape))


def _refuse(bad, start, images, why):
    """Raise for the first image that is `bad`, by its index in the leading axes of `images`."""
    if bad.any():
        index = np.unravel_index(start + bad.argmax(), images.shape[:-2])
        raise ValueError(f"image {tuple(int(i) for i in index)} {why}")
