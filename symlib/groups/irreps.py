"""Unitary irreducible representations: found numerically for any group, in closed form for symmetric groups.

An irrep is an array (|G|, d, d). Sources: J.-P. Serre, *Linear Representations of Finite Groups* (1977), chapter 2
(orthogonality) and section 6.2 (regular representation); G. James and A. Kerber, *The Representation Theory of the
Symmetric Group* (1981), section 3.3 (Young's orthogonal form).
"""

from functools import lru_cache

import numpy as np

from symlib.support.checks import plain_array

_TOLERANCE = 1e-9


def decompose_regular(table, inverse):
    """All unitary irreps of the group with this table, the trivial one first, by splitting its regular representation.

    A random Hermitian matrix H[x, y] = a(x⁻¹y) commutes with every left multiplication. Its generic eigenspaces
    are irreducible, and every irrep occurs among them (d times, for dimension d).
    """
    n = len(table)
    rng = np.random.default_rng(0)
    a = rng.standard_normal(n) + 1j * rng.standard_normal(n)
    a = (a + a[inverse].conj()) / 2
    eigenvalues, vectors = np.linalg.eigh(a[table[inverse]])
    edges = np.flatnonzero(np.diff(eigenvalues) > 1e-7 * np.abs(eigenvalues).max()) + 1
    found, characters = [], []
    for space in np.split(vectors, edges, axis=1):
        # Left multiplication by g moves the entry at g⁻¹x to x.
        rho = np.einsum("xi,gxj->gij", space.conj(), space[table[inverse]])
        character = np.einsum("gii->g", rho)
        if not any(abs(np.vdot(character, other)) > n / 2 for other in characters):
            found.append(rho)
            characters.append(character)
    return sorted(found, key=lambda rho: (rho.shape[1], np.abs(rho[:, 0, 0] - 1).max() > _TOLERANCE))


def full_set(irreps, table, generators):
    """`irreps` as a tuple of arrays, checked to be every unitary irrep once, the trivial one first.

    Raises
    ------
    ValueError
        Naming the representation and the property that fails.
    """
    n = len(table)
    irreps = tuple(_own(rho, f"irrep {i}") for i, rho in enumerate(irreps))
    for i, rho in enumerate(irreps):
        if rho.ndim != 3 or rho.shape[0] != n or rho.shape[1] != rho.shape[2]:
            raise ValueError(f"irrep {i} must have shape ({n}, d, d), got {rho.shape}")
        if not np.allclose(rho @ rho.conj().swapaxes(1, 2), np.eye(rho.shape[1]), atol=_TOLERANCE):
            raise ValueError(f"irrep {i} is not unitary; average an inner product over the group first")
        for g in generators:
            if not np.allclose(rho[g] @ rho, rho[table[g]], atol=_TOLERANCE):
                raise ValueError(f"irrep {i} is no homomorphism: rho(g) rho(h) differs from rho(gh) at g = {g}")
    if not irreps or irreps[0].shape[1] != 1 or not np.allclose(irreps[0], 1):
        raise ValueError("the first irrep must be the trivial one, identically 1")
    characters = np.array([np.einsum("gii->g", rho) for rho in irreps])
    if not np.allclose(characters @ characters.conj().T / n, np.eye(len(irreps)), atol=1e-7):
        raise ValueError("irreps must be irreducible and inequivalent: their characters are not orthonormal")
    dimensions = [rho.shape[1] for rho in irreps]
    if sum(d * d for d in dimensions) != n:
        raise ValueError(f"irreps are incomplete: squared dimensions {dimensions} do not sum to |G| = {n}")
    for rho in irreps:
        rho.flags.writeable = False
    return irreps


def _own(rho, name):
    """A copy, since it is made read-only, in double precision, since products of small integers would wrap around."""
    rho = plain_array(rho, name)
    return np.array(rho, dtype=np.complex128 if np.iscomplexobj(rho) else np.float64)


def young_orthogonal_form(n, elements):
    """All real orthogonal irreps of the symmetric group on n letters, one for each partition of n.

    Parameters
    ----------
    n : int
    elements : list of tuples, the permutations in image notation, g[i] being where i goes

    Returns
    -------
    list of (n!, d, d) arrays, the trivial one (partition (n)) first.
    """
    return [_young_irrep(partition, elements) for partition in _partitions(n, n)]


def _partitions(n, largest):
    if n == 0:
        return [()]
    return [(k, *rest) for k in range(min(n, largest), 0, -1) for rest in _partitions(n - k, k)]


def _standard_tableaux(partition) -> list[tuple[tuple[int, int], ...]]:
    """Every standard tableau of this shape, as the tuple of cells (row, column) of the letters in turn."""
    if sum(partition) == 0:
        return [()]
    tableaux = []
    for row, length in enumerate(partition):
        if length and (row + 1 == len(partition) or partition[row + 1] < length):
            smaller = (*partition[:row], length - 1, *partition[row + 1 :])
            tableaux += [(*t, (row, length - 1)) for t in _standard_tableaux(smaller)]
    return tableaux


def _young_irrep(partition, elements):
    tableaux = _standard_tableaux(partition)
    index = {t: i for i, t in enumerate(tableaux)}
    n, d = sum(partition), len(tableaux)
    # The transposition of letters k and k+1 acts by 1/r on the diagonal, r their axial distance, and mixes a tableau
    # with the one that has the two letters exchanged.
    swaps = np.zeros((n - 1, d, d))
    for t, i in index.items():
        for k in range(n - 1):
            (row1, col1), (row2, col2) = t[k], t[k + 1]
            r = (col2 - row2) - (col1 - row1)
            swaps[k, i, i] = 1 / r
            exchanged = index.get((*t[:k], t[k + 1], t[k], *t[k + 2 :]))
            if exchanged is not None:
                swaps[k, exchanged, i] = np.sqrt(1 - 1 / r**2)

    @lru_cache(maxsize=None)
    def rho(g):
        # Undo one descent at a time: g = (g s_k) s_k, with s_k acting on positions.
        for k in range(n - 1):
            if g[k] > g[k + 1]:
                return rho((*g[:k], g[k + 1], g[k], *g[k + 2 :])) @ swaps[k]
        return np.eye(d)

    return np.array([rho(g) for g in elements])
