"""The former path of `symlib.datasets.downloads`, kept for the programs that import it from here."""

import requests

from symlib.datasets.downloads import Remote, load, verified

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

__all__ = ["Remote", "fcntl", "load", "requests", "verified"]
