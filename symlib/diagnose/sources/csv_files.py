"""Samples from a .csv file: a row a sample, the first line names the columns."""

import csv
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from symlib.diagnose.sources.samples import LabelledSamples, as_names, checked_samples, refuse_bytes
from symlib.support.labels import EXACT
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
    as "pixel*", separated by commas, in the order of the file; patterns leave out columns that are named otherwise.

    Raises
    ------
    ValueError
        If the file cannot be read, lacks a column (those that it has are named), has one twice, a row has more or fewer
        entries than the first line, or an entry is no number, with line and column; if it is not clear which column
        holds the labels, or the samples take it in; or as `checked_samples`.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} cannot be read as .csv: {error}; save it as text in UTF-8") from error
    except (OSError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as .csv: {error}") from error
    if len(rows) < 2:
        raise ValueError(f"{path} needs a first line with the names of its columns and a row a sample, got {len(rows)}")
    head, body = [name.strip() for name in rows[0]], rows[1:]
    other = next((mark for mark in ";\t|" if mark in rows[0][0]), None)
    if len(head) == 1 and other:
        raise ValueError(f"{path} must have commas between its columns, got {other!r}; write it anew with commas")
    if all(_is_number(name) for name in head):
        raise ValueError(f"the first line of {path} must name the columns, got numbers; put a line of names there")
    for line, row in enumerate(body, 2):
        if len(row) != len(head):
            raise ValueError(
                f"{path}, row {line}, has {len(row)} entries, and the first line names {len(head)} columns"
            )
    if labels is None:
        found = [name for name in _LABELS if name in head]
        if len(found) != 1:
            had = f"the columns {' and '.join(found)}" if found else f"no column {' or '.join(_LABELS)}"
            raise ValueError(f"{path} has {had}; name that of the labels, --labels NAME")
        labels = found[0]
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
        for pattern in wanted:
            _refuse_sample_column(pattern, head, taken, path)
        columns = [
            j for j, name in enumerate(head) if j not in taken and any(fnmatchcase(name, pattern) for pattern in wanted)
        ]
    if not columns:
        raise ValueError(f"{path} has no columns of numbers for the samples; it has {', '.join(map(repr, head))}")
    return columns


def _refuse_sample_column(pattern, head, taken, path):
    if pattern in [head[j] for j in taken]:
        raise ValueError(
            f"--samples takes in {pattern!r} of {path}, which is no sample by another option; leave it out"
        )
    if not any(fnmatchcase(name, pattern) for name in head):
        raise ValueError(f"{path} has no columns of numbers {pattern!r}{perhaps(pattern, head)}; it has {_shown(head)}")


def _place(head, name, path):
    if head.count(name) > 1:
        raise ValueError(f"{path} has {head.count(name)} columns {name!r}; give each a name of its own")
    if name not in head:
        raise ValueError(f"{path} has no column {name!r}{perhaps(name, head)}; it has {_shown(head)}")
    return head.index(name)


def _shown(head):
    return ", ".join(map(repr, head[:12])) + (" …" if len(head) > 12 else "")


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _numbers_or_names(column):
    """Numbers if all are, but for those that float64 would round: long ids are names."""
    text = np.array(column, dtype=str)
    if not all(map(_is_number, column)):
        return text
    numbers = text.astype(float)
    return text if (np.isfinite(numbers) & (np.abs(numbers) > EXACT)).any() else numbers
