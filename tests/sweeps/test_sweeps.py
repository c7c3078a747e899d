"""Sweeps: here and on two worker processes; failures, lost workers, lost schedulers, and what a key depends on."""

import functools
import importlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import cloudpickle
import numpy as np
import pytest

import symlib
from symlib import kernels
from symlib.datasets import mnist
from symlib.sweeps import ADDRESS, KEPT_MEMORY, SweepError, grid, local_workers, sweep
from symlib.sweeps.result_store import ResultStore, pack, unpack

distributed = pytest.importorskip("dask.distributed", reason="dask is not installed")
# The functions of this file travel to the workers, who cannot import it.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module")
def client():
    """Two worker processes; each is watched by one that starts it anew."""
    import dask

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "5s"}),
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(autouse=True)
def no_scheduler(monkeypatch):
    monkeypatch.delenv(ADDRESS, raising=False)


def spectrum(n, seed, log):
    """Some eigenvalues; the file that names this call and its process tells that it ran."""
    Path(log, f"{n}-{seed}-{os.getpid()}-{time.monotonic_ns()}").touch()
    x = np.random.default_rng(seed).standard_normal((n, 3))
    return {"eigenvalues": np.linalg.eigvalsh(kernels.mlp_kernel(x).ntk), "n": n, "tags": ("a", None)}


def breaks_on_odd(n, log):
    Path(log, f"{n}-{time.monotonic_ns()}").touch()
    if n % 2:
        raise ArithmeticError(f"{n} is odd")
    return n


def waits(n, log, pause):
    Path(log, f"{n}-{os.getpid()}-{time.monotonic_ns()}").touch()
    time.sleep(pause)
    return n * n


def calls(log):
    """How often each n was called."""
    names = [int(path.name.split("-")[0]) for path in Path(log).iterdir()]
    return {n: names.count(n) for n in sorted(set(names))}


@pytest.fixture
def log(tmp_path):
    folder = tmp_path / "log"
    folder.mkdir()
    return folder


def same(one, other):
    np.testing.assert_equal(one, other)
    return True


def test_cluster_and_one_process_give_the_same(client, tmp_path, log):
    settings = grid(n=[2, 3, 5], seed=range(3), log=[str(log)])
    serial = sweep(spectrum, settings, folder=tmp_path / "serial", progress=False)
    assert calls(log) == {2: 3, 3: 3, 5: 3}
    spread = sweep(spectrum, settings, client, folder=tmp_path / "spread", progress=False)
    assert same(serial, spread) and calls(log) == {2: 6, 3: 6, 5: 6}
    processes = {path.name.split("-")[2] for path in log.iterdir()}
    assert len(processes) == 3 and str(os.getpid()) in processes
    assert serial[4]["eigenvalues"].shape == (3,) and serial[4]["tags"] == ("a", None)
    # Either folder is complete: nothing runs again, here or there.
    for folder in ("serial", "spread"):
        for where in (None, client):
            again = sweep(spectrum, [*settings, settings[0]], where, folder=tmp_path / folder, progress=False)
            assert same(again, [*serial, serial[0]])
    assert calls(log) == {2: 6, 3: 6, 5: 6}


def test_workers_of_this_machine_compute_on_one_thread_and_keep_freed_memory(tmp_path, monkeypatch):
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", *KEPT_MEMORY)
    for name in names:  # what the caller's environment says comes first, and other clusters leave their settings there
        monkeypatch.delenv(name, raising=False)

    def settings_of(names):
        return [os.environ.get(name) for name in names], os.getpid()

    with local_workers(1) as client:
        assert "OMP_NUM_THREADS" not in os.environ  # of this process
        assert client.scheduler_info()["services"].get("dashboard") != 8787  # where another cluster may be
        (settings, process), *_ = sweep(settings_of, [{"names": names}], client, folder=tmp_path, progress=False)
    assert settings == ["1", "1", *KEPT_MEMORY.values()] and process != os.getpid()
    with local_workers(0) as client:
        assert client is None
    with pytest.raises(ValueError, match="n must be a whole number of at least 0, got -1"), local_workers(-1):
        pass


def test_equal_settings_run_once_and_new_ones_alone(tmp_path, log):
    one, two = ({"n": n, "seed": 0, "log": str(log)} for n in (2, 3))
    options = {"folder": tmp_path / "store", "progress": False}
    assert same(*sweep(spectrum, [one, dict(reversed(one.items()))], **options)) and calls(log) == {2: 1}
    sweep(spectrum, (setting for setting in (two, one)), **options)
    assert calls(log) == {2: 1, 3: 1}
    assert sweep(spectrum, [], **options) == []


