"""Shares in words: how a report writes a share and a difference, the same in sentences and tables."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symlib.diagnose.report import Share


def percent(share: "Share | None") -> str:
    """ "20 % [10, 36]"; an empty cell where there is none."""
    if share is None:
        return "–"
    return f"{hundredths(share.value)} % [{hundredths(share.low)}, {hundredths(share.high)}]"


def points(share: "Share | None") -> str:
    """A difference in percentage points, with its sign: "−74 [−90, −55]"."""
    if share is None:
        return "–"
    return f"{_signed(share.value)} [{_signed(share.low)}, {_signed(share.high)}]"


def hundredths(value: float) -> str:
    """A share as a whole number of hundredths, with a minus that is one."""
    return f"{100 * value:.0f}".replace("-", "−") if round(100 * value) else "0"


def _signed(value):
    text = hundredths(value)
    return text if text == "0" or text.startswith("−") else f"+{text}"
