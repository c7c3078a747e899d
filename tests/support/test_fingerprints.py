"""Keys of code and values: they change with whatever changes the result, with nothing else, and in no other process."""

import collections
import datetime
import functools
import importlib
import importlib.util
import itertools
import os
import re
import shutil
import subprocess
import sys
import threading
import types
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import pytest

from symlib import kernels
from symlib.support.fingerprints import call_fingerprint, code_fingerprint, keys, origins

names = (f"project_{i}" for i in itertools.count())


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A function that writes files into a folder of their own, imports `run` there, and gives the key of its `f`."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def key(files, prepare=None):
        folder = tmp_path / next(names)
        before = set(sys.modules)
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        sys.path.insert(0, str(folder))
        importlib.invalidate_caches()
        try:
            module = importlib.import_module("run")
            if prepare is not None:
                prepare(module)
            return code_fingerprint(module.f)
        finally:
            sys.path.remove(str(folder))
            for name in set(sys.modules) - before:
                if str(folder) in str(
                    getattr(sys.modules[name], "__file__", "") or getattr(sys.modules[name], "__path__", "")
                ):
                    del sys.modules[name]

    return key


def programs():
    """By what a number in them is part of: the files of each program in programs.txt."""
    for text in (Path(__file__).parent / "programs.txt").read_text().split("\n== ")[1:]:
        title, program = text.split("\n", 1)
        first, *others = re.split(r"^-- ", program, flags=re.M)
        yield title, {"run.py": first, **dict(other.split("\n", 1) for other in others)}


@pytest.mark.parametrize("files", [pytest.param(files, id=title) for title, files in programs()])
def test_a_key_changes_with(files, project):
    first, again, second = (
        project({name: text.replace("1@2", number) for name, text in files.items()}) for number in ("1", "1", "2")
    )
    assert first == again != second


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(x): return x", "\n\n# a comment\ndef f(x):\n    '''A docstring.'''\n\n    return x"),
        ("def f(x): return x", "GRID = range(9)\ndef unrelated(): return GRID\ndef f(x): return x"),
        ("def f(x):\n    class A: b = 3\n    return A", "\n\n\ndef f(x):\n    class A: b = 3\n    return A"),
        ("S = {'a', 'b', 'c'}\ndef f(x): return S", "S = {'c', 'b', 'a'}\ndef f(x): return S"),
        ("def h(): pass\ng = h\ndef f(x): return g, h", "def h(): pass\ng = h\ndef h(): pass\ndef f(x): return g, h"),
    ],
    ids=["comments", "what it does not use", "lines", "the order of a set", "a function defined again"],
)
def test_a_key_does_not_change_with(one, other, project):
    assert project({"run.py": one}) == project({"run.py": other})


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ("threading.Lock()", "VALUE, used by run.f, is a lock, whose content cannot be told"),
        ("sys.__stdout__", "VALUE, used by run.f, is a TextIOWrapper"),
        ("(i for i in range(3))", "VALUE, used by run.f, is a generator"),
        ("np.ma.array([1.0], mask=[True])", r"VALUE, used by run.f, is a MaskedArray.*np.ma.getmaskarray"),
        ("np.frompyfunc(lambda x: x, 1, 1)", "VALUE, used by run.f, is a ufunc"),
        ("functools.partial(print, file=sys.__stdout__)", r"VALUE, used by run.f,.*\['file'\] is a TextIOWrapper"),
        ("types.SimpleNamespace(lock=[threading.Lock()])", r"VALUE, used by run.f,.lock\[0\] is a lock"),
    ],
)
def test_values_whose_content_cannot_be_told_are_named_with_what_uses_them(made, message, project):
    imports = "import functools, sys, threading, types\nimport numpy as np\n"
    with pytest.raises(TypeError, match=message):
        project({"run.py": f"{imports}VALUE = {made}\ndef f(x): return VALUE"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(x): return globals()['h' + x]", "run.f uses globals: code and values found by a name made at run time"),
        ("def f(x): return eval('h' + x)", "run.f uses eval: .*name them, as in a dict of functions"),
        ("def f(x): return __import__('h' + x)", "run.f uses __import__"),
        ("import importlib\ndef f(x): return importlib.import_module('h' + x)", "run.f uses import_module"),
        ("import sys\ndef f(x): return getattr(sys.modules[__name__], 'h' + x)", "run.f uses sys.modules"),
        ("def h(x): return exec(x)\ndef f(x): return h(x)", "run.h uses exec"),
    ],
)
def test_what_cannot_be_followed_is_refused(text, message, project):
    with pytest.raises(TypeError, match=message):
        project({"run.py": text})


class Colour(Enum):
    RED = 1
    BLUE = 2


