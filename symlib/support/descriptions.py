"""What a value or a piece of code says itself, and which others it leads to: one step of `fingerprints`.

Everything is told as `pickle` tells it, from what an object would be made of again, except code, which pickle only
names: functions are told by their compiled code, classes by their members. Names and lines of files do not count.
"""

import copyreg
import dis
import functools
import hashlib
import pickle
import sys
import types
import warnings
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np

from symlib.support.code_origins import file_of, imports_of, installed, names_in
from symlib.support.digests import array_digest


class Description(NamedTuple):
    says: Any  # text, numbers, and tuples of them
    leads_to: Sequence = ()  # of (value, its name in messages)
    in_any_order: bool = False


class ModuleUse(NamedTuple):
    """A module as code uses it that names these attributes among others."""

    module: types.ModuleType
    names: frozenset


class SourceFile(NamedTuple):
    """The file of a module of the user's own, in full, with the user's files that it imports."""

    module: str


# Members of a class that its other members determine, or that do not change what it does.
_UNTOLD_MEMBERS = {
    "__abstractmethods__", "__annotate__", "__annotate_func__", "__annotations__", "__annotations_cache__",
    "__conditional_annotations__", "__dataclass_fields__", "__dataclass_params__", "__dict__", "__doc__",
    "__firstlineno__", "__module__", "__orig_bases__", "__parameters__", "__static_attributes__", "__type_params__",
    "__weakref__", "_abc_impl",
}  # fmt: skip
_CODE_BY_NAME = {"__import__", "eval", "exec", "globals"}
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


def described(value, name: str) -> Description:
    """One node; TypeError if its content cannot be told."""
    match value:
        case ModuleUse():
            return _module(value, name)
        case SourceFile():
            return _source_file(value)
        case types.ModuleType():
            return _module(ModuleUse(value, frozenset()), name)
        case types.CodeType():
            return _code(value)
        case types.FunctionType():
            return _function(value)
        case types.MethodType():
            return Description("method", [(value.__func__, name), (value.__self__, f"the object of {name}")])
        case type():
            return _class(value)
        case property():
            return Description("property", [(part, name) for part in (value.fget, value.fset, value.fdel)])
        case staticmethod() | classmethod():
            return Description(type(value).__name__, [(value.__func__, name)])
        case functools.cached_property():
            return Description("cached property", [(value.func, name)])
        case np.ndarray():
            return _array(value, name)
        case types.CellType():
            return _cell(value, name)
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
        return _tensor(value, name)
    return _object(value, name)


def _function(function):
    name = full_name(function)
    module = module_of(function)
    package = installed(module)
    if package and _found_at(module, function.__qualname__) is function:
        return Description((name, package))
    enclosed = zip(function.__code__.co_freevars, function.__closure__ or ())
    leads_to = [(cell, f"{variable}, used by {name},") for variable, cell in enclosed]
    leads_to += [(value, f"{name}.{attribute}") for attribute, value in sorted(vars(function).items())]
    if package:  # made by a function of the package, as decorators are
        if module == "functools" and hasattr(function, "registry"):  # singledispatch, which encloses a cache as well
            leads_to = [(dict(function.registry), name)]
        leads_to = [(value, called) for value, called in leads_to if not _is_mere_mark(value)]
        return Description((function.__qualname__, function.__code__.co_qualname, package), leads_to)
    named = names_in(function.__code__)
    _refuse_names_made_at_run_time(named, name)
    leads_to += [
        (function.__code__, name),
        (function.__defaults__, f"the defaults of {name}"),
        (function.__kwdefaults__, f"the defaults of {name}"),
    ]
    for variable in sorted(named.globals & set(function.__globals__)):
        value = function.__globals__[variable]
        use = ModuleUse(value, named.any) if isinstance(value, types.ModuleType) else value
        leads_to.append((use, f"{variable}, used by {name},"))
    for imported in named.imports:
        leads_to += _imported(imported, named.any, function.__globals__, name)
    return Description(("function", function.__name__), leads_to)


