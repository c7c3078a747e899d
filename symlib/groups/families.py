"""The groups of the book by name: cyclic, dihedral, quaternion, symmetric, and direct products."""

from itertools import permutations

import numpy as np

from symlib.groups.finite_group import FiniteGroup, cyclic_characters, cyclic_table
from symlib.groups.irreps import young_orthogonal_form
from symlib.support.checks import positive_int


def cyclic(n: int) -> FiniteGroup:
    """The cyclic group C_n: element k is k steps of 1/n of a turn, irrep ω the character e^{2πiωk/n}.

    >>> int(cyclic(4).table[3, 2])
    1
    """
    n = positive_int(n, "n")
    return FiniteGroup(cyclic_table(n), cyclic_characters(n)[:, :, None, None], name=f"C{n}")


def dihedral(n: int) -> FiniteGroup:
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


def quaternion() -> FiniteGroup:
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


def symmetric(n: int) -> FiniteGroup:
    """The symmetric group on n ≤ 5 letters: permutations in lexicographic order, gh meaning g after h.

    Irreps are real: Young's orthogonal form, one for each partition of n.

    >>> sorted(rho.shape[1] for rho in symmetric(4).irreps)
    [1, 1, 2, 3, 3]
    """
    n = positive_int(n, "n")
    if n > 5:
        raise ValueError(f"symmetric(n) is built for n <= 5 (order 120), got n = {n}; give FiniteGroup a table instead")
    elements = list(permutations(range(n)))
    index = {g: i for i, g in enumerate(elements)}
    table = [[index[tuple(g[i] for i in h)] for h in elements] for g in elements]
    return FiniteGroup(table, young_orthogonal_form(n, elements), name=f"S{n}")


def direct_product(g: FiniteGroup, h: FiniteGroup) -> FiniteGroup:
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
