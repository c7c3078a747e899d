"""A small report with one of everything, written by hand, for tests of what draws and writes reports."""

import numpy as np

from symlib.diagnose.report import (
    Check,
    Coverage,
    Curve,
    CurvePoint,
    Gap,
    Measured,
    MeasuredRow,
    Remedy,
    Report,
    Row,
    Share,
)


def example_report(**changes):
    """Two classes in three poses, "minor" never in pose 2; fields named in `changes` are replaced."""
    good, bad = Share(0.95, 0.88, 0.98, 60), Share(0.2, 0.1, 0.36, 31)
    counts = np.array([[21, 20, 19], [17, 14, 0]])
    table = [
        Row(label, pose, bool(counts[c, pose]), int(counts[c, pose]), good, good, 0.11)
        for c, label in enumerate(["major", "minor"])
        for pose in range(3)
    ]
    table[5] = Row("minor", 2, False, 0, Share(0.3, 0.17, 0.47, 31), bad, 0.42)
    less = Share(-0.74, -0.9, -0.55, 31)
    fields = dict(
        verdict="no",
        sentence='No: "minor" in pose 2, never seen, is predicted right in 20 % [10, 36] of new objects.',
        unseen=bad,
        seen=good,
        difference=less,
        lowest=bad,
        checks=[
            Check("action obeys the table", "passed", "largest failure 2.2e-16 over all pairs of elements"),
            Check("classes are balanced", "warned", "60 major, 31 minor", "weigh or add samples of minor"),
        ],
        coverage=Coverage(["major", "minor"], [0, 1, 2], counts, [("minor", 2)], [], False, False),
        table=table,
        gaps=[Gap("minor", 2, Share(0.3, 0.17, 0.47, 31), bad, good, less, "no", "minor in pose 2: no.")],
        curve=Curve(
            "minor",
            [
                CurvePoint(1, Share(0.1, 0.03, 0.25, 31), "random", 0.05, 0.15, 3),
                CurvePoint(1, Share(0.1, 0.03, 0.25, 31), "subgroup", 0.1, 0.1, 1),
                CurvePoint(2, bad, "random", 0.1, 0.3, 3),
                CurvePoint(3, good, "random", 0.95, 0.95, 1),
            ],
            0.9,
            None,
            None,
            "No number of poses short of all 3 reaches 0.90.",
        ),
        remedies=[
            Remedy(
                "average over the group",
                "Average the kernel over all 3 poses.",
                True,
                share=good,
                gain=Share(0.75, 0.6, 0.9, 31),
                harm=Share(0.0, -0.03, 0.03, 60),
                training=1.0,
                asking=3.0,
            ),
            Remedy("denser poses", "Observe poses in between.", False, why_not="the action has no poses in between"),
        ],
        measured=Measured(
            good, bad, [MeasuredRow(row.label, row.pose, row.seen, good, row.known, row.new) for row in table], "Note."
        ),
        cautions=["Predicted for infinite width and squared error."],
        settings={"group": "C3", "order": 3, "architecture": "mlp", "confidence": 0.95, "margin": 0.05, "target": 0.9},
    )
    return Report(**(fields | changes))


HOSTILE = '<script>alert("$x$ & {y}")</script>'


def large_report(n_classes=5, n_poses=16):
    """Many cells, several gaps, both kinds of poses in the curve, N*, and a class with a name that would run."""
    counts = np.arange(n_classes * n_poses).reshape(n_classes, n_poses) + 5
    counts[1, [0, 3]] = counts[4, 15] = 0
    labels = [f"class {c}" for c in range(n_classes - 1)] + [HOSTILE]
    rows = [
        Row(
            label,
            pose,
            bool(counts[c, pose]),
            int(counts[c, pose]),
            None,
            Share(0.3 + 0.04 * pose, 0.2, 0.97, 40),
            None,
        )
        for c, label in enumerate(labels)
        for pose in range(n_poses)
    ]
    below = Share(-0.6, -0.7, -0.5, 40)
    gaps = [Gap(r.label, r.pose, None, r.new, None, below, "no", f"{r.label}: no.") for r in rows if not r.seen]
    curve_points = [CurvePoint(m, Share(m / 16, m / 20, 1, 40), "random", 0, 1, 3) for m in (1, 5, 9, 15, 16)]
    curve_points.append(CurvePoint(8, Share(0.95, 0.8, 1, 40), "subgroup", 0.9, 1, 3))
    return example_report(
        coverage=Coverage(labels, list(range(n_poses)), counts, [(g.label, g.pose) for g in gaps], [], False, False),
        table=rows,
        gaps=gaps,
        curve=Curve(HOSTILE, curve_points, 0.9, 15, 8, "15 of 16, or 8 that are a subgroup."),
        measured=None,
        settings={"group": "C16", "order": n_poses, "action": "rotate", "confidence": 0.95, "version": "0.0"},
    )
