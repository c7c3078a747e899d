"""symlib: kernel theory of whether deep networks learn symmetries from data. This file is the table of contents.

`symlib.gram` is the module (its function is `symlib.gram.gram`), and `symlib.plots`, `symlib.models`, `symlib.training`
and `symlib.sweeps` are imported by name, so that `import symlib` needs neither matplotlib, torch nor Dask.
"""

from symlib import conv_kernels, datasets, fourier, gram, groups, kernels, orbits, regression, spectral
from symlib.conv_kernels import cnn_kernel
from symlib.datasets import circles, digit_pairs, fashion_mnist, mnist, partially_observed
from symlib.fourier import fourier_transform, inverse_fourier_transform
from symlib.gram import invariant_gram
from symlib.groups import FiniteGroup, cyclic, dihedral, direct_product, quaternion, symmetric
from symlib.kernels import Kernel, mlp_kernel, rbf
from symlib.orbits import (
    dihedral_orbits,
    normalize,
    points,
    rotation_operators,
    rotation_orbits,
    translation_orbits,
)
from symlib.regression import holdout_residuals, loo_residuals
from symlib.spectral import (
    circulant_eigenvalues,
    circulant_loo_error,
    expand_invariant,
    project_invariant,
    spectral_holdout_residuals,
    spectral_loo_residuals,
)

__version__ = "0.1.0"

__all__ = [name for name in globals() if not name.startswith("_")]
