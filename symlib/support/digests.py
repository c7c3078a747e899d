"""Digests of arrays: equal where shape, type and content are, in every process."""

import hashlib

import numpy as np
from numpy.typing import ArrayLike


def array_digest(*arrays: ArrayLike) -> str:
    """SHA-256 of the content of arrays, and of their shapes and types, as hexadecimal digits.

    Raises
    ------
    TypeError
        If an array is masked, since its mask is content too, or holds Python objects, of which it knows addresses only.
    """
    digest = hashlib.sha256()
    for array in arrays:
        if isinstance(array, np.ma.MaskedArray):
            raise TypeError("a masked array has no digest; take that of its data and that of its mask")
        array = np.asarray(array, order="C")
        if array.dtype.hasobject:
            raise TypeError(f"an array of type {array.dtype} holds Python objects, which have no digest")
        # The short form of a structured type leaves out the names of its fields.
        kind = array.dtype.str if array.dtype.fields is None else repr(array.dtype.descr)
        digest.update(f"{kind} {array.shape} ".encode())
        digest.update(array.reshape(-1).view(np.uint8))  # reads the bytes where they are
    return digest.hexdigest()
