"""Two orbits in the page's script: group formula and paper's formula are symlib's, also of κ as it is packed."""

import numpy as np
import pytest

from symlib import circulant_loo_error, cyclic, expand_invariant, invariant_gram, rbf, spectral_loo_residuals
from symlib.plots.live.packing import packed_kappa
from tests.plots.live.node import evaluate

BOTH = "[groupFormula(kappa, ridge), paperFormula(kappa, ridge)]"


@pytest.fixture(scope="module")
def kappas():
    """κ (3, 24, 2, 2) of random points whose coordinates the group moves round: nothing about it is symmetric."""
    seeds = np.random.default_rng(4).normal(size=(3, 2, 2, 24))
    orbits = np.stack([np.roll(seeds, g, axis=-1) for g in range(24)], axis=2).reshape(3, 2, 24, 48)
    return invariant_gram(lambda a, b: rbf(a, b, length_scale=5.0), orbits, cyclic(24), progress=False)


def by_symlib(kappa, ridge):
    """Errors of both classes, and the paper's."""
    group = cyclic(len(kappa))
    paper = circulant_loo_error(expand_invariant(kappa, group), ridge)
    return [*np.abs(spectral_loo_residuals(kappa, [1.0, -1.0], group, ridge)), paper]


def entries(kappa):
    return {"aa": kappa[:, 0, 0].tolist(), "bb": kappa[:, 1, 1].tolist(), "ab": kappa[:, 0, 1].tolist()}


@pytest.mark.parametrize("ridge", [0.0, 0.03])
def test_errors_are_those_of_symlib(kappas, ridge):
    group, paper = evaluate("pair_formula", BOTH, kappa=entries(kappas[0]), ridge=ridge)
    assert [*group["error"], paper] == pytest.approx(by_symlib(kappas[0], ridge), rel=1e-10)
    # The noise is the harmonic mean of what the frequencies leave, and the error is noise over signal.
    noise = 1 / np.mean(1 / np.array(group["parts"]), axis=1)
    assert group["noise"] == pytest.approx(noise.tolist(), rel=1e-12)
    assert np.divide(noise, group["signal"]) == pytest.approx(group["error"], rel=1e-12)


def test_a_kappa_as_it_is_packed_gives_every_divisors_errors(kappas):
    found = evaluate(
        "pair_formula",
        "counts.map(n => [0, 1, 2].map(p => { const [x, y, z] = [aa, bb, ab].map(f => thinned(f[p], n));"
        "const t = { aa: x, bb: y, ab: z }; return [...groupFormula(t).error, paperFormula(t)]; }))",
        counts=[2, 8, 24],
        **unpacked(packed_kappa(kappas)),
    )
    wanted = [[by_symlib(kappa[:: 24 // n], 0.0) for kappa in kappas] for n in (2, 8, 24)]
    assert np.array(found) == pytest.approx(np.array(wanted), rel=1e-4)


def unpacked(packed):
    """The entries of every set, by the script that unpacks them in the page."""
    expression = "(gram => Object.fromEntries([['aa', 0, 0], ['bb', 1, 1], ['ab', 0, 1]].map("
    expression += "([name, c, d]) => [name, [0, 1, 2].map(set => gram.values(set, c, d))])))(invariantGram(packed))"
    return evaluate("invariant_gram", expression, packed=packed)


def test_packing_keeps_every_entry(kappas):
    exact = unpacked(packed_kappa(kappas, "float64"))
    for name, (c, d) in {"aa": (0, 0), "bb": (1, 1), "ab": (0, 1)}.items():
        assert np.array(exact[name]) == pytest.approx(kappas[:, :, c, d], rel=1e-14)
    whole = evaluate("invariant_gram", "invariantGram(packed).whole(2)", packed=packed_kappa(kappas, "float64"))
    assert whole == pytest.approx(kappas[2].ravel().tolist(), rel=1e-14)
    with pytest.raises(ValueError, match=r"shape \(sets, n, C, C\), got \(24, 2, 2\)"):
        packed_kappa(kappas[0])


def test_a_collapsed_orbit_has_an_empty_transform_and_an_error_like_the_ridge():
    collapsed = np.broadcast_to(np.array([[1.3, 0.9], [0.9, 1.1]]), (7, 2, 2))
    ridge = 1e-9
    group, _ = evaluate("pair_formula", BOTH, kappa=entries(collapsed), ridge=ridge)
    # (8.3) of the book, with A = 7κ + σ²I.
    inverse = np.linalg.inv(7 * collapsed[0] + ridge * np.eye(2))
    wanted = np.abs(inverse @ [1.0, -1.0]) / ((np.diag(inverse) + 6 / ridge) / 7)
    assert group["error"] == pytest.approx(wanted.tolist(), rel=1e-10)
    assert evaluate("pair_formula", "fourier(f)", f=[1.3] * 7) == {"re": [pytest.approx(9.1), *[0] * 6], "im": [0] * 7}


def test_distances_in_feature_space():
    found = evaluate("orbit_distances", "distances(kappa, 2, 3)", kappa=[2.5, 1.0, 2.6])
    assert found == pytest.approx([0.0, 3**0.5, 0.0])
