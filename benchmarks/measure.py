"""What every row needs: medians of alternating runs, peak memory, the machine and the versions."""

import os
import platform
import resource
import statistics
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

PACKAGES = ("numpy", "scipy", "jax", "numba", "torch", "neural-tangents")


class Row(NamedTuple):
    """One line of the table; text for what was wanted, so that a limit reads as it is written."""

    work: str
    symlib: str
    against: str
    ratio: str
    at_least: str
    aim: str
    agreement: str


def side_by_side(ours, theirs, runs):
    """Median seconds of both and the last result of each, after a warm-up run of each (compilation).

    The two alternate, so that a slow spell of the machine falls on both.
    """
    seconds, results = ([], []), [ours(), theirs()]
    for _ in range(runs):
        for side, work in enumerate((ours, theirs)):
            start = time.perf_counter()
            results[side] = work()
            seconds[side].append(time.perf_counter() - start)
    return [statistics.median(side) for side in seconds], results


def peak_memory():
    """Largest resident memory of this process so far, in bytes."""
    try:
        # Unlike ru_maxrss this forgets what the parent held before this program was started.
        status = Path("/proc/self/status").read_text()
        return 1024 * int(status.split("VmHWM:")[1].split()[0])
    except (OSError, IndexError):
        unit = 1 if sys.platform == "darwin" else 1024
        return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def machine():
    """The processor, its cores, the memory and the versions, as two lines."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = named[0].split(":")[1].strip() if named else model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = [f"Python {platform.python_version()}"] + [f"{name} {version(name)}" for name in PACKAGES]
    return f"Machine: {model}, {cores} cores, {memory:.0f} GiB\nVersions: {', '.join(versions)}"


def version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def table(rows):
    """The rows as Markdown."""
    heads = ("work", "symlib", "against", "ratio", "at least", "aim", "largest difference")
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
