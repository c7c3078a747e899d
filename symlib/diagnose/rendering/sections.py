"""A report in words and tables, in the order in which it is read: what the terminal, plain text and the page show.

One place says what stands where. A section is a title, sentences, and tables of finished words; who draws it decides
how it looks.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from symlib.diagnose.words import hundredths, percent, points

if TYPE_CHECKING:
    from symlib.diagnose.report import Gap, Report


_ANSWERS = {"yes": "Yes", "no": "No", "cannot tell": "Cannot tell"}
_MARKS = {"passed": "passed", "warned": "warning", "refused": "refused"}


@dataclass(frozen=True)
class Words:
    """A table of finished words.

    `caption` says what it shows, `marked` are the rows to look at first, and `answers` is the column that holds
    "passed", "warning", "yes", "no" or "cannot tell", if one does.
    """

    headers: list[str]
    rows: list[list[str]]
    caption: str
    marked: frozenset[int] = frozenset()
    answers: int | None = None


@dataclass(frozen=True)
class Section:
    """A part of the report.

    `name` is a word for links and styles. `tables` are short, `narrow` are the same where lines are, and `all_cells`
    may have hundreds of rows.
    """

    name: str
    title: str
    sentences: list[str] = field(default_factory=list)
    tables: list[Words] = field(default_factory=list)
    all_cells: Words | None = None
    narrow: list[Words] | None = None

    def for_lines(self) -> list[Words]:
        """The tables as they fit into the lines of a terminal."""
        return self.tables if self.narrow is None else self.narrow


def answer(report: "Report") -> str:
    """ "Yes", "No" or "Cannot tell"."""
    return _ANSWERS[report.verdict]


def headline(report: "Report") -> str:
    """The answer and the one sentence, which may open with it."""
    if report.sentence.lower().startswith(report.verdict):
        return report.sentence
    return f"{answer(report)}. {report.sentence}"


def settings_line(report: "Report") -> str:
    """The settings in one sentence, where a table would be long; without those in words."""
    told = {key: value for key, value in report.settings.items() if not key.endswith("description")}
    return "; ".join(f"{key.replace('_', ' ')} {_setting(value)}" for key, value in told.items())


def sections(report: "Report") -> list[Section]:
    """Checks, coverage, prediction, figure, verdict, remedies, measurement (with a model), cautions, settings."""
    found = [
        _checks(report),
        _coverage(report),
        _prediction(report),
        Section("figure", "Figure"),
        _verdict(report),
        _remedies(report),
        _measured(report),
        Section("cautions", "What these numbers do not say", list(report.cautions)),
        _settings(report),
    ]
    return [section for section in found if section is not None]


def pose_name(report: "Report", pose: int) -> str:
    """The element, and for rotations its angle: "2 (90°)"."""
    order, action = report.settings.get("order"), str(report.settings.get("action", ""))
    if order and action in ("rotate", "rotate-exact"):
        return f"{pose} ({360 * pose / order:g}°)"
    return str(pose)


def _factor(value):
    if value is None:
        return "–"
    return f"{float(f'{value:.2g}'):,.0f} ×" if value >= 100 else f"{value:.3g} ×"


def _checks(report):
    rows = [[_MARKS[check.status], check.name, check.detail, check.remedy] for check in report.checks]
    marked = frozenset(i for i, check in enumerate(report.checks) if check.status != "passed")
    warnings = len(marked)
    found = f"{warnings} of {len(rows)} ask for attention." if warnings else f"All {len(rows)} passed."
    if not rows:
        return Section("checks", "Checks")
    listed = Words(["result", "check", "found", "what to do"], rows, "What was looked at first", marked, 0)
    table = listed
    if not any(check.remedy for check in report.checks):
        table = Words(listed.headers[:-1], [row[:-1] for row in rows], listed.caption, marked, 0)
    return Section("checks", "Checks", [found], [table], narrow=[listed])


def _coverage(report):
    coverage = report.coverage
    gaps = _by_class(coverage.gaps)
    thin = _by_class(coverage.thin)
    rows = []
    for label, counts in zip(coverage.classes, coverage.counts):
        poses = len(coverage.poses) - len(gaps.get(label, []))
        rows.append(
            [
                str(label),
                f"{int(counts.sum()):,}",
                f"{poses} of {len(coverage.poses)}",
                _listed(pose_name(report, pose) for pose in gaps.get(label, [])),
                _listed(pose_name(report, pose) for pose in thin.get(label, [])),
            ]
        )
    marked = frozenset(i for i, label in enumerate(coverage.classes) if label in gaps)
    if coverage.what_if and coverage.in_turn:
        sentence = "No gap was named: each class in turn is supposed to lack a pose, all others being complete."
    elif coverage.what_if:
        sentence = "The gaps are supposed: what if training had no sample of these classes in these poses?"
    elif coverage.gaps:
        sentence = (
            f"{_count(len(coverage.gaps), 'cell')} of class and pose without a sample, of {coverage.counts.size}."
        )
    else:
        sentence = "Every class has samples in every pose: there is no gap."
    samples = "samples × poses" if coverage.what_if else "samples"
    headers = ["class", samples, "poses seen", "gaps", "fewer than five"]
    short = Words(headers, rows, "Samples of each class, and the poses that it lacks", marked)
    every = Words(
        ["class", *(f"pose {pose_name(report, pose)}" for pose in coverage.poses)],
        [[str(label), *map(str, counts)] for label, counts in zip(coverage.classes, coverage.counts.tolist())],
        "Samples of every class in every pose",
    )
    return Section("coverage", "Coverage", [sentence], [short], every)


def _by_class(cells):
    found: dict = {}
    for label, pose in cells:
        found.setdefault(label, []).append(pose)
    return found


def _listed(words: Iterable[str], most: int = 12) -> str:
    words = list(words)
    shown = ", ".join(words[:most])
    return f"{shown}, and {len(words) - most} more" if len(words) > most else shown or "–"


def _count(n, what):
    return f"{n} {what}{'' if n == 1 else 's'}"


def _prediction(report):
    spreads = any(row.spread is not None for row in report.table)
    level = report.settings.get("confidence")
    interval = f"the {hundredths(level)} % interval over objects" if level else "the interval over objects"
    gap_cells = {(gap.label, gap.pose): row for gap in report.gaps for row in report.table if _is_cell(gap, row)}
    rows = []
    for gap in report.gaps:
        row = gap_cells.get((gap.label, gap.pose))
        spread = [_spread(row)] if spreads else []
        cell = [str(gap.label), pose_name(report, gap.pose)]
        rows.append([*cell, percent(gap.new), percent(gap.known), percent(gap.seen), *spread])
    sentences = [
        f"Share predicted right, with {interval}: of new objects, none of whose poses is trained on, and of known "
        "objects, trained on in other poses; beside them new objects of the class in the poses in which it is seen."
    ]
    ensemble = ["spread"] if spreads else []
    if spreads:
        sentences.append(
            "The spread is the standard deviation of the answers of networks trained alike from different starts, in "
            "units of the labels."
        )
    headers = ["class", "pose", "new objects", "known objects", "in seen poses", *ensemble]
    tables = [Words(headers, rows, "The cells without samples, the worst first")] if rows else []
    every = Words(
        ["class", "pose", "training", "samples", "new objects", "known objects", *ensemble],
        [
            [
                str(row.label),
                pose_name(report, row.pose),
                "seen" if row.seen else "unseen",
                f"{row.count:,}",
                percent(row.new),
                percent(row.known),
                *([_spread(row)] if spreads else []),
            ]
            for row in report.table
        ],
        "Every class in every pose",
        frozenset(i for i, row in enumerate(report.table) if not row.seen),
    )
    return Section("prediction", "Prediction", sentences, tables, every)


def _is_cell(gap: "Gap", row) -> bool:
    return row.label == gap.label and row.pose == gap.pose


def _spread(row):
    return "–" if row is None or row.spread is None else f"{row.spread:.2f}"


def _verdict(report):
    margin, target = report.settings.get("margin"), report.settings.get("target")
    sentences = [headline(report)]
    compared = f"Unseen minus seen: {points(report.difference)} percentage points"
    sentences.append(f"{compared}, against a margin of {hundredths(margin)}." if margin is not None else f"{compared}.")
    if target is not None:
        reached = "reaches" if report.lowest.value >= target else "is below"
        least = f"The least share over the gaps, {percent(report.lowest)}, {reached} the target"
        sentences.append(f"{least} of {hundredths(target)} %.")
    if report.curve is not None:
        sentences.append(report.curve.sentence)
    rows = [
        [str(gap.label), pose_name(report, gap.pose), points(gap.difference), gap.verdict, gap.sentence]
        for gap in report.gaps
    ]
    if not rows:
        return Section("verdict", "Verdict", sentences)
    marked = frozenset(i for i, gap in enumerate(report.gaps) if gap.verdict == "no")
    headers = ["class", "pose", "unseen − seen", "verdict", "in words"]
    table = Words(headers, rows, "The verdict on each gap", marked, 3)
    short = Words(headers[:-1], [row[:-1] for row in rows], table.caption, marked, 3)
    return Section("verdict", "Verdict", sentences, [table], narrow=[short])


def _remedies(report):
    done = [remedy for remedy in report.remedies if remedy.applicable]
    other = [remedy for remedy in report.remedies if not remedy.applicable]
    if not report.remedies:
        return Section("remedies", "Remedies", ["None was looked at."])
    sentences, tables, narrow = [], [], []
    if done:
        sentences.append(
            "Gain is the change in the gaps in percentage points, paired over objects, and the next column the change "
            "at seen poses, where a minus is harm. Training is the number of training points and asking the work for "
            "an answer, as multiples."
        )
        rows = [
            [
                remedy.name,
                remedy.what,
                percent(remedy.share),
                points(remedy.gain),
                points(remedy.harm),
                _factor(remedy.training),
                _factor(remedy.asking),
            ]
            for remedy in done
        ]
        headers = ["remedy", "what is done", "right in the gaps", "gain", "at seen poses", "training", "asking"]
        tables.append(Words(headers, rows, "Recomputed on the same objects, best first"))
        short = [[row[0], row[2].partition(" [")[0], *row[3:]] for row in rows]
        narrow.append(Words([headers[0], *headers[2:]], short, tables[0].caption))
    if other:
        rows = [[remedy.name, remedy.why_not] for remedy in other]
        tables.append(Words(["remedy", "why not"], rows, "Not applicable here"))
        narrow.append(tables[-1])
    return Section("remedies", "Remedies", sentences, tables, narrow=narrow)


def _measured(report):
    measured = report.measured
    if measured is None:
        return None
    sentences = [
        measured.note,
        f"Right in seen cells {percent(measured.seen)}, in the gaps {percent(measured.unseen)}.",
    ]
    headers = ["class", "pose", "training", "measured", "predicted, known objects", "predicted, new objects"]
    rows = [
        [
            str(row.label),
            pose_name(report, row.pose),
            "seen" if row.seen else "unseen",
            percent(row.share),
            percent(row.known),
            percent(row.new),
        ]
        for row in measured.rows
    ]
    gaps = [row for row, cell in zip(rows, measured.rows) if not cell.seen]
    short = [Words(headers, gaps, "Your model in the cells without samples, beside the prediction")] if gaps else []
    every = Words(headers, rows, "Your model in every cell")
    return Section("measured", "Your model", sentences, short, every)


def _settings(report):
    rows = [[key.replace("_", " "), _setting(value)] for key, value in report.settings.items()]
    return Section("settings", "Settings", [], [Words(["setting", "value"], rows, "Computed with")] if rows else [])


def _setting(value):
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
