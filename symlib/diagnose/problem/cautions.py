"""What the numbers of a diagnosis do not say, in plain sentences."""

from collections.abc import Sequence
from typing import Any

from symlib.diagnose.report import Check, Coverage

ALWAYS = (
    "Predicted for networks of infinite width that are trained on squared error until they fit: stopped earlier they "
    "are other machines, and with cross-entropy the prediction can be too high, most where few poses are seen.",
    "Networks that learn features, with many classes and small initial weights, may carry a symmetry over from "
    "complete classes to others; a kernel does not, and this is not predicted.",
    "Intervals are over the objects asked about, for the training data as they are; another draw of training data is "
    "not in them.",
)


def cautions_of(settings: dict[str, Any], coverage: Coverage, checks: Sequence[Check]) -> list[str]:
    """The cautions that hold for every diagnosis, and those that these data call for."""
    found: list[str] = list(ALWAYS)
    warned = {check.name for check in checks if check.status == "warned"}
    if not settings["exact_action"]:
        found.append(
            "The action interpolates, and so is no exact action of the group: poses are made from each sample as it "
            "was observed, and averages over the group are of what the action makes."
        )
    if "no input under two labels once moved" in warned:
        found.append("The symmetry is false for some samples (see the checks): there averaging over the group harms.")
    if "classes are balanced" in warned:
        found.append("Classes are of very unlike size: unknown inputs go to the large ones, whatever the symmetry.")
    if settings["samples_drawn"] < settings["samples"]:
        found.append(
            f"{settings['samples_drawn']} of {settings['samples']} samples were used ({settings['objects_used']} of "
            f"{settings['objects']} objects, drawn whole): trained on all of them, a network has seen more, and its "
            "shares are higher rather than lower."
        )
    if settings["cells_lost"]:
        found.append(
            f"{settings['cells_lost']} cells that the data cover hold none of the samples drawn, and are predicted as "
            "if they were gaps."
        )
    if coverage.in_turn:
        found.append(
            "No gap was found or named: each class in turn lacks one pose, all else is seen"
            + (f" (the {len(coverage.gaps)} largest classes)." if len(coverage.gaps) < len(coverage.classes) else ".")
        )
    return found
