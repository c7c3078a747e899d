"""The accuracy of the caller's own model in every cell, beside the prediction.

The model is a callable: it takes points (b, d) or (b, H, W) in the units of `x`, and returns classes (b,), or scores
(b, k) in the sorted order of the classes. A module of torch is called without gradients, in evaluation mode, with
tensors of the kind and on the device of its parameters; torch is not imported here, for who has a module has it.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symlib.diagnose.problem.case import Case, Design
from symlib.diagnose.report import Label, Measured, MeasuredRow, Refused, Row
from symlib.diagnose.shares import mean_over, share_of

_AT_ONCE = 1024
_NOTE = (
    "Measured on the samples given, each moved into every pose. Where the model was trained on them, read it beside "
    "the prediction for known objects; where they were kept from it, beside that for new ones."
)


def measured_with(
    model: Callable,
    orbits: NDArray,
    case: Case,
    designs: Sequence[Design],
    rows: Sequence[Row],
    labels: list[Label],
    confidence: float,
) -> Measured:
    """What the model gets right on orbits (C, |G|, …) in the units of the data, cell by cell."""
    n, order = orbits.shape[:2]
    points = orbits.reshape(n * order, *orbits.shape[2:])
    answers = classes_of(model, points, labels).reshape(n, order).T
    stray = answers < 0
    if stray.all():
        shown = ", ".join(map(repr, labels[:10]))
        raise Refused(
            f"model answers with none of the classes of y, which are {shown}: it must return these, or scores (b, k) "
            "with a column for each in this order"
        )
    note = f" {stray.mean():.0%} of its answers are no class of y, and count as wrong." if stray.any() else ""
    right = answers == case.y
    found, unseen, seen = [], np.full(n, np.nan), np.full(n, np.nan)
    for row in rows:
        members = case.y == labels.index(row.label)
        share = share_of(np.where(members, right[row.pose], np.nan), case.objects, confidence)
        if share is not None:
            found.append(MeasuredRow(row.label, row.pose, row.seen, share, row.known, row.new))
    for design in designs:
        in_gap = mean_over(right, case.unseen(design))
        asked = ~np.isnan(in_gap)
        unseen[asked] = in_gap[asked]
        seen[asked] = mean_over(right, case.seen_points(design))[asked]
    of_seen, of_unseen = (share_of(values, case.objects, confidence) for values in (seen, unseen))
    return Measured(of_seen, of_unseen, found, _NOTE + note)


def classes_of(model: Callable, points: NDArray, labels: list[Label]) -> NDArray[np.intp]:
    """The class, 0 … k−1, that the model gives each point (b, …); −1 where it is none of the labels."""
    ask = _asker(model, points[:2])
    answers = []
    for start in range(0, len(points), _AT_ONCE):
        given = ask(points[start : start + _AT_ONCE])
        answers.append(_codes(given, min(_AT_ONCE, len(points) - start), labels))
    return np.concatenate(answers)


def _codes(given, b, labels):
    given = np.asarray(given)
    if given.dtype.kind == "f" and np.isnan(given).any():
        raise Refused(f"model gives NaN for {np.isnan(given.reshape(b, -1)).any(axis=1).sum()} of {b} points; mend it")
    if given.ndim == 2 and given.shape == (b, len(labels)):
        return given.argmax(axis=1)
    if given.ndim == 2 and given.shape == (b, 1):
        given = given[:, 0]
    if given.shape != (b,):
        raise Refused(
            f"model must return classes (b,) or scores (b, k) with k = {len(labels)} classes in sorted order, got "
            f"shape {given.shape} for {b} points"
        )
    known = {label: code for code, label in enumerate(labels)}
    entries = [entry.item() if isinstance(entry, np.generic) else entry for entry in given]
    if len(labels) == 2 and given.dtype.kind == "f" and not any(entry in known for entry in entries):
        return (given > 0).astype(np.intp)  # one score: positive for the second class
    return np.array([known.get(entry, -1) for entry in entries], dtype=np.intp)


def _asker(model: Any, few: NDArray) -> Callable[[NDArray], Any]:
    """The call of the model on points, in the first of the shapes that it takes: as they are, with a channel, flat."""
    forms = [lambda x: x]
    if few.ndim == 3:
        forms = [lambda x: x, lambda x: x[:, None], lambda x: x.reshape(len(x), -1)]
    failures = []
    for form in forms:

        def ask(x, form=form):
            return _called(model, np.ascontiguousarray(form(x)))

        try:
            given = np.asarray(ask(few))
        except Refused:
            raise
        except Exception as error:  # whatever a model raises at a shape that it does not take
            failures.append(
                f"{form(few).shape}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            )
            continue
        if given.ndim and len(given) == len(few):
            return ask
        failures.append(f"{form(few).shape}: returned shape {given.shape}")
    raise Refused(f"model must take points {few.shape} (or with a channel, or flattened); tried {'; '.join(failures)}")


def _called(model, x):
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        return model(x)
    parameter = next(model.parameters(), None)
    kind = {} if parameter is None else {"dtype": parameter.dtype, "device": parameter.device}
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            return model(torch.as_tensor(x, **kind)).detach().cpu().double().numpy()
    finally:
        model.train(training)
