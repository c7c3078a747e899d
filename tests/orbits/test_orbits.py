"""Group actions on images: spline rotation against scipy, the exact actions against their group laws."""

import tracemalloc
from functools import partial

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
from symlib.orbits.spline_rotation import _sampler
from symlib.orbits.steerable_rotation import steerable_modes, steerable_orbits

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


@pytest.mark.parametrize(("side", "n"), [(7, 3), (7, 8), (12, 8), (28, 3), (28, 8), (6, 5), (2, 6)])
def test_steerable_rotation_is_an_orthogonal_action(side, n):
    turn = rotation_operators(n, side, "steerable")
    identity = np.eye(side**2)
    for a, b in [(1, 1), (1, 2), (2, n - 1), (n - 1, 1)]:
        assert_allclose(turn[a] @ turn[b], turn[(a + b) % n], rtol=0, atol=1e-12)
    assert_allclose(turn[1] @ turn[1].T, identity, rtol=0, atol=1e-12)
    assert_allclose(np.linalg.matrix_power(turn[1], n), identity, rtol=0, atol=1e-12)
    assert_allclose(turn @ np.ones(side**2), 1, rtol=0, atol=1e-12)


@pytest.mark.parametrize("side", [1, 3, 4, 5, 9, 16, 27, 28])
def test_quarter_turns_of_steerable_rotation_permute_pixels(side):
    images = IMAGES[:, :side, :side]
    orbits = rotation_orbits(images, 12, "steerable")
    for k in range(4):
        assert_array_equal(orbits[:, 3 * k], np.rot90(images, k, axes=(1, 2)))
        assert_array_equal(orbits[:, (3 * k + 1) % 12], np.rot90(orbits[:, 1], k, axes=(1, 2)))
    # Before the permutations are put in their place, the modes alone make them to rounding.
    turned = np.empty((3, 4, side, side))
    steerable_orbits(images, turned)
    assert_allclose(turned, orbits[:, ::3], rtol=0, atol=1e-13)


@pytest.mark.parametrize("side", [2, 6, 10, 26])
def test_a_side_without_steerable_quarter_turns_is_refused_where_they_are_asked_for(side):
    images = IMAGES[:, :side, :side]
    with pytest.raises(ValueError, match=rf"{side} pixels a side.*determinant -1.*n = 8.*pad the images"):
        rotation_orbits(images, 8, "steerable")
    # Half turns have determinant 1 there, and are those of the grid as well.
    assert_allclose(rotation_orbits(images, 2, "steerable")[:, 1], np.rot90(images, 2, axes=(1, 2)), rtol=0, atol=1e-13)
    padded = np.pad(images, [(0, 0), (0, 1), (0, 1)])
    assert rotation_orbits(padded, 8, "steerable").shape == (3, 8, side + 1, side + 1)


@pytest.mark.parametrize("side", [7, 27])
def test_reflections_turn_steerable_rotation_round_on_an_odd_side(side):
    images = IMAGES[:, :side, :side]
    mirrored_first = rotation_orbits(images[..., ::-1], 5, "steerable")
    mirrored_last = rotation_orbits(images, 5, "steerable")[..., ::-1]
    assert_allclose(mirrored_first[:, 1:], mirrored_last[:, :0:-1], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("side", "n"), [(7, 5), (8, 12)])
