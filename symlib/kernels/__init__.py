"""Closed-form kernels, a family a file: of distances, of fully connected, convolutional and attention networks."""

from symlib.kernels.attention import vit_kernel
from symlib.kernels.convolution import cnn_kernel
from symlib.kernels.equivariant import equivariant_cnn_kernel
from symlib.kernels.fully_connected import mlp_kernel
from symlib.kernels.kernel import Kernel, float64_scope
from symlib.kernels.radial import rbf

__all__ = ["Kernel", "cnn_kernel", "equivariant_cnn_kernel", "float64_scope", "mlp_kernel", "rbf", "vit_kernel"]
