"""Kernels of convolutional networks: the definition, and one evaluation each with JAX and with Numba."""

from symlib.kernels.convolution.cnn import cnn_kernel

__all__ = ["cnn_kernel"]
