"""Threads: how many cores there are to use, work spread over them, and how many threads a BLAS gets.

NumPy, XLA and compiled code release the interpreter's lock, so threads share out a batch without copies. Inside them a
BLAS gets one thread: for small matrices several cost more than they do, and on a busy machine threads that wait for
each other have been seen to slow an inverse of order 128 a hundredfold.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import scipy.linalg  # noqa: F401  its BLAS is to be among those that are found below
from threadpoolctl import ThreadpoolController

_MANY_FROM = 512  # order of a matrix from which on threads pay
_OWN_LIMIT = "SYMLIB_NUM_THREADS"
_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container, "quota period" or "max period"

Item = TypeVar("Item")
Result = TypeVar("Result")

_libraries = [library for library in ThreadpoolController().lib_controllers if library.user_api == "blas"]
_lock = threading.Lock()
_holders = 0  # contexts `one_thread` that are open
_before: list[int] = []  # threads of each library before the first of them
_own: set[int] = set()  # libraries, by index, whose limit holds in one thread only, as MKL's does
_busy = 0  # threads at work in `in_threads`, callers included
_within = threading.local()


def usable_cores() -> int:
    """Number of cores that this process may keep busy, at least 1.

    The least of: the cores it is bound to, its container's quota, SYMLIB_NUM_THREADS in the environment or else
    OMP_NUM_THREADS and its kin there, and the threads that a BLAS is limited to, as by a surrounding
    `threadpoolctl.threadpool_limits`.
    """
    if hasattr(os, "process_cpu_count"):
        cores = os.process_cpu_count() or 1
    elif hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    with _lock:
        blas = _before if _holders else _blas_threads()
    names = [_OWN_LIMIT] if os.environ.get(_OWN_LIMIT) else _LIMITS
    named = (os.environ.get(name, "").split(",")[0].strip() for name in names)
    limits = [int(value) for value in named if value.isdecimal()]
    return min(limit for limit in (cores, _quota(), *blas, *limits) if limit)


def in_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """`[function(item) for item in items]`, computed on as many threads as there are usable cores.

    BLAS runs on one thread meanwhile, whatever the number of cores, so results do not depend on it. A call from within
    `function` runs in its thread, and calls from several threads share the cores. An error is raised as the loop would:
    that of the first item that has one. Nothing is kept between calls, so a fork later on finds no thread missing.
    """
    items = list(items)
    if len(items) < 2 or getattr(_within, "depth", 0):
        return [function(item) for item in items]
    results: list = [None] * len(items)
    errors: dict[int, BaseException] = {}
    waiting = deque(enumerate(items))

    def work():
        _within.depth = 1
        try:
            with one_thread():  # in each thread, since the limits of some libraries are a thread's own
                while not errors:
                    try:
                        index, item = waiting.popleft()
                    except IndexError:
                        return
                    try:
                        results[index] = function(item)
                    except BaseException as error:
                        errors[index] = error
        finally:
            _within.depth = 0

    with one_thread(), _threads_taken(len(items)) as threads:
        # A thread of its own context, so that for example `np.errstate` holds in it.
        helpers = [threading.Thread(target=copy_context().run, args=(work,), daemon=True) for _ in range(threads - 1)]
        started = []
        try:
            for helper in helpers:
                try:
                    helper.start()
                except RuntimeError:  # no more threads are to be had, as while the interpreter ends
                    break
                started.append(helper)
            work()
        finally:
            waiting.clear()
            for helper in started:
                helper.join()
    if errors:
        # Items are begun in order, so all before the first that failed are done.
        raise errors[min(errors)]
    return results


@contextmanager
def _threads_taken(most: int) -> Iterator[int]:
    """How many threads, the caller's included, may work now: of the usable cores those that no other call holds."""
    global _busy
    cores = usable_cores()
    with _lock:
        taken = max(1, min(most, cores - _busy))
        _busy += taken
    try:
        yield taken
    finally:
        with _lock:
            _busy -= taken


def threads_for(order: int) -> AbstractContextManager:
    """A context in which BLAS and LAPACK calls on matrices of this order run on one thread, or from 512 on as set."""
    return one_thread() if order < _MANY_FROM else nullcontext()


@contextmanager
def one_thread() -> Iterator[None]:
    """A context in which BLAS and LAPACK run on one thread.

    The limit of most libraries holds for the whole process. Contexts may be nested and opened from several threads: the
    first sets the limit, and the last to close restores what the first found.
    """
    global _holders, _before
    with _lock:
        found = _blas_threads()
        if _holders:
            # Another thread's limit is in force, and not here.
            _own.update(index for index, threads in enumerate(found) if threads > 1)
        else:
            _before = found
        _set_blas_threads([1] * len(found))
        _holders += 1
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            shared = [1] * len(found) if _holders else _before
            _set_blas_threads([found[k] if k in _own else shared[k] for k in range(len(found))])


def _blas_threads() -> list[int]:
    """Threads that each BLAS of this process is set to."""
    return [library.num_threads or 1 for library in _libraries]


def _set_blas_threads(threads: list[int]) -> None:
    for library, number in zip(_libraries, threads):
        # From 3.8 on threadpoolctl lets one thread at a time set what holds for the process, and ignores all others:
        # the last to leave need not be the first that came.
        release = getattr(library, "clear_controlling_thread", lambda force: None)
        release(force=True)
        library.set_num_threads(number)
        release(force=True)


@lru_cache
def _quota() -> int | None:
    """Cores' worth of time that the container allows, rounded up; None without a limit."""
    try:
        quota, period = _QUOTA.read_text().split()
        return max(1, -(-int(quota) // int(period)))
    except (OSError, ValueError):
        return None


def _fresh_in_child():
    """In a forked process only the thread that forked goes on: the others hold nothing."""
    global _busy
    _busy = 0
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_fresh_in_child)
