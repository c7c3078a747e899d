"""`python -m benchmarks` prints one table; name rows to run only those, `--quick` for a first impression."""

import argparse
import sys

from benchmarks import (
    attention,
    convolution,
    ensemble,
    group_formula,
    large_group_formula,
    mlp_pipeline,
    repeating_orbits,
)
from benchmarks.measure import machine, table

ROWS = {
    "mlp_pipeline": mlp_pipeline.rows,
    "flattened_convolution": convolution.flattened_rows,
    "pooled_convolution": convolution.pooled_rows,
    "attention": attention.rows,
    "group_formula": group_formula.rows,
    "repeating_orbits": repeating_orbits.rows,
    "large_group_formula": large_group_formula.rows,
    "ensemble": ensemble.rows,
}


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="row", help=f"any of {', '.join(ROWS)}; default all")
    parser.add_argument("--runs", type=int, default=3, help="take the median of this many (default 3)")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, where a row has them")
    options = parser.parse_args()
    unknown = set(options.rows) - set(ROWS)
    if unknown or options.runs < 1:
        parser.error(f"rows are {', '.join(ROWS)} and --runs is at least 1")
    done = []
    for name in options.rows or ROWS:
        print(f"running {name} ...", file=sys.stderr, flush=True)
        done += ROWS[name](runs=options.runs, quick=options.quick)
    print(f"{machine()}\nMedian of {options.runs}; a ratio compares two times of one run.\n\n{table(done)}")


if __name__ == "__main__":
    main()
