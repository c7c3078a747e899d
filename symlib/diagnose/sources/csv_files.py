"""Samples from a .csv file: a row a sample, the first line names the columns."""

import csv
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from symlib.diagnose.sources.samples import LabelledSamples, as_names, checked_samples, refuse_bytes
from symlib.support.nearest import perhaps

_LABELS = ("y", "label", "class", "target")


def read_csv(
    path: Path,
    *,
    samples: str | None = None,
    labels: str | None = None,
    pose: str | None = None,
    objects: str | None = None,
) -> LabelledSamples:
    """The columns of a .csv file: labels, poses and objects where they are named, and the numbers of all the others.

    Without `labels` the column y, label, class or target is taken. `samples` chooses columns: names or patterns such
    as "pixel*", separated by commas, in the order of the file.

    Raises
    ------
    ValueError
        If the file cannot be read, lacks a column (those that it has are named), a row has more or fewer entries than
        the first line, or an entry is no number, with line and column; or as `checked_samples`.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as .csv: {error}") from error
    if len(rows) < 2:
        raise ValueError(f"{path} needs a first line with the names of its columns and a row a sample, got {len(rows)}")
    head, body = [name.strip() for name in rows[0]], rows[1:]
    if all(_is_number(name) for name in head):
        raise ValueError(f"the first line of {path} must name the columns, got numbers; put a line of names there")
    for line, row in enumerate(body, 2):
        if len(row) != len(head):
            raise ValueError(
                f"{path}, row {line}, has {len(row)} entries, and the first line names {len(head)} columns"
            )
    labels = labels or next((name for name in _LABELS if name in head), None)
    if labels is None:
        raise ValueError(f"{path} has no column {' or '.join(_LABELS)}; name that of the labels, --labels NAME")
    named = {"y": labels, "pose": pose, "objects": objects}
    places = {kind: _place(head, name, path) for kind, name in named.items() if name is not None}
    columns = _chosen(head, samples, set(places.values()), path)
    refuse_bytes(len(body) * len(columns), path.name, "give fewer rows")
    x = np.empty((len(body), len(columns)))
    for i, row in enumerate(body):
        try:
            x[i] = [float(row[j]) for j in columns]
        except ValueError:
            j = next(j for j in columns if not _is_number(row[j]))
            raise ValueError(
                f"{path}, row {i + 2}, column {head[j]!r}: {row[j]!r} is no number; repair it, or choose columns with "
                "--samples"
            ) from None
    arrays: dict[str, Any] = {kind: _numbers_or_names([row[j].strip() for row in body]) for kind, j in places.items()}
    return checked_samples(path.name, x, **arrays, names=as_names(named))


def _chosen(head, patterns, taken, path):
    if patterns is None:
        columns = [j for j in range(len(head)) if j not in taken]
    else:
        wanted = [pattern.strip() for pattern in patterns.split(",")]
        columns = [j for j, name in enumerate(head) if any(fnmatchcase(name, pattern) for pattern in wanted)]
    if not columns:
        raise ValueError(f"{path} has no columns of numbers for the samples; it has {', '.join(map(repr, head))}")
    return columns


def _place(head, name, path):
    if name not in head:
        shown = ", ".join(map(repr, head[:12])) + (" …" if len(head) > 12 else "")
        raise ValueError(f"{path} has no column {name!r}{perhaps(name, head)}; it has {shown}")
    return head.index(name)


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _numbers_or_names(column):
    numbers = [_is_number(text) for text in column]
    return np.array(column, dtype=float) if all(numbers) else np.array(column, dtype=str)
