"""The kernel of a diagnosis: how it is called on points, how far it is from invariant, and what an entry costs."""

import warnings
from collections.abc import Callable
from time import process_time

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from symlib.diagnose.machine.matrices import DenseMatrix, InvariantMatrix
from symlib.diagnose.report import Refused
from symlib.gram import invariant_gram
from symlib.groups import FiniteGroup
from symlib.kernels.calls import KernelCall
from symlib.support.checks import SYMMETRY_TOLERANCE
from symlib.support.memory import refuse_beyond_memory

_LOOKED_AT = 4  # orbits among which invariance is measured
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
        try:
            self.call = KernelCall(kernel, few)
        except ValueError as error:
            self.flatten, refusal = few.ndim == 3, error
            if not self.flatten:
                raise Refused(f"the architecture does not take these points: {error}") from error
        else:
            self.flatten, refusal = self.call.axes == 1 and few.ndim == 3, None
        if self.flatten:
            try:
                self.call = KernelCall(kernel, few.reshape(len(few), -1), 1)
            except ValueError as error:
                raise Refused(f"the architecture does not take these points: {refusal or error}") from error
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

    def invariance_gaps(self, orbits: NDArray, group: FiniteGroup) -> NDArray[np.float64]:
        """For every element h, max |k(hgx, hux') − k(gx, ux')| / max |k| over a few orbits and pairs g, u: (|G|,)."""
        chosen = np.unique(np.linspace(0, len(orbits) - 1, _LOOKED_AT).astype(int))
        few = np.moveaxis(orbits[chosen], 1, 0)  # (|G|, c, …)
        pairs = [(0, 0), (0, group.order - 1), (group.order // 2, 1 % group.order)]
        plain = [self.values(few[g], few[u]) for g, u in pairs]
        largest, gaps = max(np.abs(values).max() for values in plain), np.zeros(group.order)
        for h in range(1, group.order):
            for (g, u), values in zip(pairs, plain):
                moved = self.values(few[group.table[h, g]], few[group.table[h, u]])
                gaps[h] = max(gaps[h], float(np.abs(moved - values).max() / largest))
        return gaps

    def fixing(self, orbits: NDArray, group: FiniteGroup) -> list[int]:
        """Elements g with k(x, gx') = k(x, x'), which the architecture does not see at all; the identity is one."""
        seeds = orbits[:4, 0]
        plain = self.values(seeds, seeds)
        bound = 1e-6 * np.abs(plain).max()
        return [
            g for g in range(group.order) if np.abs(self.values(seeds, orbits[:4, g]) - plain).max(initial=0.0) <= bound
        ]

    def seconds_an_entry(self, orbits: NDArray) -> float:
        """What an entry takes on points that are moved, to the next power of 2, so that sizes are kept next time."""
        moved = orbits[:, 1 % orbits.shape[1]]
        n = 4
        while True:
            block = moved[:n]
            start = process_time()
            self.values(block, orbits[:n, -1])
            taken = process_time() - start
            if taken > _LONG_ENOUGH or n >= min(len(moved), 256):
                break
            n *= 2
        # Again: the first call of a size compiles.
        start = process_time()
        self.values(block, orbits[:n, -1])
        entry = max((process_time() - start) / len(block) ** 2, 1e-9)
        return float(2.0 ** np.ceil(np.log2(entry)))

    def matrices(
        self, orbits: NDArray, group: FiniteGroup, exact: NDArray, memory_limit: int, progress: bool
    ) -> tuple[InvariantMatrix | DenseMatrix, InvariantMatrix | DenseMatrix | None]:
        """The matrix that is regressed with among all points, and that of the NNGP kernel where there is a pair.

        `exact` is the subgroup under which the kernel is invariant: κ where it is the group, else a matrix in full.
        """
        ready = self.points(orbits, orbits.ndim - 2)
        if len(exact) == group.order:
            settings = {"ndim": self.axes, "memory_limit": memory_limit, "progress": progress}
            with warnings.catch_warnings():
                # Of points that repeat the case knows, and counts them once.
                warnings.filterwarnings("ignore", "elements .* fix every seed", UserWarning)
                found = invariant_gram(self.kernel, ready, group, **settings)
            parts = [InvariantMatrix(np.asarray(part), group) for part in (found if self.paired else [found])]
        else:
            parts = [DenseMatrix(part) for part in self._in_full(ready, group, exact, memory_limit, progress)]
        return parts[-1], parts[0] if self.paired else None

    def _in_full(self, ready, group, exact, memory_limit, progress):
        """Gram matrices (parts, |G|·C, |G|·C): of blocks (g, h) that the subgroup moves together one is evaluated."""
        n, order = len(ready), group.order
        parts = self.call.parts
        refuse_beyond_memory(parts * (n * order) ** 2 + 8 * n * n, memory_limit, "diagnose", "pass max_objects")
        poses = np.moveaxis(ready, 1, 0)
        out, done = np.empty((parts, order, n, order, n)), np.zeros((order, order), bool)
        with tqdm(total=order**2, desc="gram", disable=not progress, leave=False, delay=1) as bar:
            for g in range(order):
                for h in range(g, order):
                    if done[g, h]:
                        continue
                    values = self.call.symmetric(poses[g]) if g == h else self.call(poses[g], poses[h])
                    for q in exact:
                        a, b = group.table[q, g], group.table[q, h]
                        out[:, a, :, b], out[:, b, :, a] = values, values.swapaxes(-1, -2)
                        done[a, b] = done[b, a] = True
                    bar.update(int(done.sum()) - bar.n)
        for part in out.reshape(parts, n * order, n * order):
            part[:] = (part + part.T) / 2  # rounding, where the subgroup moves a block onto its own transpose
        return out.reshape(parts, n * order, n * order)


def exact_subgroup(gaps: NDArray, group: FiniteGroup) -> NDArray[np.intp]:
    """The elements under which a kernel is invariant to rounding; none but the identity if they are no subgroup."""
    found = np.flatnonzero(gaps <= SYMMETRY_TOLERANCE)
    closed = np.isin(group.table[np.ix_(found, found)], found).all()
    return found if closed else np.zeros(1, np.intp)
