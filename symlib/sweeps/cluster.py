"""Sweeps on many processes or machines: workers of this machine, and settings sent to a Dask scheduler.

Distribution, retries after a lost worker and queues are Dask's own (Rocklin, 2015), imported where it is first needed.
"""

import io
import logging
import multiprocessing
import os
import sys
import tempfile
import traceback
import types
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from symlib.support.checks import nonnegative_int
from symlib.support.fingerprints import codes_of

# Arrays up to the first size come from memory that a process keeps; above the second it gives freed memory back.
KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**28)}
ADDRESS = "DASK_SCHEDULER_ADDRESS"  # where Dask itself looks for a scheduler
_UNGUARDED = "SYMLIB_UNGUARDED"  # names a file by which a worker tells that it was about to start workers itself
_GUARD = (
    "each worker process imports the program that starts it, and would start workers too: put the call of "
    'local_workers, and what follows it, under `if __name__ == "__main__":`'
)


@contextmanager
def local_workers(n: int) -> Iterator[Any]:
    """A Dask client with `n` processes on this machine, each computing on one thread; None, for `sweep`, if n is 0.

    Parameters
    ----------
    n : int, at least 0
        In a program, call it under `if __name__ == "__main__":`, since each process imports the program; a notebook
        needs no such line.

    Raises
    ------
    ValueError
        If `n` is not such a number.
    RuntimeError
        If a program calls it without that line.

    Notes
    -----
    A process that is lost, killed or out of memory, is told on stderr, and another takes its place.

    Dask tells its workers to give freed memory back to the system at once. Training frees and takes up arrays at every
    step: with workers that keep some (`KEPT_MEMORY`, for the GNU C library) it took 60 % of the time.

    Examples
    --------
    >>> with local_workers(0) as client:
    ...     print(client)
    None
    """
    if nonnegative_int(n, "n") == 0:
        yield None
        return
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        # This process is to be a worker of the program that it imports, and meets the call that started it.
        if _UNGUARDED not in os.environ:
            raise RuntimeError(_GUARD)
        Path(os.environ[_UNGUARDED]).touch()
        sys.exit(1)
    Client = _client_class()
    import dask.config

    one_thread = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    with tempfile.TemporaryDirectory() as folder:
        unguarded = Path(folder, "unguarded")
        environment = one_thread | KEPT_MEMORY | {_UNGUARDED: str(unguarded)}
        with _environment_restored(environment), dask.config.set({"distributed.nanny.pre-spawn-environ": environment}):
            try:
                client = Client(
                    n_workers=n,
                    threads_per_worker=1,
                    # Closing while work or heartbeats are on their way is no error, and Dask logs tracebacks of it.
                    silence_logs=logging.CRITICAL,
                    dashboard_address=None,
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # a port is bound without a dashboard too
                )
            except RuntimeError:
                if unguarded.exists():
                    raise RuntimeError(_GUARD) from None
                raise
    # A worker that takes the place of a lost one is started with the same environment.
    with _environment_restored(environment), client, _reports_of(client):
        yield client


@contextmanager
def _environment_restored(names):
    """Dask puts what its workers start with into this process's own environment, and leaves it there."""
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _reports_of(client):
    """What is still to be told of logs that are silenced: workers that are lost, and memory that runs short."""
    from dask.distributed import SchedulerPlugin, WorkerPlugin

    class LostWorkers(SchedulerPlugin):
        def remove_worker(self, scheduler, worker, **_):
            if running:
                tqdm.write(
                    f"a worker process ({worker}) was lost: killed, or out of memory; what it computed is computed "
                    "again by another, or given up if it takes down several",
                    file=sys.stderr,
                )

    class Memory(WorkerPlugin):  # within a function, so that it travels whole
        def setup(self, worker):
            logger = logging.getLogger("distributed.worker.memory")
            logger.addHandler(logging.StreamHandler())

    running = True
    client.cluster.scheduler.add_plugin(LostWorkers())
    client.register_plugin(Memory())
    try:
        yield
    finally:
        running = False


def outcomes_of_cluster(function, settings, client):
    from dask.distributed import as_completed

    def call(packed):
        # Unpacked within the task, so that a module the worker lacks fails there by name. What a worker cannot
        # unpack on arrival makes Dask wait for ever, hence a function that travels whole and names no module.
        import pickle

        function, setting, codes = pickle.loads(packed)
        from symlib.sweeps.cluster import check_code
        from symlib.sweeps.result_store import packed_call

        check_code(function, codes)
        return packed_call(function, setting)

    gone = f"the Dask scheduler at {client.scheduler.address if client.scheduler else 'the address of client'} is gone"
    if client.status != "running":
        raise ConnectionError(gone)
    codes = (sys.version_info[:2], codes_of(function))
    futures = {}
    try:
        for key, setting in settings.items():
            packed = _pack_call(function, setting, codes)
            # A name of its own each time: a scheduler may remember the failure of a name for a while.
            name = f"{getattr(function, '__name__', 'sweep')}-{uuid.uuid4().hex}"
            futures[client.submit(call, packed, key=name, pure=False)] = key
        for future in as_completed(list(futures)):
            key = futures[future]
            try:
                result = future.result()
            except Exception as error:
                if future.status != "error":
                    raise ConnectionError(gone) from error
                # The worker's frames, not those that fetched the result.
                failure = traceback.format_exception(type(error), error, future.traceback())
                yield key, None, "".join(failure)
            else:
                yield key, result, None
            del futures[future]
    finally:
        if client.status == "running":
            client.cancel(list(futures))


def _pack_call(*call):
    """As `cloudpickle` packs them, with the names of the files that code is from: tracebacks quote its lines."""
    import cloudpickle

    reduce = cloudpickle.Pickler.dispatch_table[types.CodeType]

    class Pickler(cloudpickle.Pickler):
        dispatch_table = cloudpickle.Pickler.dispatch_table.new_child(
            {types.CodeType: lambda code: (_code_of_file, (code.co_filename, *reduce(code)))}
        )

    packed = io.BytesIO()
    Pickler(packed).dump(call)
    return packed.getvalue()


def _code_of_file(name, make, arguments):
    return make(*arguments).replace(co_filename=name)


def check_code(function, codes):
    """RuntimeError if this worker has loaded other code of the user's files than the process that sends the call."""
    version, expected = codes
    if version != sys.version_info[:2]:
        return
    try:
        found = codes_of(function)
    except TypeError:  # of what it made since, such as open files
        return
    other = sorted(name for name in found if expected.get(name, found[name]) != found[name])
    if other:
        raise RuntimeError(
            f"the code of {', '.join(other)} on this worker is not the one that the sweep was started with, as after "
            "an edit of its file; start the workers anew, or load the file anew where the sweep is started"
        )


@contextmanager
def connected_client(client):
    """A Dask client: the one given, or one for the scheduler or cluster given or named by the environment."""
    Client = _client_class()
    if isinstance(client, Client):
        yield client
        return
    scheduler = client if client is not None else os.environ[ADDRESS]
    try:
        connected = Client(scheduler)
    except (OSError, ValueError) as error:
        remedy = (
            f"start it, or unset {ADDRESS} to compute here"
            if client is None
            else "start it, or give the address of one that runs"
        )
        raise ConnectionError(f"no Dask scheduler answers at {scheduler} ({error}); {remedy}") from error
    with connected:
        yield connected


def _client_class():
    try:
        from dask.distributed import Client
    except ImportError as error:
        raise ImportError("a sweep on a cluster needs Dask: pip install 'dask[distributed]'") from error
    return Client
