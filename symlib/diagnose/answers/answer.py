"""The prediction of a diagnosis put together: the table, the gaps with their verdicts, and the verdict on all."""

from dataclasses import dataclass

import numpy as np

from symlib.diagnose.answers.prediction import Right, in_gaps, in_seen, predicted, rows_of
from symlib.diagnose.answers.verdict import gap_of, guessed, lowest_of, overall, sentence_of, without_yes
from symlib.diagnose.checks import check_told_apart
from symlib.diagnose.problem.case import Design, designs_of
from symlib.diagnose.report import Check, Gap, Refused, Row, Share, Verdict
from symlib.diagnose.setting_up import Options, Setup
from symlib.diagnose.shares import difference_of, share_of


@dataclass(frozen=True)
class Answer:
    """The prediction.

    Attributes
    ----------
    verdict, sentence, unseen, seen, difference, lowest, table, gaps : as in `Report`
    designs : list of Design, all that were asked about
    design, right : the one with the worst gap, and its right answers
    told_apart : Check, whether classes are told apart in seen poses; where they are not, no "yes" is given
    """

    verdict: Verdict
    sentence: str
    unseen: Share
    seen: Share
    difference: Share
    lowest: Share
    table: list[Row]
    gaps: list[Gap]
    designs: list[Design]
    design: Design
    right: Right
    told_apart: Check


def answered(setup: Setup, options: Options) -> Answer:
    """Predict every design, and judge every gap."""
    bench, coverage = setup.bench, setup.coverage
    case = bench.case
    designs = designs_of(case, coverage)
    unseen, seen = (np.full(len(case.y), np.nan) for _ in range(2))
    table: list[Row] = []
    gaps: list[tuple[Gap, Design, Right]] = []
    n_gaps = sum(len(design.gaps) for design in designs)
    stricter: list[Share | None] = []
    for design in designs:
        right = predicted(bench, design)
        reference = in_seen(case, design, right.new)
        here = in_gaps(case, design, right.new)
        asked = ~np.isnan(here)
        unseen[asked], seen[asked] = here[asked], reference[asked]
        classes = range(case.n_classes) if not coverage.in_turn else sorted({c for c, _ in design.gaps})
        rows = rows_of(bench, design, right, list(classes), coverage, options.confidence)
        table += rows
        for cell in design.gaps:
            row = next(r for r in rows if (coverage.classes.index(r.label), r.pose) == cell)
            at_pose = in_gaps(case, design, right.new, [cell])
            parts = (at_pose, reference, case.objects)
            gap = gap_of(row, *parts, options.margin, options.confidence, coverage.what_if)
            gaps.append((gap, design, right))
            divided = 1 - (1 - options.confidence) / n_gaps
            stricter.append(difference_of(at_pose - reference, case.objects, divided))
    both = ~np.isnan(unseen)
    if not both.any():
        raise Refused(
            "no gap holds a point of its own: every sample of these classes is left alone by elements that lead to a "
            "seen pose, or no sample of them was drawn; name other gaps in missing"
        )
    seen[~both] = np.nan
    gaps.sort(key=lambda entry: 2.0 if entry[0].new is None else entry[0].new.value)
    listed = [gap for gap, _, _ in gaps]
    difference = difference_of(unseen - seen, case.objects, options.confidence)
    of_unseen, of_seen = (share_of(values, case.objects, options.confidence) for values in (unseen, seen))
    assert of_unseen is not None and of_seen is not None and difference is not None  # there is such a point
    verdict = overall(listed, difference, stricter, options.margin)
    _, design, right = gaps[0]
    seen_poses = in_seen(case, design, right.new)
    told_apart = check_told_apart(seen_poses, case.y, case.objects, coverage.classes, options.confidence)
    sentence = sentence_of(verdict, of_unseen, of_seen, difference, listed, options.margin, coverage.what_if)
    if verdict == "yes" and told_apart.status == "warned":
        verdict, sentence = "cannot tell", guessed(of_unseen, of_seen)
        listed = [without_yes(gap) for gap in listed]
    return Answer(
        verdict,
        sentence,
        of_unseen,
        of_seen,
        difference,
        lowest_of(listed, of_unseen),
        table,
        listed,
        designs,
        design,
        right,
        told_apart,
    )
