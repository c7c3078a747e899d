"""Side-by-side timings of symlib and the alternatives: `python -m benchmarks`. One file a row of the table."""
