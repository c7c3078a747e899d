"""Orbits that repeat are refused without stabilisers=; kernels that are blind to a subgroup are not."""

import numpy as np
import pytest

from symlib.cures import (
    averaged_kernel,
    committee_residuals,
    full_augmentation_residuals,
    leave_coset_out_residuals,
    partial_augmentation_residuals,
    random_elements_residuals,
)
from symlib.datasets import mnist
from symlib.gram import invariant_gram
from symlib.groups import cyclic, dihedral
from symlib.kernels import cnn_kernel, mlp_kernel, rbf
from symlib.orbits import dihedral_orbits, normalize, rotation_orbits, shift_orbits, stabilisers, translation_orbits
from symlib.regression import loo_residuals
from symlib.spectral import (
    expand_invariant,
    spectral_ensemble_covariance,
    spectral_holdout_residuals,
    spectral_loo_residuals,
)
from tests.samples import repeating_orbits

DIGITS = mnist()[0][[3, 2, 1, 0]]
LABELS = np.array([1.0, -1.0, 0.5, 2.0])
MIRRORED = DIGITS.copy()
MIRRORED[1] += MIRRORED[1, :, ::-1]
MIRRORED[2] += MIRRORED[2, ::-1, ::-1]


def arc_cosines(a, b):
    """Five layers by the textbook, whose arc cosine leaves half the digits at equal points."""
    sizes = np.sqrt((a**2).sum(axis=-1))[..., :, None] * np.sqrt((b**2).sum(axis=-1))[..., None, :]
    cov = ntk = a @ b.swapaxes(-1, -2)
    for _ in range(5):
        cos = np.clip(cov / sizes, -1, 1)
        angle = np.arccos(cos)
        cov = sizes * (np.sin(angle) + (np.pi - angle) * cos) / np.pi
        ntk = ntk * (np.pi - angle) / np.pi + cov
    return ntk


KERNELS = {
    "mlp": lambda a, b: mlp_kernel(a, b).ntk,
    "large biases": lambda a, b: mlp_kernel(a, b, depth=3, b_std=3.0).ntk,
    "arc cosines": arc_cosines,
    "product": lambda a, b: a @ b.swapaxes(-1, -2),
    "narrow": lambda a, b: rbf(a, b, length_scale=0.03),
    "wide": lambda a, b: rbf(a, b, length_scale=100.0),
}


def kappa_of(name, orbits, group):
    return invariant_gram(KERNELS[name], orbits.reshape(*orbits.shape[:2], -1), group, ndim=1, progress=False)


@pytest.mark.parametrize("name", KERNELS)
def test_seeds_that_some_elements_fix_are_refused_whatever_the_kernel(name):
    group, orbits = dihedral(4), normalize(dihedral_orbits(MIRRORED))
    kappa = kappa_of(name, orbits, group)
    message = r"element \d leaves seed [12] where it is, k\(x_[12], \d·x_.*pass stabilisers=symlib.orbits"
    with pytest.raises(ValueError, match=message):
        spectral_loo_residuals(kappa, LABELS, group, 1e-3)
    found = stabilisers(orbits, group)
    assert found == [(0,), (0, 4), (0, 2), (0,)]
    if name == "arc cosines":  # which are not positive semidefinite in the digits that they lose
        return
    told = spectral_loo_residuals(kappa, LABELS, group, 1e-3, found)
    otherwise = spectral_loo_residuals(kappa, LABELS, group, 1e-3, [(0,)] * 4)
    assert (np.abs(told[1:3]) > 1.2 * np.abs(otherwise[1:3])).all()
    # Without the two, nothing repeats and nothing is refused.
    spectral_loo_residuals(kappa[:, [0, 3]][:, :, [0, 3]], LABELS[[0, 3]], group, 1e-3)


def test_a_reflection_of_one_seed_alone_is_enough():
    three = normalize(dihedral_orbits(MIRRORED[[0, 1, 3]]))  # no half turn, which commutes with everything
    with pytest.raises(ValueError, match="points repeat: element 4 leaves seed 1"):
        spectral_loo_residuals(kappa_of("mlp", three, dihedral(4)), LABELS[:3], dihedral(4), 1e-3)


def test_one_seed_that_is_nearly_fixed_is_not_taken_for_fixed():
    """Its copy is 1e-4 away, which moves k(x, ux) of a smooth kernel by 1e-8 only, and other values by more."""
    orbits = shift_orbits([[1, 2, 1, 2 + 1e-4], [1, 2, 3, 4.5], [0, 1, 1, 3]], 4)
    kappa = invariant_gram(lambda a, b: rbf(a, b, length_scale=1.0), orbits, cyclic(4), progress=False)
    assert 1 - kappa[2, 0, 0] < 2e-8
    points_left = loo_residuals(expand_invariant(kappa, cyclic(4)), np.tile(LABELS[:3], 4), 1e-3)[:3]
    found = spectral_loo_residuals(kappa, LABELS[:3], cyclic(4), 1e-3)
    np.testing.assert_allclose(found, points_left, atol=1e-10)


@pytest.mark.parametrize("name", ["mlp", "product"])
def test_a_kernel_in_float32_shows_it_too(name):
    kappa = kappa_of(name, normalize(dihedral_orbits(MIRRORED)), dihedral(4)).astype(np.float32)
    with pytest.raises(ValueError, match="kappa shows that points repeat"):
        spectral_loo_residuals(kappa, LABELS, dihedral(4), 1e-3)


@pytest.mark.parametrize("name", KERNELS)
def test_points_that_are_close_are_not_taken_for_one(name):
    exact = normalize(rotation_orbits(DIGITS[:, ::2, ::2][:, :13, :13], 90, "steerable"))
    spectral_loo_residuals(kappa_of(name, exact, cyclic(90)), LABELS, cyclic(90), 1e-3)


