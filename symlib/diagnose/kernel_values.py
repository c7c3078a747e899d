"""The kernel of a diagnosis: how it is called on points, how far it is from invariant, and what an entry costs."""

from collections.abc import Callable
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from symlib.diagnose.matrices import DenseMatrix, InvariantMatrix
from symlib.diagnose.report import Refused
from symlib.gram import gram, invariant_gram
from symlib.groups import FiniteGroup
from symlib.kernels.calls import KernelCall
from symlib.support.checks import SYMMETRY_TOLERANCE

_LOOKED_AT = 6  # orbits among which invariance is measured
_LONG_ENOUGH = 0.05  # seconds that a block has to take for its time to mean something


class PointKernel:
    """A kernel on points (..., n, d) or (..., n, H, W): the last of its parts is regressed with, the NTK of a pair.

    A kernel of vectors gets images flattened.
    """

    def __init__(self, kernel: Callable, orbits: NDArray) -> None:
        """Try the kernel on points of `orbits` (C, |G|, …); raises `Refused` if it does not take them.

        How many axes a point has is told by the shape that comes back.
        """
        few = orbits[:2].reshape(-1, *orbits.shape[2:])[:5]
        self.kernel = kernel
        self.flatten = False
        try:
            self.call = KernelCall(kernel, few)
            if self.call.axes == 1 and few.ndim == 3:
                self.flatten = True
                self.call = KernelCall(kernel, few.reshape(len(few), -1), 1)
        except ValueError as error:
            raise Refused(f"the architecture does not take these points: {error}") from error
        if self.call.axes != few.ndim - 1 and not self.flatten:
            raise Refused(
                f"the architecture takes points of {self.call.axes} axes, and the samples have shape {few.shape[1:]}"
            )
        self.axes, self.paired = self.call.axes, self.call.parts == 2

    def points(self, orbits: NDArray, ndim: int) -> NDArray[np.float64]:
        """Points with `ndim` axes each as this kernel takes them."""
        return orbits.reshape(*orbits.shape[: orbits.ndim - ndim], -1) if self.flatten else orbits

    def values(self, a: NDArray, b: NDArray) -> NDArray[np.float64]:
        """k(a, b), (n1, n2), of points (n1, …) and (n2, …) with the axes that samples have."""
        return self.call(self.points(a, a.ndim - 1), self.points(b, b.ndim - 1))[-1]

    def invariance_gap(self, orbits: NDArray, group: FiniteGroup) -> tuple[float, int]:
        """max |k(hgx, hux') − k(gx, ux')| / max |k| over a few orbits and generators h, and the worst h."""
        chosen = np.unique(np.linspace(0, len(orbits) - 1, _LOOKED_AT).astype(int))
        few = np.moveaxis(orbits[chosen], 1, 0)  # (|G|, c, …)
        shape = (-1, *orbits.shape[2:])
        plain = self.values(few[0], few.reshape(shape))
        largest, worst = np.abs(plain).max(), (0.0, 0)
        for h in group.generators or [0]:
            for g in {0, group.order - 1, group.generators[0] if group.generators else 0}:
                here = self.values(few[g], few[group.table[g]].reshape(shape))
                there = self.values(few[group.table[h, g]], few[group.table[group.table[h, g]]].reshape(shape))
                gap = float(max(np.abs(here - plain).max(), np.abs(there - plain).max()) / largest)
                if gap > worst[0]:
                    worst = (gap, int(h))
        return worst

    def fixing(self, orbits: NDArray, group: FiniteGroup) -> list[int]:
        """Elements g with k(x, gx') = k(x, x'), which the architecture does not see at all; the identity is one."""
        seeds = orbits[:4, 0]
        plain = self.values(seeds, seeds)
        bound = 1e-6 * np.abs(plain).max()
        return [
            g for g in range(group.order) if np.abs(self.values(seeds, orbits[:4, g]) - plain).max(initial=0.0) <= bound
        ]

    def seconds_an_entry(self, orbits: NDArray) -> float:
        """What an entry takes on points that are moved, to the next power of 4, so that sizes are kept next time."""
        moved = orbits[:, 1 % orbits.shape[1]]
        n = 4
        while True:
            block = moved[:n]
            start = perf_counter()
            self.values(block, orbits[:n, -1])
            taken = perf_counter() - start
            if taken > _LONG_ENOUGH or n >= min(len(moved), 256):
                break
            n *= 2
        # Again: the first call of a size compiles.
        start = perf_counter()
        self.values(block, orbits[:n, -1])
        entry = max((perf_counter() - start) / len(block) ** 2, 1e-9)
        return float(4.0 ** np.ceil(np.log2(entry) / 2))

    def matrices(
        self, orbits: NDArray, group: FiniteGroup, invariant: bool, memory_limit: int, progress: bool
    ) -> tuple[InvariantMatrix | DenseMatrix, InvariantMatrix | DenseMatrix | None]:
        """The matrix that is regressed with among all points, and that of the NNGP kernel where there is a pair."""
        ndim = orbits.ndim - 2
        settings = {"ndim": self.axes, "memory_limit": memory_limit, "progress": progress}
        ready = self.points(orbits, ndim)
        if invariant:
            found = invariant_gram(self.kernel, ready, group, **settings)
            parts = [InvariantMatrix(np.asarray(part), group) for part in (found if self.paired else [found])]
        else:
            listed = ready.swapaxes(0, 1).reshape(-1, *ready.shape[2:])
            found = gram(self.kernel, listed, **settings)
            parts = [DenseMatrix(np.asarray(part)) for part in (found if self.paired else [found])]
        return parts[-1], parts[0] if self.paired else None


def counts_as_invariant(gap: float) -> bool:
    return gap <= SYMMETRY_TOLERANCE
