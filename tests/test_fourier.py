"""The transform inverts, turns convolution into products, and its fast path equals its definition."""

import numpy as np
import pytest

from symlib.fourier import fourier_transform, inverse_fourier_transform, real_blocks
from symlib.groups import FiniteGroup, cyclic, quaternion
from tests.samples import semidirect

# Groups that have irreps by complex matrices: of dimension 3, and of dimensions 1 and 2.
SEVEN_THREE, THREE_FOUR = semidirect(7, 3, 2), semidirect(3, 4, 2)


def by_definition(f, group):
    """Σ_u f(u) ⊗ ρ(u), one Kronecker product at a time."""
    return [sum(np.kron(f[u], rho[u]) for u in range(group.order)) for rho in group.irreps]


def a_function(group, seed=0, shape=(3, 2)):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((group.order, *shape)) + 1j * rng.standard_normal((group.order, *shape))


def test_transform_equals_its_definition(group):
    f = a_function(group)
    for block, expected in zip(fourier_transform(f, group), by_definition(f, group), strict=True):
        np.testing.assert_allclose(block, expected, atol=1e-12)


def test_round_trip_with_batch(group):
    f = np.stack([a_function(group, 1), a_function(group, 2)])
    np.testing.assert_allclose(inverse_fourier_transform(fourier_transform(f, group), group), f, atol=1e-12)


def test_convolution_becomes_matrix_product(group):
    f, h = a_function(group, 3, (2, 3)), a_function(group, 4, (3, 2))
    convolved = np.array(
        [sum(f[u] @ h[group.table[group.inverse[u], v]] for u in range(group.order)) for v in range(group.order)]
    )
    products = [a @ b for a, b in zip(fourier_transform(f, group), fourier_transform(h, group))]
    for block, expected in zip(fourier_transform(convolved, group), products):
        np.testing.assert_allclose(block, expected, atol=1e-10)


def test_fft_path_equals_the_general_one():
    fast = cyclic(12)
    # Reordered irreps of the same table: no FFT applies, the general sum runs.
    slow = FiniteGroup(fast.table, [fast.irreps[0], *fast.irreps[:0:-1]])
    assert fast.has_fft and not slow.has_fft
    f = a_function(fast)
    expected = fourier_transform(f, slow)
    expected = [expected[0], *expected[:0:-1]]
    for block, other in zip(fourier_transform(f, fast), expected):
        np.testing.assert_allclose(block, other, atol=1e-12)


def test_real_blocks_determine_the_whole_transform(group):
    f = a_function(group).real
    squares = sum(m * group.irreps[i].shape[1] * (np.abs(b) ** 2).sum() for i, m, b in real_blocks(f, group))
    np.testing.assert_allclose(squares / group.order, (f**2).sum())  # Plancherel
    whole = fourier_transform(f, group)
    for i, _, block in real_blocks(f, group):
        np.testing.assert_allclose(block, whole[i], atol=1e-12)


@pytest.mark.parametrize("group", [cyclic(5), quaternion(), SEVEN_THREE, THREE_FOUR], ids=lambda group: group.name)
def test_blocks_of_an_invariant_matrix_stand_at_their_own_irrep(group):
    """In the basis √(d/|G|) ρ(g)_ij the block is f̂(ρ), once for each row i; with bars it would be that of conj ρ."""
    n, C = group.order, 2
    f = a_function(group, 5, (C, C)).real
    matrix = f[group.table[group.inverse]].swapaxes(1, 2).reshape(n * C, n * C)
    told_apart = False
    for rho, expected in zip(group.irreps, fourier_transform(f, group), strict=True):
        d = rho.shape[1]
        columns = np.einsum("gij,cd->gcidj", np.sqrt(d / n) * rho, np.eye(C)).reshape(n * C, -1)
        np.testing.assert_allclose(columns.conj().T @ matrix @ columns, np.kron(np.eye(d), expected), atol=1e-12)
        told_apart |= np.abs(expected.imag).max() > 0.1  # f is real, so f̂(conj ρ) = conj f̂(ρ)
    assert told_apart


def test_scalar_functions_and_bad_shapes():
    group = quaternion()
    assert [b.shape for b in fourier_transform(np.ones(8), group)] == [(1, 1)] * 4 + [(2, 2)]
    with pytest.raises(ValueError, match="one value for each element"):
        fourier_transform(np.ones(7), group)
    with pytest.raises(ValueError, match="5 blocks"):
        inverse_fourier_transform([np.eye(1)], group)
    with pytest.raises(ValueError, match="does not fit an irrep of dimension 2"):
        inverse_fourier_transform([np.eye(1)] * 4 + [np.eye(3)], group)
    with pytest.raises(TypeError, match="f is a masked array"):
        fourier_transform(np.ma.masked_equal(np.arange(8.0), 3), group)