def is_interrupted_at_3(n, log):
    Path(log, f"{n}-{time.monotonic_ns()}").touch()
    if n == 3 and calls(log)[3] == 1:
        raise KeyboardInterrupt
    return n


def test_an_interrupted_sweep_goes_on_where_it_stopped(tmp_path, log):
    settings = grid(n=range(6), log=[str(log)])
    with pytest.raises(KeyboardInterrupt):
        sweep(is_interrupted_at_3, settings, folder=tmp_path / "store", progress=False)
    assert calls(log) == {0: 1, 1: 1, 2: 1, 3: 1}
    assert sweep(is_interrupted_at_3, settings, folder=tmp_path / "store", progress=False) == list(range(6))
    assert calls(log) == {0: 1, 1: 1, 2: 1, 3: 2, 4: 1, 5: 1}


def test_by_default_results_are_in_the_cache_folder(tmp_path, log, monkeypatch):
    monkeypatch.setenv("SYMLIB_CACHE", str(tmp_path / "cache"))
    sweep(spectrum, [{"n": 2, "seed": 0, "log": str(log)}], progress=False)
    (path,) = (tmp_path / "cache" / "sweeps").iterdir()
    with np.load(path) as stored:  # whoever finds the file can tell what it is
        assert re.search(r"spectrum\(\*\*\{'n': 2", json.loads(stored["tree"].tobytes())["note"])


@pytest.mark.parametrize("where", ["argument", "environment"])
def test_a_folder_that_takes_nothing_is_refused_before_anything_runs(where, tmp_path, log, monkeypatch):
    (tmp_path / "file").touch()
    nowhere = tmp_path / "file" / "store"  # a file where a folder should be, as root may write into read-only folders
    monkeypatch.setenv("SYMLIB_CACHE", str(nowhere))
    message = f"no results can be stored in {nowhere}.*: .*folder= or by the environment variable SYMLIB_CACHE"
    with pytest.raises(OSError, match=message):
        folder = nowhere if where == "argument" else None
        sweep(breaks_on_odd, [{"n": 2, "log": str(log)}], folder=folder, progress=False)
    assert calls(log) == {}


def test_a_folder_that_holds_all_results_need_not_be_written_to(tmp_path, log, monkeypatch):
    settings = [{"n": 2, "log": str(log)}]
    sweep(breaks_on_odd, settings, folder=tmp_path / "store", progress=False)
    assert [path.suffix for path in (tmp_path / "store").iterdir()] == [".npz"]  # of the probe nothing is left
    monkeypatch.setattr(ResultStore, "check", None)
    monkeypatch.setattr(ResultStore, "put", None)
    assert sweep(breaks_on_odd, settings, folder=tmp_path / "store", progress=False) == [2]


