"""Group actions on images: each seed becomes its orbit, shape (C, |G|, H, W), index 0 the seed.

Element g of the group sits at index g and is the g of `group.table`: acting with h and then with g
is acting with table[g, h], exactly but for spline rotation, which composes only approximately.
The two rotations themselves are in `rotations`.
"""

import numpy as np

from symlib.orbits.rotations import spline_orbits, steerable_orbits
from symlib.support.checks import finite_array, positive_int

# Images a block: small enough that the passes of `normalize` over a block stay in the cache.
_BLOCK = 256
# A root mean square about the mean below this fraction of the mean is rounding: such an image is constant.
_BLANK = 1e-12


def rotation_operators(n, side, interpolation="spline"):
    """Matrices of the rotations by 0, 360/n, 2·360/n, ... degrees on flattened images.

    `operators[g] @ image.ravel()` turns `image` by 360·g/n degrees in the sense of
    `scipy.ndimage.rotate`. "spline" equals that function (order=3, reshape=False, zero outside the
    image); "steerable" is orthogonal and composes, R(a) R(b) = R(a + b). Memory: n·side⁴ float64;
    `rotation_orbits` turns images without forming these matrices.

    Parameters
    ----------
    n : int
        Number of rotations, at least 1.
    side : int
        Height and width of the images in pixels.
    interpolation : {"spline", "steerable"}

    Returns
    -------
    ndarray, shape (n, side², side²)
        Operator 0 is the identity.

    Raises
    ------
    ValueError
        If `n` or `side` is not a whole number of at least 1, or `interpolation` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> quarter = rotation_operators(4, 3)[1]
    >>> (quarter @ np.arange(9.0)).reshape(3, 3).round(12)
    array([[2., 5., 8.],
           [1., 4., 7.],
           [0., 3., 6.]])
    """
    side = positive_int(side, "side")
    units = np.eye(side**2).reshape(-1, side, side)
    # Column p of operator g is what g makes of the unit image at pixel p.
    columns = rotation_orbits(units, n, interpolation)
    return columns.reshape(side**2, -1, side**2).transpose(1, 2, 0)


def rotation_orbits(images, n, interpolation="spline"):
    """Every image in n poses: pose g is the image turned by 360·g/n degrees.

    The sense is that of `scipy.ndimage.rotate(image, angle, reshape=False)`. "spline" equals that
    function (order=3) to rounding. "steerable" is an exact action of C_n: orthogonal,
    R(a) R(b) = R(a + b), R(360°) = 1, constant images fixed, all to rounding; it diagonalises a
    side² × side² matrix once (0.3 s for 28 pixels, growing as side⁶).

    Parameters
    ----------
    images : array_like, shape (C, H, W), H = W
    n : int
        Number of poses, at least 1.
    interpolation : {"spline", "steerable"}

    Returns
    -------
    ndarray, shape (C, n, H, W)
        float64; index 0 along axis 1 is the image itself.

    Raises
    ------
    ValueError
        If `images` are not finite, square and of rank 3, `n` is not a whole number of at least 1,
        or `interpolation` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((5, 5))
    >>> image[0, 2] = 1  # a dot at the top
    >>> orbit = rotation_orbits([image], 4)
    >>> orbit.shape, np.argwhere(orbit[0, 1] > 0.5).tolist()  # now on the left
    ((1, 4, 5, 5), [[2, 0]])
    """
    images = _image_stack(images, square=True)
    n = positive_int(n, "n")
    if interpolation not in ("spline", "steerable"):
        raise ValueError(f'interpolation must be "spline" or "steerable", got {interpolation!r}')
    rotate = spline_orbits if interpolation == "spline" else steerable_orbits
    orbits = rotate(images, n)
    orbits[:, 0] = images
    return orbits


