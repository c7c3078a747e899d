"""Executes the chapters with papermill, in parallel, and keeps the results by content.

An executed chapter is kept under a key of all it depends on: its cells, its parameters, symlib's
source and data, and the versions installed. So nothing is executed twice, and a build that was
interrupted goes on with the chapters it had not finished.
"""

import copy
import hashlib
import importlib.metadata
import json
import os
import platform
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import nbformat

from book.builder.stderr import left_on_stderr

# Executed copies kept of one chapter at one tier; older ones are removed.
KEPT = 3
# Run behind each chapter, in its own kernel: only there is it known which library computed, and on what.
_WHERE = """\
import sys
torch, jax = map(sys.modules.get, ("torch", "jax"))
if torch and torch.cuda.is_available():
    print(torch.cuda.get_device_name())
elif torch and torch.backends.mps.is_available():
    print("an Apple GPU")
elif jax and jax.default_backend() != "cpu":
    print(jax.devices()[0].device_kind)
else:
    from symlib.support.threads import usable_cores
    print("1 CPU core" if usable_cores() == 1 else f"{usable_cores()} CPU cores")
"""


class Chapter(NamedTuple):
    """A chapter to execute: its name, its source (an nbformat notebook), and its parameters at a tier."""

    name: str
    notebook: nbformat.NotebookNode
    parameters: dict
    tier: str


class Failure(NamedTuple):
    """Where a chapter stopped: for the person who reads the terminal."""

    name: str
    cell: int
    source: str
    error: str
    traceback: str

    def __str__(self):
        source = "\n".join("    " + line for line in self.source.split("\n"))
        trace = "\n".join("    " + line for line in self.traceback.split("\n")[-25:])
        return f"{self.name}, cell {self.cell}: {self.error}\n{source}\n\n{trace}"