def test_the_home_folder_may_be_written_as_a_tilde(tmp_path, log, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    sweep(breaks_on_odd, [{"n": 2, "log": str(log)}], folder="~/store", progress=False)
    assert len(list((tmp_path / "home" / "store").iterdir())) == 1 and not (tmp_path / "~").exists()


def zeros(n):
    return np.zeros(n)


def test_a_result_that_finds_no_room_is_not_lost(tmp_path, capfd):
    resource = pytest.importorskip("resource", reason="only POSIX limits the size of files")
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(SweepError) as caught:
            sweep(zeros, grid(n=[10, 100_000, 20, "x"]), folder=tmp_path / "store", progress=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    error = caught.value
    assert [result if result is None else len(result) for result in error.results] == [10, 100_000, 20, None]
    ((unstored, reason),) = error.unstored
    assert unstored == {"n": 100_000} and str(tmp_path / "store") in reason and "File too large" in reason
    assert re.search(r"1 of 4 results of zeros could not be stored in .*store and are in `results`", str(error))
    assert "1 of 4 settings of zeros failed, the other 2 are stored in" in str(error)
    assert "the result of zeros for {'n': 100000} is not stored: " in capfd.readouterr().err
    assert len(list((tmp_path / "store").iterdir())) == 2
    assert len(sweep(zeros, grid(n=[100_000]), folder=tmp_path / "store", progress=False)[0]) == 100_000


@pytest.mark.parametrize("where", ["here", "cluster"])
def test_failures_are_reported_and_the_others_finish(request, where, tmp_path, log, capfd):
    client = request.getfixturevalue("client") if where == "cluster" else None
    settings = grid(n=range(5), log=[str(log)])
    with pytest.raises(SweepError) as caught:
        sweep(breaks_on_odd, settings, client, folder=tmp_path / "store", progress=False)
    message = str(caught.value)
    assert "2 of 5 settings of breaks_on_odd failed, the other 3 are stored in" in message
    assert re.search(r"\{'n': 1, .*\}: ArithmeticError: 1 is odd\n.*\{'n': 3, .*: ArithmeticError: 3 is odd", message)
    assert caught.value.results == [0, None, 2, None, 4]
    assert sorted(setting["n"] for setting, _ in caught.value.failures) == [1, 3]
    reported = capfd.readouterr().err
    for n, (setting, trace) in zip((1, 3), sorted(caught.value.failures, key=lambda failure: failure[0]["n"])):
        assert setting == settings[n] and 'raise ArithmeticError(f"{n} is odd")' in trace
        assert f"breaks_on_odd failed with {setting}" in reported and trace in reported
    with pytest.raises(SweepError):
        sweep(breaks_on_odd, settings, client, folder=tmp_path / "store", progress=False)
    assert calls(log) == {0: 1, 1: 2, 2: 1, 3: 2, 4: 1}


def test_a_function_that_workers_cannot_import_fails_by_name(client, tmp_path):
    function = function_of_file(tmp_path / "elsewhere.py", "def f():\n    return 1\n")
    with pytest.raises(SweepError, match="ModuleNotFoundError: No module named 'from_elsewhere'"):
        sweep(function, [{}], client, folder=tmp_path / "store", progress=False)


def test_a_worker_that_loaded_other_code_is_refused(client, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    client.run(lambda: sys.path.insert(0, str(tmp_path)))
    (tmp_path / "edited.py").write_text("def g(): return 1\n\ndef f(): return g()\n")
    import edited

    options = {"folder": tmp_path / "store", "progress": False}
    assert sweep(edited.f, [{}], client, **options) == [1]
    (tmp_path / "edited.py").write_text("def g(): return 1000\n\ndef f(): return g()\n")
    importlib.reload(edited)
    with pytest.raises(
        SweepError, match="the code of edited.g on this worker is not the one .* start the workers anew"
    ):
        # So many that each worker gets some: one of them has not loaded the file before.
        sweep(functools.partial(calls_of, edited.f), grid(n=range(8)), client, **options)
    client.run(lambda: sys.path.remove(str(tmp_path)))
    del sys.modules["edited"]


def calls_of(function, n):
    time.sleep(0.05)
    return function()


def test_a_killed_worker_loses_nothing(client, tmp_path, log):
    settings = grid(n=range(8), log=[str(log)], pause=[0.4])
    victims = []

    def kill_one():
        deadline = time.monotonic() + 30
        while len(calls(log)) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        newest = max(log.iterdir(), key=lambda path: int(path.name.split("-")[2]))
        victims.append(int(newest.name.split("-")[1]))
        os.kill(victims[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    squares = sweep(waits, settings, client, folder=tmp_path / "store", progress=False)
    killer.join()
    assert squares == [n * n for n in range(8)]
    assert len(victims) == 1 and max(calls(log).values()) == 2, "the worker was killed while it computed nothing"
    client.wait_for_workers(2, timeout=30)  # for the tests that follow


CLOSINGS = """
import os, sys, time
from pathlib import Path
from symlib.sweeps import local_workers, sweep

def waits(n, pause):
    time.sleep(pause)
    return n

def crashes_once(folder):
    if not Path(folder, "crashed").exists():
        Path(folder, "crashed").touch()
        os.kill(os.getpid(), 9)
    return "computed"

if __name__ == "__main__":
    for last in (False, True):
        with local_workers(2) as client:
            work = client.map(waits, range(12), pause=0.3)
            time.sleep(0.5)
            if last:
                print("closed", file=sys.stderr, flush=True)
                print(sweep(crashes_once, [{"folder": sys.argv[1]}], client, folder=sys.argv[1], progress=False))
"""


@pytest.mark.slow
def test_local_workers_close_without_a_word_and_lost_ones_are_told(tmp_path):
    (tmp_path / "closings.py").write_text(CLOSINGS)
    run = [sys.executable, str(tmp_path / "closings.py"), str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    first, told, *others = done.stderr.splitlines()
    assert first == "closed" and not others, "closing wrote something"
    assert re.match(r"a worker process \(tcp://.*\) was lost: killed, or out of memory", told)
    assert done.stdout == "['computed']\n"


UNGUARDED = """
from symlib.sweeps import grid, local_workers, sweep

def f(seed):
    return seed

with local_workers(2) as client:
    print(sweep(f, grid(seed=[1]), client, progress=False))
"""


def test_a_program_without_a_main_guard_is_told_so_in_a_line(tmp_path):
    (tmp_path / "unguarded.py").write_text(UNGUARDED)
    run = [sys.executable, str(tmp_path / "unguarded.py")]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120)
    *traceback, last = done.stderr.splitlines()
    assert 'under `if __name__ == "__main__":`' in last and len(traceback) < 12 and done.returncode == 1
    assert done.stdout == ""


@pytest.fixture
def scheduler(tmp_path):
    """A scheduler and a worker as processes of their own, as on a cluster: (process, address)."""
    file = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    python = [sys.executable, "-m"]
    options = ["--scheduler-file", str(file), "--no-dashboard"]
    commands = [
        [*python, "distributed.cli.dask_scheduler", "--port", "0", *options],
        [*python, "distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny", "--death-timeout", "60", *options],
    ]
    started = [subprocess.Popen(command, **quiet) for command in commands]
    deadline = time.monotonic() + 60
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    yield started[0], json.loads(file.read_text())["address"]
    for process in started:
        process.kill()
        process.wait()


def test_a_lost_scheduler_is_named_and_what_arrived_is_kept(scheduler, tmp_path, log, monkeypatch):
    process, address = scheduler
    settings = grid(n=range(30), log=[str(log)], pause=[0.05])
    store = tmp_path / "store"
    monkeypatch.setenv(ADDRESS, address)

    def kill_when_some_arrived():
        deadline = time.monotonic() + 30
        while len(list(store.glob("*.npz"))) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()

    killer = threading.Thread(target=kill_when_some_arrived)
    killer.start()
    with pytest.raises(ConnectionError, match=rf"scheduler at {address} is gone. \d+ of 30 results of waits .* in "):
        sweep(waits, settings, folder=store, progress=False)
    killer.join()
    kept = len(list(store.glob("*.npz")))
    assert 4 <= kept < 30
    # The rest is computed without a scheduler; what was kept is not.
    monkeypatch.delenv(ADDRESS)
    before = sum(calls(log).values())
    assert sweep(waits, settings, folder=store, progress=False) == [n * n for n in range(30)]
    assert sum(calls(log).values()) == before + 30 - kept


def test_a_scheduler_that_does_not_answer(tmp_path, log, monkeypatch):
    import dask

    settings, nobody = [{"n": 2, "seed": 0, "log": str(log)}], "tcp://127.0.0.1:9"
    with dask.config.set({"distributed.comm.timeouts.connect": "300ms"}):
        with pytest.raises(ConnectionError, match=rf"no Dask scheduler answers at {nobody}.*give the address"):
            sweep(spectrum, settings, nobody, folder=tmp_path / "store", progress=False)
        monkeypatch.setenv(ADDRESS, nobody)
        with pytest.raises(ConnectionError, match=rf"no Dask scheduler answers at {nobody}.*unset {ADDRESS}"):
            sweep(spectrum, settings, folder=tmp_path / "store", progress=False)
    assert calls(log) == {}


def test_a_client_that_was_closed(client, tmp_path, log):
    closed = distributed.Client(client.scheduler.address)
    closed.close()
    with pytest.raises(ConnectionError, match="is gone. 0 of 1 results of spectrum are stored"):
        sweep(spectrum, [{"n": 2, "seed": 0, "log": str(log)}], closed, folder=tmp_path / "store", progress=False)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ([3], "settings must be dicts of keyword arguments, got 3"),
        ([{1: 2}], "settings must be dicts of keyword arguments"),
        ([{"n": 1}], r"\{'n': 1\} does not fit breaks_on_odd\(n, log\): missing a required argument: 'log'"),
        ([{"n": 1, "log": object()}], r"setting\['log'\] is a object, whose content cannot be told"),
    ],
)
def test_settings_that_cannot_be_called_are_refused_before_anything_runs(settings, message, tmp_path, log):
    good = {"n": 2, "log": str(log)}
    with pytest.raises(TypeError, match=message):
        sweep(breaks_on_odd, [good, *settings], folder=tmp_path / "store", progress=False)
    assert calls(log) == {}


def test_a_function_with_some_arguments_given(tmp_path, log):
    given = functools.partial(breaks_on_odd, log=str(log))
    assert sweep(given, grid(n=[2, 4]), folder=tmp_path, progress=False) == [2, 4]
    with pytest.raises(TypeError, match=r"\{'m': 1\} does not fit .*: (got an unexpected|missing a required).*"):
        sweep(given, [{"m": 1}], folder=tmp_path, progress=False)


def returns_an_object():
    return {"model": [1, object()]}


def test_a_result_that_is_not_data_fails_by_its_place(tmp_path):
    with pytest.raises(SweepError, match=r"result\['model'\]\[1\] is a object, which is not stored; return numbers"):
        sweep(returns_an_object, [{}], folder=tmp_path, progress=False)


def returns_a_masked_array():
    return [np.ma.masked_greater(np.arange(4), 1)]


def test_a_result_is_not_stored_without_its_mask(tmp_path):
    with pytest.raises(SweepError, match=r"result\[0\] is a masked array, stored without its mask; return its numbers"):
        sweep(returns_a_masked_array, [{}], folder=tmp_path, progress=False)


@pytest.mark.parametrize("value", ["digits", 5, None, np.array(5)])
def test_a_grid_of_one_value_is_refused(value):
    """A text would be a setting for each of its letters."""
    with pytest.raises(TypeError, match=r"grid takes the values of source in a list, got .*; pass source=\["):
        grid(seed=range(2), source=value)


class Pair(NamedTuple):
    first: float
    second: np.ndarray


@pytest.mark.parametrize(
    "value",
    [
        None,
        [True, 3, -0.0, 1e-300, float("inf"), float("nan"), "Θ"],
        {1: "one", (2, "b"): [], "c": {}},
        (np.float32(0.1), np.int8(-3), np.bool_(True), np.complex128(1 + 2j)),
        [np.arange(6).reshape(2, 3).T, np.zeros((0, 2)), np.array("text"), np.array([1 + 1j], np.complex64)],
    ],
)
def test_stored_results_come_back_as_they_were(value, tmp_path):
    store = ResultStore(tmp_path)
    store.put("key", pack(value))
    back = store.get("key")
    np.testing.assert_equal(back, value)
    assert repr(back) == repr(value)


def test_named_tuples_come_back_as_dicts_and_damaged_files_not_at_all(tmp_path):
    store = ResultStore(tmp_path)
    packed = pack(Pair(1.0, np.ones(2)))
    np.testing.assert_equal(unpack(packed), {"first": 1.0, "second": np.ones(2)})
    method = packed.index(b"PK\x01\x02") + 10  # of compression, where the archive lists what it holds
    unknown = packed[:method] + b"\x63" + packed[method + 1 :]
    array = io.BytesIO()
    np.save(array, np.ones(2))
    for damaged in (b"", packed[:-30], b"\x80\x04" + packed, unknown, array.getvalue()):
        store.path("key").write_bytes(damaged)
        with pytest.raises(KeyError):
            store.get("key")


def test_reading_a_result_unpickles_nothing(tmp_path):
    sprung = tmp_path / "sprung"

    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(sprung),)

    with open(tmp_path / "key.npz", "wb") as file:
        np.savez(file, tree=np.array([Trap()], dtype=object))
    with pytest.raises(KeyError):
        ResultStore(tmp_path).get("key")
    assert not sprung.exists()


def function_of_file(path, text):
    """The function `f` of a file of that text, whose module knows its file as an imported one does."""
    path.write_text(text)
    name = f"from_{path.stem}"
    module = type(sys)(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    exec(compile(text, str(path), "exec"), module.__dict__)
    return module.f


def test_what_a_function_uses_is_computed_anew_when_it_changes(tmp_path):
    options = {"settings": [{}], "folder": tmp_path / "store", "progress": False}
    text = "WIDTH = {}\n\ndef f():\n    return WIDTH\n"
    found = [sweep(function_of_file(tmp_path / "mine.py", text.format(width)), **options) for width in (1, 2, 1)]
    assert found == [[1], [2], [1]] and len(list((tmp_path / "store").iterdir())) == 2


def test_the_experiment_of_the_book_runs(tmp_path, monkeypatch):
    """The program on the page about clusters, on few digits of the bundled ones."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    page = (Path(__file__).parents[2] / "book" / "scaling.md").read_text()
    experiment, cluster = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    compile(cluster, "the program for Slurm", "exec")
    monkeypatch.setattr(symlib, "mnist", lambda split: mnist("bundled") if split == "train" else None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    text = experiment.replace('if __name__ == "__main__"', "if False").replace("def accuracies", "def f")
    setting = {"model": "MLP", "digit": 7, "n_poses": 2, "seed": 0, "n_images": 300, "epochs": 2}
    (history,) = sweep(function_of_file(tmp_path / "experiment.py", text), [setting], folder="results", progress=False)
    assert history["test_out"].shape == (2,) and history["chance"] == 0.1
    assert [path.name for path in Path("checkpoints").iterdir()] == ["MLP-7-2-0.pt"]
    assert "sweep(accuracies, SETTINGS, client" in cluster and "SETTINGS = grid(" in experiment
