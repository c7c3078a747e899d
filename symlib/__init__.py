"""symlib: kernel theory of whether deep networks learn symmetries from data. This file is the table of contents.

`symlib.gram` is the module (its function `gram` is `gram_matrix` here), and `symlib.plots`, `symlib.models`,
`symlib.training` and `symlib.sweeps` are imported by name, so that `import symlib` needs neither matplotlib, torch nor
Dask.
"""

from symlib import (
    conv_kernels,
    cures,
    datasets,
    feature_machines,
    fourier,
    gram,
    groups,
    kernels,
    orbits,
    regression,
    spectral,
)
from symlib.cures import averaged_kernel
from symlib.datasets import (
    chorales,
    circles,
    digit_pairs,
    fashion_mnist,
    hourly_temperatures,
    labelled_images,
    mnist,
    partially_observed,
    tic_tac_toe,
)
from symlib.diagnose import diagnose
from symlib.feature_machines import recursive_feature_machine
from symlib.fourier import fourier_transform, inverse_fourier_transform
from symlib.gram import gram as gram_matrix
from symlib.gram import invariant_gram
from symlib.groups import FiniteGroup, cyclic, dihedral, direct_product, quaternion, symmetric
from symlib.kernels import Kernel, cnn_kernel, equivariant_cnn_kernel, mlp_kernel, rbf, vit_kernel
from symlib.orbits import (
    LearnedOperator,
    act,
    complete_orbits,
    dihedral_orbits,
    distinct_points,
    learn_operator,
    normalize,
    permutation_orbits,
    points,
    rotation_operators,
    rotation_orbits,
    shift_orbits,
    stabilisers,
    translation_orbits,
)
from symlib.regression import ensemble_covariance, holdout_residuals, loo_residuals
from symlib.spectral import (
    circulant_eigenvalues,
    circulant_loo_error,
    expand_invariant,
    project_invariant,
    spectral_ensemble_covariance,
    spectral_holdout_residuals,
    spectral_loo_residuals,
)
from symlib.support.hermitian import IndefiniteMatrixError, SingularMatrixError

__version__ = "0.2.0"

__all__ = [
    "FiniteGroup",
    "IndefiniteMatrixError",
    "Kernel",
    "LearnedOperator",
    "SingularMatrixError",
    "act",
    "averaged_kernel",
    "chorales",
    "circles",
    "circulant_eigenvalues",
    "circulant_loo_error",
    "cnn_kernel",
    "complete_orbits",
    "conv_kernels",
    "cures",
    "cyclic",
    "datasets",
    "diagnose",
    "digit_pairs",
    "dihedral",
    "dihedral_orbits",
    "direct_product",
    "distinct_points",
    "ensemble_covariance",
    "equivariant_cnn_kernel",
    "expand_invariant",
    "fashion_mnist",
    "feature_machines",
    "fourier",
    "fourier_transform",
    "gram",
    "gram_matrix",
    "groups",
    "holdout_residuals",
    "hourly_temperatures",
    "invariant_gram",
    "inverse_fourier_transform",
    "kernels",
    "labelled_images",
    "learn_operator",
    "loo_residuals",
    "mlp_kernel",
    "mnist",
    "normalize",
    "orbits",
    "partially_observed",
    "permutation_orbits",
    "points",
    "project_invariant",
    "quaternion",
    "rbf",
    "recursive_feature_machine",
    "regression",
    "rotation_operators",
    "rotation_orbits",
    "shift_orbits",
    "spectral",
    "spectral_ensemble_covariance",
    "spectral_holdout_residuals",
    "spectral_loo_residuals",
    "stabilisers",
    "symmetric",
    "tic_tac_toe",
    "translation_orbits",
    "vit_kernel",
]
