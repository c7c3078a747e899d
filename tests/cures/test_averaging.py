"""Averaged kernels against sums by hand, and the refusal of what is no action, no subgroup or no invariant kernel."""

import numpy as np
import pytest

from symlib.cures import averaged_kernel
from symlib.gram import gram, invariant_gram
from symlib.groups import cyclic, dihedral, quaternion
from symlib.kernels import Kernel, cnn_kernel, mlp_kernel, rbf
from symlib.orbits import dihedral_orbits

GROUPS = [cyclic(8), dihedral(4), quaternion()]


def moved_by(group):
    """The regular representation on vectors of |G| entries: (g x)(h) = x(g⁻¹h)."""
    return lambda g, x: x[..., group.table[group.inverse[g]]]


def kernel(a, b):
    return rbf(a, b, length_scale=2.0)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_mean_over_the_moved_second_argument(group):
    rng = np.random.default_rng(0)
    x1, x2 = rng.standard_normal((2, 3, group.order)), rng.standard_normal((2, 5, group.order))
    move = moved_by(group)
    averaged = averaged_kernel(kernel, move, group)
    by_hand = sum(kernel(x1, move(g, x2)) for g in range(group.order)) / group.order
    np.testing.assert_allclose(averaged(x1, x2), by_hand, rtol=1e-14)
    np.testing.assert_allclose(averaged(x1), averaged(x1, x1.copy()), rtol=1e-13)
    assert np.array_equal(averaged(x1), averaged(x1).swapaxes(-1, -2))
    np.testing.assert_allclose(averaged(move(3, x1), move(6, x2)), by_hand, rtol=1e-12)


@pytest.mark.parametrize("subgroup", [[0, 2], [0, 4], [3, 0, 2, 1]])
def test_over_a_subgroup_of_the_dihedral_group(subgroup):
    images = np.random.default_rng(1).standard_normal((3, 4, 4))
    orbits = dihedral_orbits(images)
    group = dihedral(4)

    def move(g, x):
        return dihedral_orbits(x)[:, g]

    averaged = averaged_kernel(lambda a, b: cnn_kernel(a, b).ntk, move, group, subgroup)
    by_hand = sum(cnn_kernel(images, orbits[:, q].copy()).ntk for q in subgroup) / len(subgroup)
    np.testing.assert_allclose(averaged(images), by_hand, rtol=1e-12)
    np.testing.assert_allclose(averaged(images, orbits[:, subgroup[1]]), averaged(images, images.copy()), rtol=1e-12)


def test_pairs_of_kernels_and_the_functions_that_take_a_kernel():
    group = quaternion()
    rng = np.random.default_rng(2)
    seeds = rng.standard_normal((4, group.order))
    orbits = np.stack([moved_by(group)(g, seeds) for g in range(group.order)], axis=1)
    averaged = averaged_kernel(mlp_kernel, moved_by(group), group)
    whole = averaged(seeds)
    assert isinstance(whole, Kernel)
    np.testing.assert_allclose(gram(averaged, seeds, block_size=3).ntk, whole.ntk, rtol=1e-12)
    kappa = invariant_gram(averaged, orbits, group)
    plain = invariant_gram(mlp_kernel, orbits, group)
    for part, of_plain in zip(kappa, plain):
        np.testing.assert_allclose(part, np.broadcast_to(of_plain.mean(axis=0), part.shape), rtol=1e-10)


def refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_is_refused():
    group = dihedral(4)
    x = np.random.default_rng(3).standard_normal((4, 8))
    move = moved_by(group)
    refused(lambda: averaged_kernel(kernel, move, group, [0, 1]), r"subgroup must be closed: 1·1 = 2 in .*D4")
    refused(lambda: averaged_kernel(kernel, move, group, [1, 2]), r"subgroup must be closed: 1·1 = 2|1·2 = 3")
    refused(lambda: averaged_kernel(kernel, move, group, [0, 8]), r"subgroup must lie in 0..size-1")
    opposite = averaged_kernel(kernel, lambda g, v: v[..., group.table[g]], group)
    refused(lambda: opposite(x), r"does not obey the table of .*D4.*table\[h, g\] has g act first")
    shifting = averaged_kernel(kernel, lambda g, v: np.roll(move(g, v), 1, axis=-1), group)
    refused(lambda: shifting(x), "does not obey the table")
    shortened = averaged_kernel(kernel, lambda g, v: v[..., 1:], group)
    refused(lambda: shortened(x), r"must return points of the shape it was given, \(3, 8\), got \(3, 7\)")
    weighted = averaged_kernel(lambda a, b: kernel(a * np.arange(8), b * np.arange(8)), move, group)
    refused(lambda: weighted(x), r"not invariant under this action: k\(gx, gx'\)")
    broken = averaged_kernel(kernel, lambda g, v: move(g, v) * (np.nan if g == 5 else 1), group)
    refused(lambda: broken(x), "the action's result must be finite")