def translation_orbits(images, n):
    """Every image in n circular shifts: pose g is `np.roll` by g·W/n pixels along the width.

    Parameters
    ----------
    images : array_like, shape (C, H, W)
    n : int
        Number of shifts; must divide W.

    Returns
    -------
    ndarray, shape (C, n, H, W)

    Raises
    ------
    ValueError
        If `images` are not finite and of rank 3, or `n` is not a whole number that divides W.

    Examples
    --------
    >>> translation_orbits([[[1, 2, 3, 4]]], 2)[0, :, 0]
    array([[1., 2., 3., 4.],
           [3., 4., 1., 2.]])
    """
    images = _image_stack(images)
    n = positive_int(n, "n")
    width = images.shape[-1]
    if width % n:
        divisors = [d for d in range(1, width + 1) if width % d == 0]
        raise ValueError(f"n must divide the width of {width} pixels, got n = {n}; choose one of {divisors}")
    return np.stack([np.roll(images, g * (width // n), axis=-1) for g in range(n)], axis=1)


def dihedral_orbits(images):
    """Every image under the 8 symmetries of the square, in the order of `groups.dihedral(4)`.

    With r the rotation by +90 degrees (the sense of `rotation_orbits`) and s the reflection of the
    width axis: element k (0 ≤ k < 4) is r^k, element 4 + k is r^k s, which reflects first. Pixels
    are permuted, never interpolated, so this is an exact action: g after h is `table[g, h]`.

    Parameters
    ----------
    images : array_like, shape (C, H, W), H = W

    Returns
    -------
    ndarray, shape (C, 8, H, W)

    Raises
    ------
    ValueError
        If `images` are not finite, square and of rank 3.

    Examples
    --------
    >>> dihedral_orbits([[[1, 2], [3, 4]]])[0, [1, 4]]
    array([[[2., 4.],
            [1., 3.]],
    <BLANKLINE>
           [[2., 1.],
            [4., 3.]]])
    """
    images = _image_stack(images, square=True)
    faces = (images, images[..., ::-1])
    turned = [np.rot90(face, k, axes=(-2, -1)) for face in faces for k in range(4)]
    return np.stack(turned, axis=1)


def normalize(images):
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
    images = np.asarray(images)
    if images.ndim < 2 or images.size == 0:
        raise ValueError(f"images must have shape (..., H, W), none of them 0, got shape {images.shape}")
    flat = images.reshape(-1, images.shape[-2] * images.shape[-1])
    out = np.empty(flat.shape)
    for start in range(0, len(flat), _BLOCK):
        block = flat[start : start + _BLOCK].astype(np.float64, copy=False, casting="same_kind")
        with np.errstate(invalid="ignore"):
            mean = block.mean(axis=1, keepdims=True)
        _refuse(~np.isfinite(mean[:, 0]), start, images, "holds NaN or inf; remove or repair it")
        centred = np.subtract(block, mean, out=out[start : start + _BLOCK])
        norm = np.sqrt(np.einsum("ij,ij->i", centred, centred))
        blank = norm <= _BLANK * np.sqrt(block.shape[1]) * np.abs(mean[:, 0])
        _refuse(blank, start, images, "is blank (constant) and has no direction; leave it out")
        centred /= norm[:, None]
    return out.reshape(images.shape)


def points(orbits, *, ndim=2, flatten=True):
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
    orbits = np.asarray(orbits)
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


def _image_stack(images, square=False):
    """`images` as a finite float64 array (C, H, W)."""
    shape = np.shape(images)
    if len(shape) != 3 or 0 in shape:
        raise ValueError(
            f"images must have shape (C, H, W), none of them 0, got shape {shape}; pass image[None] for one image"
        )
    if square and shape[1] != shape[2]:
        raise ValueError(f"images must be square to be turned, got shape {shape}; crop or pad them")
    return finite_array(images, "images")


def _refuse(bad, start, images, why):
    """Raise for the first image that is `bad`, by its index in the leading axes of `images`."""
    if bad.any():
        index = np.unravel_index(start + bad.argmax(), images.shape[:-2])
        raise ValueError(f"image {tuple(int(i) for i in index)} {why}")
