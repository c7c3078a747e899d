"""The same call over many settings, on this machine or on a Dask cluster, each result kept as it arrives."""

from symlib.sweeps.cluster import ADDRESS, KEPT_MEMORY, local_workers
from symlib.sweeps.run import SweepError, grid, sweep

__all__ = ["ADDRESS", "KEPT_MEMORY", "SweepError", "grid", "local_workers", "sweep"]