def test_steerable_rotation_by_hand(side, n):
    """The slow, dull second algorithm: exponentials of a spectrum rounded sector by sector, with dense projectors."""
    k = np.arange(side)[:, None] - np.arange(side)
    with np.errstate(divide="ignore", invalid="ignore"):
        kernel = np.tan if side % 2 == 0 else np.sin
        derivative = np.where(k == 0, 0, np.pi / side * (-1.0) ** k / kernel(np.pi * k / side))
    x = np.diag(np.arange(side) - (side - 1) / 2)
    generator = np.kron(derivative, x) - np.kron(x, derivative)
    generator = (generator - generator.T) / 2
    quarter = np.rot90(np.eye(side**2).reshape(-1, side, side), axes=(1, 2)).reshape(side**2, -1).T
    powers = [np.linalg.matrix_power(quarter, j) for j in range(4)]
    expected = np.zeros((n, side**2, side**2), complex)
    untold = 0
    for sector in range(4):
        projector = sum(1j ** (-sector * j) * power for j, power in enumerate(powers)) / 4
        # Beyond the spectrum of the generator lies what is in no sector but this.
        omega, v = np.linalg.eigh(1j * generator + 1e3 * projector)
        v, omega = v[:, omega > 500], omega[omega > 500] - 1e3
        null = np.abs(omega) < 1e-6
        if sector == 2:  # turns as ±2, in pairs of our choice
            untold += null.sum()
            v, omega = v[:, ~null], omega[~null]
        m = -sector + 4 * np.rint((omega + sector) / 4)
        for g in range(n):
            expected[g] += (v * np.exp(-2j * np.pi * g / n * m)) @ v.conj().T
    operators = rotation_operators(n, side, "steerable")
    told = expected[0]
    assert_allclose(np.trace(told), side**2 - untold, atol=1e-9)
    assert_allclose(operators @ told, expected, rtol=0, atol=1e-10)


def test_steerable_rotation_turns_digits_as_spline_rotation_does():
    digits = mnist("bundled")[0][:200]
    spline, steerable = rotation_orbits(digits, 24), rotation_orbits(digits, 24, "steerable")
    for g, least, most in [(2, 0.08, 0.13), (3, 0.08, 0.13), (6, 0, 1e-12), (12, 0, 1e-12)]:  # 30, 45, 90, 180 degrees
        gap = np.linalg.norm(steerable[:, g] - spline[:, g]) / np.linalg.norm(spline[:, g])
        assert least <= gap < most
        wrong_sense = np.linalg.norm(steerable[:, -g] - spline[:, g]) / np.linalg.norm(spline[:, g])
        assert g == 12 or wrong_sense > 0.5


def test_no_lapack_chooses_the_null_vectors(monkeypatch):
    """Eigenvectors turned among themselves, as another LAPACK might give them, leave the rotation as it is."""
    expected = rotation_operators(5, 8, "steerable")
    eigh = np.linalg.eigh

    def other_lapack(matrix):
        omega, v = eigh(matrix)
        rng = np.random.default_rng(0)
        for value in np.unique(omega.round(6)):
            alike = np.flatnonzero(np.abs(omega - value) < 1e-5)
            shape = (len(alike), len(alike))
            v[:, alike] = v[:, alike] @ np.linalg.qr(rng.normal(size=shape) + 1j * rng.normal(size=shape))[0]
        return omega, v

    steerable_modes.forget()
    monkeypatch.setattr(np.linalg, "eigh", other_lapack)
    assert_allclose(rotation_operators(5, 8, "steerable"), expected, rtol=0, atol=1e-11)
    steerable_modes.forget()


def test_memory_is_refused_before_it_is_allocated():
    with pytest.raises(MemoryError, match=r"rotation_operators would need about 10\.1 GiB.*fewer images or poses"):
        rotation_operators(16, 96)
    for orbits_of in (
        partial(rotation_orbits, IMAGES, 100),
        partial(rotation_orbits, IMAGES, 5, "steerable"),
        partial(translation_orbits, IMAGES, 28),
        partial(dihedral_orbits, IMAGES),
    ):
        with pytest.raises(MemoryError, match="_orbits would need .*memory_limit="):
            orbits_of(memory_limit=2**17)


