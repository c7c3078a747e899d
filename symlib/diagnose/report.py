"""The report of a diagnosis: plain values, in the order in which it is read.

Checks, coverage, prediction, verdict, curve, remedies, and what was measured with a trained model. Everything is a
Python number, string, list, dict or None, or (the counts of `Coverage`) a NumPy array of whole numbers; labels of
classes are what the caller gave (int or str), poses are elements of the group. Drawing and writing live in files of
their own, which take a report and import nothing from here.
"""

import os
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["yes", "no", "cannot tell"]
Label = int | str


@dataclass(frozen=True)
class Share:
    """A share right (0 to 1), or a difference of two (−1 to 1), with its interval over objects.

    Attributes
    ----------
    value : float, over samples: each sample counts once, those of one object together as one draw
    low, high : float, the interval at `settings["confidence"]`; it holds for few objects and near 0 and 1 too
    n : int, the objects that it is over
    """

    value: float
    low: float
    high: float
    n: int

    def __format__(self, spec: str) -> str:
        value, low, high = (format(number, spec or ".2f") for number in (self.value, self.low, self.high))
        return f"{value} [{low}, {high}]"

    def __str__(self) -> str:
        return format(self)


@dataclass(frozen=True)
class Check:
    """What was looked at before anything was predicted.

    Attributes
    ----------
    name : str, a few words ("action obeys the table")
    status : "passed" | "warned" | "refused"; a refusal raises `Refused`, which carries the checks made so far, so that
        no report holds one
    detail : str, what was found, with its numbers
    remedy : str, what to do; empty where it passed
    """

    name: str
    status: Literal["passed", "warned", "refused"]
    detail: str
    remedy: str = ""


class Refused(ValueError):
    """A diagnosis that cannot be trusted is not made; `checks` are those up to the one that refused, the last."""

    def __init__(self, message: str, checks: "list[Check] | None" = None) -> None:
        super().__init__(message)
        self.checks = list(checks or [])


@dataclass(frozen=True)
class Coverage:
    """Which poses of which class are trained on.

    Attributes
    ----------
    classes : list of int or str, k of them, in sorted order
    poses : list of int, the |G| elements
    counts : (k, |G|) int array, samples of each class in each pose: of all data, before some were drawn
    gaps : list of (class, pose) that no sample covers and that are predicted
    thin : list of (class, pose) that fewer than five samples cover, gaps not included
    what_if : bool, whether the gaps are supposed ("what if this class lacked that pose") and not the data's own
    in_turn : bool, whether the gaps are supposed one class at a time (none was named), and not all together
    """

    classes: list[Label]
    poses: list[int]
    counts: NDArray[np.intp]
    gaps: list[tuple[Label, int]]
    thin: list[tuple[Label, int]]
    what_if: bool
    in_turn: bool


@dataclass(frozen=True)
class Row:
    """One cell (class, pose) of the prediction.

    Attributes
    ----------
    label : int or str, the class
    pose : int, the element of the group
    seen : bool, whether samples of the class are trained on in that pose; False in a gap
    count : int, samples of the cell in the data
    known : Share | None, share right of objects that are trained on, in poses in which they are not; None where there
        is no such point (every pose of every object of the cell is trained on)
    new : Share | None, share right of objects of which no pose is trained on (folds of objects)
    spread : float | None, standard deviation of the answers of networks trained alike from different starts at the
        points of `known` (or where there are none, of new objects), in units of the labels (0 and 1), averaged; None
        where the kernel has no NNGP partner
    """

    label: Label
    pose: int
    seen: bool
    count: int
    known: Share | None
    new: Share | None
    spread: float | None


@dataclass(frozen=True)
class Gap:
    """The verdict on one gap, worst first in `Report.gaps`.

    Attributes
    ----------
    label, pose : the cell
    known, new : Share | None, as in its `Row`
    seen : Share | None, share right of new objects of the class in the poses in which it is seen
    difference : Share | None, new − seen, paired within objects
    verdict : "yes" | "no" | "cannot tell"
    sentence : str, plain
    """

    label: Label
    pose: int
    known: Share | None
    new: Share | None
    seen: Share | None
    difference: Share | None
    verdict: Verdict
    sentence: str


@dataclass(frozen=True)
class CurvePoint:
    """Share right of new objects at the poses that a class lacks, when it is seen in m poses.

    Attributes
    ----------
    poses : int, m; at m = |G| no pose is missing, and the share is over all poses
    share : Share, the mean over draws of m poses
    kind : "random" (poses drawn) | "subgroup" (the poses are a subgroup of order m)
    lowest, highest : float, the least and the greatest share among the draws
    draws : int, sets of m poses that were tried
    """

    poses: int
    share: Share
    kind: Literal["random", "subgroup"]
    lowest: float
    highest: float
    draws: int


