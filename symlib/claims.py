"""Claims: a statement of fact together with the test that it has to pass, and the number that it rests on.

A chapter that says what was found calls `claim` beneath the sentence. The claim prints a line with a tick, or raises;
the book collects the lines of all chapters on one page. `mean_interval`, `share_interval` and `rank_interval` give the
numbers with their uncertainty over what was drawn (pairs, images, seeds). Two conditions on the same draws are compared
pairwise: `mean_interval(a - b)`.
"""

import functools
import hashlib
import html
import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from symlib.support.checks import finite_array, nonnegative_int, positive_int, real

# Where this variable says "report", a false claim is shown and not raised: for runs that look at many seeds.
FALSE_CLAIMS = "SYMLIB_FALSE_CLAIMS"
MARKS = {"holds": "✓", "fails": "✗", "untested": "–"}


class ClaimError(Exception):
    """A claim that its evidence does not bear."""


class Interval(NamedTuple):
    """An estimate and its interval; `f"{interval:.2f}"` gives "0.38 [0.30, 0.46]"."""

    value: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        value, low, high = (format(number, spec or ".3g") for number in self)
        return f"{value} [{low}, {high}]"

    def __str__(self) -> str:
        return format(self)

    @property
    def excludes_zero(self) -> bool:
        """Whether all of the interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Mean of independent draws with its Student-t interval.

    Parameters
    ----------
    values : array_like, shape (n,), n >= 2; what differs from draw to draw is what the interval is over
    confidence : float in (0, 1)

    Returns
    -------
    Interval
        Of width zero where all draws are equal, which is no certainty: where draws are true or false, `share_interval`
        says how far from 0 or 1 the share may be.

    Raises
    ------
    ValueError
        If there are fewer than two draws, one is not finite, or `confidence` is not between 0 and 1.
    TypeError
        If the draws are masked.

    Examples
    --------
    >>> print(f"{mean_interval([1.0, 2.0, 3.0]):.2f}")
    2.00 [-0.48, 4.48]
    """
    values = _draws(values, confidence)
    if len(values) < 2:
        raise ValueError("an interval needs at least two draws, got one; draw more")
    from scipy import stats

    mean = values.mean()
    margin = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return Interval(float(mean), float(mean - margin), float(mean + margin))


def share_interval(hits: ArrayLike, confidence: float = 0.95) -> Interval:
    """Share of independent draws that are true, with its Wilson interval, which holds near 0 and 1 too.

    Parameters
    ----------
    hits : array_like of bool, shape (n,)
    confidence : float in (0, 1)

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        If there are no draws, one is neither true nor false, or `confidence` is not between 0 and 1.
    TypeError
        If the draws are masked.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927), 209-212.

    Examples
    --------
    >>> print(f"{share_interval([True] * 8 + [False] * 2):.2f}")
    0.80 [0.49, 0.94]
    """
    hits = _draws(hits, confidence)
    if not np.isin(hits, (0, 1)).all():
        raise ValueError("hits must be true or false; for a mean of numbers use mean_interval")
    from scipy import stats

    result = stats.binomtest(int(hits.sum()), len(hits))
    interval = result.proportion_ci(confidence, method="wilson")
    return Interval(float(result.statistic), float(interval.low), float(interval.high))


def rank_interval(a: ArrayLike, b: ArrayLike, confidence: float = 0.95) -> Interval:
    """Spearman's rank correlation of paired draws, with an interval by Fisher's z.

    tanh(artanh ρ ± q √(1.06/(n − 3))), q the normal quantile. Where all of `a` or all of `b` are equal there is no
    order to compare: 0, between −1 and 1.

    Parameters
    ----------
    a, b : array_like, shape (n,), n at least 4
    confidence : float in (0, 1)

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        If the two are of unlike length or shorter than 4, one is not finite, or `confidence` is not between 0 and 1.
    TypeError
        If the draws are masked.

    Source: E. C. Fieller, H. O. Hartley and E. S. Pearson, Tests for rank correlation coefficients I, Biometrika 44
    (1957), 470-481.

    Examples
    --------
    >>> print(f"{rank_interval([1, 2, 3, 4, 5, 6], [1, 3, 2, 4, 6, 5]):.2f}")
    0.89 [0.23, 0.99]
    """
    a, b = _draws(a, confidence), _draws(b, confidence)
    if len(a) != len(b) or len(a) < 4:
        raise ValueError(f"a rank correlation needs pairs of draws, 4 at least, got {len(a)} and {len(b)}")
    if not (np.ptp(a) and np.ptp(b)):
        return Interval(0.0, -1.0, 1.0)
    from scipy import stats

    rho = float(stats.spearmanr(a, b).statistic)
    margin = stats.norm.ppf((1 + confidence) / 2) * np.sqrt(1.06 / (len(a) - 3))
    low, high = np.tanh(np.arctanh(np.clip(rho, -0.999, 0.999)) + [-margin, margin])
    return Interval(rho, float(low), float(high))


