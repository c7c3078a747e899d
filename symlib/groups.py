"""Finite groups as multiplication tables, each with its full set of unitary irreducible representations (irreps).

Elements are the indices 0 … |G|-1 and 0 is the identity. An irrep ρ of dimension d is an array (|G|, d, d) with
ρ(g) ρ(h) = ρ(gh) and ρ(g) ρ(g)* = I; the trivial one comes first. Source: J.-P. Serre, *Linear Representations of
Finite Groups* (1977), chapters 2 and 5.
"""

from functools import cached_property
from itertools import permutations

import numpy as np

from symlib.checks import positive_int
from symlib.irreps import decompose_regular, full_set, young_orthogonal_form


class FiniteGroup:
    """A finite group, given by its multiplication table.

    Parameters
    ----------
    table : (n, n) array of int
        `table[g, h]` is the index of the product gh (in an action, h acts first); element 0 is the identity.
    irreps : sequence of (n, d, d) arrays, optional
        Every unitary irrep once, the trivial one first; checked. Without them they are computed when first asked
        for, by splitting the regular representation.
    name : str, optional

    Attributes
    ----------
    order : int, the number of elements |G|
    table : (n, n) array of int, read-only
    inverse : (n,) array of int, `table[g, inverse[g]] == 0`
    generators : list of int, elements whose products are the whole group
    irreps : tuple of (n, d, d) arrays, Σ d² = |G|

    Raises
    ------
    ValueError
        If the table is no group, naming the axiom that fails and where; if `irreps` are not a full set.

    Examples
    --------
    >>> klein = FiniteGroup([[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]], name="Klein four")
    >>> klein.order, [rho.shape[1] for rho in klein.irreps]
    (4, [1, 1, 1, 1])
    """

    def __init__(self, table, irreps=None, name="G"):
        self.name = name
        self.table, self.generators = _group_table(table)
        self.order = len(self.table)
        self.inverse = self.table.argmin(axis=1)  # where the identity, 0, stands in each row
        self.table.flags.writeable = self.inverse.flags.writeable = False
        if irreps is not None:
            self.irreps = full_set(irreps, self.table, self.generators)

    @cached_property
    def irreps(self):
        return full_set(decompose_regular(self.table, self.inverse), self.table, self.generators)

    @cached_property
    def has_fft(self):
        """Whether element k is k steps of 1/n of a turn and irrep ω is e^{2πiωk/n}, so that an FFT applies."""
        return all(rho.shape[1] == 1 for rho in self.irreps) and bool(
            np.array_equal(self.table, _addition_modulo(self.order))
            and np.allclose(np.array(self.irreps)[:, :, 0, 0], _characters(self.order), atol=1e-12)
        )

    def __repr__(self):
        return f"FiniteGroup({self.name}, order={self.order})"


def cyclic(n):
    """The cyclic group C_n: element k is k steps of 1/n of a turn, irrep ω the character e^{2πiωk/n}.

    >>> int(cyclic(4).table[3, 2])
    1
    """
    n = positive_int(n, "n")
    return FiniteGroup(_addition_modulo(n), _characters(n)[:, :, None, None], name=f"C{n}")


