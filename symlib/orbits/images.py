"""Group actions on images: each seed becomes its orbit, shape (C, |G|, H, W), index 0 the seed.

Element g of the group sits at index g and is the g of `group.table`: acting with h and then with g
is acting with table[g, h], exactly but for spline rotation, which composes only approximately.
The two rotations themselves are in `spline_rotation` and `steerable_rotation`.
"""

from math import gcd
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.orbits.actions import rolled
from symlib.orbits.spline_rotation import spline_orbits
from symlib.orbits.steerable_rotation import steerable_orbits
from symlib.support.checks import finite_array, positive_int
from symlib.support.memory import MEMORY_LIMIT, refuse_beyond_memory

_REMEDY = "use fewer images or poses, smaller images, or pass memory_limit= in bytes"
_ENTRIES_AT_ONCE = 2**21  # of operators that are computed before they are put in their place: 16 MB


def rotation_operators(
    n: int,
    side: int,
    interpolation: Literal["spline", "steerable"] = "spline",
    *,
    memory_limit: int = MEMORY_LIMIT,
) -> NDArray[np.float64]:
    """Matrices of the rotations by 0, 360/n, 2·360/n, ... degrees on flattened images.

    `operators[g] @ image.ravel()` turns `image` by 360·g/n degrees in the sense of
    `scipy.ndimage.rotate`. "spline" equals that function (order=3, reshape=False, zero outside the
    image); "steerable" is orthogonal, composes, R(a) R(b) = R(a + b), and has np.rot90 as its quarter turns. Memory:
    n·side⁴ float64; `rotation_orbits` turns images without forming these matrices.

    Parameters
    ----------
    n : int
        Number of rotations, at least 1.
    side : int
        Height and width of the images in pixels.
    interpolation : {"spline", "steerable"}
    memory_limit : int
        Bytes.

    Returns
    -------
    ndarray, shape (n, side², side²)
        Operator 0 is the identity.

    Raises
    ------
    ValueError
        If `n` or `side` is not a whole number of at least 1, `interpolation` is unknown, or as `rotation_orbits`.
    MemoryError
        Before anything is allocated, if the matrices would exceed `memory_limit`.

    Examples
    --------
    >>> import numpy as np
    >>> quarter = rotation_operators(4, 3)[1]
    >>> (quarter @ np.arange(9.0)).reshape(3, 3).round(12)
    array([[2., 5., 8.],
           [1., 4., 7.],
           [0., 3., 6.]])
    """
    n, side = positive_int(n, "n"), positive_int(side, "side")
    refuse_beyond_memory(_entries_turned(side**2, n, side, interpolation), memory_limit, "rotation_operators", _REMEDY)
    pixels = side**2
    operators = np.empty((n, pixels, pixels))
    at_once = max(64, _ENTRIES_AT_ONCE // (n * pixels))
    for start in range(0, pixels, at_once):
        # Column p of operator g is what g makes of the unit image at pixel p.
        units = np.eye(min(at_once, pixels - start), pixels, start).reshape(-1, side, side)
        turned = _turned(units, n, interpolation).reshape(len(units), n, pixels)
        operators[:, :, start : start + at_once] = turned.transpose(1, 2, 0)
    return operators


def rotation_orbits(
    images: ArrayLike,
    n: int,
    interpolation: Literal["spline", "steerable"] = "spline",
    *,
    memory_limit: int = MEMORY_LIMIT,
) -> NDArray[np.float64]:
    """Every image in n poses: pose g is the image turned by 360·g/n degrees.

    The sense is that of `scipy.ndimage.rotate(image, angle, reshape=False)`. "spline" equals that
    function (order=3) to rounding, and composes only approximately. "steerable" is an orthogonal
    representation that agrees with rotation on the grid's own symmetries: R(a) R(b) = R(a + b) and
    constant images fixed, to rounding, and R(90°) = np.rot90. (Unitary rotations of pixel grids: Wolf
    and co-workers, arXiv:1106.0093, 1512.02246, 2203.05715.) In between it differs from "spline" by
    about 11 % (relative L2 norm, MNIST digits at 45°). With reflections, R(a) F = F R(−a), holds for
    an odd side; an even one cannot have both these and quarter turns: it fails on side/2 dimensions
    (of 28 pixels 14, with 0.07 % of a digit's energy). Three matrices of side²/4 rows are diagonalised
    once (0.1 s for 28 pixels, 9 s for 64, growing as side⁶; 2·side⁴ bytes are kept).

    Parameters
    ----------
    images : array_like, shape (C, H, W), H = W
    n : int
        Number of poses, at least 1.
    interpolation : {"spline", "steerable"}
    memory_limit : int
        Bytes.

    Returns
    -------
    ndarray, shape (C, n, H, W)
        float64; index 0 along axis 1 is the image itself, and quarter turns permute its pixels.

    Raises
    ------
    ValueError
        If `images` are not finite, square and of rank 3, `n` is not a whole number of at least 1,
        `interpolation` is unknown, or steerable quarter turns are asked for (n a multiple of 4) of a side
        that is 2 modulo 4: there np.rot90 has determinant −1, so no continuous rotation leads to it.
    MemoryError
        Before anything is allocated, if the orbits would exceed `memory_limit`.

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
    need = _entries_turned(len(images), n, images.shape[-1], interpolation)
    refuse_beyond_memory(need, memory_limit, "rotation_orbits", _REMEDY)
    return _turned(images, n, interpolation)


def translation_orbits(images: ArrayLike, n: int, *, memory_limit: int = MEMORY_LIMIT) -> NDArray[np.float64]:
    """Every image in n circular shifts: pose g is `np.roll` by g·W/n pixels along the width.

    Parameters
    ----------
    images : array_like, shape (C, H, W)
    n : int
        Number of shifts; must divide W.
    memory_limit : int
        Bytes.

    Returns
    -------
    ndarray, shape (C, n, H, W)

    Raises
    ------
    ValueError
        If `images` are not finite and of rank 3, or `n` is not a whole number that divides W.
    MemoryError
        Before anything is allocated, if the orbits would exceed `memory_limit`.

    Examples
    --------
    >>> translation_orbits([[[1, 2, 3, 4]]], 2)[0, :, 0]
    array([[1., 2., 3., 4.],
           [3., 4., 1., 2.]])
    """
    return rolled(_image_stack(images), n, "the width of {} pixels", memory_limit, "translation_orbits")


def dihedral_orbits(images: ArrayLike, *, memory_limit: int = MEMORY_LIMIT) -> NDArray[np.float64]:
    """Every image under the 8 symmetries of the square, in the order of `groups.dihedral(4)`.

    With r the rotation by +90 degrees (the sense of `rotation_orbits`) and s the reflection of the
    width axis: element k (0 ≤ k < 4) is r^k, element 4 + k is r^k s, which reflects first. Pixels
    are permuted, never interpolated, so this is an exact action: g after h is `table[g, h]`.

    Parameters
    ----------
    images : array_like, shape (C, H, W), H = W
    memory_limit : int
        Bytes.

    Returns
    -------
    ndarray, shape (C, 8, H, W)

    Raises
    ------
    ValueError
        If `images` are not finite, square and of rank 3.
    MemoryError
        Before anything is allocated, if the orbits would exceed `memory_limit`.

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
    refuse_beyond_memory(images.size * 8, memory_limit, "dihedral_orbits", _REMEDY)
    faces = (images, images[..., ::-1])
    return np.stack([np.rot90(face, k, axes=(-2, -1)) for face in faces for k in range(4)], axis=1)


def _turned(images, n, interpolation):
    """The orbits (C, n, side, side) of finite float64 images."""
    orbits = np.empty((len(images), n, *images.shape[1:]))
    quarters = gcd(n, 4)
    if interpolation == "steerable":
        steerable_orbits(images, orbits)
    elif n > quarters:
        spline_orbits(images, orbits)
    for q in range(quarters):  # permutations of pixels: nothing is rounded
        orbits[:, q * n // quarters] = np.rot90(images, q * 4 // quarters, axes=(1, 2))
    return orbits


def _entries_turned(count, n, side, interpolation):
    """What turning that many images takes, in float64 entries: the orbits, and for "steerable" its eigenvectors."""
    if interpolation not in ("spline", "steerable"):
        raise ValueError(f'interpolation must be "spline" or "steerable", got {interpolation!r}')
    return count * n * side**2 + (3 * side**4 // 2 if interpolation == "steerable" else 0)


def _image_stack(images, square=False):
    """`images` as a finite float64 array (C, H, W)."""
    images = finite_array(images, "images")
    shape = images.shape
    if len(shape) != 3 or 0 in shape:
        raise ValueError(
            f"images must have shape (C, H, W), none of them 0, got shape {shape}; pass image[None] for one image"
        )
    if square and shape[1] != shape[2]:
        raise ValueError(f"images must be square to be turned, got shape {shape}; crop or pad them")
    return images
