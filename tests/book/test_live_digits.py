"""The live figures of digits in a real browser: chosen, dragged and turned by keyboard and finger, as symlib has it.

Their digits are random spots and their kernels those of random points: what a figure computes does not ask where κ is
from. The frame and what is looked at are of test_live_figures.
"""

import functools

import numpy as np
import pytest
from playwright.sync_api import expect

from symlib import (
    circulant_loo_error,
    cyclic,
    expand_invariant,
    invariant_gram,
    plots,
    rbf,
    spectral_ensemble_covariance,
    spectral_holdout_residuals,
    spectral_loo_residuals,
)
from tests.book import test_live_figures as frame
from tests.book.test_live_figures import Case, bare, centre, pull, static, swipe

pytestmark = pytest.mark.browser
__all__ = ["bare"]
LABELS = np.array([1.0, -1.0])


@functools.cache
def kappa_of(sets, C, n, scale=4.0, seed=0):
    """κ (sets, n, C, C) under C_n, of points whose coordinates the group moves round."""
    seeds = np.random.default_rng([seed, sets, C, n]).normal(size=(sets, C, 2, n))
    orbits = np.stack([np.roll(seeds, g, axis=-1) for g in range(n)], axis=2).reshape(sets, C, n, 2 * n)
    return invariant_gram(lambda a, b: rbf(a, b, length_scale=scale), orbits, cyclic(n), progress=False)


def spots(*shape):
    return np.random.default_rng(1).random((*shape, 8, 8))


COUNTS = [2, 4, 8]


def paper_error(kappa, ridge=0.0):
    return circulant_loo_error(expand_invariant(kappa, cyclic(kappa.shape[-3])), ridge)


