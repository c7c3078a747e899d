"""What code leads to: functions, classes and modules of the user's own in full, those of packages by their version.

A function is told by the steps and constants that it was compiled to, its defaults, what it encloses, and the globals,
attributes of modules and imports that it names; a class by its bases and members. Lines and comments do not count.
"""

import dis
import hashlib
import inspect
import sys
import types
from typing import Any

from symlib.support.fingerprints.description import Description, ModuleUse, SourceFile
from symlib.support.fingerprints.origins import (
    file_of,
    found_at,
    full_name,
    imports_of,
    installed,
    module_of,
    names_in,
)

# Members of a class that its other members determine, or that do not change what it does.
_UNTOLD_MEMBERS = {
    "__abstractmethods__", "__annotate__", "__annotate_func__", "__annotations__", "__annotations_cache__",
    "__conditional_annotations__", "__dataclass_fields__", "__dataclass_params__", "__dict__", "__doc__",
    "__firstlineno__", "__module__", "__orig_bases__", "__parameters__", "__static_attributes__", "__type_params__",
    "__weakref__", "_abc_impl",
}  # fmt: skip
_HAS_DOCSTRING = getattr(inspect, "CO_HAS_DOCSTRING", 0)  # a flag of code from Python 3.14 on
_CODE_BY_NAME = {"__import__", "eval", "exec", "globals"}


def describe_function(function):
    name = full_name(function)
    module = module_of(function)
    package = installed(module)
    if package and found_at(module, function.__qualname__) is function:
        return Description((name, package))
    enclosed = zip(function.__code__.co_freevars, function.__closure__ or ())
    leads_to: list[tuple[Any, str]] = [(cell, f"{variable}, used by {name},") for variable, cell in enclosed]
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


def describe_module(use, name):
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


def describe_source_file(source):
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


def describe_code(code):
    """Its steps and constants; neither its docstring nor the lines that it is written in."""
    steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    told = [
        step
        for step, following in zip(steps, [*steps[1:], None])
        if following is None or following.opname != "STORE_NAME" or following.argval not in _UNTOLD_MEMBERS
    ]
    parts = (
        [(step.opname, None if step.opcode in dis.hasconst else step.arg) for step in told],
        code.co_exceptiontable.hex(), code.co_flags & ~_HAS_DOCSTRING, code.co_argcount, code.co_posonlyargcount,
        code.co_kwonlyargcount, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars,
    )  # fmt: skip
    return Description(parts, [(step.argval, code.co_name) for step in told if step.opcode in dis.hasconst])


def describe_class(kind):
    package = installed(kind.__module__)
    if package and found_at(kind.__module__, kind.__qualname__) is kind:
        return Description((full_name(kind), package))
    name = full_name(kind)
    members = {member: value for member, value in vars(kind).items() if member not in _UNTOLD_MEMBERS}
    leads_to = [(base, f"the base of {name}") for base in (*kind.__bases__, type(kind))]
    for field in getattr(kind, "__dataclass_fields__", {}).values():
        leads_to.append((field.metadata, f"{name}.{field.name}"))
    leads_to += [(members[member], f"{name}.{member}") for member in sorted(members)]
    return Description(("class", kind.__qualname__, sorted(members)), leads_to)
