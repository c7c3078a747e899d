"""Bach's chorales, which lack six keys by nature: what networks trained on them do, known before any is trained."""

from symlib.datasets import chorales
from symlib.diagnose import diagnose


def test_own_keys_and_keys_that_were_never_written_in():
    """Trained networks: .958 ± .02 in a piece's own key, .196 ± .04 in the missing cells; the kernel .963 and .246."""
    pieces = chorales()
    report = diagnose(
        pieces.pitch_classes,
        pieces.modes,
        "cyclic:12",
        "shift",
        pose=pieces.tonics,
        objects=pieces.tunes,
        progress=False,
        remedies=False,
    )
    gaps = {("major", 1), ("major", 6), ("major", 11), ("minor", 1), ("minor", 3), ("minor", 8)}
    assert set(report.coverage.gaps) == gaps and report.settings["objects_used"] == 178
    assert 0.94 < report.seen.value < 0.985
    assert 0.15 < report.unseen.value < 0.31 and report.verdict == "no"
    assert report.unseen.n == 178
    worst = {(gap.label, gap.pose) for gap in report.gaps[:2]}
    assert worst <= gaps and report.gaps[0].new.value < 0.1
    spreads = {(row.label, row.pose): row.spread for row in report.table}
    assert min(spreads[cell] for cell in gaps) > max(
        spread for (label, pose), spread in spreads.items() if report.coverage.counts[int(label == "minor"), pose] >= 5
    )
