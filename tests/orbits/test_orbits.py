"""Group actions on images: spline rotation against scipy, the exact actions against their group laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from symlib.datasets import mnist
from symlib.groups import dihedral
from symlib.orbits import (
    dihedral_orbits,
    normalize,
    points,
    rotation_operators,
    rotation_orbits,
    translation_orbits,
)

IMAGES = np.random.default_rng(0).normal(size=(3, 28, 28))


def scipy_orbits(images, n):
    """The slow, dull second algorithm: one call of scipy for each image and angle."""
    angles = [360 * g / n for g in range(n)]
    turn = ndimage.rotate
    return np.array([[turn(x, angle, order=3, reshape=False) for angle in angles] for x in images])


@settings(max_examples=40, deadline=None)
@given(side=st.integers(1, 30), n=st.integers(1, 40), seed=st.integers(0, 999))
def test_spline_rotation_is_scipy_at_every_side_and_angle(side, n, seed):
    images = np.random.default_rng(seed).normal(size=(2, side, side))
    assert_allclose(rotation_orbits(images, n), scipy_orbits(images, n), rtol=0, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 4, 8, 64])
def test_spline_rotation_is_scipy_on_more_images_than_a_block(n):
    images = np.random.default_rng(n).normal(size=(45, 9, 9))
    assert_allclose(rotation_orbits(images, n), scipy_orbits(images, n), rtol=0, atol=1e-12)


def test_spline_rotation_by_quarter_turns_permutes_pixels():
    orbits = rotation_orbits(IMAGES, 4)
    for k in range(4):
        assert_allclose(orbits[:, k], np.rot90(IMAGES, k, axes=(1, 2)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("interpolation", ["spline", "steerable"])
@pytest.mark.parametrize(("n", "side"), [(1, 4), (3, 7), (6, 8)])
def test_operators_act_as_the_orbits(interpolation, n, side):
    images = IMAGES[:, :side, :side]
    operators = rotation_operators(n, side, interpolation)
    assert operators.shape == (n, side**2, side**2)
    acted = np.einsum("gpq,cq->cgp", operators, images.reshape(3, -1)).reshape(3, n, side, side)
    assert_allclose(acted, rotation_orbits(images, n, interpolation), rtol=0, atol=1e-12)
    assert_array_equal(operators[0], np.eye(side**2))


@pytest.mark.parametrize("interpolation", ["spline", "steerable"])
@pytest.mark.parametrize("n", [1, 5])
def test_pose_zero_is_the_seed_exactly(interpolation, n):
    assert_array_equal(rotation_orbits(IMAGES, n, interpolation)[:, 0], IMAGES)


@pytest.mark.parametrize("side", [7, 12, 28])
@pytest.mark.parametrize("n", [3, 8])
def test_steerable_rotation_is_an_exact_action(side, n):
    turn = rotation_operators(n, side, "steerable")
    identity = np.eye(side**2)
    for a, b in [(1, 1), (1, 2), (2, n - 1), (n - 1, 1)]:
        assert_allclose(turn[a] @ turn[b], turn[(a + b) % n], rtol=0, atol=1e-12)
    assert_allclose(turn[1] @ turn[1].T, identity, rtol=0, atol=1e-12)
    assert_allclose(np.linalg.matrix_power(turn[1], n), identity, rtol=0, atol=1e-12)
    assert_allclose(turn @ np.ones(side**2), 1, rtol=0, atol=1e-12)


def test_steerable_rotation_of_the_generator_by_hand():
    """Against the definition: exponentials of the rounded spectrum, one dense matrix an angle."""
    side, n = 6, 5
    k = np.arange(side)[:, None] - np.arange(side)
    with np.errstate(divide="ignore"):
        entries = np.pi / side * (-1.0) ** k / np.tan(np.pi * k / side)
    derivative = np.where(k == 0, 0, entries)
    x = np.diag(np.arange(side) - 2.5)
    omega, v = np.linalg.eigh(1j * (np.kron(derivative, x) - np.kron(x, derivative)))
    for g, operator in enumerate(rotation_operators(n, side, "steerable")):
        expected = (v * np.exp(-2j * np.pi * g / n * np.rint(omega))) @ v.conj().T
        assert_allclose(operator, expected, rtol=0, atol=1e-12)


def test_steerable_rotation_turns_digits_as_spline_rotation_does():
    digits = mnist("bundled")[0][:200]
    spline, steerable = rotation_orbits(digits, 24), rotation_orbits(digits, 24, "steerable")
    for g in (2, 3, 6, 12):  # 30, 45, 90, 180 degrees
        gap = np.linalg.norm(steerable[:, g] - spline[:, g]) / np.linalg.norm(spline[:, g])
        assert 0.08 < gap < 0.13
        wrong_sense = np.linalg.norm(steerable[:, -g] - spline[:, g]) / np.linalg.norm(spline[:, g])
        assert g == 12 or wrong_sense > 0.5


def test_steerable_rotation_commutes_with_normalisation():
    first = rotation_orbits(normalize(IMAGES), 7, "steerable")
    last = normalize(rotation_orbits(IMAGES, 7, "steerable"))
    assert_allclose(first, last, rtol=0, atol=1e-13)


@pytest.mark.parametrize("n", [1, 4, 28])
def test_translation_rolls_along_the_width(n):
    orbits = translation_orbits(IMAGES[:, :20], n)
    for g in range(n):
        assert_array_equal(orbits[:, g], np.roll(IMAGES[:, :20], g * 28 // n, axis=2))


def test_dihedral_orbits_follow_the_group_table():
    table = dihedral(4).table
    orbits = dihedral_orbits(IMAGES)
    for h in range(8):
        assert_array_equal(dihedral_orbits(orbits[:, h]), orbits[:, table[:, h]])


def test_dihedral_rotations_turn_as_rotation_orbits():
    assert_allclose(dihedral_orbits(IMAGES)[:, :4], rotation_orbits(IMAGES, 4), rtol=0, atol=1e-12)
    assert_array_equal(dihedral_orbits(IMAGES)[:, 4], np.flip(IMAGES, axis=-1))


@given(n=st.integers(1, 12), turn=st.integers(0, 11))
@settings(deadline=None, max_examples=25)
def test_exact_cyclic_actions_compose(n, turn):
    turn %= n
    for orbits_of in (
        lambda x: translation_orbits(x, n),
        lambda x: rotation_orbits(x, n, "steerable"),
    ):
        orbits = orbits_of(np.random.default_rng(n).normal(size=(1, n, n)))
        turned = np.roll(orbits, -turn, axis=1)
        assert_allclose(orbits_of(orbits[:, turn]), turned, rtol=0, atol=1e-12)


def test_normalize_centres_and_scales_each_image():
    batch = rotation_orbits(IMAGES + 3, 200)
    out = normalize(batch)
    assert out.shape == batch.shape
    assert_allclose(out.mean(axis=(-2, -1)), 0, atol=1e-15)
    assert_allclose(np.linalg.norm(out, axis=(-2, -1)), 1, rtol=1e-14)
    centred = batch - batch.mean(axis=(-2, -1), keepdims=True)
    assert_allclose(out * np.linalg.norm(centred, axis=(-2, -1), keepdims=True), centred, atol=1e-13)


def test_normalize_leaves_its_argument_alone():
    before = IMAGES.copy()
    normalize(IMAGES)
    assert_array_equal(IMAGES, before)


def test_points_are_element_major():
    orbits = np.arange(2 * 3 * 5 * 4 * 4.0).reshape(2, 3, 5, 4, 4)
    flat, kept = points(orbits), points(orbits, flatten=False)
    assert flat.shape == (2, 15, 16) and kept.shape == (2, 15, 4, 4)
    for p in range(2):
        for c in range(3):
            for g in range(5):
                assert_array_equal(kept[p, g * 3 + c], orbits[p, c, g])
                assert_array_equal(flat[p, g * 3 + c], orbits[p, c, g].ravel())
    assert_array_equal(points(orbits[0, ..., 0, :], ndim=1), kept[0, :, 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rotation_orbits(IMAGES, 0), "n must be a whole number of at least 1, got 0"),
        (lambda: rotation_orbits(IMAGES, 2.5), "n must be a whole number of at least 1, got 2.5"),
        (lambda: rotation_operators(-1, 4), "n must be a whole number of at least 1, got -1"),
        (lambda: rotation_operators(2, 0), "side must be a whole number"),
        (lambda: rotation_orbits(IMAGES[0], 4), r"\(C, H, W\).*got shape \(28, 28\).*image\[None\]"),
        (lambda: rotation_orbits(IMAGES[:, :9], 4), r"must be square.*got shape \(3, 9, 28\)"),
        (lambda: rotation_orbits(IMAGES[:0], 4), r"got shape \(0, 28, 28\)"),
        (lambda: rotation_orbits(IMAGES * np.nan, 4), "must be finite"),
        (lambda: rotation_orbits(IMAGES, 4, "linear"), '"spline" or "steerable", got \'linear\''),
        (lambda: translation_orbits(IMAGES, 5), r"divide the width of 28 pixels, got n = 5; .*\[1, 2"),
        (lambda: translation_orbits(IMAGES[0], 4), r"got shape \(28, 28\)"),
        (lambda: dihedral_orbits(IMAGES[:, :9]), r"must be square.*got shape \(3, 9, 28\)"),
        (lambda: normalize(IMAGES[0, 0]), r"\(\.\.\., H, W\).*got shape \(28,\)"),
        (lambda: points(IMAGES), r"2 input axes, got shape \(3, 28, 28\); pass ndim=1"),
    ],
)
def test_bad_input_is_refused_with_the_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("value", [0.0, 0.1, -3e7])
def test_a_blank_image_is_refused_by_index(value):
    batch = np.tile(IMAGES, (200, 1, 1)).reshape(200, 3, 28, 28)
    batch[150, 2] = value
    with pytest.raises(ValueError, match=r"image \(150, 2\) is blank .*leave it out"):
        normalize(batch)


def test_an_image_constant_up_to_rounding_is_blank_too():
    images = IMAGES.copy()
    images[2] = 0.1
    images[2, 5, 5] = np.nextafter(0.1, 1)
    with pytest.raises(ValueError, match=r"image \(2,\) is blank"):
        normalize(images)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_non_finite_pixel_is_refused_by_index(value):
    images = IMAGES.copy()
    images[1, 3, 4] = value
    with pytest.raises(ValueError, match=r"image \(1,\) holds NaN or inf"):
        normalize(images)
