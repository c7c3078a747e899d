"""Finite groups as multiplication tables, each with its full set of unitary irreducible representations (irreps).

Elements are the indices 0 … |G|-1 and 0 is the identity. An irrep ρ of dimension d is an array (|G|, d, d) with
ρ(g) ρ(h) = ρ(gh) and ρ(g) ρ(g)* = I; the trivial one comes first. Source: J.-P. Serre, *Linear Representations of
Finite Groups* (1977), chapters 2 and 5.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.groups.irreps import decompose_regular, full_set
from symlib.support.checks import plain_array


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
    inverse : (n,) array of int, read-only, `table[g, inverse[g]] == 0`
    generators : list of int, elements whose products are the whole group
    irreps : tuple of (n, d, d) arrays in double precision, read-only, Σ d² = |G|

    Raises
    ------
    ValueError
        If the table is no group, naming the axiom that fails and where; if `irreps` are not a full set.
    TypeError
        If the table or an irrep is masked or sparse.

    Examples
    --------
    >>> klein = FiniteGroup([[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]], name="Klein four")
    >>> klein.order, [rho.shape[1] for rho in klein.irreps]
    (4, [1, 1, 1, 1])
    """

    def __init__(self, table: ArrayLike, irreps: Sequence[ArrayLike] | None = None, name: str = "G") -> None:
        self.name = name
        self.table, self.generators = _group_table(table)
        self.order = len(self.table)
        self.inverse = self.table.argmin(axis=1)  # where the identity, 0, stands in each row
        self.table.flags.writeable = self.inverse.flags.writeable = False
        if irreps is not None:
            self.irreps = full_set(irreps, self.table, self.generators)

    @cached_property
    def irreps(self) -> tuple[NDArray, ...]:
        return full_set(decompose_regular(self.table, self.inverse), self.table, self.generators)

    @cached_property
    def has_fft(self) -> bool:
        """Whether element k is k steps of 1/n of a turn and irrep ω is e^{2πiωk/n}, so that an FFT applies."""
        return all(rho.shape[1] == 1 for rho in self.irreps) and bool(
            np.array_equal(self.table, cyclic_table(self.order))
            and np.allclose(np.array(self.irreps)[:, :, 0, 0], cyclic_characters(self.order), atol=1e-12)
        )

    def __repr__(self):
        return f"FiniteGroup({self.name}, order={self.order})"


def _group_table(table):
    """The table as an int array of its own, checked axiom by axiom, and elements that generate the group."""
    table = plain_array(table, "table")
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
        raise ValueError("table is no group, identity fails: element 0 must leave every element as it is on both sides")
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
        close(reached, table)
    return generators


def close(members, table):
    """Add to a mask (n,) of elements, in place, all products of its members."""
    while True:
        inside = np.flatnonzero(members)
        members[table[np.ix_(inside, inside)]] = True
        if members.sum() == len(inside):
            return


def cyclic_table(n):
    return (np.arange(n)[:, None] + np.arange(n)) % n


def cyclic_characters(n):
    # ωk is reduced modulo n before the exponential, which keeps the characters exact for large n.
    return np.exp(2j * np.pi * (np.outer(np.arange(n), np.arange(n)) % n) / n)
