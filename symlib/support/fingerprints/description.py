"""What one step tells of a value: what it says itself, and which other values it leads to."""

import types
from collections.abc import Sequence
from typing import Any, NamedTuple


class Description(NamedTuple):
    says: Any  # text, numbers, and tuples of them
    leads_to: Sequence[tuple[Any, str]] = ()  # each a value and its name in messages
    in_any_order: bool = False


class ModuleUse(NamedTuple):
    """A module as code uses it that names these attributes among others."""

    module: types.ModuleType
    names: frozenset


class SourceFile(NamedTuple):
    """The file of a module of the user's own, in full, with the user's files that it imports."""

    module: str


def refusal(value, name, remedy=None):
    remedy = remedy or (
        "pass numbers, text, arrays or functions, and lists and dicts of them, and make the object from them inside "
        "the function"
    )
    return TypeError(
        f"{name} is a {type(value).__name__}, whose content cannot be told for the key of a result; {remedy}"
    )