def test_samplers_of_many_angles_are_exact_and_not_hoarded():
    for n in (997, 1009, 1021):
        turned = ndimage.rotate(IMAGES[0], 360 * (n // 2) / n, reshape=False)
        assert_allclose(rotation_orbits(IMAGES[:1], n)[0, n // 2], turned, atol=1e-12)
    assert 0 < _sampler.kept_bytes() <= 2**28


@pytest.mark.parametrize("interpolation", ["spline", "steerable"])
def test_operators_take_little_more_memory_than_they_say(interpolation, monkeypatch):
    monkeypatch.setattr("symlib.support.threads.usable_cores", lambda: 1)  # each has a block of its own at work
    side = 40
    rotation_operators(1, side, interpolation)  # the eigenvectors stay
    tracemalloc.start()
    rotation_operators(5, side, interpolation)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.8 * 8 * 5 * side**4


def test_threads_do_not_change_a_bit(monkeypatch):
    images = np.random.default_rng(1).normal(size=(300, 9, 9))
    found = [normalize(rotation_orbits(images, 6, kind)) for kind in ("spline", "steerable")]
    monkeypatch.setattr("symlib.support.threads.usable_cores", lambda: 1)
    for one, kind in zip(found, ("spline", "steerable")):
        assert_array_equal(normalize(rotation_orbits(images, 6, kind)), one)


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


@pytest.mark.parametrize("offset", [1e8, -1e12])
def test_a_mean_far_from_zero_costs_no_digit_but_those_of_the_input(offset):
    images = np.random.default_rng(5).integers(-50, 50, (130, 9, 7)).astype(float)  # exact beside these offsets
    assert_allclose(normalize(images + offset), normalize(images), rtol=0, atol=1e-15)


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e160, 1e305])
def test_normalize_holds_in_all_of_float64(scale):
    atol = 1e-12 if scale > 1e-300 else 1e-10  # a subnormal has fewer digits
    assert_allclose(normalize(IMAGES * scale), normalize(IMAGES), rtol=0, atol=atol)


def test_normalize_takes_what_holds_numbers():
    whole = np.random.default_rng(6).integers(0, 200, (3, 8, 8))
    expected = normalize(whole.astype(float))
    for kind in (np.uint8, np.int64, np.float32, object):
        assert_array_equal(normalize(whole.astype(kind)), expected)
    with pytest.raises(ValueError, match="images must be real"):
        normalize(whole + 0j)
    with pytest.raises(ValueError, match="images must hold numbers"):
        normalize(whole.astype(str))


CALLS = {
    "spline": lambda x: rotation_orbits(x, 6),
    "quarter turns": lambda x: rotation_orbits(x, 4),
    "steerable": lambda x: rotation_orbits(x, 6, "steerable"),
    "translation": lambda x: translation_orbits(x, 1),
    "dihedral": dihedral_orbits,
    "normalize": normalize,
    "points": lambda x: points(np.asarray(x)[None]),
    "points of one": lambda x: points(np.asarray(x)[:, None], flatten=False),
}


@pytest.mark.parametrize("name", CALLS)
def test_inputs_of_any_layout_are_read_and_results_are_the_callers_own(name):
    wide = np.random.default_rng(7).integers(0, 200, (2, 16, 24))
    plain = np.ascontiguousarray(wide[:, ::-2, ::-3]).astype(float)
    expected = CALLS[name](plain)
    before = plain.copy()
    plain.flags.writeable = False
    for images in (plain, wide[:, ::-2, ::-3], np.asfortranarray(plain), plain.astype(np.float32), plain.tolist()):
        found = CALLS[name](images)
        assert_allclose(found, expected, rtol=0, atol=1e-12)
        assert found.flags.writeable and not np.may_share_memory(found, plain)
        found[...] = 0
    assert_array_equal(plain, before)
    assert_array_equal(CALLS[name](plain), expected)


@pytest.mark.parametrize("interpolation", ["spline", "steerable"])
def test_images_larger_than_a_digit(interpolation):
    side = 65 if interpolation == "spline" else 38
    images = np.random.default_rng(8).normal(size=(2, side, side))
    orbits = rotation_orbits(images, 3, interpolation)
    if interpolation == "spline":
        assert_allclose(orbits, scipy_orbits(images, 3), rtol=0, atol=1e-12)
    else:
        again = rotation_orbits(orbits[:, 1], 3, interpolation)
        assert_allclose(again, np.roll(orbits, -1, axis=1), rtol=0, atol=1e-12)


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


MASKED = np.ma.masked_equal(np.ones((2, 4, 4)), 1.0)


@pytest.mark.parametrize(
    "call",
    [normalize, points, dihedral_orbits, lambda x: rotation_orbits(x, 3), lambda x: translation_orbits(list(x), 2)],
)
def test_masked_images_are_refused(call):
    with pytest.raises(TypeError, match="masked array.*filled"):
        call(MASKED[None] if call is points else MASKED)


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