@dataclass
class Point:
    x: float


class Plain:
    def __init__(self, **state):
        vars(self).update(state)


class Counted(int):
    pass


Pair = collections.namedtuple("Pair", "first second")
RNG = np.random.default_rng


def drawn(rng):
    rng.normal()
    return rng


DISTINCT = [
    None, True, 1, 1.0, "1", b"1", (1,), [1], {1}, {"a": 1}, {"a": 2}, {"b": 1}, range(2), range(3), [[1], 2], [1, [2]],
    1j, -0.0, 0.0, float("nan"), 2**70, 10**5000, np.float32(0.1), np.float32(0.5), 0.5, np.datetime64("2020-01-01"),
    np.array([1]), np.array([1.0]), np.array([[1]]), np.array([2]), Path("a"), "a", Colour.RED, Colour.BLUE, Colour,
    np.array([1], np.int32), np.array([1, None]), np.array([[1, None]]), np.array([1, "None"], object),
    np.zeros(2, [("a", "i4"), ("b", "f4")]), np.zeros(2, [("a", "i4"), ("c", "f4")]), np.float64, np.mean, np.add, np,
    Pair, Pair._make, Pair(1, 2), (1, 2), Point(1.0), Point(2.0), Plain(a=1), Plain(a=2), Plain(b=1), Plain,
    functools.partial(drawn, rng=1), functools.partial(drawn, rng=2), len, "".join, ",".join, [].append, [1].append,
    RNG(0), RNG(1), drawn(RNG(0)), RNG(0).normal, RNG(0).random, collections.OrderedDict(a=1), collections.deque([1]),
    collections.deque([2]), [Plain, Point], [Point, Plain], (Point, Plain), {Point, Plain}, Counted(3), Counted(4),
    datetime.date(2020, 1, 1), datetime.date(2020, 1, 2), re.compile("a"), re.compile("b"), types.SimpleNamespace(a=1),
    lambda x: x, lambda x: -x, kernels.rbf, kernels.mlp_kernel, slice(1), slice(2), list[int], Ellipsis,
]  # fmt: skip


def test_different_values_have_different_keys():
    keys = [call_fingerprint(drawn, {"x": value}) for value in DISTINCT]
    assert len(set(keys)) == len(DISTINCT)
    keys = [code_fingerprint(value) for value in DISTINCT]
    assert len(set(keys)) == len(DISTINCT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": {3, 1, 2}}, {"a": {1, 2, 3}}),
        ({"a": {Point, Plain, drawn}}, {"a": {drawn, Plain, Point}}),
        ({"a": np.float64(0.1)}, {"a": 0.1}),
        ({"a": np.int64(3)}, {"a": 3}),
        ({"a": np.str_("a")}, {"a": "a"}),
        ({"a": np.arange(6).reshape(2, 3).T}, {"a": np.ascontiguousarray(np.arange(6).reshape(2, 3).T)}),
        ({"a": Plain(x=1, y=2)}, {"a": Plain(y=2, x=1)}),
        ({"a": [[1], [1]]}, {"a": [[1]] * 2}),
    ],
)
def test_equal_settings_have_one_key(one, other):
    assert call_fingerprint(drawn, one) == call_fingerprint(drawn, other)


