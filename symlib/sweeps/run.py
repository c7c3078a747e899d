"""The same call over many settings: here, or on as many machines as a Dask scheduler has.

Each result is stored as it arrives, under a key of function, source and setting (`fingerprints`, `result_store`), so
that a sweep that was interrupted goes on where it stopped. Where the settings are sent to many processes,
`cluster` does it.
"""

import inspect
import itertools
import os
import sys
import traceback
from pathlib import Path

from tqdm import tqdm

from symlib.support.cache_folder import cache_folder
from symlib.support.fingerprints import call_fingerprint
from symlib.sweeps.cluster import ADDRESS, connected_client, outcomes_of_cluster
from symlib.sweeps.result_store import ResultStore, pack, unpack


class SweepError(RuntimeError):
    """Some settings failed. `failures` lists (setting, traceback as text); `results` holds the others, None there."""

    def __init__(self, message, failures, results):
        super().__init__(message)
        self.failures, self.results = failures, results


def grid(**values):
    """Every combination of the values given for each name, the last name varying fastest.

    Parameters
    ----------
    values : iterables, one for each name

    Returns
    -------
    list of dict

    Examples
    --------
    >>> grid(n_poses=[2, 4], seed=range(2))
    [{'n_poses': 2, 'seed': 0}, {'n_poses': 2, 'seed': 1}, {'n_poses': 4, 'seed': 0}, {'n_poses': 4, 'seed': 1}]
    """
    return [dict(zip(values, combination)) for combination in itertools.product(*values.values())]


def sweep(function, settings, client=None, *, folder=None, progress=True):
    """The results of `function(**setting)` for each setting, computed where they are not stored yet.

    Parameters
    ----------
    function : function
        Its results are numbers, text, None, NumPy arrays, and lists, tuples and dicts of them; a named tuple comes back
        as a dict. On a cluster its file must be there for the workers too; one typed into a notebook travels with it.
    settings : iterable of dict
        Keyword arguments, for example `grid(digit=range(10), n_poses=[4, 8], seed=range(3))`. Equal ones are computed
        once.
    client : dask.distributed.Client, a Dask cluster, or the address of a scheduler, optional
        Left out: the scheduler at $DASK_SCHEDULER_ADDRESS if that is set, else this process, one call after another.
    folder : path, optional
        Where results are kept; by default `sweeps` in symlib's cache folder ($SYMLIB_CACHE). Deleting it is safe.
    progress : bool, show a bar

    Returns
    -------
    list, in the order of `settings`

    Raises
    ------
    SweepError
        After all others are done, if settings failed: each is listed, and was reported with its traceback when it
        failed. Calling again computes only what failed.
    ConnectionError
        If the scheduler does not answer, or is lost on the way; what arrived until then is stored.
    TypeError
        Before anything is computed, if a setting does not fit the function's arguments or cannot be part of a key.

    Examples
    --------
    >>> import tempfile
    >>> from symlib.datasets import circles
    >>> sweep(circles, grid(n=[1, 2], separation=[0.5]), folder=tempfile.mkdtemp(), progress=False)[0].round(1).tolist()
    [[[1.0, 0.0, 0.2]], [[-1.0, 0.0, -0.2]]]
    """
    settings = [_checked(setting, function) for setting in settings]
    store = ResultStore(Path(folder) if folder is not None else cache_folder() / "sweeps")
    keys = [call_fingerprint(function, setting) for setting in settings]
    by_key = dict(zip(keys, settings))
    results, failures = {}, {}
    for key in by_key:
        try:
            results[key] = store.get(key)
        except KeyError:
            pass
    missing = {key: setting for key, setting in by_key.items() if key not in results}
    name = getattr(function, "__name__", "sweep")
    with tqdm(total=len(by_key), initial=len(results), desc=name, unit="setting", disable=not progress) as bar:
        try:
            for key, packed, failure in _outcomes(function, missing, client) if missing else ():
                if failure is None:
                    store.put(key, packed)
                    results[key] = unpack(packed)
                else:
                    failures[key] = failure
                    bar.set_postfix_str(f"{len(failures)} failed")
                    tqdm.write(f"{name} failed with {missing[key]}:\n{failure}", file=sys.stderr)
                bar.update()
        except ConnectionError as error:
            raise ConnectionError(
                f"{error}. {len(results)} of {len(by_key)} results of {name} are stored in {store.folder}; "
                "with a scheduler that runs, calling again computes the rest"
            ) from error
    in_order = [results.get(key) for key in keys]
    if failures:
        # In the order of the settings: on a cluster they fail in any order.
        listed = [(setting, failures[key]) for key, setting in missing.items() if key in failures]
        lines = [f"  {setting}: {failure.strip().splitlines()[-1]}" for setting, failure in listed]
        raise SweepError(
            f"{len(failures)} of {len(by_key)} settings of {name} failed, the other {len(results)} are stored in "
            f"{store.folder}; mend the cause and call again, which computes only these:\n" + "\n".join(lines),
            listed,
            in_order,
        )
    return in_order


def _checked(setting, function):
    if not isinstance(setting, dict) or not all(isinstance(name, str) for name in setting):
        raise TypeError(f"settings must be dicts of keyword arguments, got {setting!r}")
    try:
        signature = inspect.signature(function)
    except ValueError:  # a compiled function may not tell its arguments
        return setting
    try:
        signature.bind(**setting)
    except TypeError as error:
        raise TypeError(
            f"setting {setting} does not fit {getattr(function, '__name__', function)}{signature}: {error}"
        ) from None
    return setting


def _outcomes(function, settings, client):
    """Yield (key, packed result, None) or (key, None, traceback as text) for each setting, in any order."""
    if client is None and ADDRESS not in os.environ:
        for key, setting in settings.items():
            try:
                yield key, packed_call(function, setting), None
            except Exception:
                yield key, None, traceback.format_exc()
    else:
        with connected_client(client) as connected:
            yield from outcomes_of_cluster(function, settings, connected)


def packed_call(function, setting):
    """The packed result: what the store takes is known where it was computed, and only data travels back."""
    return pack(function(**setting), note=f"{getattr(function, '__qualname__', function)}(**{setting})")
