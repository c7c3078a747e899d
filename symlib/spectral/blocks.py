"""The inverse of an invariant Gram matrix, block by block: one inversion for each irrep in the place of one of all.

K ≅ ⊕_ρ κ̂(ρ) ⊗ I_dρ, so A⁻¹ = (K + σ²I)⁻¹ has the blocks Â(ρ)⁻¹, and sums over ρ give its entries:

    (A⁻¹)[(g,c),(h,e)] = (1/|G|) Σ_ρ d_ρ Σ_ij [Â(ρ)⁻¹]_(c,i),(e,j) conj(ρ(g⁻¹h)_ij).

Of two conjugate irreps one is enough. Derived in book chapter 07; with stabilisers see `distinct`.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.fourier import real_blocks
from symlib.groups import FiniteGroup
from symlib.spectral.distinct import FreeOrbits, norm, points_of
from symlib.support.checks import invariant_kappa, label_array, nonnegative
from symlib.support.hermitian import inverse


class Problem(NamedTuple):
    """What a caller passed, checked: κ (..., |G|, C, C), labels as columns (C, k), and what they are of."""

    kappa: NDArray[np.float64]
    columns: NDArray[np.float64]
    ridge: float
    points: FreeOrbits
    scale: NDArray[np.float64]  # ‖K‖₁ of each of the batch (b,)
    dtype: np.dtype | None  # κ's, as it came


def checked_problem(
    kappa: ArrayLike,
    labels: ArrayLike,
    group: FiniteGroup,
    ridge: float,
    stabilisers: Sequence[ArrayLike] | None = None,
) -> Problem:
    """The problem, refused if anything does not fit, or points repeat that are not said to."""
    dtype = getattr(kappa, "dtype", None)
    kappa, columns, ridge = _fitting(kappa, labels, group, ridge)
    points = points_of(kappa, group, stabilisers, dtype)
    return Problem(kappa, columns, ridge, points, points.norm(kappa), dtype)


def checked_kappa(
    kappa: ArrayLike, labels: ArrayLike, group: FiniteGroup, ridge: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, NDArray[np.float64], np.dtype | None]:
    """κ (..., |G|, C, C), the labels as columns (C, k), the ridge, ‖K‖₁ of each of the batch (b,), and κ's dtype.

    Every (g, c) counts, however many of them are one point.
    """
    dtype = getattr(kappa, "dtype", None)
    kappa, columns, ridge = _fitting(kappa, labels, group, ridge)
    return kappa, columns, ridge, norm(kappa), dtype


def _fitting(kappa, labels, group, ridge):
    kappa = invariant_kappa(kappa, group)
    labels = label_array(labels, kappa.shape[-1], "orbit of kappa")
    return kappa, labels.reshape(len(labels), -1), nonnegative(ridge, "ridge")


def inverse_blocks(
    kappa: NDArray,
    group: FiniteGroup,
    ridge: float,
    scale: NDArray,
    name: str = "kappa",
    points: FreeOrbits | None = None,
) -> Iterator[tuple[int, float, NDArray]]:
    """(irrep index, multiplicity · d/|G|, Â(ρ)⁻¹), one of each pair of conjugate irreps, the trivial one first.

    With `points`, Ǎ(ρ)⁻¹ among those; an irrep of which no seed's stabiliser fixes anything has no block.
    """
    for i, multiplicity, block in blocks_among(kappa, group, points):
        weight = multiplicity * group.irreps[i].shape[1] / group.order
        yield i, weight, inverse(block, ridge, f"{name}_hat(irrep {i})", scale)


def blocks_among(kappa: NDArray, group: FiniteGroup, points: FreeOrbits | None) -> Iterator[tuple[int, int, NDArray]]:
    """(irrep index, multiplicity, κ̌(ρ)) as `fourier.real_blocks`, among these points."""
    for i, multiplicity, block in real_blocks(kappa.reshape(-1, *kappa.shape[-3:]), group):
        block = block if points is None else points.restricted(i, block)
        if block.shape[-1]:
            yield i, multiplicity, block


def at_pairs(block: NDArray, characters: NDArray, orbit: NDArray) -> NDArray:
    """Σ_ij block_(c,i),(e,j) · characters_ij for each pair of points of these orbits: (b, h, h), real."""
    d = characters.shape[-1]
    n_orbits = block.shape[-1] // d
    split = block.reshape(len(block), n_orbits, d, n_orbits, d)
    picked = split[:, orbit[:, None], :, orbit, :]  # separated index arrays come first: (h, h, b, d, d)
    return np.einsum("xybij,xyij->bxy", picked, characters).real
