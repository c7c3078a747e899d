"""What numbers, arrays and objects lead to: all that they would be made of again, as `pickle` tells it."""

import copyreg
import pickle
import sys
import warnings
from pathlib import PurePath
from typing import Any

import numpy as np

from symlib.support.digests import array_digest
from symlib.support.fingerprints.description import Description, SourceFile, refusal
from symlib.support.fingerprints.origins import found_at, full_name, installed, variable_of

_AS_PYTHON_HAS_THEM = ("<i8", "<f8", "|b1", "<c16")


def text_of(value):
    """What a number, a text, or a path is; None for anything else."""
    if isinstance(value, np.generic) and type(value).__module__ == "numpy":
        if value.dtype.str in _AS_PYTHON_HAS_THEM or value.dtype.kind in "SU":
            return text_of(value.item())
        return None if value.dtype.hasobject else f"scalar {array_digest(value)}"
    match type(value).__name__:
        case "int" if type(value) is int:
            return f"int {value:x}"
        case "NoneType" | "bool" | "float" | "complex" | "str" | "bytes" | "range" | "ellipsis" | "NotImplementedType":
            return f"{type(value).__name__} {value!r}" if type(value).__module__ == "builtins" else None
    if isinstance(value, PurePath) and type(value).__module__.startswith("pathlib"):
        return f"path {value}"
    return None


def describe_array(array, name):
    if isinstance(array, np.ma.MaskedArray):
        raise refusal(array, name, "pass its numbers and its mask as two arrays (x.data, np.ma.getmaskarray(x))")
    if type(array) is not np.ndarray:
        raise refusal(array, name, "pass np.asarray of it, if its numbers are all that counts")
    if array.dtype.hasobject:
        return Description(("objects", str(array.dtype), array.shape), [(array.ravel().tolist(), name)])
    return Description(("array", array_digest(array)))


def describe_tensor(tensor, name):
    torch = sys.modules["torch"]  # loaded by whoever made the tensor

    if type(tensor) not in (torch.Tensor, torch.nn.Parameter) or tensor.layout != torch.strided or tensor.is_quantized:
        raise refusal(tensor, name, "pass its numbers as an array")
    numbers = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    says = (str(tensor.dtype), tuple(tensor.shape), tensor.requires_grad, array_digest(numbers))
    return Description(("tensor", *says))


def describe_object(value, name):
    """An object by what pickle would make it from; one that wraps compiled code by the function that it wraps."""
    kind = type(value)
    if kind is object:
        raise refusal(value, name)
    package = installed(kind.__module__)
    if package and (variable := variable_of(value, kind.__module__)):
        return Description((kind.__module__, variable, package))
    customised = kind.__reduce_ex__ is not object.__reduce_ex__ or kind.__reduce__ is not object.__reduce__
    if package and callable(value):
        module = getattr(value, "__module__", None) or kind.__module__
        origin = installed(module)
        if origin and found_at(module, getattr(value, "__qualname__", None)) is value:
            return Description((full_name(value), origin))
        if customised and hasattr(value, "__wrapped__"):
            return Description((full_name(kind), package), [(value.__wrapped__, name)])
    reduced: Any
    try:
        with warnings.catch_warnings(action="ignore"):  # iterators warn that they will not be told in Python 3.14
            reduce = copyreg.dispatch_table.get(kind)
            reduced = reduce(value) if reduce else value.__reduce_ex__(4)
    except Exception as error:
        if package and callable(value) and hasattr(value, "__wrapped__"):
            return Description((full_name(kind), package), [(value.__wrapped__, name)])
        raise refusal(value, name) from error
    if isinstance(reduced, str):
        return _named(value, reduced, name)
    make, arguments = reduced[:2]
    state, items, pairs = (*reduced[2:5], None, None, None)[:3]
    leads_to = [(make, name), *((argument, name) for argument in arguments)]
    if type(state) is dict and all(isinstance(key, str) for key in state):
        attributes = sorted(state)
        leads_to += [(state[attribute], f"{name}.{attribute}") for attribute in attributes]
    else:
        attributes = ()
        leads_to.append((state, name))
    leads_to += [(list(items) if items is not None else None, name), (list(pairs) if pairs is not None else None, name)]
    return Description(("object", len(arguments), attributes), leads_to)


def _named(value, qualified, name):
    """Something compiled, told by its name in its module."""
    try:
        module = pickle.whichmodule(value, qualified)
    except pickle.PicklingError:  # from Python 3.14 on it looks whether the value is there
        raise refusal(value, name) from None
    if found_at(module, qualified) is not value:
        raise refusal(value, name)
    package = installed(module)
    return Description(
        (f"{module}.{qualified}", package) if package else qualified, [] if package else [(SourceFile(module), name)]
    )


def describe_cell(cell, name):
    try:
        return Description("enclosed", [(cell.cell_contents, name)])
    except ValueError:  # not yet set
        return Description("enclosed")
