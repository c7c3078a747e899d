"""Digests of what a call depends on: code and values, followed wherever they lead. Equal in every process.

Code and values make a graph: a function leads to its constants, defaults, enclosed variables and the globals that it
names; a class to its bases and members; an object to its class and state (`describe`). Graphs may have cycles, as
functions that call each other do. So each node begins with the digest of what it says itself, and takes in those of the
nodes that it leads to until no more of them can be told apart (partition refinement, as in the minimisation of
automata, Hopcroft, 1971). The digest of a graph is that of its nodes; addresses and order of discovery do not count.
"""

import hashlib
import types
from collections import Counter
from collections.abc import Callable
from typing import Any

from symlib.support.fingerprints.describe import described
from symlib.support.fingerprints.description import ModuleUse, SourceFile
from symlib.support.fingerprints.objects import text_of
from symlib.support.fingerprints.origins import full_name, installed, module_of, source_of_symlib

_VERSION = "2"  # of what counts, and how; results kept under the keys of another one are computed anew


def code_fingerprint(thing: Any) -> str:
    """Digest of a function or object with all code and values that its results depend on.

    Parameters
    ----------
    thing : function, class, method, functools.partial, object, or value

    Returns
    -------
    str, 64 hexadecimal digits
        The same in every process. It changes with the code of `thing`, its defaults, enclosed variables, decorators,
        the globals it names and the user's own functions, classes and modules that it uses, to any depth; and with the
        versions of installed packages that it uses.

    Raises
    ------
    TypeError
        If something is of a kind whose content cannot be told (open files, locks, masked arrays), or is looked up by a
        name made at run time (`globals`, `eval`, `exec`, `import_module`): it is named with what uses it.

    Examples
    --------
    >>> def power(exponent):
    ...     return lambda x: x**exponent
    >>> code_fingerprint(power(2)) == code_fingerprint(power(2))
    True
    >>> code_fingerprint(power(2)) == code_fingerprint(power(3))
    False
    """
    return _digest(thing, getattr(thing, "__name__", "function"))


def call_fingerprint(function: Callable, setting: dict) -> str:
    """Digest of `function(**setting)`: of the function, of symlib, and of the setting.

    Parameters
    ----------
    function : function, class, method, or functools.partial
    setting : dict of keyword arguments

    Returns
    -------
    str, 64 hexadecimal digits

    Raises
    ------
    TypeError
        As `code_fingerprint`, for the function and for the values of the setting.

    Examples
    --------
    >>> import numpy as np
    >>> from symlib import mlp_kernel
    >>> one, same, other = (call_fingerprint(mlp_kernel, {"depth": d}) for d in (1, np.int64(1), 2))
    >>> one == same, one == other
    (True, False)
    """
    return setting_fingerprint(code_fingerprint(function), setting)


def setting_fingerprint(code: str, setting: dict) -> str:
    """`call_fingerprint` of a function whose `code_fingerprint` is known."""
    # Arguments are given by name: their order does not count.
    values = [(name, _digest(setting[name], f"setting[{name!r}]")) for name in sorted(setting)]
    return _sha((_VERSION, source_of_symlib(), code, values))


def codes_of(thing: Any) -> dict[str, str]:
    """Digest of the compiled code of each function of the user's own that `thing` leads to, by its full name.

    Another process that loaded other code under one of these names computes something else. Left out are names that
    several functions share, and code that pytest rewrote, which others load as it is written.
    """
    _, reached = _graph(thing, "function")
    functions = [value for value, _ in reached if isinstance(value, types.FunctionType)]
    own = [f for f in functions if not installed(module_of(f)) and "@pytest_ar" not in f.__code__.co_names]
    times = Counter(map(full_name, own))
    return {full_name(f): _digest(f.__code__, "code") for f in own if times[full_name(f)] == 1}


def _digest(root, name):
    """Digest of the graph of what `root` leads to."""
    text = text_of(root)
    if text is not None:
        return _sha((_VERSION, text))
    nodes, _ = _graph(root, name)
    digests, distinct = [""] * len(nodes), 0
    while True:
        digests = [
            _sha((own, sorted(digests[i] for i in ends) if in_any_order else [digests[i] for i in ends]))
            for own, ends, in_any_order in nodes
        ]
        before, distinct = distinct, len(set(digests))
        if distinct == before:
            return _sha((_VERSION, digests[0], sorted(set(digests))))


def _graph(root, name):
    """What `root` leads to: nodes (digest of what it says, numbers of its ends, whether in any order), and values."""
    nodes, index, values = [], {}, []

    def number_or_text(value, name):
        text = text_of(value)
        if text is not None:
            return text
        key = value if isinstance(value, (ModuleUse, SourceFile)) else id(value)
        if key not in index:
            index[key] = len(values)
            values.append((value, name))  # which also keeps it, so that no other takes its id
        return index[key]

    number_or_text(root, name)
    for value, name in values:  # which grows on the way
        says, leads_to, in_any_order = described(value, name)
        ends = [number_or_text(*end) for end in leads_to]
        texts = [end if isinstance(end, str) else None for end in ends]
        numbers = [end for end in ends if isinstance(end, int)]
        if in_any_order:
            texts = sorted(text for text in texts if text is not None)
        nodes.append((_sha((says, texts)), numbers, in_any_order))
    return nodes, values


def _sha(parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()
