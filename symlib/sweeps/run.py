"""The same call over many settings: here, or on as many machines as a Dask scheduler has.

Each result is stored as it arrives, under a key of function, code and setting (`fingerprints`, `result_store`), so
that a sweep that was interrupted goes on where it stopped. Where the settings are sent to many processes,
`cluster` does it.
"""

import inspect
import itertools
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from symlib.support.cache_folder import cache_folder
from symlib.support.fingerprints import code_fingerprint, setting_fingerprint
from symlib.sweeps.cluster import ADDRESS, connected_client, outcomes_of_cluster
from symlib.sweeps.result_store import ResultStore, packed_call, unpack


class SweepError(RuntimeError):
    """Settings failed, or results could not be stored.

    `failures` lists (setting, traceback as text); `unstored` lists (setting, reason); `results` holds all results in
    the order of the settings, those that could not be stored as well, and None for the failures.
    """

    def __init__(self, message: str, failures: list, results: list, unstored: Sequence = ()):
        super().__init__(message)
        self.failures, self.results, self.unstored = failures, results, list(unstored)


def grid(**values: Iterable) -> list[dict[str, Any]]:
    """Every combination of the values given for each name, the last name varying fastest.

    Parameters
    ----------
    values : iterables, one for each name

    Returns
    -------
    list of dict

    Raises
    ------
    TypeError
        If a name has one value, a number or a text, and no iterable of values.

    Examples
    --------
    >>> grid(n_poses=[2, 4], seed=range(2))
    [{'n_poses': 2, 'seed': 0}, {'n_poses': 2, 'seed': 1}, {'n_poses': 4, 'seed': 0}, {'n_poses': 4, 'seed': 1}]
    """
    for name, given in values.items():
        if isinstance(given, (str, bytes)) or not np.iterable(given):
            raise TypeError(f"grid takes the values of {name} in a list, got {given!r}; pass {name}=[{given!r}]")
    return [dict(zip(values, combination)) for combination in itertools.product(*values.values())]


def sweep(
    function: Callable,
    settings: Iterable[dict],
    client: Any = None,
    *,
    folder: str | os.PathLike | None = None,
    progress: bool = True,
) -> list:
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
        Left out: the scheduler at `$DASK_SCHEDULER_ADDRESS` if that is set, else this process, one call after another.
    folder : path, optional
        Where results are kept; by default `sweeps` in symlib's cache folder (`$SYMLIB_CACHE`). Deleting it is safe; `~`
        is the home folder.
    progress : bool, show a bar

    Returns
    -------
    list, in the order of `settings`

    Raises
    ------
    SweepError
        After all others are done, if settings failed: each is listed, and was reported with its traceback when it
        failed. Calling again computes only what failed. Or if results could not be stored, since the disk is full,
        say: they are in `results` of the error.
    OSError
        Before anything is computed, if nothing can be stored in `folder`.
    ConnectionError
        If the scheduler does not answer, or is lost on the way; what arrived until then is stored.
    TypeError
        Before anything is computed, if a setting does not fit the function's arguments, or if something that the
        result depends on cannot be part of its key.

    Notes
    -----
    A result is kept under a key of everything that it is known to depend on, and computed anew when that changes: the
    setting; the function's code, default arguments, decorators and enclosed variables; the globals and attributes of
    modules that it names, by value; the methods, bases and state of objects and classes; and all of these for the
    functions and classes of your own that it uses, in this file, notebook or others, to any depth. A module of your
    own that is used by name counts with its whole file and the files that it imports. Comments and line numbers of
    functions do not count. Installed packages count by name and version, Python by its version, and symlib with all of
    its source.

    Refused are values whose content cannot be told (open files, locks, generators, masked arrays and other subclasses
    of arrays, objects that cannot be pickled) and code that is looked up by a name made at run time: `eval`, `exec`,
    `globals`, `import_module`, `sys.modules`. Pass such things as numbers, arrays or functions, or make them inside
    the function.

    What no code tells is not followed: files and databases that are read, environment variables, the clock, random
    numbers without a seed, settings made in packages (`torch.set_default_dtype`, `np.random.seed`), what was assigned
    into an installed package, the options of a compiler (`jit`), and programs that are started. Pass those on which the
    result depends as arguments: a version or digest of a file, for example. A global that calls change, such as a dict
    of earlier results, changes the key; `functools.cache` does not.

    Examples
    --------
    >>> import tempfile
    >>> from symlib.datasets import circles
    >>> sweep(circles, grid(n=[1, 2], separation=[0.5]), folder=tempfile.mkdtemp(), progress=False)[0].round(1).tolist()
    [[[1.0, 0.0, 0.2]], [[-1.0, 0.0, -0.2]]]
    """
    settings = [_checked(setting, function) for setting in settings]
    store = ResultStore(folder if folder is not None else cache_folder() / "sweeps")
    code = code_fingerprint(function)
    keys = [setting_fingerprint(code, setting) for setting in settings]
    by_key = dict(zip(keys, settings))
    results, failures, unstored = {}, {}, {}
    for key in by_key:
        try:
            results[key] = store.get(key)
        except KeyError:
            pass
    missing = {key: setting for key, setting in by_key.items() if key not in results}
    if missing:
        store.check()
    name = getattr(function, "__name__", "sweep")
    with tqdm(
        total=len(by_key), initial=len(results), desc=name, unit="setting", disable=not progress, leave=False
    ) as bar:
        try:
            for key, packed, failure in _outcomes(function, missing, client) if missing else ():
                if failure is None:
                    results[key] = unpack(packed)
                    try:
                        store.put(key, packed)
                    except OSError as error:
                        unstored[key] = error.strerror or str(error)
                        tqdm.write(f"the result of {name} for {missing[key]} is not stored: {error}", file=sys.stderr)
                else:
                    failures[key] = failure
                    bar.set_postfix_str(f"{len(failures)} failed")
                    tqdm.write(f"{name} failed with {missing[key]}:\n{failure}", file=sys.stderr)
                bar.update()
        except ConnectionError as error:
            raise ConnectionError(
                f"{error}. {len(results) - len(unstored)} of {len(by_key)} results of {name} are stored in "
                f"{store.folder}; with a scheduler that runs, calling again computes the rest"
            ) from error
    in_order = [results.get(key) for key in keys]
    if not (failures or unstored):
        return in_order
    # In the order of the settings: on a cluster they fail in any order.
    failed = [(setting, failures[key]) for key, setting in missing.items() if key in failures]
    not_kept = [(setting, unstored[key]) for key, setting in missing.items() if key in unstored]
    messages = []
    if failed:
        stored = f"the other {len(results) - len(unstored)} are stored in {store.folder}"
        again = "mend the cause and call again, which computes only these"
        messages += [f"{len(failed)} of {len(by_key)} settings of {name} failed, {stored}; {again}:"]
        messages += [f"  {setting}: {failure.strip().splitlines()[-1]}" for setting, failure in failed]
    if not_kept:
        held = f"could not be stored in {store.folder} and are in `results` of this error only"
        remedy = "make room, or give another folder by folder= or the environment variable SYMLIB_CACHE"
        messages += [f"{len(not_kept)} of {len(by_key)} results of {name} {held}; {remedy}:"]
        messages += [f"  {setting}: {reason}" for setting, reason in not_kept]
    raise SweepError("\n".join(messages), failed, in_order, not_kept)


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
