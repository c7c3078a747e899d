"""Kernels of vision transformers: the definition, and one evaluation each with JAX and with Numba."""

from symlib.kernels.attention.vit import vit_kernel

__all__ = ["vit_kernel"]
