"""What executed cells leave on stderr, which readers of a notebook see: warnings, logs, bars left standing."""

import re


def left_on_stderr(executed):
    """(cell number, text) of what an executed chapter leaves standing on stderr, but where a cell says why.

    A cell may say so in its metadata, `"writes_to_stderr": "reason"`.
    """
    found = []
    for number, cell in enumerate(executed.cells, start=1):
        text = shown_on_stderr(cell)
        if text and not cell.metadata.get("writes_to_stderr"):
            found.append((number, text))
    return found


def shown_on_stderr(cell):
    """The lines of a cell's stderr that are not blank, as a terminal shows them.

    What follows a carriage return is written over what was there, so a progress bar that was wiped out is gone. A bar
    comes in many outputs, and is one line only when they are put together.
    """
    text = "".join(out.text for out in cell.get("outputs", []) if out.get("name") == "stderr")
    lines = (_overwritten(line) for line in re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).split("\n"))
    return "\n".join(line for line in lines if line)


def _overwritten(line):
    shown = ""
    for part in line.split("\r"):
        shown = part + shown[len(part) :]
    return shown.strip()
