"""The Fourier transform of matrix-valued functions on a finite group, and its inverse.

Normalisation (stated once, kept everywhere): the forward transform is unnormalised,

    f̂(ρ) = Σ_u f(u) ⊗ ρ(u),        f(u)_ab = (1/|G|) Σ_ρ d_ρ Σ_ij f̂(ρ)_(a,i),(b,j) conj(ρ(u)_ij).

It turns convolution into matrix products: (f * h)(v) = Σ_u f(u) h(u⁻¹v) has transform f̂(ρ) ĥ(ρ). Source: P. Diaconis,
*Group Representations in Probability and Statistics* (1988), chapter 2.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.groups import FiniteGroup
from symlib.support.checks import plain_array


def fourier_transform(f: ArrayLike, group: FiniteGroup) -> list[NDArray[np.complex128]]:
    """Transform of a function on a group, one block for each irrep.

    Parameters
    ----------
    f : (|G|,) or (..., |G|, p, q) array, real or complex
        A scalar function, or a matrix-valued one (any leading axes are a batch).
    group : FiniteGroup

    Returns
    -------
    list of (..., p·d, q·d) arrays in the order of `group.irreps`, index (a, i) ↦ a·d + i; scalars count as p = q = 1.
    For a cyclic group this is a fast Fourier transform, O(|G| log|G|); otherwise O(|G|²).

    Raises
    ------
    ValueError
        If the function does not have one value for each group element.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> [complex(block[0, 0]) for block in fourier_transform([1.0, 2.0], cyclic(2))]
    [(3+0j), (-1+0j)]
    """
    f = _on_group(f, group)
    if group.has_fft:
        # numpy's forward FFT carries e^{-iωu}; ours e^{+iωu} is its unnormalised inverse.
        return list(np.moveaxis(np.fft.ifft(f, axis=-3, norm="forward"), -3, 0))
    return [_block(f, rho) for rho in group.irreps]


def inverse_fourier_transform(f_hat: Sequence[ArrayLike], group: FiniteGroup) -> NDArray:
    """The function (..., |G|, p, q), complex, whose transform is `f_hat`.

    Parameters
    ----------
    f_hat : list of (..., p·d, q·d) arrays in the order of `group.irreps`
    group : FiniteGroup

    Raises
    ------
    ValueError
        If there is not one block for each irrep, or a block's size is no multiple of the irrep's dimension.

    Examples
    --------
    >>> from symlib.groups import quaternion
    >>> f = np.arange(8.0)
    >>> back = inverse_fourier_transform(fourier_transform(f, quaternion()), quaternion())
    >>> bool(np.allclose(back[:, 0, 0], f))
    True
    """
    if len(f_hat) != len(group.irreps):
        raise ValueError(f"f_hat must hold {len(group.irreps)} blocks, one for each irrep of {group}, got {len(f_hat)}")
    if group.has_fft:
        return np.fft.fft(np.stack(f_hat, axis=-3), axis=-3, norm="forward")
    terms = (_inverse_term(np.asarray(block), rho) for block, rho in zip(f_hat, group.irreps))
    return sum(terms, start=np.zeros(()))


def real_blocks(f: ArrayLike, group: FiniteGroup) -> Iterator[tuple[int, int, NDArray]]:
    """The blocks of a REAL function that determine all others, as (irrep index, multiplicity, block) triples.

    f̂(ρ̄) = conj f̂(ρ), so of two conjugate irreps one is enough, with multiplicity 2; an irrep equivalent to its own
    conjugate comes with multiplicity 1. Sums over all irreps of a quantity that is conjugated along, such as traces of
    functions of f̂, are multiplicity times its real part.
    """
    f = _on_group(f, group)
    if not group.has_fft:
        for i, multiplicity in _conjugate_pairs(group):
            yield i, multiplicity, _block(f, group.irreps[i])
        return
    n = group.order
    half = np.fft.rfft(f, axis=-3)
    for omega in range(n // 2 + 1):
        own_conjugate = 2 * omega % n == 0
        block = half[..., omega, :, :]
        yield omega, 1 if own_conjugate else 2, block.real if own_conjugate else block.conj()


def _inverse_term(block, rho):
    """What one irrep adds to the inverse transform: (d/|G|) Σ_ij block_(a,i),(b,j) conj(ρ(u)_ij), for every u."""
    order, d, _ = rho.shape
    *batch, rows, columns = block.shape
    if rows % d or columns % d:
        raise ValueError(f"a block of shape {block.shape} does not fit an irrep of dimension {d}")
    block = block.reshape(*batch, rows // d, d, columns // d, d)
    return (d / order) * np.einsum("...aibj,uij->...uab", block, rho.conj(), optimize=True)


def _block(f, rho):
    block = np.einsum("...uab,uij->...aibj", f, rho, optimize=True)
    *batch, p, d, q, _ = block.shape
    return block.reshape(*batch, p * d, q * d)


def _conjugate_pairs(group):
    """(index, 2) for one of each pair of inequivalent conjugate irreps, (index, 1) for every other."""
    characters = np.array([np.einsum("gii->g", rho) for rho in group.irreps])
    partner = np.abs(characters @ characters.T).argmax(axis=1)  # <conj χ_i, χ_j> is |G| exactly where ρ_j ~ conj ρ_i
    return [(i, 1 if j == i else 2) for i, j in enumerate(partner) if i <= j]


def _on_group(f, group):
    f = plain_array(f, "f")
    if f.ndim == 1:
        f = f[:, None, None]
    if f.ndim < 3 or f.shape[-3] != group.order:
        raise ValueError(
            f"f must have shape ({group.order},) or (..., {group.order}, p, q), one value for each element of {group}, "
            f"got {f.shape}"
        )
    return f
