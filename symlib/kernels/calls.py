"""A caller's own kernel: how many axes one of its points has, whether it takes stacks of sets, and what it must return.

Kernels come in several habits: of vectors or of images; with leading batch axes or of two plain sets only, as
`scipy.spatial.distance.cdist` and `lambda a, b: a @ b.T` are; returning an array or the pair of NNGP and NTK. A few
calls on few points tell which.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from symlib.kernels.kernel import Kernel
from symlib.support.checks import SYMMETRY_TOLERANCE, finite_array

_ROWS = 64  # kept of the last axis but one when a kernel is tried: it may count thousands of points
_ENTRIES_TO_TRY = 2**22
_MIXTURES = (0.0, 1e-3, 0.03, 0.3)
# What calling somebody's kernel on points of the wrong rank may raise.
_MISFITS = (ValueError, TypeError, IndexError, AttributeError)


class KernelCall:
    """`kernel(x1, x2)` as an array (parts, ..., n1, n2): one part, or two where the kernel returns NNGP and NTK.

    Attributes
    ----------
    axes : int, axes of one point: 1 for vectors, 2 for images
    batched : bool, whether leading axes pass through the kernel; if not, it is called for each set
    parts : int, 1 or 2
    """

    axes: int
    batched: bool
    parts: int

    def __init__(self, kernel: Callable, x: NDArray, axes: int | None = None, most_axes: int | None = None):
        """Try the kernel on a few points of `x` (..., n, point).

        Raises ValueError if it returns (..., n1, n2) for no rank of the points, saying what it did.
        """
        self.kernel = kernel
        most = x.ndim - 1 if most_axes is None else most_axes
        wanted = range(1, most + 1) if axes is None else [axes]
        failures: list[str] = []
        for corner in _corners(x):
            values = self._values(corner, wanted, failures)
            if values is not None:
                self.batched = corner.ndim > self.axes + 1
                if not self.batched or self._same_alone(corner, values):
                    return
        for rank in wanted:  # a kernel of two plain sets
            points = x[(0,) * (x.ndim - rank - 1)][:2]
            if self._values(points, [rank], failures) is not None:
                self.batched = False
                return
        raise ValueError(
            f"the kernel must return (..., n1, n2) for points (..., n1, d) and (..., n2, d), or images (..., n, H, W); "
            f"{'; '.join(failures[:3])}"
        )

    def __call__(self, x1: NDArray, x2: NDArray) -> NDArray[np.float64]:
        if self.batched or x1.ndim == self.axes + 1:
            return self._checked(x1, x2)
        same = x2 is x1  # one object twice tells the kernel that half is enough
        sets1, sets2 = (x.reshape(-1, *x.shape[-1 - self.axes :]) for x in (x1, x2))
        values = [self._checked(a, a if same else b) for a, b in zip(sets1, sets2, strict=True)]
        return np.moveaxis(np.array(values), 0, 1).reshape(
            self.parts, *x1.shape[: -1 - self.axes], *values[0].shape[1:]
        )

    def probe(self, x: NDArray) -> list[float]:
        """Values of the kernel that a change of it would change: at, near and between points that differ.

        Points that repeat, are blank, or lie far apart for the kernel's length scale say nothing; so these are the
        first, the one nearest to it, one of middling distance and the farthest, and mixtures of them from a thousandth
        of the way on.
        """
        points = x.reshape(-1, *x.shape[x.ndim - self.axes :])
        far = np.array([np.linalg.norm(point - points[0]) for point in points])
        order = np.argsort(far, kind="stable")
        order = order[far[order] > 0]
        chosen = [0, *order[[0, len(order) // 2, -1]]] if len(order) else [0]
        ends = [(a, b) for a, b in zip(chosen, [*chosen[1:], chosen[0]])]
        mixed = np.array([(1 - t) * points[a] + t * points[b] for a, b in ends for t in _MIXTURES])
        batch = (1,) * (x.ndim - self.axes - 1)
        for tried in (mixed, points[chosen]):  # a kernel of whole numbers, say, takes no mixtures
            tried = tried.reshape(*batch, *tried.shape)
            try:
                return self(tried, tried).ravel().tolist()
            except _MISFITS as error:
                refusal = error
        raise refusal

    def symmetric(self, x: NDArray) -> NDArray[np.float64]:
        """`self(x, x)`, refused if it is not symmetric: only half of a Gram matrix is evaluated."""
        values = self(x, x)
        gap = np.abs(values - values.swapaxes(-1, -2)).max(initial=0.0)
        if gap > SYMMETRY_TOLERANCE * np.abs(values).max(initial=0.0):
            raise ValueError(
                f"the kernel must be symmetric: k(x, x') and k(x', x) differ by {gap:.1e}; check the kernel"
            )
        return values

    def _checked(self, x1, x2):
        values = _parts(self.kernel, x1, x2)
        shape = (*x1.shape[: -self.axes], x2.shape[-1 - self.axes])
        if values.shape[1:] != shape:
            raise ValueError(
                f"the kernel returned {values.shape[1:]} for points {x1.shape} and {x2.shape}, where {shape} was "
                "wanted; check the kernel, or pass ndim= if a point has another number of axes"
            )
        return finite_array(values, "the kernel's values")

    def _values(self, corner, wanted, failures):
        """The kernel's values on these points, whose shape tells `axes` and `parts`; None if it does not fit."""
        try:
            values = _parts(self.kernel, corner, corner)
        except _MISFITS as error:
            failures.append(f"points {corner.shape} gave {type(error).__name__}: {error}")
            return None
        axes = corner.ndim + 2 - values.ndim
        if axes not in wanted or values.shape[1:] != (*corner.shape[:-axes], corner.shape[-1 - axes]):
            failures.append(f"points {corner.shape} gave {values.shape[1:]}")
            return None
        self.axes, self.parts = axes, len(values)
        return values

    def _same_alone(self, corner, values):
        """Whether the first set of a stack has the values that it has by itself: a.T would mix the sets."""
        first = corner[(0,) * (corner.ndim - self.axes - 1)]
        try:
            alone = self._checked(first, first)
        except _MISFITS:
            return True  # a kernel that insists on its batch axes
        together = values.reshape(self.parts, -1, *alone.shape[1:])[:, 0]
        return np.allclose(together, alone, rtol=1e-6, atol=1e-9 * np.abs(alone).max(initial=0.0))


def _corners(x):
    """Small parts of x to try a kernel on whose points have an unknown number of axes."""
    yield x[(slice(0, 2),) * (x.ndim - 2) + (slice(0, _ROWS if x.ndim > 2 else 2),)]
    # A kernel with weights of its own for each pixel takes whole images only.
    if x.ndim > 2 and x.shape[-2] > _ROWS and x[:2].size <= _ENTRIES_TO_TRY:
        yield x[:2]


def _parts(kernel, x1, x2):
    """The kernel's one or two arrays along a new first axis."""
    values = kernel(x1, x2)
    if isinstance(values, tuple) and len(values) == 2 and np.ndim(values[0]) >= 2:
        return np.stack([np.asarray(part) for part in values])
    return np.asarray(values)[None]


def unpacked(parts: NDArray[np.float64]) -> NDArray[np.float64] | Kernel:
    """The one array, or the `Kernel` of two, whose parts these are."""
    return Kernel(*parts) if len(parts) == 2 else parts[0]
