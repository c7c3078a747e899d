"""Where torch computes: the best device of this machine, or the one asked for, and what it can do."""

import importlib.util
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# The default dtype and torch's random numbers belong to the process: who changes them does so alone.
_alone = threading.RLock()


def pick_device(device: str | torch.device | None = None) -> torch.device:
    """The torch device to compute on: the one given, else CUDA where there is one, else MPS, else the CPU.

    Parameters
    ----------
    device : str or torch.device, optional

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        If `device` is not one that torch has on this machine.

    Examples
    --------
    >>> pick_device("cpu")
    device(type='cpu')
    """
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    available = [name for name, is_here in here.items() if is_here]
    try:
        picked = torch.device(available[0] if device is None else device)
    except RuntimeError as error:
        raise ValueError(f"device must be one of {available}, got {device!r}") from error
    if picked.type not in available or (picked.type == "cuda" and (picked.index or 0) >= torch.cuda.device_count()):
        raise ValueError(f"device must be one of {available} on this machine, got {str(device)!r}")
    return picked


def portion_bytes(device: torch.device) -> int:
    """How many bytes networks that are computed together may hold: on a CPU what stays in its cache."""
    return 2**26 if device.type == "cpu" else 2**31


def fast_paths(
    device: torch.device, mixed_precision: bool | None = None, compiled: bool | None = None
) -> tuple[bool, bool]:
    """Whether to use bfloat16 and torch.compile on `device`: as asked, else where CUDA has them.

    bfloat16 is native from compute capability 8.0 (Ampere) on, and Triton, which compiles, from 7.0 (Volta).
    """
    major = torch.cuda.get_device_capability(device)[0] if device.type == "cuda" else 0
    has_triton = major >= 7 and importlib.util.find_spec("triton") is not None
    return (major >= 8 if mixed_precision is None else mixed_precision), (has_triton if compiled is None else compiled)


@contextmanager
def float32_by_default() -> Iterator[None]:
    """A context in which new tensors are float32, as torch has it, whatever the caller has set for other work.

    One thread at a time is in it, since the setting is one of the process.

    >>> torch.set_default_dtype(torch.float64)
    >>> with float32_by_default():
    ...     print(torch.zeros(1).dtype)
    torch.float32
    >>> torch.zeros(1).dtype
    torch.float64
    >>> torch.set_default_dtype(torch.float32)
    """
    with _alone:
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(before)


def _in_forked_child():
    """Without the threads of its parent: torch would wait for its own for ever, and a lock may be held by another."""
    global _alone
    _alone = threading.RLock()
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_forked_child)


def dtype_of(model: torch.nn.Module) -> torch.dtype:
    """That of a network's weights, which its inputs need; float32 where it has none."""
    return next((weight.dtype for weight in model.parameters()), torch.float32)
