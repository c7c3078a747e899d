"""Digests of what a call depends on: function, source, arguments. Equal in every process.

A function counts with the file that it is written in; one typed into a notebook with its own source, and with the
functions and values of the notebook that it uses. What a function uses of other files counts by name only, except that
of symlib itself, which counts in full.
"""

import hashlib
import inspect
import sys
import types
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from symlib.support.digests import array_digest


def call_fingerprint(function, setting):
    """Digest of `function(**setting)`: of the function, its source, symlib's, and the setting.

    Parameters
    ----------
    function : function, class, or functools.partial of one
    setting : dict of numbers, text, arrays, functions, and lists, tuples, sets and dicts of them

    Returns
    -------
    str, 64 hexadecimal digits

    Raises
    ------
    TypeError
        If a value is of a kind whose content cannot be told, or a function has no source.

    Examples
    --------
    >>> from symlib import mlp_kernel
    >>> one, same, other = (call_fingerprint(mlp_kernel, {"depth": d}) for d in (1, np.int64(1), 2))
    >>> one == same, one == other
    (True, False)
    """
    described = (_source_of_symlib(), _describe(function, "function", ()), _describe(setting, "setting", ()))
    return hashlib.sha256(repr(described).encode()).hexdigest()


def _describe(value, name, above):
    """Nested tuples of text that are equal where the values are; `above` are the functions being described."""
    match value:
        case np.generic():
            return _describe(value.item(), name, above)
        case None | bool() | int() | float() | complex() | str() | bytes() | range():
            return type(value).__name__, repr(value)
        case Path():
            return "path", str(value)
        case Enum():
            return _name(type(value)), value.name
        case np.ndarray() if value.dtype != object:
            return "array", array_digest(value)
        case list() | tuple():
            parts = (_describe(part, f"{name}[{i}]", above) for i, part in enumerate(value))
            return _name(type(value)), *parts
        case set() | frozenset():
            return type(value).__name__, *sorted(
                map(repr, (_describe(part, f"an element of {name}", above) for part in value))
            )
        case dict():
            pairs = ((_describe(k, name, above), _describe(v, f"{name}[{k!r}]", above)) for k, v in value.items())
            return "dict", *sorted(pairs, key=repr)
        case types.FunctionType():
            return _describe_function(value, above)
        case types.MethodType():
            return "method", value.__name__, _describe(value.__self__, name, above)
        case partial():
            parts = (value.func, value.args, value.keywords)
            return "partial", *(_describe(part, name, above) for part in parts)
        case types.BuiltinFunctionType() | types.ModuleType():
            return "name", _name(value)
        case type():
            return "class", _name(value), _source(value) if _from_notebook(value) else _source_of_file(value)
    if is_dataclass(value):
        parts = ((f.name, _describe(getattr(value, f.name), f"{name}.{f.name}", above)) for f in fields(value))
        return _name(type(value)), *parts
    raise TypeError(
        f"{name} is a {type(value).__name__}, whose content cannot be told for the key of a result; pass numbers, "
        "text, arrays or functions, and lists and dicts of them, and make the object from them inside the function"
    )


def _describe_function(function, above):
    name = _name(function)
    if function in above:
        return "function", name
    above = (*above, function)
    enclosed = [
        (variable, _describe(cell.cell_contents, f"{variable}, used by {name},", above))
        for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or ())
    ]
    if not _from_notebook(function):
        return "function", name, _source_of_file(function), *enclosed
    used = [
        (variable, _describe(function.__globals__[variable], f"{variable}, used by {name},", above))
        for variable in sorted(_names_in(function.__code__) & set(function.__globals__))
    ]
    return "function", name, _source(function), *enclosed, *used


def _names_in(code):
    """Names of globals and attributes that a code object and those within it use."""
    inner = (constant for constant in code.co_consts if isinstance(constant, types.CodeType))
    return set(code.co_names).union(*map(_names_in, inner))


def _from_notebook(thing):
    """Whether it was typed into an interpreter: its module has no file."""
    return thing.__module__ == "__main__" and not hasattr(sys.modules["__main__"], "__file__")


def _source(thing):
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError) as error:
        raise TypeError(
            f"the source of {_name(thing)} is not to be found, so a change of it would go unnoticed; define it in a "
            "file or in a notebook"
        ) from error


def _source_of_file(thing):
    """Digest of the file that `thing` is written in; its name alone where there is none, and within symlib."""
    if thing.__module__.split(".")[0] == "symlib":
        return ""
    try:
        return hashlib.sha256(Path(inspect.getsourcefile(thing)).read_bytes()).hexdigest()
    except (OSError, TypeError):
        return ""  # compiled


@lru_cache(maxsize=1)
def _source_of_symlib():
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _name(thing):
    return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', getattr(thing, '__name__', ''))}"