@pytest.mark.parametrize(
    "value",
    [
        object(), [threading.Lock()], np.ma.array([1.0, 2.0], mask=[0, 1]), np.ma.masked,
        np.zeros(2).view(np.recarray), (i for i in ()), memoryview(b"1"), sys.__stdout__,
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_values_whose_content_cannot_be_told_are_refused_by_their_place(value):
    with pytest.raises(TypeError, match=r"setting\['x'\](\[0\])? is a \w+, whose content cannot be told .*; pass "):
        call_fingerprint(drawn, {"x": value})


def test_values_that_lead_back_to_themselves():
    def loop(n):
        values = [n]
        values.append({"back": values, "self": Plain(values=values)})
        return values

    assert code_fingerprint(loop(1)) == code_fingerprint(loop(1)) != code_fingerprint(loop(2))


def test_code_that_is_loaded_counts_though_its_file_is_edited(project):
    files = {"run.py": "import a\ndef f(x): return getattr(a, 'h' + x)()", "a.py": "def h1(): return 1"}
    edited = "def h1(): return 2"

    def edit(module):
        Path(module.a.__file__).write_text(edited)

    assert project(files, prepare=edit) != project({**files, "a.py": edited})


def test_graphs_are_told_apart_far_from_their_root():
    def chain(n, last):
        function = last
        for _ in range(n):
            function = functools.partial(drawn, function)
        return function

    assert code_fingerprint(chain(50, 1)) != code_fingerprint(chain(50, 2))
    assert code_fingerprint(chain(50, 1)) != code_fingerprint(chain(51, 1))


def test_what_a_call_remembers_does_not_count():
    @functools.singledispatch
    def by_type(x):
        return 0

    @by_type.register
    def _(x: int):
        return 1

    @functools.cache
    def cached(x):
        return x

    before = [code_fingerprint(function) for function in (by_type, cached)]
    assert by_type(1) == 1 and by_type("") == 0 and cached(3) == 3
    assert [code_fingerprint(function) for function in (by_type, cached)] == before


def test_networks_and_their_weights():
    torch = pytest.importorskip("torch", reason="torch is not installed")

    class Net(torch.nn.Module):
        def __init__(self, width):
            super().__init__()
            self.layer = torch.nn.Linear(2, width)

        def forward(self, x):
            return self.layer(x)

    def seeded(seed, width=3):
        torch.manual_seed(seed)
        return Net(width)

    one, again, other, wider = (code_fingerprint(seeded(*given)) for given in ((0,), (0,), (1,), (0, 4)))
    assert one == again and len({one, other, wider, code_fingerprint(Net), code_fingerprint(seeded(0).forward)}) == 5
    values = (torch.zeros(2), torch.zeros(2, 1), torch.zeros(2, dtype=torch.bfloat16), torch.tensor(0.0), torch.ones(2))
    assert len({code_fingerprint(value) for value in values}) == len(values)
    with pytest.raises(TypeError, match="is a Tensor, whose content cannot be told"):
        code_fingerprint(torch.zeros(2, 2).to_sparse())
    wrapped = [code_fingerprint(torch.no_grad()(function)) for function in (lambda x: x + 1, lambda x: x + 2)]
    assert len(set(wrapped)) == 2


def test_functions_that_jax_compiles():
    import jax

    for wrap in (jax.jit, jax.vmap, jax.grad):
        keys = [code_fingerprint(wrap(function)) for function in (lambda x: x + 1, lambda x: x + 1, lambda x: x + 2)]
        assert keys[0] == keys[1] != keys[2]
    one, two = (code_fingerprint(jax.numpy.arange(n)) for n in (3, 4))
    assert one != two


def test_functions_that_numba_compiles():
    numba = pytest.importorskip("numba", reason="numba is not installed")
    for wrap in (numba.njit, numba.vectorize):
        keys = [code_fingerprint(wrap(function)) for function in (lambda x: x + 1, lambda x: x + 1, lambda x: x + 2)]
        assert keys[0] == keys[1] != keys[2]


IN_ANOTHER_PROCESS = """
import sys; sys.path[:0] = [{folder!r}, {root!r}]
from symlib.support.fingerprints import code_fingerprint
import run
print(code_fingerprint(run.f))
"""


def test_keys_are_the_same_in_every_process(tmp_path, project):
    text = "\n".join(
        [
            "import numpy as np, helpers, enum, functools, dataclasses, logging",
            "log = logging.getLogger('here')",
            "S = {'a', 'b', 'c', ('d', 'e'), enum.Enum, len}; A = np.array(['a', None, 'b'], object)",
            "@dataclasses.dataclass",
            "class C:\n    x: float = 1.0\n    y: list = dataclasses.field(default_factory=list)",
            "@functools.lru_cache\ndef g(x): return x in {'p', 'q', 'r'}, np.linalg.eigvalsh(x), np.random.normal",
            "def f(x, c=C()): return S, A, C(), g(x), helpers.SET, log, np.random.default_rng",
        ]
    )
    files = {"run.py": text, "helpers.py": "SET = frozenset('abcdefgh')"}
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    code = IN_ANOTHER_PROCESS.format(folder=str(tmp_path), root=str(Path(origins.__file__).parents[3]))
    keys = {project(files)}
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        keys.add(done.stdout.strip())
    assert len(keys) == 1


def test_installed_packages_count_by_version(project, monkeypatch):
    text = {"run.py": "import numpy as np\nfrom numpy.linalg import eigvalsh\ndef f(x): return np.sum(eigvalsh(x))"}
    before = project(text)
    plain = project({"run.py": "def f(x): return x"})
    with monkeypatch.context() as patch:
        patch.setattr(origins.metadata, "version", lambda name: "of tomorrow")
        origins._package_at.cache_clear()
        assert project(text) != before and project({"run.py": "def f(x): return x"}) == plain
    origins._package_at.cache_clear()
    assert origins.installed("numpy.linalg") == f"numpy {np.__version__}"
    assert origins.installed("json.decoder").startswith("Python 3.")
    assert origins.installed("itertools") == origins.installed("json")
    assert origins.installed("__main__") is origins.installed("nowhere_to_be_found") is None


def test_packages_that_pip_put_elsewhere_count_by_version(tmp_path, monkeypatch):
    (tmp_path / "vendored").mkdir()
    (tmp_path / "vendored" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert origins.installed("vendored") is None
    (tmp_path / "vendored-2.0.dist-info").mkdir()
    (tmp_path / "vendored-2.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: vendored\nVersion: 2.0\n"
    )
    origins._package_at.cache_clear()
    importlib.invalidate_caches()
    assert origins.installed("vendored") == "vendored 2.0"
    origins._package_at.cache_clear()


def test_every_file_of_symlib_counts(tmp_path):
    original = Path(origins.__file__).parents[2]
    copy = tmp_path / "symlib"
    shutil.copytree(original, copy, ignore=shutil.ignore_patterns("__pycache__"))
    origins.source_of_symlib.cache_clear()
    first = origins._source_below(copy)
    assert first == origins._source_below(original) == origins.source_of_symlib()
    files = sorted(path for path in copy.rglob("*") if path.is_file())
    assert {"gram.py", "pose_batches.py", "origins.py"} < {file.name for file in files}
    digests = {first}
    for file in files:
        with open(file, "a") as end:
            end.write("# changed\n")
        digests.add(origins._source_below(copy))
    assert len(digests) == len(files) + 1
    (copy / "kernels" / "deep").mkdir()
    (copy / "kernels" / "deep" / "new.py").touch()
    assert origins._source_below(copy) not in digests


def test_symlib_counts_where_it_is_used(monkeypatch):
    found = [[code_fingerprint(thing) for thing in (kernels.rbf, drawn)]]
    calls = [call_fingerprint(drawn, {})]
    monkeypatch.setattr(origins, "source_of_symlib", lambda: "another")
    monkeypatch.setattr(keys, "source_of_symlib", lambda: "another")
    found.append([code_fingerprint(thing) for thing in (kernels.rbf, drawn)])
    calls.append(call_fingerprint(drawn, {}))
    assert found[0][0] != found[1][0] and found[0][1] == found[1][1] and calls[0] != calls[1]


NOTEBOOK = """
from IPython.core.interactiveshell import InteractiveShell
cells = InteractiveShell.instance()
def key(*changed):
    for cell in changed:
        cells.run_cell(cell)
    cells.run_cell("print(code_fingerprint(f))")
cells.run_cell("import functools; from dataclasses import dataclass; import numpy as np")
cells.run_cell("from symlib.support.fingerprints import code_fingerprint; from enum import Enum")
key("scale = np.arange(3.0)")
key("def g(n):\\n    return n + 1", "def f(n, k=1):\\n    return [scale * g(k) for k in range(n)]")
key("unrelated = object()", "1 + 1")
key("def f(n, k=1):\\n    # a comment\\n    return [scale * g(k) for k in range(n)]")
key("scale = np.arange(4.0)")
key("def g(n):\\n    return n + 2")
key("def f(n, k=1):\\n    return [scale + g(k) for k in range(n)]")
key("def f(n, k=2):\\n    return [scale + g(k) for k in range(n)]")
key("class Base:\\n    def h(self): return 1", "class Net(Base):\\n    run = Base.h", "def f(n): return Net().run()")
key("class Base:\\n    def h(self): return 2", "class Net(Base):\\n    run = Base.h", "def f(n): return Net().run()")
key("@dataclass\\nclass E:\\n    w: int\\n    def run(self): return self.w", "f = E(1).run")
key("@dataclass\\nclass E:\\n    w: int\\n    def run(self): return -self.w", "f = E(1).run")
key("f = E(2).run")
key("def deco(g):\\n    return functools.wraps(g)(lambda x: g(x))", "@deco\\ndef f(x): return x")
key("def deco(g):\\n    return functools.wraps(g)(lambda x: -g(x))", "@deco\\ndef f(x): return x")
key("scale = object()", "def f(n):\\n    return scale")
key("def f(n):\\n    return globals()[n]")
"""


def test_what_is_typed_into_a_notebook_is_followed_as_files_are():
    pytest.importorskip("IPython", reason="IPython is not installed")
    sessions = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = [sys.executable, "-c", NOTEBOOK]
        done = subprocess.run(run, capture_output=True, text=True, check=True, env=environment)
        sessions.append(re.findall(r"^[0-9a-f]{64}$", done.stdout, re.M))
        assert re.search(r"TypeError.*: scale, used by __main__.f, is a object, whose content cannot be", done.stdout)
        assert re.search(r"TypeError.*: __main__.f uses globals: code and values found by a name", done.stdout)
    keys, others = sessions
    assert keys == others and len(keys) == 14 and keys[0] == keys[1] == keys[2] and len(set(keys)) == 12