@dataclass(frozen=True)
class Curve:
    """How many poses of a class have to be seen.

    Attributes
    ----------
    label : int or str, the class whose poses vary: that of the worst gap; all else is as designed
    points : list of CurvePoint, ascending in m, the subgroup's point after the random one
    target : float, the share that is wanted
    n_star : int | None, N*: the smallest m < |G| (drawn at random, among those tried) whose share reaches the target;
        None where none does
    n_star_subgroup : int | None, the same for poses that are a subgroup
    sentence : str, plain
    """

    label: Label
    points: list[CurvePoint]
    target: float
    n_star: int | None
    n_star_subgroup: int | None
    sentence: str


@dataclass(frozen=True)
class Remedy:
    """What would help, recomputed on the same objects in the same folds; best first in `Report.remedies`.

    Attributes
    ----------
    name : str, short ("close the gap", "average over the group")
    what : str, one sentence: what is done
    applicable : bool
    why_not : str, the reason where it is not applicable (then all that follows is None)
    share : Share | None, share right of new objects in the gaps with the remedy
    gain : Share | None, that minus the share without, paired over objects
    harm : Share | None, the change at seen poses, paired over objects: negative is harm
    training : float | None, training points, as a multiple of the design's
    asking : float | None, passes of a network for one answer, as a multiple; None for another architecture
    draws : int, random draws that the numbers are the mean of (1 where nothing is random)
    """

    name: str
    what: str
    applicable: bool
    why_not: str = ""
    share: Share | None = None
    gain: Share | None = None
    harm: Share | None = None
    training: float | None = None
    asking: float | None = None
    draws: int = 1


@dataclass(frozen=True)
class MeasuredRow:
    """Accuracy of the caller's model in one cell, beside the prediction for known and for new objects."""

    label: Label
    pose: int
    seen: bool
    share: Share
    known: Share | None
    new: Share | None


@dataclass(frozen=True)
class Measured:
    """What a trained model (`model=`) does, on the samples given, moved into every pose.

    Attributes
    ----------
    seen, unseen : Share | None, share right in the cells that are seen, and in the gaps
    rows : list of MeasuredRow, one a cell
    note : str, what the numbers mean: the model may have been trained on these very samples
    """

    seen: Share | None
    unseen: Share | None
    rows: list[MeasuredRow]
    note: str


@dataclass(frozen=True)
class Report:
    """What `diagnose` found. `str(report)` is the report as text; `verdict` and `sentence` are the answer.

    Attributes
    ----------
    verdict : "yes" | "no" | "cannot tell", whether objects in unseen poses are recognised as well as in seen ones: by
        whether the interval of `difference` lies above −margin, below it, or around it
    sentence : str, one plain sentence
    unseen, seen : Share, share right of new objects in the gaps, and of the same classes in the poses they were seen in
    difference : Share, unseen − seen, paired within objects
    lowest : Share, the least share over the gaps, of known and of new objects: what `target` is held against
    checks : list of Check, in the order in which they were made
    coverage : Coverage
    table : list of Row, class by class, pose by pose. Where gaps are supposed in turn, a class's rows are those of the
        design in which that class lacks its pose
    gaps : list of Gap, worst first
    curve : Curve | None
    remedies : list of Remedy, best first (by the lower end of the gain), those not applicable last
    measured : Measured | None, with `model=` only
    cautions : list of str, what the numbers do not say
    settings : dict of str to number, string, bool or None: group, order, action, architecture, ridge (relative to the
        kernel's mean diagonal), ridge_absolute, standardised, invariant (bool), invariance_gap, samples, objects,
        samples_drawn, samples_used (fewer where some repeat an orbit), objects_used, cells_lost (covered by the data,
        not by the samples drawn), folds, confidence, margin, target, seed, seconds
    """

    verdict: Verdict
    sentence: str
    unseen: Share
    seen: Share
    difference: Share
    lowest: Share
    checks: list[Check]
    coverage: Coverage
    table: list[Row]
    gaps: list[Gap]
    curve: Curve | None
    remedies: list[Remedy]
    measured: Measured | None = None
    cautions: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The report as nested dicts and lists of Python values, which `json` writes."""
        return _plain(self)

    def to_json(self, path: str | os.PathLike | None = None) -> str:
        """The report as JSON text, written to a file as well where a path is given."""
        from symlib.diagnose.rendering.record import to_json

        return to_json(self, path)

    # What draws and writes is imported where it is used, and takes the report as an argument: `figures.figure`,
    # `page.html`, `page.to_html`, `record.to_json`, `text.text`.

    def figure(self) -> Any:
        """The figure: share right against number of poses, and coverage with the predicted cells (matplotlib)."""
        from symlib.diagnose.rendering.figures import figure

        return figure(self)

    def to_html(self, path: str | os.PathLike) -> None:
        """Write the report as one page that needs no other file."""
        from symlib.diagnose.rendering.page import to_html

        to_html(self, path)

    def __str__(self) -> str:
        from symlib.diagnose.rendering.text import text

        return text(self)

    def _repr_html_(self) -> str:
        from symlib.diagnose.rendering.page import html

        return html(self)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return value
