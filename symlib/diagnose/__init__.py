"""Will a network recognise what it never saw? An answer from data, group and architecture, before training.

`diagnose` checks the data, says which poses of which class are missing, predicts what the network will make of them,
and tries what would help.
"""

from symlib.diagnose.diagnosis import diagnose
from symlib.diagnose.report import (
    Check,
    Coverage,
    Curve,
    CurvePoint,
    Gap,
    Measured,
    MeasuredRow,
    Refused,
    Remedy,
    Report,
    Row,
    Share,
)

__all__ = [
    "Check",
    "Coverage",
    "Curve",
    "CurvePoint",
    "Gap",
    "Measured",
    "MeasuredRow",
    "Refused",
    "Remedy",
    "Report",
    "Row",
    "Share",
    "diagnose",
]
