"""From orbits of images to the inputs of a kernel: normalised images, and points in element-major order."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.support.checks import finite_array, plain_array, positive_int
from symlib.support.threads import in_threads

# Images a block: small enough that the passes of `normalize` over a block stay in the cache.
_BLOCK = 256
# A mean square about the mean below this fraction of the mean's square feels the rounding of the mean; a sum of squares
# below the second number, or above its inverse, has lost digits to the range of float64.
_FAR, _FAINT = 1e-6, 1e-250
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
    if images.dtype.kind not in "buif":
        images = finite_array(images, "images")
    if images.ndim < 2 or images.size == 0:
        raise ValueError(f"images must have shape (..., H, W), none of them 0, got shape {images.shape}")
    n_pixels = images.shape[-2] * images.shape[-1]
    flat = images.reshape(-1, n_pixels)
    out = np.empty(images.shape)
    normalized = out.reshape(flat.shape)

    def centre_and_scale(start):
        block = flat[start : start + _BLOCK].astype(np.float64, copy=False)
        centred = normalized[start : start + _BLOCK]
        with np.errstate(invalid="ignore", over="ignore", under="ignore", divide="ignore"):
            mean = block.mean(axis=1, keepdims=True)
            np.subtract(block, mean, out=centred)
            square = np.einsum("ij,ij->i", centred, centred)
            plain = (square > _FAINT) & (square < 1 / _FAINT) & (square > _FAR * n_pixels * mean[:, 0] ** 2)
            centred /= np.sqrt(square)[:, None]
        rest = np.flatnonzero(~plain)
        if rest.size:
            centred[rest] = _normalized_with_care(block[rest], start + rest, images.shape[:-2])

    in_threads(centre_and_scale, range(0, len(flat), _BLOCK))
    return out


def _normalized_with_care(flat, numbers, shape):
    """`flat` images (m, d) of any size about any mean, normalised; the first that cannot be is refused by its index."""

    def refuse(bad, why):
        if bad.any():
            index = np.unravel_index(numbers[bad.argmax()], shape)
            raise ValueError(f"image {tuple(int(i) for i in index)} {why}")

    refuse(~np.isfinite(flat).all(axis=1), "holds NaN or inf; remove or repair it")
    _, exponent = np.frexp(np.abs(flat).max(axis=1, keepdims=True))
    scaled = np.ldexp(flat, -exponent)  # by a power of two, which rounds nothing
    mean = scaled.mean(axis=1, keepdims=True)
    scaled -= mean
    scaled -= scaled.mean(axis=1, keepdims=True)  # what rounding left of the mean
    norm = np.linalg.norm(scaled, axis=1, keepdims=True)
    blank = norm <= _BLANK * np.sqrt(flat.shape[1]) * np.abs(mean)
    refuse(blank[:, 0], "is blank (constant) and has no direction; leave it out")
    return scaled / norm


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
    listed = element_major.reshape(*batch, n_points, *((np.prod(shape),) if flatten else shape))
    # Of a single orbit or element it is a view; what is returned is the caller's own.
    return listed.copy() if np.may_share_memory(listed, orbits) else listed
