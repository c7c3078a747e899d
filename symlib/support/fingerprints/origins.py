"""Where code comes from: an installed package, known by its version, or the user's own files; and what it names.

Installed is what lies with Python's own library or in a folder that pip installs into. A package installed to be edited
lies elsewhere and counts as the user's own.
"""

import dis
import hashlib
import importlib.util
import sys
import sysconfig
import types
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

_LIBRARY = tuple(Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib"))


class NamesInCode(NamedTuple):
    """What a code object and those within it name: globals, any names (of attributes too), and imports."""

    globals: frozenset
    any: frozenset
    imports: tuple  # of (module, names taken from it, how many folders up), as `__import__` takes them


def names_in(code: types.CodeType) -> NamesInCode:
    used, named, imports = set(), set(code.co_names), set()
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("EXTENDED_ARG", "CACHE")]
    for i, step in enumerate(steps):
        if step.opname == "LOAD_NAME" or "GLOBAL" in step.opname:
            used.add(step.argval)
        elif step.opname == "IMPORT_NAME":  # what it takes from the stack is loaded just before
            imports.add((step.argval, steps[i - 1].argval or (), steps[i - 2].argval))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            inner = names_in(constant)
            used |= inner.globals
            named |= inner.any
            imports |= set(inner.imports)
        elif isinstance(constant, str) and constant.isidentifier():  # as in getattr(module, "name")
            named.add(constant)
    return NamesInCode(frozenset(used), frozenset(named), tuple(sorted(imports, key=repr)))


def installed(module: str | None) -> str | None:
    """The package that a module belongs to and its version, as text; None for the user's own and for notebooks."""
    if not module or (top := module.partition(".")[0]) == "__main__":
        return None
    if top == "symlib":
        return f"symlib {source_of_symlib()}"
    place = _place(module) or _place(top)
    return place and _package_at(top, place)


def file_of(module: str) -> Path | None:
    """The file that a module is loaded from, without loading it; None where it has none."""
    place = _place(module)
    return Path(place) if place and Path(place).is_file() else None


def imports_of(content: bytes, module: str, path: Path) -> list[str]:
    """The modules that a source file imports anywhere, and the names taken from them, which may be modules too."""
    try:
        imports = names_in(compile(content, str(path), "exec", dont_inherit=True)).imports
    except (SyntaxError, ValueError):  # compiled, or of another Python
        return []
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for name, taken, level in imports:
        if level:
            name = importlib.util.resolve_name("." * level + name, package) if package else name
        parents = name.split(".")
        found.update(".".join(parents[:i]) for i in range(1, len(parents) + 1))
        found.update(f"{name}.{part}" for part in taken if part != "*")
    return sorted(name for name in found if _place(name.partition(".")[0]) and _place(name))


@lru_cache(maxsize=1)
def source_of_symlib() -> str:
    """Digest of all files of symlib, in all its folders."""
    return _source_below(Path(__file__).parents[2])


def _source_below(folder):
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or "__pycache__" in path.parts or path.name.startswith("."):
            continue
        digest.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _place(module):
    """File of a module, folder of a package without one, "built-in", or None where it is not found."""
    loaded = sys.modules.get(module)
    if loaded is not None and getattr(loaded, "__file__", None):
        return loaded.__file__
    try:
        spec = getattr(loaded, "__spec__", None) or importlib.util.find_spec(module)
    except (ImportError, AttributeError, ValueError):
        return None
    if spec is None:
        return None
    if spec.origin in ("built-in", "frozen"):
        return "built-in"
    return spec.origin or next(iter(spec.submodule_search_locations or ()), None)


@lru_cache(maxsize=None)
def _package_at(top, place):
    if place == "built-in":
        return _python()
    path = Path(place).resolve()
    folders = {parent.name for parent in path.parents}
    within_packages = bool(folders & {"site-packages", "dist-packages"})
    if not within_packages and any(library in path.parents for library in _LIBRARY):
        return _python()
    if not within_packages:
        # pip install --target puts packages anywhere, and their descriptions beside them.
        names = [parent.name for parent in path.parents]
        root = path.parents[names.index(top) + 1] if top in names else path.parent
        if next(root.glob("*.dist-info"), None) is None:
            return None
    try:
        return f"{top} {metadata.version(top)}"
    except metadata.PackageNotFoundError:
        packages = sorted(set(_packages().get(top, ())))
        return ", ".join(f"{package} {metadata.version(package)}" for package in packages) or None


@lru_cache(maxsize=1)
def _packages():
    return metadata.packages_distributions()


def _python():
    return f"Python {sys.version_info.major}.{sys.version_info.minor}"


def found_at(module, qualified):
    """What has this name in a module that is loaded; None where there is none."""
    found = sys.modules.get(module) if module else None
    for part in (qualified or "").split("."):
        found = getattr(found, part, None)
    return found


def variable_of(value, module):
    """The variable of a module that is loaded which holds this object, as the one of its kind that all use."""
    variables = list(vars(sys.modules[module]).items()) if module in sys.modules else ()
    return next((variable for variable, held in variables if held is value), None)


def module_of(function: types.FunctionType) -> str | None:
    """Name of the module that its code is of; `__module__` may be that of a function which it wraps."""
    return function.__globals__.get("__name__")


def full_name(thing):
    return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', getattr(thing, '__name__', ''))}"
