"""Architectures by name: each the kernel of its infinitely wide network, with what it is and what an entry costs."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from symlib.diagnose.names.lookup import imported, is_import_path, parted, whole
from symlib.kernels import cnn_kernel, equivariant_cnn_kernel, mlp_kernel, rbf, vit_kernel
from symlib.support.nearest import unknown

KNOWN = ["mlp", "mlp:3", "cnn", "cnn:2", "cnn-gap", "c4-gap", "d4-gap", "vit:7", "rbf", "rbf:0.5"]
_OF_IMAGES = ("cnn", "cnn-gap", "c4-gap", "d4-gap", "vit")


class Architecture(NamedTuple):
    """A kernel with its name.

    Attributes
    ----------
    kernel : callable
        `kernel(x1, x2)` on points (..., n, d) or images (..., n, H, W), whichever it was named for, to a `Kernel` of
        NNGP and NTK, or an array (..., n1, n2).
    description : str, in words
    cost : "low" (below 1 µs an entry), "medium" (below 50 µs), "high", or "unknown"
    """

    kernel: Callable
    description: str
    cost: str


def named_architecture(
    architecture: str | Callable, point_shape: tuple[int, ...], x: NDArray | None = None
) -> Architecture:
    """The kernel of the architecture of that name, for points of that shape.

    Parameters
    ----------
    architecture : str or callable
        "mlp" or "mlp:DEPTH" (images are flattened), "cnn" or "cnn:DEPTH" (3 × 3 filters, then flattened), "cnn-gap",
        "c4-gap", "d4-gap" with or without a depth (pooled over positions; and over quarter turns; and reflections),
        "vit:PATCH" (two blocks), "rbf" or "rbf:LENGTH_SCALE" (in the units of the points that the kernel is given;
        without one the median distance of `x`, or √d); "package.module:function", or a kernel of your own.
    point_shape : (d,) or (H, W)
    x : (n, …) array, optional, samples for the length scale of "rbf"

    Returns
    -------
    Architecture

    Raises
    ------
    ValueError
        If there is no such name (the nearest is named), it does not fit the points, or a number is out of range.

    Examples
    --------
    >>> kernel, description, cost = named_architecture("mlp:2", (3,))
    >>> description, kernel(np.eye(3)).ntk.shape
    ('fully connected ReLU network, 2 hidden layers', (3, 3))
    """
    if callable(architecture):
        return Architecture(architecture, _title(architecture), "unknown")
    if not isinstance(architecture, str):
        raise ValueError(f"architecture must be a name or a kernel, a callable kernel(x1, x2), got {architecture!r}")
    family, number = parted(architecture)
    if family not in ("mlp", "rbf", *_OF_IMAGES):
        if not is_import_path(architecture):
            raise unknown("architecture", architecture, KNOWN, "or module:function for a kernel of your own")
        kernel = imported(architecture, "architecture")
        if not callable(kernel):
            raise ValueError(f"architecture {architecture!r} is {type(kernel).__name__}, and no kernel(x1, x2)")
        return Architecture(kernel, _title(kernel), "unknown")
    if family in _OF_IMAGES:
        return _of_images(architecture, family, number, point_shape)
    if family == "rbf":
        return _rbf(architecture, number, point_shape, x)
    depth = whole(number or "1", f"architecture {architecture!r}", "mlp:3")
    kernel = _on_vectors(lambda x1, x2=None: mlp_kernel(x1, x2, depth=depth), len(point_shape))
    return Architecture(kernel, f"fully connected ReLU network, {_layers(depth, 'hidden')}", "low")


def _of_images(architecture, family, number, point_shape):
    if len(point_shape) != 2:
        raise ValueError(
            f"architecture {architecture!r} needs images of shape (H, W), and the points have shape {point_shape}; "
            "take mlp or rbf, or give x as (n, H, W)"
        )
    height, width = point_shape
    what = f"architecture {architecture!r}"
    if family == "vit":
        fits = [p for p in range(1, min(point_shape) + 1) if not (height % p or width % p)]
        patch = whole(number, what, f"vit:{fits[len(fits) // 2]}")
        if patch not in fits:
            raise ValueError(
                f"{what}: the patch must divide both sides of images of {height} × {width} pixels; "
                f"{', '.join(map(str, fits))} would"
            )
        tokens = height * width // patch**2
        return Architecture(
            lambda x1, x2=None: vit_kernel(x1, x2, patch=patch),
            f"vision transformer, 2 blocks, patches of {patch} × {patch} pixels, no positions",
            _cost(0.03 * tokens**2),
        )
    depth = whole(number or "1", what, f"{family}:2")
    if min(point_shape) < 3:
        raise ValueError(f"{what}: filters of 3 × 3 pixels do not fit images of {height} × {width}")
    layers = _layers(depth, "convolutional")
    if family in ("c4-gap", "d4-gap"):
        if height != width:
            raise ValueError(f"{what} turns images, which must be square, got {height} × {width}; crop or pad them")
        name: Literal["C4", "D4"] = "C4" if family == "c4-gap" else "D4"
        return Architecture(
            lambda x1, x2=None: equivariant_cnn_kernel(x1, x2, group=name, depth=depth),
            f"group-convolutional ReLU network over {name}, {layers}, pooled over positions and {name}",
            "high",
        )
    pooling = "gap" if family == "cnn-gap" else "flatten"
    return Architecture(
        lambda x1, x2=None: cnn_kernel(x1, x2, depth=depth, pooling=pooling),
        f"convolutional ReLU network, {layers}, {'pooled over positions' if pooling == 'gap' else 'flattened'}",
        "high" if pooling == "gap" else _cost(0.007 * depth * height * width),
    )


def _rbf(architecture, number, point_shape, x):
    if number is None:
        length = _median_distance(x) if x is not None else float(np.sqrt(np.prod(point_shape)))
    else:
        try:
            length = float(number)
        except ValueError:
            length = 0.0
        if not (np.isfinite(length) and length > 0):
            raise ValueError(
                f"architecture {architecture!r}: the length scale must be a number above 0, as 'rbf:0.5', "
                f"got {number!r}"
            )
    kernel = _on_vectors(lambda x1, x2=None: rbf(x1, x2, length_scale=length), len(point_shape))
    return Architecture(kernel, f"radial basis function, length scale {length:.3g}", "low")


def _median_distance(x, most=200):
    """Of up to 200 samples spread evenly over x, those that coincide left out."""
    x = np.asarray(x, dtype=float)
    few = x[:: max(1, len(x) // most)].reshape(-1, int(np.prod(x.shape[1:])))[:most]
    distances = pdist(few)
    distances = distances[distances > 0]
    if not distances.size:
        raise ValueError("architecture 'rbf': all samples looked at are equal; name a length scale, as 'rbf:0.5'")
    return float(np.median(distances))


def _on_vectors(kernel, axes):
    """A kernel of vectors as one of points with that many axes."""
    if axes == 1:
        return kernel

    def on_flattened(x1, x2=None):
        first = _flat(x1, axes)
        return kernel(first, first if x2 is None or x2 is x1 else _flat(x2, axes))

    return on_flattened


def _flat(x, axes):
    x = np.asarray(x)
    return x.reshape(*x.shape[: x.ndim - axes], -1)


def _layers(depth, kind):
    return f"{depth} {kind} layer{'s' if depth > 1 else ''}"


def _cost(microseconds):
    return "low" if microseconds < 1 else "medium" if microseconds < 50 else "high"


def _title(kernel):
    name = getattr(kernel, "__name__", type(kernel).__name__)
    return f"your own kernel {name}" if name != "<lambda>" else "your own kernel"