def test_kernels_that_are_blind_to_a_subgroup_are_not_refused():
    shifts = normalize(translation_orbits(DIGITS, 7))
    pooled = invariant_gram(lambda a, b: cnn_kernel(a, b, pooling="gap").ntk, shifts, cyclic(7), progress=False)
    assert np.abs(spectral_loo_residuals(pooled, LABELS, cyclic(7), 1e-10)).max() < 1e-2
    group, orbits = dihedral(4), normalize(dihedral_orbits(DIGITS)).reshape(4, 8, -1)

    def turned(g, x):
        return dihedral_orbits(x.reshape(-1, 28, 28))[:, g].reshape(x.shape)

    for subgroup in ([0, 2], [0, 1, 2, 3], None):
        kernel = averaged_kernel(KERNELS["mlp"], turned, group, subgroup)
        kappa = invariant_gram(kernel, orbits, group, ndim=1, progress=False)
        assert np.abs(spectral_loo_residuals(kappa, LABELS, group, 1e-3)).max() < 1
        # Blind, and seeds that repeat on top of it: an element outside the subgroup fixes one.
        repeated = normalize(dihedral_orbits(MIRRORED)).reshape(4, 8, -1)
        kappa = invariant_gram(kernel, repeated, group, ndim=1, progress=False)
        if subgroup is not None:
            with pytest.raises(ValueError, match="points repeat: element [1-7] leaves seed [12] where it is"):
                spectral_loo_residuals(kappa, LABELS, group, 1e-3)
        given = spectral_loo_residuals(kappa, LABELS, group, 1e-3, stabilisers(repeated, group))
        points = np.unique(repeated.reshape(-1, 784).round(12), axis=0)
        labels = [LABELS[np.abs(repeated - point).max(axis=-1).min(axis=1).argmin()] for point in points]
        dense = loo_residuals(kernel(points), labels, 1e-3)
        np.testing.assert_allclose(np.unique(dense.round(7)), np.unique(given.round(7)), atol=1e-6)


def test_a_reflection_that_fixes_every_seed_is_refused_since_it_is_not_normal():
    symmetric_digits = DIGITS + DIGITS[:, :, ::-1]
    kappa = kappa_of("mlp", normalize(dihedral_orbits(symmetric_digits)), dihedral(4))
    with pytest.raises(ValueError, match="points repeat: element 4 leaves seed 0"):
        spectral_loo_residuals(kappa, LABELS, dihedral(4), 1e-3)


def test_each_of_a_batch_is_looked_at():
    series = [[1, 2, 3, 4.5], [1, 2, 5, 1], [1, 2, 3, 4], [1, 2, 1, 2]]
    orbits = shift_orbits(series, 4).reshape(2, 2, 4, 4)
    kappa = invariant_gram(KERNELS["mlp"], orbits, cyclic(4), progress=False)
    spectral_loo_residuals(kappa[0], [1.0, -1.0], cyclic(4))
    with pytest.raises(ValueError, match="element 2 leaves seed 1"):
        spectral_loo_residuals(kappa, [1.0, -1.0], cyclic(4), 0.1)


def test_every_formula_for_distinct_points_refuses():
    group = dihedral(4)
    _, _, _, kappa = repeating_orbits(group, 4, 124)
    shown = np.ones((8, 4), bool)
    shown[1] = False
    calls = [
        lambda: spectral_holdout_residuals(kappa, LABELS, group, [(0, 0)]),
        lambda: spectral_ensemble_covariance(kappa, kappa, group, [(0, 0)], 0.1),
        lambda: partial_augmentation_residuals(kappa, LABELS, group, shown),
        lambda: committee_residuals(kappa, LABELS, group, [(0, 0)], 0.1),
        lambda: random_elements_residuals(kappa, LABELS, group, 3),
        lambda: random_elements_residuals(kappa, LABELS, group, 8),
        lambda: leave_coset_out_residuals(kappa, LABELS, group, [0, 2], 0.1),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="kappa shows that points repeat"):
            call()


def test_full_augmentation_shows_copies_as_often_as_they_are_made():
    subgroups, gram, pairs, kappa = repeating_orbits(dihedral(4), 4, 124)
    found = full_augmentation_residuals(kappa, LABELS, dihedral(4), 0.3)
    place = {tuple(pair): i for i, pair in enumerate(pairs.tolist())}
    first = [[place[min(dihedral(4).table[g, list(subgroups[c])]), c] for c in range(4)] for g in range(8)]
    every = np.array(first)
    for c in range(4):
        others = np.delete(every, c, axis=1).ravel()
        labels = np.tile(np.delete(LABELS, c), 8)
        weights = np.linalg.solve(gram[np.ix_(others, others)] + 0.3 * np.eye(len(others)), labels)
        np.testing.assert_allclose(found[c], LABELS[c] - gram[every[3, c], others] @ weights, atol=1e-9)


def test_stabilisers_that_kappa_contradicts_are_refused():
    group = dihedral(4)
    subgroups, _, _, kappa = repeating_orbits(group, 4, 124)
    free = subgroups.index((0,))
    wrong = [*subgroups]
    wrong[free] = (0, 2)
    with pytest.raises(
        ValueError,
        match=rf"stabilisers\[{free}\] is contradicted by kappa: if element 2 fixed seed {free}, .* differ by",
    ):
        spectral_loo_residuals(kappa, LABELS, group, 0.1, wrong)
    # Less than all of a stabiliser is believed: that κ looks alike is no proof that points are one.
    less = [(0,) if len(elements) == 2 else elements for elements in subgroups]
    assert np.isfinite(spectral_loo_residuals(kappa, LABELS, group, 0.1, less)).all()