def _is_mere_mark(value):
    """Whether a variable holds nothing but an `object()`, by which code knows that no argument was given."""
    try:
        return type(value.cell_contents if isinstance(value, types.CellType) else value) is object
    except ValueError:  # not yet set
        return False


def _refuse_names_made_at_run_time(named, name):
    by_name = sorted(_CODE_BY_NAME & named.globals) + ["import_module"] * ("import_module" in named.any)
    if "sys" in named.globals and "modules" in named.any:
        by_name.append("sys.modules")
    if by_name:
        raise TypeError(
            f"{name} uses {' and '.join(by_name)}: code and values found by a name made at run time cannot be "
            "followed, and a change of them would go unnoticed; name them, as in a dict of functions, or pass them"
        )


def _imported(imported, names, scope, name):
    """What an import within a function leads to: the modules that it names, loaded as it would load them."""
    module, taken, level = imported
    if level:
        module = f"{scope.get('__package__', '').rsplit('.', level - 1)[0]}.{module}".strip(".")
    if package := installed(module):
        return [(package, name)]
    try:
        __import__(module, None, None, taken)
    except Exception:  # not there, or not here: the function will say so when it is called
        return [(SourceFile(module), name)]
    found = {sys.modules[part] for part in (module, module.partition(".")[0])}
    return [
        (ModuleUse(part, names | set(taken)), f"{part.__name__}, used by {name},")
        for part in sorted(found, key=lambda part: part.__name__)
    ]


def _module(use, name):
    module = use.module.__name__
    if package := installed(module):
        return Description(("module", module, package))
    user = name.rpartition("used by ")[2]
    members = sorted(use.names & set(vars(use.module)))
    leads_to = [(SourceFile(module), name), *_codes_in(use.module, name)]
    for member in members:
        value = vars(use.module)[member]
        if isinstance(value, types.ModuleType):
            value = ModuleUse(value, use.names)
        leads_to.append((value, f"{module}.{member}, used by {user}"))
    return Description(("module", members), leads_to)


def _codes_in(module, name):
    """The code that a module has loaded, which its file may have lost since."""
    holders = [module, *(value for value in vars(module).values() if isinstance(value, type))]
    functions = (value for holder in holders for _, value in sorted(vars(holder).items(), key=lambda item: item[0]))
    return [
        (value.__code__, name)
        for value in functions
        if isinstance(value, types.FunctionType) and value.__globals__ is vars(module)
    ]


def _source_file(source):
    if package := installed(source.module):
        return Description((source.module, package))
    path = file_of(source.module)
    if path is None:
        return Description("no file")
    content = path.read_bytes()
    return Description(
        hashlib.sha256(content).hexdigest(),
        [(SourceFile(module), module) for module in imports_of(content, source.module, path)],
    )


def _code(code):
    """Its steps and constants; neither its docstring nor the lines that it is written in."""
    steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    told = [
        step
        for step, following in zip(steps, [*steps[1:], None])
        if following is None or following.opname != "STORE_NAME" or following.argval not in _UNTOLD_MEMBERS
    ]
    parts = (
        [(step.opname, None if step.opcode in dis.hasconst else step.arg) for step in told],
        code.co_exceptiontable.hex(), code.co_flags, code.co_argcount, code.co_posonlyargcount,
        code.co_kwonlyargcount, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars,
    )  # fmt: skip
    return Description(parts, [(step.argval, code.co_name) for step in told if step.opcode in dis.hasconst])


def _class(kind):
    package = installed(kind.__module__)
    if package and _found_at(kind.__module__, kind.__qualname__) is kind:
        return Description((full_name(kind), package))
    name = full_name(kind)
    members = {member: value for member, value in vars(kind).items() if member not in _UNTOLD_MEMBERS}
    leads_to = [(base, f"the base of {name}") for base in (*kind.__bases__, type(kind))]
    for field in getattr(kind, "__dataclass_fields__", {}).values():
        leads_to.append((field.metadata, f"{name}.{field.name}"))
    leads_to += [(members[member], f"{name}.{member}") for member in sorted(members)]
    return Description(("class", kind.__qualname__, sorted(members)), leads_to)


