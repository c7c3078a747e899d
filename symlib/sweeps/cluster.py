"""Sweeps on many processes or machines: workers of this machine, and settings sent to a Dask scheduler.

Distribution, retries after a lost worker and queues are Dask's own (Rocklin, 2015), imported where it is first needed.
"""

import os
import traceback
import uuid
from contextlib import contextmanager

from symlib.support.checks import nonnegative_int

# Arrays up to the first size come from memory that a process keeps; above the second it gives freed memory back.
KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**28)}
ADDRESS = "DASK_SCHEDULER_ADDRESS"  # where Dask itself looks for a scheduler


@contextmanager
def local_workers(n):
    """A Dask client with `n` processes on this machine, each computing on one thread; None, for `sweep`, if n is 0.

    Parameters
    ----------
    n : int, at least 0

    Raises
    ------
    ValueError
        If `n` is not such a number.

    Notes
    -----
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
    Client = _client_class()
    import dask

    one_thread = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    with dask.config.set({"distributed.nanny.pre-spawn-environ": one_thread | KEPT_MEMORY}):
        client = Client(n_workers=n, threads_per_worker=1, dashboard_address=None)
    with client:
        yield client


def outcomes_of_cluster(function, settings, client):
    import cloudpickle
    from dask.distributed import as_completed

    def call(packed):
        # Unpacked within the task, so that a module the worker lacks fails there by name. What a worker cannot
        # unpack on arrival makes Dask wait for ever, hence a function that travels whole and names no module.
        import pickle

        function, setting = pickle.loads(packed)
        from symlib.sweeps.run import packed_call

        return packed_call(function, setting)

    gone = f"the Dask scheduler at {client.scheduler.address if client.scheduler else 'the address of client'} is gone"
    if client.status != "running":
        raise ConnectionError(gone)
    futures = {}
    try:
        for key, setting in settings.items():
            packed = cloudpickle.dumps((function, setting))
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
