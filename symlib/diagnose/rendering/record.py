"""A report as JSON: every number of it, under a version of the layout, without NaN."""

import json
import math
import os
from typing import TYPE_CHECKING, Any

from symlib.support.files import replacing

if TYPE_CHECKING:
    from symlib.diagnose.report import Report

SCHEMA = "symlib.diagnose/1"  # the number changes when a key goes or changes its meaning


def as_record(report: "Report") -> dict[str, Any]:
    """The report as nested dicts and lists, what is not finite as None, "schema" first."""
    return {"schema": SCHEMA, **_finite(report.as_dict())}


def to_json(report: "Report", path: str | os.PathLike | None = None) -> str:
    """The report as JSON text, written to `path` as well where one is given: whole, or not at all.

    Raises
    ------
    OSError
        If the file cannot be written, naming it.
    """
    text = json.dumps(as_record(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if path is not None:
        with replacing(path) as file:
            file.write(text.encode("utf-8"))
    return text


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