def _cell(cell, name):
    try:
        return Description("enclosed", [(cell.cell_contents, name)])
    except ValueError:  # not yet set
        return Description("enclosed")


def _array(array, name):
    if isinstance(array, np.ma.MaskedArray):
        raise _refusal(array, name, "pass its numbers and its mask as two arrays (x.data, np.ma.getmaskarray(x))")
    if type(array) is not np.ndarray:
        raise _refusal(array, name, "pass np.asarray of it, if its numbers are all that counts")
    if array.dtype.hasobject:
        return Description(("objects", str(array.dtype), array.shape), [(array.ravel().tolist(), name)])
    return Description(("array", array_digest(array)))


def _tensor(tensor, name):
    torch = sys.modules["torch"]  # loaded by whoever made the tensor

    if type(tensor) not in (torch.Tensor, torch.nn.Parameter) or tensor.layout != torch.strided or tensor.is_quantized:
        raise _refusal(tensor, name, "pass its numbers as an array")
    numbers = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    says = (str(tensor.dtype), tuple(tensor.shape), tensor.requires_grad, array_digest(numbers))
    return Description(("tensor", *says))


def _object(value, name):
    """An object by what pickle would make it from; one that wraps compiled code by the function that it wraps."""
    kind = type(value)
    if kind is object:
        raise _refusal(value, name)
    package = installed(kind.__module__)
    if package and (variable := _variable_of(value, kind.__module__)):
        return Description((kind.__module__, variable, package))
    customised = kind.__reduce_ex__ is not object.__reduce_ex__ or kind.__reduce__ is not object.__reduce__
    if package and callable(value):
        module = getattr(value, "__module__", None) or kind.__module__
        origin = installed(module)
        if origin and _found_at(module, getattr(value, "__qualname__", None)) is value:
            return Description((full_name(value), origin))
        if customised and hasattr(value, "__wrapped__"):
            return Description((full_name(kind), package), [(value.__wrapped__, name)])
    try:
        with warnings.catch_warnings(action="ignore"):  # iterators warn that they will not be told in Python 3.14
            reduce = copyreg.dispatch_table.get(kind)
            reduced = reduce(value) if reduce else value.__reduce_ex__(4)
    except Exception as error:
        if package and callable(value) and hasattr(value, "__wrapped__"):
            return Description((full_name(kind), package), [(value.__wrapped__, name)])
        raise _refusal(value, name) from error
    if isinstance(reduced, str):
        return _named(value, reduced, name)
    make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
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
    module = pickle.whichmodule(value, qualified)
    if _found_at(module, qualified) is not value:
        raise _refusal(value, name)
    package = installed(module)
    return Description(
        (f"{module}.{qualified}", package) if package else qualified, [] if package else [(SourceFile(module), name)]
    )


def _refusal(value, name, remedy=None):
    remedy = remedy or (
        "pass numbers, text, arrays or functions, and lists and dicts of them, and make the object from them inside "
        "the function"
    )
    return TypeError(
        f"{name} is a {type(value).__name__}, whose content cannot be told for the key of a result; {remedy}"
    )


def _is_module_or_none(value):
    return value is None or isinstance(value, types.ModuleType)


def _found_at(module, qualified):
    """What has this name in a module that is loaded; None where there is none."""
    found = sys.modules.get(module) if module else None
    for part in (qualified or "").split("."):
        found = getattr(found, part, None)
    return found


def _variable_of(value, module):
    """The variable of a module that is loaded which holds this object, as the one of its kind that all use."""
    variables = list(vars(sys.modules[module]).items()) if module in sys.modules else ()
    return next((variable for variable, held in variables if held is value), None)


def module_of(function: types.FunctionType) -> str | None:
    """Name of the module that its code is of; `__module__` may be that of a function which it wraps."""
    return function.__globals__.get("__name__")


def full_name(thing):
    return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', getattr(thing, '__name__', ''))}"
