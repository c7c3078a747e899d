"""The nearest of the names that there are, for errors about a name that nothing has."""

import difflib
from collections.abc import Iterable


def perhaps(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """ ", perhaps 'label'": the nearest of the names that there are; nothing where none is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f", perhaps {near[0]!r}" if near else ""


def unknown(kind: str, name: object, known: Iterable[str], more: str = "") -> ValueError:
    """The error for a name that nothing has: the nearest name, all that there are, and what else is taken."""
    known = list(known)
    plain = {entry.split(":")[0]: entry for entry in reversed(known)}  # of several, the first
    near = difflib.get_close_matches(str(name).split(":")[0].lower(), plain, n=1, cutoff=0.5)
    guess = f", perhaps {plain[near[0]]!r}" if near else ""
    return ValueError(f"{kind} {name!r} is not known{guess}; there are {', '.join(known)}{more and f', {more}'}")