def pairs_in_order(scores: ArrayLike, hits: ArrayLike) -> float:
    """Share of (hit, miss) pairs in which the hit has the larger score, ties counting one half: what a score tells.

    U / (n₁ n₂), U being Mann and Whitney's statistic; the area under the ROC curve.

    Parameters
    ----------
    scores : (n,) array
    hits : (n,) array of bool

    Returns
    -------
    float in [0, 1]; chance is 1/2, and so is the answer where all are hits or all misses

    Raises
    ------
    ValueError
        If there is no entry, one is not finite, the two are not of one length, or a hit is neither true nor false.

    Examples
    --------
    >>> pairs_in_order([3.0, 1.0, 2.0], [True, False, True])
    1.0
    """
    scores, hits = finite_array(scores, "scores", ndim=1), finite_array(hits, "hits")
    if not np.isin(hits, (0, 1)).all():
        raise ValueError(f"hits must be true or false, got {hits[~np.isin(hits, (0, 1))][0]}; compare with a threshold")
    hits = hits.astype(bool)
    if not len(scores) or hits.shape != scores.shape:
        raise ValueError(f"scores and hits must be of one length, 1 at least, got {scores.shape} and {hits.shape}")
    if hits.all() or not hits.any():
        return 0.5
    from scipy import stats

    statistic = stats.mannwhitneyu(scores[hits], scores[~hits], method="asymptotic").statistic
    return float(statistic) / int(hits.sum() * (~hits).sum())


def claim(
    statement: str,
    holds: bool,
    evidence: Any,
    *,
    draws: int | None = None,
    at_least: int | None = None,
    elsewhere: str = "",
) -> None:
    """State a fact, with the test that it has passed; shows a line, and raises where the test fails.

    Parameters
    ----------
    statement : str, the sentence, in words
    holds : bool, computed from the data
    evidence : what it rests on: a str with the number and its interval, or an `Interval`
    draws, at_least : int, optional
        How many draws there are, and how many the claim takes. With fewer it is not tested, and the line says so.
    elsewhere : str, optional
        Other data or another group than the claim is about, in words; where it fails on these, the line says so and
        nothing is raised. `claims_about` fills it in.

    Raises
    ------
    ClaimError
        If `holds` is false. Where the environment variable SYMLIB_FALSE_CLAIMS is "report" the line says so instead.
    TypeError
        If `holds` is not one boolean: an array, say, of which all or any is to hold.
    ValueError
        If the statement or the evidence is empty, or only one of `draws` and `at_least` is given.

    Examples
    --------
    >>> claim("Two is even.", 2 % 2 == 0, "remainder 0")
    ✓ Two is even. (remainder 0)
    >>> claim("Coins are fair.", False, "1 of 3 heads", draws=3, at_least=100)
    – Coins are fair. (not tested at this size: 3 draws, 100 needed)
    """
    if not isinstance(holds, bool | np.bool_):
        raise TypeError(f"holds must be one boolean, got {type(holds).__name__}; say whether all or any is to hold")
    evidence = str(evidence).strip()
    if not statement.strip() or not evidence:
        raise ValueError("a claim takes a statement and its evidence, and neither may be empty")
    if (draws is None) != (at_least is None):
        raise ValueError("draws and at_least belong together: how many there are, and how many the claim takes")
    enough = True
    if draws is not None and at_least is not None:
        enough = nonnegative_int(draws, "draws") >= positive_int(at_least, "at_least")
    outcome = "untested" if not enough else "holds" if holds else "fails"
    if outcome == "untested":
        evidence = f"not tested at this size: {draws} draws, {at_least} needed"
    if outcome == "fails" and elsewhere:
        evidence = f"does not hold for {elsewhere}: {evidence}"
    _show({"statement": statement.strip(), "outcome": outcome, "evidence": evidence})
    if outcome == "fails" and not elsewhere and os.environ.get(FALSE_CLAIMS) != "report":
        raise ClaimError(f"the evidence does not bear this claim: {statement} ({evidence})")


def claims_about(**chosen: str) -> Callable[..., None]:
    """`claim`, for a chapter whose parameters choose what it looks at: of other data its claims are only reported.

    Parameters
    ----------
    chosen : str, any number of them by name
        The name says what the claims are about, the value what this run has: `claims_about(digits=source)`. A part
        of it is the same: "digits:train" are digits.

    Returns
    -------
    callable
        `claim` itself where the two agree. Otherwise a line says that they do not, and a claim that fails in this run
        is shown as one that does not hold here, and stops nothing.

    Examples
    --------
    >>> claim = claims_about(digits="fashion")
    The claims of this chapter are about digits. This run has fashion: what does not hold here is marked ✗.
    >>> claim("Ones are thin.", False, "width 0.9")
    ✗ Ones are thin. (does not hold for fashion: width 0.9)
    """
    other = [given for about, given in chosen.items() if given != about and not given.startswith(f"{about}:")]
    if not other:
        return claim
    about, here = ", ".join(chosen), ", ".join(other)
    print(f"The claims of this chapter are about {about}. This run has {here}: what does not hold here is marked ✗.")
    return functools.partial(claim, elsewhere=here)


def anchor(statement: str) -> str:
    """Where a page shows the claim: the id of its line."""
    return f"claim-{hashlib.sha256(statement.encode()).hexdigest()[:8]}"


def _show(record: dict[str, str]) -> None:
    """A line of text; in a notebook also HTML, with the record in the output's metadata for the book to collect."""
    mark = MARKS[record["outcome"]]
    line = f"{mark} {record['statement']} ({record['evidence']})"
    # Asked without importing it: outside of notebooks IPython need not be there.
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        print(line)
        return
    statement, evidence = html.escape(record["statement"]), html.escape(record["evidence"])
    markup = (
        f'<p class="symlib-claim {record["outcome"]}" id="{anchor(record["statement"])}">'
        f'<span class="tick">{mark}</span> {statement} <span class="evidence">({evidence})</span></p>'
    )
    from IPython.display import display

    display({"text/plain": line, "text/html": markup}, raw=True, metadata={"symlib_claim": record})


def _draws(values, confidence):
    values = finite_array(values, "draws", ndim=1)
    if not len(values):
        raise ValueError("draws must hold at least one entry, got none")
    if not 0 < real(confidence, "confidence") < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}; 95 % is 0.95")
    return values
