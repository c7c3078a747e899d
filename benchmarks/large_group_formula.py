"""The group formula on 1,000 digits in 64 poses, where the dense Gram would take 33 GB: seconds and peak memory.

Measured in processes of their own, from the loaded images to the residuals: orbits, kernel and errors.
"""

import json
import statistics
import subprocess
import sys
import time

from benchmarks.group_formula import POSES, digit_orbits, group_residuals
from benchmarks.measure import Row, peak_memory


def rows(runs, quick):
    n_orbits = 250 if quick else 1000
    done = [measured(n_orbits) for _ in range(runs)]
    seconds = statistics.median(run["seconds"] for run in done)
    memory = max(run["bytes"] for run in done)
    dense = 8 * (n_orbits * POSES) ** 2
    return [
        Row(
            f"group formula, {n_orbits} orbits × {POSES} poses, orbits included",
            f"{seconds:.1f} s, {memory / 2**30:.2f} GiB",
            f"the dense Gram alone: {dense / 1e9:.1f} GB",
            "–",
            "60 s, 4 GiB",
            "8 s",
            "–",
        )
    ]


def measured(n_orbits):
    command = [sys.executable, "-m", "benchmarks.large_group_formula", str(n_orbits)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    start = time.perf_counter()
    group_residuals(*digit_orbits(int(sys.argv[1])))
    print(json.dumps({"seconds": time.perf_counter() - start, "bytes": peak_memory()}))
