"""Groups satisfy their axioms, irreps are what they claim, and tables that are no group are refused by axiom."""

import numpy as np
import pytest

from symlib.groups import FiniteGroup, cyclic, dihedral, direct_product, quaternion, symmetric
from symlib.groups.irreps import decompose_regular


def test_axioms(group):
    table, n = group.table, group.order
    assert table.shape == (n, n)
    assert (table[0] == np.arange(n)).all() and (table[:, 0] == np.arange(n)).all()
    assert (table[table] == table[np.arange(n)[:, None, None], table]).all()
    assert (table[np.arange(n), group.inverse] == 0).all() and (table[group.inverse, np.arange(n)] == 0).all()


def test_irreps_are_unitary_homomorphisms(group):
    for rho in group.irreps:
        d = rho.shape[1]
        np.testing.assert_allclose(rho[:, None] @ rho[None], rho[group.table], atol=1e-12)
        np.testing.assert_allclose(rho @ rho.conj().swapaxes(1, 2), np.broadcast_to(np.eye(d), rho.shape), atol=1e-12)


def test_irreps_decompose_the_regular_representation(group):
    # Matrix entries of all irreps, scaled by sqrt(d/|G|), are an orthonormal basis of functions on the group.
    entries = np.concatenate(
        [rho.reshape(group.order, -1) * np.sqrt(rho.shape[1] / group.order) for rho in group.irreps], 1
    )
    assert entries.shape == (group.order, group.order)
    np.testing.assert_allclose(entries.conj().T @ entries, np.eye(group.order), atol=1e-12)
    np.testing.assert_allclose(group.irreps[0], 1, atol=1e-12)


def test_numerical_irreps_have_the_characters_of_the_closed_forms(group):
    found = decompose_regular(group.table, group.inverse)
    inner = np.array([[np.vdot(np.einsum("gii->g", a), np.einsum("gii->g", b)) for a in found] for b in group.irreps])
    assert inner.shape[0] == inner.shape[1]
    # Each closed form is equivalent to exactly one representation found numerically.
    np.testing.assert_allclose(np.sort(np.abs(inner) / group.order, axis=1)[:, -1], 1, atol=1e-9)
    np.testing.assert_allclose(np.abs(inner).sum(axis=1) / group.order, 1, atol=1e-7)


@pytest.mark.parametrize(
    "group, order, dimensions",
    [
        (cyclic(5), 5, [1] * 5),
        (dihedral(6), 12, [1, 1, 1, 1, 2, 2]),
        (dihedral(7), 14, [1, 1, 2, 2, 2]),
        (quaternion(), 8, [1, 1, 1, 1, 2]),
        (symmetric(5), 120, [1, 1, 4, 4, 5, 5, 6]),
        (direct_product(dihedral(3), cyclic(2)), 12, [1, 1, 1, 1, 2, 2]),
    ],
)
def test_known_orders_and_dimensions(group, order, dimensions):
    assert group.order == order
    assert sorted(rho.shape[1] for rho in group.irreps) == dimensions


def test_symmetric_group_is_composition_of_permutations():
    from itertools import permutations

    elements = list(permutations(range(4)))
    table = symmetric(4).table
    for g, h in [(3, 10), (17, 5), (23, 8)]:
        assert elements[table[g, h]] == tuple(elements[g][i] for i in elements[h])


def test_dihedral_relations():
    n, table = 5, dihedral(5).table
    r, s = 1, n
    assert table[table[s, r], s] == n - 1 and table[s, s] == 0


@pytest.mark.parametrize(
    "table, message",
    [
        ([[0, 1], [1, 2]], "closure fails: 1·1 = 2"),
        ([[1, 0], [0, 1]], "identity fails: element 0"),
        ([[0, 1, 2], [1, 0, 1], [2, 2, 0]], "associativity fails"),
        ([[0, 1], [1, 1]], "inverses fail: element 1"),
        ([[0, 1]], r"square and not empty, got shape \(1, 2\)"),
        ([[0.0]], "integers"),
    ],
)
def test_a_table_that_is_no_group_is_refused_by_axiom(table, message):
    with pytest.raises(ValueError, match=message):
        FiniteGroup(table)


def test_a_latin_square_with_identity_is_not_enough():
    # The smallest loop that is no group has five elements.
    loop = [[0, 1, 2, 3, 4], [1, 0, 3, 4, 2], [2, 4, 0, 1, 3], [3, 2, 4, 0, 1], [4, 3, 1, 2, 0]]
    with pytest.raises(ValueError, match="associativity fails"):
        FiniteGroup(loop)


def test_wrong_irreps_are_refused():
    c3, table = cyclic(3), cyclic(3).table
    with pytest.raises(ValueError, match="incomplete"):
        FiniteGroup(table, c3.irreps[:2])
    with pytest.raises(ValueError, match="no homomorphism"):
        FiniteGroup(table, [c3.irreps[0], c3.irreps[1], np.array([1, -1, 1.0]).reshape(3, 1, 1)])
    with pytest.raises(ValueError, match="not unitary"):
        FiniteGroup(table, [2 * c3.irreps[0]])
    with pytest.raises(ValueError, match="trivial"):
        FiniteGroup(table, c3.irreps[::-1])
    with pytest.raises(ValueError, match="orthonormal"):
        FiniteGroup(table, [c3.irreps[0], c3.irreps[1], c3.irreps[1]])


@pytest.mark.parametrize("make", [cyclic, dihedral, symmetric])
def test_sizes_must_be_whole_and_positive(make):
    for bad in (0, -2, 2.5):
        with pytest.raises(ValueError, match="whole number of at least 1"):
            make(bad)


def test_large_symmetric_groups_are_refused():
    with pytest.raises(ValueError, match="n <= 5"):
        symmetric(6)


def test_a_callers_table_and_irreps_stay_writeable():
    table, irreps = np.array([[0, 1], [1, 0]]), [np.ones((2, 1, 1)), np.array([[[1.0]], [[-1.0]]])]
    group = FiniteGroup(table, irreps)
    irreps[1][1] = table[1, 1] = 7
    assert group.table[1, 1] == 0 and group.irreps[1][1] == -1
    with pytest.raises(ValueError, match="read-only"):
        group.irreps[1][1] = 7


def test_small_integers_do_not_wrap_around_to_a_representation():
    table = [[0, 1], [1, 0]]
    signs = [np.ones((2, 1, 1), np.int8), np.array([1, -1], np.int8).reshape(2, 1, 1)]
    assert [rho.dtype for rho in FiniteGroup(table, signs).irreps] == [np.float64] * 2
    # 127 * 127 is 1 modulo 256.
    with pytest.raises(ValueError, match="not unitary"):
        FiniteGroup(table, [signs[0], np.array([1, 127], np.int8).reshape(2, 1, 1)])


def test_masked_tables_and_irreps_are_refused():
    table = np.array([[0, 1], [1, 0]])
    with pytest.raises(TypeError, match="table is a masked array"):
        FiniteGroup(np.ma.masked_equal(table, 1))
    with pytest.raises(TypeError, match="irrep 0 is a masked array"):
        FiniteGroup(table, [np.ma.masked_equal(np.ones((2, 1, 1)), 0)])
