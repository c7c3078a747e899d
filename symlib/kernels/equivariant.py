"""NNGP and NTK of infinitely wide networks of group convolutions, over the symmetries of the square: C4 or D4.

A lifting layer turns its filter in all |G| ways, group layers follow, the last maps are pooled over positions and
group, and a Dense layer reads them (Cohen and Welling 2016). With u, u' ∈ G the poses and p, p' the positions of two
neurons,

    lifting:      Σ_uu'(p, p') = (w²/s²) Σ_δ x(p + uδ) x'(p' + u'δ) + b²
    group layer:  Σ_uu'(p, p') ← (w²/(|G| s²)) Σ_{h,δ} Σ_{uh,u'h}(p + uδ, p' + u'δ) + b²,  Θ likewise, plus the new Σ
    ReLU as in `arc_cosine`,  read-out: mean over all (u, p, u', p'), then Dense.

Its solution is F[u⁻¹x, u'⁻¹x'](u⁻¹p, u'⁻¹p') with F the maps of the plain convolutional network: F is invariant when
both images are moved together, so that every h contributes the same. Pooled, at any depth,

    k(x, x') = (1/|G|) Σ_g gap(x, g x'),

`gap` being the pooled kernel of `convolution`, NNGP and NTK alike. The theorem that a group-convolutional network has
the kernel of an augmented plain one: Gerken and Kessel 2024; recursions of this kind: Misof, Kessel and Gerken 2025.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.kernels.convolution import cnn_kernel
from symlib.kernels.kernel import Kernel
from symlib.support.checks import finite_array

_AT_ONCE = 2**21  # entries of the pooled kernel, turned copies counted, that are held before they are averaged


def equivariant_cnn_kernel(
    x1: ArrayLike,
    x2: ArrayLike | None = None,
    *,
    group: Literal["C4", "D4"] = "C4",
    depth: int = 1,
    filter_size: int = 3,
    w_std: float = 1.0,
    b_std: float = 0.0,
) -> Kernel:
    """NNGP and NTK of a ReLU network of group convolutions, pooled over positions and group: (1/|G|) Σ_g gap(x, g x').

    The kernel does not change when one image is turned by 90° (with D4: or reflected), or shifted around the edge.

    Parameters
    ----------
    x1 : (..., n1, side, side) array of square images; leading axes are a batch
    x2 : (..., n2, side, side) array, optional, `x1` if left out
    group : {"C4", "D4"}
        The four quarter turns, or these and the four reflections.
    depth : int, convolutional layers, at least 1: one that lifts, the others group convolutions
    filter_size : int, odd, at most the side: height and width of every filter, in pixels
    w_std, b_std : float, at least 0

    Returns
    -------
    Kernel of two (..., n1, n2) float64 arrays. An entry costs |G| entries of `cnn_kernel(..., pooling="gap")`; where
    `x2` is left out the symmetric half is computed once. Beside the result, some 50 MB are held. On orbits of C_N with
    4 | N whose pooled Gram matrix is known this kernel is a mean of entries of it, and costs nothing.

    Raises
    ------
    ValueError
        If the images are not square, the group is unknown, or as `cnn_kernel`.
    TypeError, MemoryError, RuntimeError
        As `cnn_kernel`.

    Notes
    -----
    The NTK starts from zero at the input, which has no weights: the lifting layer contributes its own Σ and nothing
    else. The lifting layer of the code published with Misof, Kessel and Gerken 2025 (`Z2ConvP4` in its
    layers/z2convp4.py, commit 601368d) starts it at the covariance of the input instead, as if the input were trained.
    The NNGP is the same, the NTK some per cent larger. Finite networks have the NTK given here
    (tests/kernels/test_equivariant.py measures both).

    Examples
    --------
    >>> image = np.arange(16.0).reshape(1, 4, 4)
    >>> kernel = equivariant_cnn_kernel(image, np.concatenate([image, np.rot90(image, axes=(1, 2))]))
    >>> bool(np.isclose(*kernel.ntk[0]))
    True
    """
    if group not in ("C4", "D4"):
        raise ValueError(f'group must be "C4" or "D4", got {group!r}')
    symmetric = x2 is None or x2 is x1
    first = _square(x1, "x1")
    second = first if x2 is None or symmetric else _square(x2, "x2")
    settings = {"depth": depth, "filter_size": filter_size, "w_std": w_std, "b_std": b_std, "pooling": "gap"}

    def averaged(left, right):
        """The mean over the poses of the second image, (2, ..., n1, n2), some columns at a time."""
        turned = _poses(right, group)
        sets = int(np.prod(np.broadcast_shapes(left.shape[:-3], right.shape[:-3]), dtype=int))
        at_once = max(1, _AT_ONCE // (sets * left.shape[-3] * turned.shape[-4]))
        parts = []
        for start in range(0, right.shape[-3], at_once):
            part = turned[..., start : start + at_once, :, :]
            side_by_side = part.reshape(*part.shape[:-4], -1, *part.shape[-2:])
            values = np.array(cnn_kernel(left, side_by_side, **settings))
            parts.append(values.reshape(*values.shape[:-1], *part.shape[-4:-2]).mean(axis=-2))
        return np.concatenate(parts, axis=-1)

    def halved(x):
        """The same among one set of images: one block beside the diagonal, mirrored, and the two on it again halved."""
        n = x.shape[-3]
        if n < 2:
            return averaged(x, x)
        half = n // 2
        beside = averaged(x[..., :half, :, :], x[..., half:, :, :])
        out = np.empty((*beside.shape[:-2], n, n))
        out[..., :half, half:], out[..., half:, :half] = beside, beside.swapaxes(-1, -2)
        out[..., :half, :half], out[..., half:, half:] = halved(x[..., :half, :, :]), halved(x[..., half:, :, :])
        return out

    return Kernel(*(halved(first) if symmetric else averaged(first, second)))


def _poses(images: NDArray, group: str) -> NDArray:
    """Every image in all poses, (..., |G|, n, side, side)."""
    faces = [images] if group == "C4" else [images, images[..., ::-1]]
    return np.stack([np.rot90(face, k, axes=(-2, -1)) for face in faces for k in range(4)], axis=-4)


def _square(x: ArrayLike, name: str) -> NDArray[np.float64]:
    x = finite_array(x, name, min_ndim=3)
    if x.shape[-1] != x.shape[-2]:
        raise ValueError(
            f"{name} must hold square images, which a quarter turn maps onto themselves, got shape {x.shape}; crop or "
            "pad them"
        )
    return x