def digest(*parts):
    """SHA-256 of a sequence of JSON-able values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def files_digest(*paths):
    """Digest of the names and contents of files, and of all files below folders, but for what tools leave there."""
    found = []
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            name = file.relative_to(path.parent)
            # Python, ruff and JupyterLab keep folders of their own: a test that runs ruff is no reason to build anew.
            if file.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in name.parts):
                found.append((name.as_posix(), hashlib.sha256(file.read_bytes()).hexdigest()))
    return digest(found)


def versions():
    """Everything installed beside this Python, name by name."""
    # What setuptools brings for itself is on the path as soon as anything has imported it.
    places = [place for place in sys.path if Path(place).name != "_vendor"]
    installed = {d.name: d.version for d in importlib.metadata.distributions(path=places)}
    return {**installed, "python": platform.python_version()}


def environment_digest(root):
    """Digest of what every chapter depends on: symlib with its data, and the installed versions."""
    return digest(files_digest(root / "symlib"), versions())


def cache_path(chapter, environment, cache):
    """Where the executed chapter is kept."""
    told = ("tags", "writes_to_stderr")
    cells = [(c.cell_type, c.source, *map(c.metadata.get, told)) for c in chapter.notebook.cells]
    key = digest(cells, chapter.parameters, environment)[:20]
    return cache / f"{chapter.name}-{chapter.tier}-{key}.ipynb"


def read_executed(path, source):
    """The executed chapter at `path`, with the metadata that the cells of `source`, its notebook as written, have.

    Nothing is executed anew for words about a cell, a question or the frame, and what is kept shows their last state.
    """
    executed = nbformat.read(path, as_version=4)
    written = {cell.id: cell.metadata for cell in source.cells}
    for cell in executed.cells:
        if cell.get("id") in written:
            # How long it took is papermill's to say.
            ran = {key: cell.metadata[key] for key in ("papermill",) if key in cell.metadata}
            cell.metadata = copy.deepcopy(written[cell.id]) | ran
    return executed


def execute_all(chapters, root, cache):
    """Executes the chapters that are not kept; gives the paths of all by name, and the failures."""
    environment = environment_digest(root)
    paths = {c.name: cache_path(c, environment, cache) for c in chapters}
    missing = [c for c in chapters if not paths[c.name].exists()]
    missing.sort(key=_minutes, reverse=True)  # so that no core is left alone with a long one at the end
    kept = len(chapters) - len(missing)
    if kept:
        print(f"{kept} of {len(chapters)} chapters unchanged since they were last executed")
    if not missing:
        return paths, []
    cache.mkdir(parents=True, exist_ok=True)
    from symlib.support.threads import usable_cores

    workers = min(len(missing), usable_cores())
    print(f"Executing {', '.join(c.name for c in missing)} ({workers} at a time)", flush=True)
    failures = []
    # Processes, not threads: papermill changes the working directory of its process.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        jobs = {
            pool.submit(_execute, chapter, paths[chapter.name], position, workers): chapter
            for position, chapter in enumerate(missing)
        }
        for job in as_completed(jobs):
            failure = job.result()
            if failure:
                failures.append(failure)
                print(f"  {failure.name}: failed in cell {failure.cell}", flush=True)
            else:
                _prune(cache, f"{jobs[job].name}-{jobs[job].tier}-")
    return paths, failures


def _minutes(chapter):
    """How long it computes, by what its frame tells readers."""
    return max((cell.metadata.get("frame", {}).get("computing", 0) for cell in chapter.notebook.cells), default=0)


def _execute(chapter, path, position, workers):
    """Executes one chapter into `path`; gives a Failure, or None."""
    import papermill

    _share_cores(workers)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    notebook = copy.deepcopy(chapter.notebook)
    notebook.cells.append(nbformat.v4.new_code_cell(_WHERE))
    bar = {"desc": chapter.name, "position": position, "leave": False}
    start = time.perf_counter()
    try:
        # An empty working directory, as on Colab: a chapter must not lean on files of the tree.
        with tempfile.TemporaryDirectory() as folder:
            done = papermill.execute_notebook(
                notebook,
                None,
                chapter.parameters,
                kernel_name="python3",
                language="python",
                progress_bar=bar if sys.stderr.isatty() else False,
                cwd=folder,
                # Kernels report the loopback connection and the interrupt that ends them: no news here.
                extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
            )
    except papermill.PapermillExecutionError as error:
        # cell_index counts papermill's injected cell too; the source is what identifies the cell.
        cells = [cell.source for cell in chapter.notebook.cells]
        number = cells.index(error.source) + 1 if error.source in cells else error.cell_index
        trace = papermill.exceptions.strip_color("\n".join(error.traceback))
        return Failure(chapter.name, number, error.source, f"{error.ename}: {error.evalue}", trace)
    left = left_on_stderr(done)
    if left:
        cells = "\n".join(f"cell {number}: {text}" for number, text in left)
        what = (
            "it writes to stderr, which is noise to its readers: mend it, or say why in the "
            'cell\'s metadata ("writes_to_stderr": "reason")'
        )
        return Failure(chapter.name, left[0][0], done.cells[left[0][0] - 1].source, what, cells)
    del done.metadata["papermill"]  # it holds a whole copy of the chapter
    done.metadata["computed"] = {
        "tier": chapter.tier,
        "device": done.cells.pop().outputs[0].text.strip(),
        "seconds": time.perf_counter() - start,
        "date": datetime.now(UTC).date().isoformat(),
    }
    nbformat.write(done, partial)
    partial.replace(path)
    print(f"  {chapter.name}: {time.perf_counter() - start:.1f} s", flush=True)
    return None


def _share_cores(workers):
    """Gives the kernels that this process starts their share of the cores.

    The threads of torch and of BLAS wait for each other spinning. With more threads than cores that takes the core from
    the one that is waited for, and seconds become minutes.
    """
    from symlib.support.threads import usable_cores

    share = str(max(1, usable_cores() // workers))
    for name in ("SYMLIB_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, share)


def _prune(cache, prefix):
    kept = sorted(cache.glob(f"{prefix}*.ipynb"), key=lambda path: path.stat().st_mtime)
    for path in kept[:-KEPT]:
        path.unlink()


def read_chapter(root, name, tiers, tier):
    """Chapter `name` with its parameters at `tier`, from notebooks/ and book/tiers.yml.

    At a tier that needs a GPU, where there is none, it is the chapter at the teach tier.
    """
    path = Path(root) / "notebooks" / f"{name}.ipynb"
    if not path.exists():
        raise FileNotFoundError(f"_toc.yml names notebooks/{name}, but there is no {path}")
    sizes = tiers.get(name, {})
    if tier not in sizes:
        raise KeyError(f"book/tiers.yml gives no parameters of {name} at the {tier} tier")
    if tier in sizes.get("needs_gpu", ()) and not has_gpu():
        tier = "teach"
    parameters = {**sizes.get("teach", {}), **sizes[tier]}
    return Chapter(name, nbformat.read(path, as_version=4), parameters, tier)


@cache
def has_gpu():
    """Whether networks would be trained on a GPU here."""
    from symlib.training.devices import pick_device

    return pick_device().type != "cpu"
