"""The distinct points of orbits, with or without stabilisers, and what the blocks of κ̂ are among them.

Where H_c fixes seed x_c, orbit c has n_c = |G|/|H_c| distinct points, the cosets gH_c. With B_c(ρ), d_ρ × m_c, an
orthonormal basis of the vectors that ρ(h) leaves alone for every h in H_c, the Gram matrix of the distinct points is

    K ≅ ⊕_ρ κ̌(ρ) ⊗ I_dρ,      κ̌(ρ)_cd = B_c(ρ)* κ̂_cd(ρ) B_d(ρ) / √(|H_c||H_d|),

and with Ǎ = κ̌ + σ²I entries of the inverse, and the weights of labels y_c, are

    (A⁻¹)[gH_c, hH_e] = √(|H_c||H_e|)/|G| Σ_ρ d_ρ Σ_ij [B_c Ǎ(ρ)⁻¹_ce B_e*]_ij conj(ρ(g⁻¹h)_ij),
    (A⁻¹y)[gH_c] = n_c^(−1/2) Σ_e [Ǎ(1)⁻¹]_ce n_e^(1/2) y_e.

Why: the matrix E that takes (g, c) to gH_c has EᵀE = diag |H_c|, so E diag(|H_c|)^(−1/2) is an isometry onto the
functions that are the same all over each coset, and in block ρ these are the vectors that H_c fixes. Where every H_c is
trivial, B_c(ρ) = I and nothing changes. κ stays on all of G, as `invariant_gram` gives it. Book chapter 17.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.groups import FiniteGroup
from symlib.groups.subgroups import fixed_vectors
from symlib.orbits.repeats import checked_stabilisers, first_of_coset
from symlib.spectral.coincidences import refuse_repeated_points, refuse_what_kappa_contradicts
from symlib.support.checks import index_array


def points_of(
    kappa: NDArray, group: FiniteGroup, stabilisers: Sequence[ArrayLike] | None, dtype: np.dtype | None = None
) -> "FreeOrbits":
    """The points that κ (..., |G|, C, C) is the invariant Gram of: all (g, c), or the cosets of stabilisers.

    `dtype` is that in which κ was computed.

    Raises
    ------
    ValueError
        Without stabilisers, if κ shows that points repeat; with them, if there is not one subgroup for each seed, or κ
        shows that it does not fix the seed.
    """
    n_orbits = kappa.shape[-1]
    if stabilisers is None:
        refuse_repeated_points(kappa, group, dtype)
        return FreeOrbits(group, n_orbits)
    checked = checked_stabilisers(stabilisers, group, n_orbits)
    if all(len(elements) == 1 for elements in checked):
        return FreeOrbits(group, n_orbits)
    refuse_what_kappa_contradicts(kappa, group, checked, dtype)
    return OrbitsWithStabilisers(group, checked)


class FreeOrbits:
    """C orbits of |G| distinct points each: the blocks are those of the Fourier transform, whole.

    Blocks are (b, C·d, C·d), b a batch; `restricted` and `lifted` take them to those among the distinct points and
    back, which for free orbits are the same.
    """

    def __init__(self, group: FiniteGroup, n_orbits: int):
        self.group, self.n_orbits = group, n_orbits

    def norm(self, kappa: NDArray) -> NDArray[np.float64]:
        """‖K‖₁ among the distinct points, of each matrix of the batch (b,)."""
        return norm(kappa)

    def restricted(self, i: int, block: NDArray) -> NDArray:
        """κ̌ of κ̂, for irrep i."""
        return block

    def lifted(self, i: int, block: NDArray) -> NDArray:
        """√(|H_c||H_e|) B_c M_ce B_e* for a matrix M among the distinct points: what sums over ρ(g⁻¹h) are made of."""
        return block

    def diagonals(self, i: int, inverse: NDArray) -> tuple[NDArray, NDArray]:
        """|H_c| tr[X]_cc and |H_c| tr[X²]_cc of X = Ǎ(ρ)⁻¹ for each orbit: (b, C) each."""
        diagonal = np.diagonal(inverse, axis1=-2, axis2=-1).real
        return self._by_orbit(i, diagonal), self._by_orbit(i, (inverse.real**2 + inverse.imag**2).sum(axis=-1))

    def repeated(self, i: int, values: NDArray) -> NDArray:
        """A number for each orbit (b, C) at each row of block i among the distinct points."""
        return np.repeat(values, self.group.irreps[i].shape[1], axis=-1)

    def weights(self, trivial: NDArray, labels: NDArray) -> tuple[NDArray, NDArray]:
        """α = A⁻¹y on each orbit, (b, C, k), and |α|² over all distinct points, from Ǎ(1)⁻¹."""
        weights = trivial.real @ labels
        return weights, self.group.order * (weights**2).sum(axis=1)

    def held_out(self, pairs: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The orbits (h,) of held-out (element, orbit) pairs, and g⁻¹h for every two of them (h, h)."""
        element, orbit = index_array(pairs, (self.group.order, self.n_orbits), "held_out").T
        return orbit, self.group.table[self.group.inverse[element][:, None], element]

    def _by_orbit(self, i, values):
        d = self.group.irreps[i].shape[1]
        return values.reshape(*values.shape[:-1], values.shape[-1] // d, d).sum(axis=-1)


class OrbitsWithStabilisers(FreeOrbits):
    """C orbits of |G|/|H_c| distinct points each."""

    def __init__(self, group: FiniteGroup, stabilisers: list[NDArray[np.intp]]):
        super().__init__(group, len(stabilisers))
        self.stabilisers = stabilisers
        self.sizes = np.array([float(len(elements)) for elements in stabilisers])
        self._known: dict[int, tuple[NDArray, NDArray]] = {}

    def norm(self, kappa: NDArray) -> NDArray[np.float64]:
        return norm(kappa, 1 / self.sizes)  # each of orbit d's points is met |H_d| times

    def restricted(self, i: int, block: NDArray) -> NDArray:
        up, _ = self._basis(i)
        down = up / np.repeat(self.sizes, self.group.irreps[i].shape[1])[:, None]
        return down.conj().T @ block @ down

    def lifted(self, i: int, block: NDArray) -> NDArray:
        up, _ = self._basis(i)
        return up @ block @ up.conj().T

    def repeated(self, i: int, values: NDArray) -> NDArray:
        return values[..., self._basis(i)[1]]

    def weights(self, trivial: NDArray, labels: NDArray) -> tuple[NDArray, NDArray]:
        count = (self.group.order / self.sizes)[:, None]
        weights = trivial.real @ (np.sqrt(count) * labels) / np.sqrt(count)
        return weights, (count * weights**2).sum(axis=1)

    def held_out(self, pairs: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        orbit, between = super().held_out(pairs)
        element = np.asarray(pairs)[:, 0]
        points = np.stack([first_of_coset(self.stabilisers, self.group)[element, orbit], orbit], axis=1)
        _, first, place = np.unique(points, axis=0, return_index=True, return_inverse=True)
        twins = np.flatnonzero(first[place.ravel()] != np.arange(len(points)))
        if twins.size:
            one, other, c = element[first[place.ravel()[twins[0]]]], element[twins[0]], orbit[twins[0]]
            raise ValueError(
                f"held_out names a point twice: ({one}, {c}) and ({other}, {c}) are one coset of the stabiliser "
                f"{self.stabilisers[c].tolist()}; list each once"
            )
        return orbit, between

    def _by_orbit(self, i, values):
        _, orbit = self._basis(i)
        return values @ np.equal.outer(orbit, np.arange(self.n_orbits)) * self.sizes

    def _basis(self, i):
        """All √|H_c| B_c(ρ) in one matrix (C·d, Σ m_c), and the orbit of each of its columns."""
        if i not in self._known:
            rho = self.group.irreps[i]
            d = rho.shape[1]
            few = {id(elements): elements for elements in self.stabilisers}
            of_subgroup = {key: fixed_vectors(rho, elements) for key, elements in few.items()}
            bases = [of_subgroup[id(elements)] for elements in self.stabilisers]
            orbit = np.repeat(np.arange(self.n_orbits), [basis.shape[1] for basis in bases])
            up, start = np.zeros((self.n_orbits * d, len(orbit)), dtype=rho.dtype), 0
            for c, basis in enumerate(bases):
                up[c * d : (c + 1) * d, start : start + basis.shape[1]] = np.sqrt(self.sizes[c]) * basis
                start += basis.shape[1]
            self._known[i] = up, orbit
        return self._known[i]


def norm(kappa: NDArray, share: NDArray | None = None) -> NDArray[np.float64]:
    """‖K‖₁ of each matrix of the batch, one element at a time: |κ| whole would be another copy of it.

    `share` (C,) is what part of a column of orbit d counts.
    """
    total = 0.0
    for u in range(kappa.shape[-3]):
        size = np.abs(kappa[..., u, :, :])
        total = total + (size.sum(axis=-1) if share is None else size @ share)
    return np.asarray(total).max(axis=-1).reshape(-1)