def dihedral(n):
    """The dihedral group of the regular n-gon, order 2n: element k is the rotation rᵏ, element n + k is rᵏs.

    s is a reflection, it acts first, and s r s = r⁻¹. Irreps are real: rotations by 2πjk/n for 0 < j < n/2, and
    the two (n odd) or four (n even) signs.

    >>> [rho.shape[1] for rho in dihedral(5).irreps]
    [1, 1, 2, 2]
    """
    n = positive_int(n, "n")
    turn, flip = np.tile(np.arange(n), 2), np.repeat([0, 1], n)
    # rᵃsᵖ · rᵇsᑫ = r^(a ± b) s^(p+q), minus if p = 1.
    sign = np.where(flip, -1, 1)
    table = (turn[:, None] + sign[:, None] * turn) % n + n * ((flip[:, None] + flip) % 2)
    half_turns = [1.0] if n % 2 else [1.0, -1.0]  # where r may go in dimension 1
    irreps = [(r**turn * s**flip)[:, None, None] for r in half_turns for s in (1.0, -1.0)]
    for j in range(1, (n + 1) // 2):
        angle = 2 * np.pi * (j * turn % n) / n
        cos, sin = np.cos(angle), np.sin(angle)
        irreps.append(np.moveaxis(np.array([[cos, -sin * sign], [sin, cos * sign]]), -1, 0))
    return FiniteGroup(table, irreps, name=f"D{n}")


def quaternion():
    """The quaternion group Q8, in the order 1, i, j, k, -1, -i, -j, -k.

    >>> q = quaternion()
    >>> int(q.table[1, 2]), int(q.table[2, 1]), int(q.table[1, 1])  # ij = k, ji = -k, ii = -1
    (3, 7, 4)
    """
    i, j = np.array([[1j, 0], [0, -1j]]), np.array([[0, 1], [-1, 0]])
    units = np.array([np.eye(2), i, j, i @ j])
    matrices = np.concatenate([units, -units])
    products = np.einsum("gij,hjk->ghik", matrices, matrices)
    table = np.abs(products[:, :, None] - matrices).sum(axis=(-1, -2)).argmin(axis=-1)
    signs = [np.tile([1.0, a, b, a * b], 2)[:, None, None] for a in (1, -1) for b in (1, -1)]
    return FiniteGroup(table, [*signs, matrices], name="Q8")


def symmetric(n):
    """The symmetric group on n ≤ 5 letters: permutations in lexicographic order, gh meaning g after h.

    Irreps are real: Young's orthogonal form, one for each partition of n.

    >>> sorted(rho.shape[1] for rho in symmetric(4).irreps)
    [1, 1, 2, 3, 3]
    """
    n = positive_int(n, "n")
    if n > 5:
        raise ValueError(
            f"symmetric(n) is built for n <= 5 (order 120), got n = {n}; give FiniteGroup a table instead"
        )
    elements = list(permutations(range(n)))
    index = {g: i for i, g in enumerate(elements)}
    table = [[index[tuple(g[i] for i in h)] for h in elements] for g in elements]
    return FiniteGroup(table, young_orthogonal_form(n, elements), name=f"S{n}")


def direct_product(g, h):
    """The direct product G × H: element (a, b) is a·|H| + b; irreps are the tensor products of irreps.

    >>> direct_product(cyclic(2), cyclic(3)).order
    6
    """
    table = (g.table[:, None, :, None] * h.order + h.table[None, :, None, :]).reshape(g.order * h.order, -1)
    irreps = [
        np.einsum("aij,bkl->abikjl", rho, sigma).reshape(len(table), *(2 * [rho.shape[1] * sigma.shape[1]]))
        for rho in g.irreps
        for sigma in h.irreps
    ]
    return FiniteGroup(table, irreps, name=f"{g.name}×{h.name}")


def _addition_modulo(n):
    return (np.arange(n)[:, None] + np.arange(n)) % n


def _characters(n):
    # ωk is reduced modulo n before the exponential, which keeps the characters exact for large n.
    return np.exp(2j * np.pi * (np.outer(np.arange(n), np.arange(n)) % n) / n)


def _group_table(table):
    """The table as an int array of its own, checked axiom by axiom, and elements that generate the group."""
    table = np.array(table)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not table.size:
        raise ValueError(f"table must be square and not empty, got shape {table.shape}")
    n = len(table)
    if not np.issubdtype(table.dtype, np.integer):
        raise ValueError(f"table must hold element indices (integers), got dtype {table.dtype}")
    table = table.astype(np.intp)
    if (bad := np.argwhere((table < 0) | (table >= n))).size:
        g, h = bad[0]
        raise ValueError(f"table is no group, closure fails: {g}·{h} = {table[g, h]} is not in 0..{n - 1}")
    if not (np.array_equal(table[0], np.arange(n)) and np.array_equal(table[:, 0], np.arange(n))):
        raise ValueError(
            "table is no group, identity fails: element 0 must leave every element as it is on both sides"
        )
    # Associativity need only be tested in the middle place for elements that generate all (Light's test).
    generators = _generating_set(table)
    for b in generators:
        left, right = table[table[:, b]], table[:, table[b]]
        if (bad := np.argwhere(left != right)).size:
            a, c = bad[0]
            raise ValueError(
                f"table is no group, associativity fails: ({a}·{b})·{c} = {left[a, c]} "
                f"but {a}·({b}·{c}) = {right[a, c]}"
            )
    if (bad := np.flatnonzero(~(table == 0).any(axis=1))).size:
        raise ValueError(f"table is no group, inverses fail: element {bad[0]} has none")
    return table, generators


def _generating_set(table):
    """Elements whose products give every element, found greedily: at most log₂|G| of them in a group."""
    reached = np.zeros(len(table), bool)
    reached[0] = True
    generators = []
    while not reached.all():
        generators.append(int(np.argmin(reached)))
        reached[generators[-1]] = True
        while True:
            members = np.flatnonzero(reached)
            reached[table[np.ix_(members, members)]] = True
            if reached.sum() == len(members):
                break
    return generators
