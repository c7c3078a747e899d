"""The first public path of `symlib.kernels.cnn_kernel`, kept for the programs that import it from here."""

from symlib.kernels.convolution import cnn_kernel

__all__ = ["cnn_kernel"]
