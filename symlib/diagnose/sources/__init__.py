"""Samples to diagnose, from files, folders and data sets."""

from symlib.diagnose.sources.read import read_samples
from symlib.diagnose.sources.samples import LabelledSamples

__all__ = ["LabelledSamples", "read_samples"]
