"""A false claim stops a chapter, a small size leaves it untested, and the intervals are those of SciPy."""

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from scipy import stats

from symlib.claims import (
    ClaimError,
    claim,
    claims_about,
    mean_interval,
    pairs_in_order,
    rank_interval,
    share_interval,
)


def test_a_claim_that_holds_prints_a_line(capsys):
    claim("Two is even.", np.bool_(True), mean_interval([1.0, 3.0]))
    assert capsys.readouterr().out == "✓ Two is even. (2 [-10.7, 14.7])\n"


def test_a_false_claim_raises_and_shows_its_number(capsys, monkeypatch):
    monkeypatch.delenv("SYMLIB_FALSE_CLAIMS", raising=False)
    with pytest.raises(ClaimError, match=r"does not bear this claim: Two is odd\. \(remainder 0\)"):
        claim("Two is odd.", False, "remainder 0")
    assert capsys.readouterr().out == "✗ Two is odd. (remainder 0)\n"


def test_a_false_claim_is_only_shown_where_that_is_asked(capsys, monkeypatch):
    monkeypatch.setenv("SYMLIB_FALSE_CLAIMS", "report")
    claim("Two is odd.", False, "remainder 0")
    assert capsys.readouterr().out.startswith("✗")


def test_below_its_size_a_claim_is_not_tested(capsys):
    claim("Coins are fair.", False, "1 of 3", draws=3, at_least=100)
    assert "– Coins are fair. (not tested at this size: 3 draws, 100 needed)" in capsys.readouterr().out
    claim("Coins are fair.", False, "none", draws=0, at_least=1)
    assert "not tested" in capsys.readouterr().out
    with pytest.raises(ClaimError):
        claim("Coins are fair.", False, "1 of 100", draws=100, at_least=100)


def test_what_is_no_claim_is_refused():
    with pytest.raises(TypeError, match="one boolean, got ndarray"):
        claim("All are even.", np.array([True, False]), "2 of 3")
    for words in ({"statement": " ", "evidence": "1"}, {"statement": "x", "evidence": ""}):
        with pytest.raises(ValueError, match="neither may be empty"):
            claim(**words, holds=True)
    with pytest.raises(ValueError, match="belong together"):
        claim("x", True, "1", draws=3)


def test_intervals_are_those_of_scipy():
    values = np.random.default_rng(0).normal(size=20)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    np.testing.assert_allclose(mean_interval(values, 0.9), (values.mean(), *expected), rtol=1e-12)
    expected = stats.binomtest(0, 12).proportion_ci(method="wilson")
    np.testing.assert_allclose(share_interval([0] * 12), (0, *expected), atol=1e-15)
    assert mean_interval([1, 2, 1.5]).excludes_zero and not mean_interval([-1, 1]).excludes_zero


def test_the_interval_of_a_mean_covers_it():
    rng = np.random.default_rng(1)
    intervals = [mean_interval(rng.exponential(size=60)) for _ in range(2000)]
    covered = np.mean([one.low <= 1 <= one.high for one in intervals])
    assert abs(covered - 0.95) < 0.03  # its standard error is 0.005; skewed draws cost a little


def test_the_interval_of_a_rank_correlation_covers_it():
    rng, rho = np.random.default_rng(2), 0.6
    pairs = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=(1000, 20))
    intervals = [rank_interval(a, b) for a, b in pairs.swapaxes(1, 2)]
    truth = 6 / np.pi * np.arcsin(rho / 2)  # of normal pairs
    covered = np.mean([one.low <= truth <= one.high for one in intervals])
    assert abs(covered - 0.95) < 0.03  # its standard error is 0.007
    assert rank_interval([1, 2, 3, 4], [2, 2, 2, 2]) == (0, -1, 1)
    for a, b in (([1, 2, 3], [1, 2, 3]), ([1, 2, 3, 4], [1, 2, 3, 4, 5])):
        with pytest.raises(ValueError, match="4 at least"):
            rank_interval(a, b)


def test_pairs_in_order_are_counted_one_by_one():
    rng = np.random.default_rng(0)
    scores, hits = rng.integers(0, 6, 40).astype(float), rng.random(40) < 0.3
    gaps = np.subtract.outer(scores[hits], scores[~hits])
    assert pairs_in_order(scores, hits) == pytest.approx(((gaps > 0) + (gaps == 0) / 2).mean(), abs=1e-14)
    assert pairs_in_order([1.0, 2.0], [True, True]) == pairs_in_order([1.0, 1.0], [True, False]) == 0.5
    for wrong in ([], [1.0, 2.0], [np.nan]):
        with pytest.raises(ValueError, match="one length|finite"):
            pairs_in_order(wrong, [True])
    for wrong, words in (([np.nan, 1], "finite"), ([0.3, 1], "true or false, got 0.3"), (["a", "b"], "numbers")):
        with pytest.raises(ValueError, match=words):
            pairs_in_order([1.0, 2.0], wrong)
    with pytest.raises(ValueError, match="confidence must be one real number, got 'x'"):
        mean_interval([1.0, 2.0], "x")


@pytest.mark.parametrize("source", ["digits", "digits:train"])
def test_claims_about_digits_are_raised_on_digits(capsys, source):
    assert claims_about(digits=source) is claim
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("source", ["fashion", "mine.npz", "digitsofmine.npz"])
def test_claims_about_digits_are_reported_on_other_images(capsys, source):
    here = claims_about(digits=source, rotations="rotations")
    here("Ones are thin.", False, "width 0.9")
    here("Ones are many.", True, "half")
    here("Ones are tall.", False, "n", draws=2, at_least=9)
    lines = capsys.readouterr().out.splitlines()
    assert f"about digits, rotations. This run has {source}: what does not hold here is marked ✗." in lines[0]
    assert lines[1:] == [
        f"✗ Ones are thin. (does not hold for {source}: width 0.9)",
        "✓ Ones are many. (half)",
        "– Ones are tall. (not tested at this size: 2 draws, 9 needed)",
    ]


def test_intervals_refuse_what_gives_none():
    for call, values, words in (
        (mean_interval, [1.0], "at least two draws"),
        (mean_interval, [1.0, np.nan], "finite, got nan"),
        (mean_interval, [[1.0, 2.0]], "1-dimensional"),
        (share_interval, [], "at least one entry"),
        (share_interval, [0.5], "true or false"),
    ):
        with pytest.raises(ValueError, match=words):
            call(values)
    masked = np.ma.masked_equal([1.0, 2.0, 99.0], 99.0)
    with pytest.raises(TypeError, match="masked"):
        mean_interval(masked)
    for confidence in (95, 0, np.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            mean_interval([1.0, 2.0], confidence)


def test_a_notebook_holds_the_record_of_a_claim():
    source = 'from symlib.claims import claim\nclaim("One < two.", True, "1")'
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    (out,) = NotebookClient(notebook, kernel_name="python3").execute().cells[0].outputs
    assert out.metadata["symlib_claim"] == {"statement": "One < two.", "outcome": "holds", "evidence": "1"}
    assert "One &lt; two." in out.data["text/html"] and out.data["text/plain"] == "✓ One < two. (1)"