def two_digits():
    ten, sample = kappa_of(1, 10, 8)[0], kappa_of(12, 2, 8)
    exact = [np.abs(spectral_loo_residuals(sample[:, :: 8 // n], LABELS, cyclic(n))).mean(axis=1) for n in COUNTS]
    of_ten = {"images": spots(10), "digits": range(10), "kappa": ten, "start": (3, 5)}
    of_sample = {"sample_images": spots(12, 2), "sample_digits": np.arange(24).reshape(12, 2) % 10}
    of_sample |= {"sample_kappa": sample, "exact": exact, "paper": [paper_error(sample[:, :: 8 // n]) for n in COUNTS]}
    how = {"counts": COUNTS, "poses": 4, "alt": "errors", "caption": "Choose.", "number": "7.9"}
    return plots.live_two_digits(static(), **of_ten, **of_sample, **how)


def two_digits_by_symlib(shown):
    n, ridge = int(shown["poses N"][0]), shown["ridge σ²"][0]
    pair, digits = int(shown["pair of the sample (0: none)"][0]), [int(d) for d in shown["digit"]]
    kappa = kappa_of(12, 2, 8)[pair - 1] if pair else kappa_of(1, 10, 8)[0][:, digits][:, :, digits]
    kappa = kappa[:: 8 // n]
    error = np.abs(spectral_loo_residuals(kappa, LABELS, cyclic(n), ridge))
    signal = LABELS / np.linalg.solve(kappa.sum(axis=0) + ridge * np.eye(2), LABELS)
    paper = [paper_error(kappa, ridge)] * 2
    return {"error": error, "signal": signal, "noise": error * signal, "error by the paper’s formula": paper}


def tap_a_pair(page):
    """Two other digits, then a mark of the scatter."""
    state = page.locator(".state")
    page.get_by_role("radio", name="7, label +1").tap()
    expect(state).to_contain_text("A 7 and a 5")
    # A digit that is chosen twice gives way.
    page.get_by_role("radio", name="7, label −1").tap()
    expect(state).to_contain_text("An 8 and a 7")
    sheet = page.locator(".surface")
    sheet.scroll_into_view_if_needed()
    page.touchscreen.tap(*centre(sheet))


def missing_arc():
    theta, sigma = kappa_of(2, 4, 8), kappa_of(2, 4, 8, scale=3.0, seed=0)
    digits, labels = [[6, 5], [4, 2]], [1.0, 1.0, -1.0, -1.0]
    how = {"alt": "predictions", "caption": "Drag.", "number": "10.6"}
    return plots.live_missing_arc(
        static(), images=spots(2), digits=digits, theta=theta, sigma=sigma, labels=labels, reach=1, **how
    )


def missing_arc_by_symlib(shown):
    """The rows of the first pair, from which poses are missing and how many images lack them."""
    poses = [round(int(name.replace("−", "-")) / 45) for name in shown]
    losers = range(int(next(iter(shown.values()))[0]))
    held_out = [(g % 8, c) for g in poses for c in losers]
    theta, sigma, labels = kappa_of(2, 4, 8)[0], kappa_of(2, 4, 8, scale=3.0)[0], np.array([1.0, 1.0, -1.0, -1.0])
    e, covariance = spectral_holdout_residuals(theta, labels, cyclic(8), held_out)
    spread = spectral_ensemble_covariance(theta, sigma, cyclic(8), held_out)
    whole = 8 * labels @ np.linalg.solve(theta.sum(axis=0), labels)
    scale = (whole - e @ np.linalg.solve(covariance, e)) / (32 - len(e))
    bands = 1.96 * np.sqrt([scale * np.diag(covariance), np.diag(spread)])
    rows = np.column_stack([1 - e, np.abs(e), *bands])[:: len(losers)]
    return {name: [len(losers), *row] for name, row in zip(shown, rows)}


def orbit():
    fine = {"turned": kappa_of(2, 2, 8), "shifted": kappa_of(2, 2, 8, seed=3)}
    collapsed = np.broadcast_to(fine["turned"].mean(axis=1, keepdims=True), fine["turned"].shape)
    thinned = {
        motion: {"flattened": [gram[:, :: 8 // n] for n in COUNTS], "pooled": [collapsed[:, :n] for n in COUNTS]}
        for motion, gram in fine.items()
    }
    how = {"alt": "an orbit", "caption": "Turn.", "number": "8.8"}
    digits = [[6, 5], [4, 2]]
    return plots.live_orbit(static(), images=spots(2, 2), digits=digits, kappa=thinned, ridges=[1e-4, 1e-3], **how)


def orbit_by_symlib(shown):
    """The rows of the first digit of the first pair, turned, for the network that its κ tells."""
    state = "poses N; ridge; error of a left-out pose"
    n, ridge = int(shown[state][0]), shown[state][1]
    fine = kappa_of(2, 2, 8)[0]
    if shown["1"][0] == pytest.approx(fine[:, 0, 0].mean()):
        fine = np.broadcast_to(fine.mean(axis=0), fine.shape)
    kappa = fine[:: 8 // n]
    own = kappa[:, 0, 0]
    rows = np.column_stack([own, np.fft.fft(own).real + ridge, np.sqrt(2 * (own[0] - own))])
    error = abs(spectral_loo_residuals(kappa, LABELS, cyclic(n), ridge)[0])
    return {state: [None, None, error], **{str(u): row for u, row in enumerate(rows)}}


def turn(page):
    """The digit is turned by a quarter to the left."""
    x, y = centre(page.locator(".surface"))
    swipe(page, (x, y - 60), (x - 45, y - 45), (x - 60, y))


CASES = {
    "two digits": Case(
        two_digits,
        keys=[("slider", "poses N of each", "ArrowRight", 1), ("slider", "ridge σ²", "ArrowRight", 3)]
        + [("radio", "3, label +1", "ArrowRight", 1), ("slider", "pair of the sample", "ArrowRight", 5)],
        touch=tap_a_pair,
        wanted=two_digits_by_symlib,
        rtol=1e-4,
        said=("Pair 5 of the sample, an 8 and a 9", "Pair"),
    ),
    "missing arc": Case(
        missing_arc,
        keys=[("slider", "the arc’s left end, in degrees from upright", "ArrowRight", 1)]
        + [("slider", "the arc’s right end, in degrees from upright", "End", 1)]
        + [("combobox", "who lacks the arc", "ArrowDown", 1)],
        touch=pull(0, 0, 140),
        wanted=missing_arc_by_symlib,
        rtol=1e-4,
        said=("No digit was seen in 6 of 8 poses (270°)", "No 6 was seen in 4 of 8 poses"),
    ),
    "orbit": Case(
        orbit,
        keys=[("slider", "pose", "ArrowRight", 1), ("slider", "poses N", "ArrowRight", 1)]
        + [("combobox", "network", "ArrowDown", 1), ("slider", "ridge σ²", "ArrowRight", 1)],
        touch=turn,
        wanted=orbit_by_symlib,
        said=("pooled: the 6, turned 90° to the left, is 0.00 times", "turned 135° to the left"),
    ),
}
of_all_cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


@of_all_cases
def test_by_keyboard_it_says_and_shows_what_symlib_computes_and_prints_its_picture(case, bare):
    frame.test_by_keyboard_it_says_and_shows_what_symlib_computes_and_prints_its_picture(case, bare)


@of_all_cases
def test_by_finger_it_does_so_too_and_fits_a_phone(case, bare):
    frame.test_by_finger_it_does_so_too_and_fits_a_phone(case, bare)


@of_all_cases
def test_without_scripts_its_picture_stands(case, bare):
    frame.test_without_scripts_its_picture_stands(case, bare)
