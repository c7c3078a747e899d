"""Work in threads is the loop that it replaces, and BLAS has as many threads afterwards as before."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from symlib.kernels import mlp_kernel
from symlib.regression import loo_residuals
from symlib.support import threads
from symlib.support.threads import in_threads, one_thread, threads_for, usable_cores


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.fixture(params=[1, 2, 5])
def cores(monkeypatch, request):
    monkeypatch.setattr(threads, "usable_cores", lambda: request.param)
    return request.param


def test_results_in_order(cores):
    def slow_at_first(i):
        time.sleep(0.01 * (i < 3))
        return i**2

    assert in_threads(slow_at_first, range(20)) == [i**2 for i in range(20)]
    assert in_threads(slow_at_first, []) == []


def test_as_many_threads_as_cores(cores):
    names = in_threads(lambda i: (time.sleep(0.02), threading.get_ident())[1], range(12))
    assert len(set(names)) == cores


def test_the_first_error_is_the_loops(cores):
    def fails(i):
        if i in (3, 7):
            raise KeyError(i)
        return i

    with pytest.raises(KeyError, match="3"):
        in_threads(fails, range(10))
    assert in_threads(str, [1, 2]) == ["1", "2"]


def test_calls_within_calls_take_no_further_threads(cores):
    def outer(i):
        inner = in_threads(lambda j: threading.get_ident(), range(4))
        return len(set(inner))

    assert in_threads(outer, range(6)) == [1] * 6


def test_numpys_settings_hold_in_threads(cores):
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        in_threads(lambda i: np.float64(1) / np.float64(0), range(4))


def test_blas_is_as_it_was_after_a_thread_pool():
    x, y = np.random.default_rng(0).standard_normal((100, 20)), np.tile([1.0, -1.0], 50)
    before = blas_threads()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: loo_residuals(mlp_kernel(x + i * 1e-3).ntk, y, 1e-3), range(24)))
    assert blas_threads() == before


def test_contexts_overlap_in_any_order():
    before = blas_threads()
    first, second = one_thread(), one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(blas_threads()) == {1}
    with threads_for(2000), threads_for(10):
        assert set(blas_threads()) == {1}
    second.__exit__(None, None, None)
    assert blas_threads() == before


def test_the_last_to_close_may_be_another_thread_than_the_first_to_open():
    before = blas_threads()
    opened, overlapped, done = threading.Event(), threading.Event(), threading.Event()

    def first():
        with one_thread():
            opened.set()
            overlapped.wait(10)
        done.wait(10)  # alive when the other closes

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(first)
        opened.wait(10)
        with one_thread():
            overlapped.set()
            time.sleep(0.05)
            assert set(blas_threads()) == {1}
        assert blas_threads() == before
        done.set()
        waiting.result()


def test_the_limit_holds_in_another_thread_than_the_users_own():
    with threadpool_limits(2, user_api="blas"), ThreadPoolExecutor(1) as pool:

        def within():
            with one_thread():
                return blas_threads()

        before = blas_threads()
        assert set(pool.submit(within).result()) == {1}
        assert blas_threads() == before


def test_a_users_limit_is_kept(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert usable_cores() == 1
    monkeypatch.setenv("SYMLIB_NUM_THREADS", "2")  # of symlib alone, whatever others may use
    assert usable_cores() == min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
    monkeypatch.delenv("SYMLIB_NUM_THREADS")
    monkeypatch.setenv("OMP_NUM_THREADS", "not a number")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    with threadpool_limits(1, user_api="blas"):
        assert usable_cores() == 1
        with one_thread():
            assert usable_cores() == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to cores")
def test_the_cores_that_the_process_is_bound_to():
    bound = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(bound)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, bound)
