"""The verdict: are unseen poses recognised as well as seen ones? By the interval of (unseen − seen) over objects.

"yes" where it lies above −margin, "no" where it lies below, "cannot tell" where it holds −margin. Of several gaps each
has its own; the whole is "no" as soon as the mean over gaps is, or one gap is at a confidence divided among them
(Bonferroni), and "yes" only where the mean is and no gap is "no".
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from symlib.diagnose.report import Gap, Label, Row, Share, Verdict
from symlib.diagnose.shares import difference_of, share_of
from symlib.diagnose.words import hundredths, percent, points


def verdict_of(difference: Share | None, margin: float) -> Verdict:
    if difference is None:
        return "cannot tell"
    if difference.low >= -margin:
        return "yes"
    return "no" if difference.high < -margin else "cannot tell"


def gap_of(
    row: Row, unseen: NDArray, seen: NDArray, objects: NDArray, margin: float, confidence: float, what_if: bool
) -> Gap:
    """The verdict on one gap, from the parts right (C,) of orbits at its pose and at seen poses; NaN: not asked."""
    asked = ~np.isnan(unseen)
    reference = share_of(np.where(asked, seen, np.nan), objects, confidence)
    difference = difference_of(unseen - seen, objects, confidence)
    verdict = verdict_of(difference, margin)
    return Gap(
        row.label,
        row.pose,
        row.known,
        row.new,
        reference,
        difference,
        verdict,
        _gap_sentence(row, reference, difference, verdict, margin, what_if),
    )


def overall(gaps: Sequence[Gap], difference: Share | None, stricter: Sequence[Share | None], margin: float) -> Verdict:
    """The verdict on all gaps; `stricter` are their differences at the divided confidence."""
    together = verdict_of(difference, margin)
    if together == "no" or any(verdict_of(one, margin) == "no" for one in stricter):
        return "no"
    return "cannot tell" if any(gap.verdict == "no" for gap in gaps) else together


def lowest_of(gaps: Sequence[Gap], otherwise: Share) -> Share:
    """The least share over the gaps, of known and of new objects."""
    shares = [share for gap in gaps for share in (gap.known, gap.new) if share is not None]
    return min(shares, key=lambda share: share.value, default=otherwise)


def sentence_of(
    verdict: Verdict, unseen: Share, seen: Share, difference: Share, gaps: Sequence[Gap], margin: float, what_if: bool
) -> str:
    """One plain sentence."""
    worst = gaps[0]
    never = "poses that are left out" if what_if else "poses that were never seen"
    found = f"in {never}, {percent(unseen)} of new objects are predicted right, against {percent(seen)} in seen poses"
    among = ""
    if len(gaps) > 1 and worst.new is not None:
        among = f"; the worst of {len(gaps)} gaps is {named(worst.label)} in pose {worst.pose}, {percent(worst.new)}"
    if verdict == "no":
        return f"No: {found}{among}."
    if verdict == "yes":
        return f"Yes: {found}, and the difference lies within the margin of {hundredths(margin)} points{among}."
    return (
        f"Cannot tell: {found}; the difference is {points(difference)} points with {difference.n} objects, "
        f"and the margin is {hundredths(margin)}{among}."
    )


def guessed(unseen: Share, seen: Share) -> str:
    """The sentence where classes are not told apart in seen poses either."""
    return (
        f"Cannot tell: in seen poses {percent(seen)} of new objects are predicted right, and in unseen ones "
        f"{percent(unseen)}, which is no better than guessing: where classes are not told apart, poses make no "
        "difference."
    )


def without_yes(gap: Gap) -> Gap:
    """A gap whose "yes" would say no more than that guessing is as good in every pose."""
    if gap.verdict != "yes":
        return gap
    sentence = gap.sentence.replace("Yes:", "Cannot tell:", 1).rstrip(".") + ", no better than guessing."
    return replace(gap, verdict="cannot tell", sentence=sentence)


def _gap_sentence(row, seen, difference, verdict, margin, what_if):
    where = f"{named(row.label)} in pose {row.pose}, {'if it is never seen' if what_if else 'never seen'}"
    if row.new is None or seen is None or difference is None:
        return f"Cannot tell: {where}, is no pose of its own of any object, since a seen pose makes the same points."
    found = f"{percent(row.new)} of new objects are predicted right, against {percent(seen)} in seen poses"
    start = {"yes": "Yes", "no": "No", "cannot tell": "Cannot tell"}[verdict]
    few = f" ({difference.n} objects are too few for a margin of {hundredths(margin)} points)"
    end = few if verdict == "cannot tell" else ""
    return f"{start}: {where}: {found}{end}."


def named(label: Label) -> str:
    return f"class {label}" if isinstance(label, int) else f'"{label}"'
