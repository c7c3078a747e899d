"""One step from any value to those that it leads to."""

import functools
import types

import numpy as np

from symlib.support.fingerprints.code import (
    describe_class,
    describe_code,
    describe_function,
    describe_module,
    describe_source_file,
)
from symlib.support.fingerprints.description import Description, ModuleUse, SourceFile
from symlib.support.fingerprints.objects import describe_array, describe_cell, describe_object, describe_tensor


def described(value, name: str) -> Description:
    """One node; TypeError if its content cannot be told."""
    match value:
        case ModuleUse():
            return describe_module(value, name)
        case SourceFile():
            return describe_source_file(value)
        case types.ModuleType():
            return describe_module(ModuleUse(value, frozenset()), name)
        case types.CodeType():
            return describe_code(value)
        case types.FunctionType():
            return describe_function(value)
        case types.MethodType():
            return Description("method", [(value.__func__, name), (value.__self__, f"the object of {name}")])
        case type():
            return describe_class(value)
        case property():
            return Description("property", [(part, name) for part in (value.fget, value.fset, value.fdel)])
        case staticmethod() | classmethod():
            return Description(type(value).__name__, [(value.__func__, name)])
        case functools.cached_property():
            return Description("cached property", [(value.func, name)])
        case np.ndarray():
            return describe_array(value, name)
        case types.CellType():
            return describe_cell(value, name)
        case types.BuiltinFunctionType() | types.MethodWrapperType() if not _is_module_or_none(value.__self__):
            return Description(f"method {value.__name__}", [(value.__self__, f"the object of {name}")])
        case (
            types.WrapperDescriptorType()
            | types.MethodDescriptorType()
            | types.ClassMethodDescriptorType()
            | types.GetSetDescriptorType()
            | types.MemberDescriptorType()
        ):
            return Description((type(value).__name__, value.__name__), [(value.__objclass__, name)])
    kind = type(value)
    if kind in (list, tuple):
        return Description(kind.__name__, [(part, f"{name}[{i}]") for i, part in enumerate(value)])
    if kind in (set, frozenset):
        return Description("set", [(part, f"an element of {name}") for part in value], in_any_order=True)
    if kind in (dict, types.MappingProxyType):
        parts = [((k, f"a key of {name}"), (v, f"{name}[{k!r}]")) for k, v in value.items()]
        return Description("dict", [part for pair in parts for part in pair])
    if kind.__module__.partition(".")[0] == "torch" and hasattr(value, "untyped_storage"):
        return describe_tensor(value, name)
    return describe_object(value, name)


def _is_module_or_none(value):
    return value is None or isinstance(value, types.ModuleType)
