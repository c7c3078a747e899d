"""Gram matrices over the points (g, c) of orbits, in the two forms that a diagnosis needs.

An invariant kernel has K[(g,c),(h,d)] = κ_cd(g⁻¹h): κ is all of it, |G| times fewer entries, and its inverse is of the
same form (book chapter 07). Any other kernel has its matrix in full. Averaged over a subgroup Q, with L the mean over Q
of "q acts on the point", it is L K L, which for an invariant K is K L: L commutes with K, and

    (K L + σ²)⁻¹ = L (K + σ²)⁻¹ + (1 − L)/σ² .

Points are element-major, index g·C + c; vectors over them are arrays (|G|, C, t).
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from symlib.fourier import real_blocks
from symlib.groups import FiniteGroup
from symlib.support.hermitian import inverse
from symlib.support.threads import threads_for


class PointMatrix(Protocol):
    """A symmetric matrix over the points of orbits."""

    def block(self, rows: NDArray, columns: NDArray) -> NDArray[np.float64]:
        """The entries between points of these indices, (r, c)."""
        ...

    def times(self, vectors: NDArray) -> NDArray[np.float64]:
        """The product with vectors (|G|, C, t) over all points, of that shape."""
        ...


class InvariantMatrix:
    """K[(g,c),(h,d)] = κ_cd(g⁻¹h), from κ (|G|, C, C)."""

    def __init__(self, kappa: NDArray, group: FiniteGroup) -> None:
        self.kappa, self.group = kappa, group
        self.n_orbits = kappa.shape[-1]
        self._between = group.table[group.inverse]  # (g, h) ↦ g⁻¹h

    def block(self, rows: NDArray, columns: NDArray) -> NDArray[np.float64]:
        (g, c), (h, d) = (divmod(np.asarray(points), self.n_orbits) for points in (rows, columns))
        return self.kappa[self._between[g[:, None], h], c[:, None], d]

    def times(self, vectors: NDArray) -> NDArray[np.float64]:
        out = np.zeros(vectors.shape)
        with threads_for(self.n_orbits):
            for h in range(self.group.order):
                used = np.flatnonzero(vectors[h].any(axis=-1))
                if not used.size:
                    continue
                few = 2 * used.size < self.n_orbits  # else zeros are quicker than a copy
                entries = vectors[h, used] if few else vectors[h]
                for g in range(self.group.order):
                    part = self.kappa[self._between[g, h]]
                    out[g] += (part[:, used] if few else part) @ entries
        return out

    def restricted(self, orbits: NDArray) -> "InvariantMatrix":
        """The matrix among these orbits only."""
        return InvariantMatrix(self.kappa[:, orbits[:, None], orbits], self.group)

    def inverse(self, ridge: float) -> "InvariantMatrix":
        """(K + ridge)⁻¹ through the blocks κ̂(ρ) + ridge; of two conjugate irreps one is inverted."""
        scale = np.array(sum(np.abs(part).sum(axis=0) for part in self.kappa).max())
        inverses = [
            (i, multiplicity, inverse(block, ridge, f"kappa_hat(irrep {i})", scale))
            for i, multiplicity, block in real_blocks(self.kappa, self.group)
        ]
        order, n = self.group.order, self.n_orbits
        if self.group.has_fft:
            half = np.stack([block.conj() for _, _, block in inverses])
            return InvariantMatrix(np.fft.irfft(half, n=order, axis=0), self.group)
        kappa = np.zeros((order, n, n))
        for i, multiplicity, block in inverses:
            rho = self.group.irreps[i]
            d = rho.shape[1]
            entries = np.einsum("aibj,uij->uab", block.reshape(n, d, n, d), rho.conj(), optimize=True)
            kappa += multiplicity * d / order * entries.real
        return InvariantMatrix(kappa, self.group)


class DenseMatrix:
    """A matrix among all points in full, (|G|·C, |G|·C)."""

    def __init__(self, gram: NDArray) -> None:
        self.gram = gram

    def block(self, rows: NDArray, columns: NDArray) -> NDArray[np.float64]:
        return self.gram[np.ix_(rows, columns)]

    def times(self, vectors: NDArray) -> NDArray[np.float64]:
        flat = vectors.reshape(len(self.gram), -1)
        with threads_for(len(flat)):
            return (self.gram @ flat).reshape(vectors.shape)


class AveragedMatrix:
    """K L of an invariant K: the kernel averaged over a subgroup, (K L)[x, y] = (1/|Q|) Σ_q K[x, qy]."""

    def __init__(self, matrix: InvariantMatrix, elements: NDArray) -> None:
        self.matrix, self.elements = matrix, elements

    def block(self, rows: NDArray, columns: NDArray) -> NDArray[np.float64]:
        total = np.zeros((len(rows), len(columns)))
        for moved in self._moved(columns):
            total += self.matrix.block(rows, moved)
        return total / len(self.elements)

    def times(self, vectors: NDArray) -> NDArray[np.float64]:
        return self.matrix.times(averaged_vectors(vectors, self.elements, self.matrix.group))

    def restricted(self, orbits: NDArray) -> "AveragedMatrix":
        return AveragedMatrix(self.matrix.restricted(orbits), self.elements)

    def _moved(self, points):
        h, c = divmod(np.asarray(points), self.matrix.n_orbits)
        return (self.matrix.group.table[q, h] * self.matrix.n_orbits + c for q in self.elements)


class AveragedInverse(AveragedMatrix):
    """L X + (1 − L)/σ², the inverse of K L + σ², from X = (K + σ²)⁻¹."""

    def __init__(self, matrix: InvariantMatrix, elements: NDArray, ridge: float) -> None:
        super().__init__(matrix, elements)
        self.ridge = ridge

    def block(self, rows: NDArray, columns: NDArray) -> NDArray[np.float64]:
        same = np.equal.outer(np.asarray(rows), np.asarray(columns)).astype(float)
        averaged = sum(np.equal.outer(np.asarray(rows), moved) for moved in self._moved(columns)) / len(self.elements)
        return super().block(rows, columns) + (same - averaged) / self.ridge

    def times(self, vectors: NDArray) -> NDArray[np.float64]:
        mean = averaged_vectors(vectors, self.elements, self.matrix.group)
        return self.matrix.times(mean) + (vectors - mean) / self.ridge


def averaged_vectors(vectors: NDArray, elements: NDArray, group: FiniteGroup) -> NDArray[np.float64]:
    """L v, (L v)[(h, c)] = (1/|Q|) Σ_q v[(qh, c)], for vectors (|G|, C, ...)."""
    total = np.zeros(vectors.shape)
    for q in elements:
        total += vectors[group.table[q]]
    return total / len(elements)


def averaged_gram(gram: NDArray, elements: NDArray, group: FiniteGroup) -> NDArray[np.float64]:
    """L K L of a matrix among all points in full: the kernel averaged in both arguments."""
    n = len(gram)
    once = averaged_vectors(gram.reshape(group.order, n // group.order, n), elements, group).reshape(n, n)
    twice = averaged_vectors(once.T.reshape(group.order, n // group.order, n), elements, group).reshape(n, n)
    return (twice + twice.T) / 2
