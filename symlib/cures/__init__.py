"""What would help: averaging, augmentation, committees, random elements and subgroups, each with its prediction on κ.

A kernel is averaged by `averaged_kernel`; every other function predicts from the invariant Gram κ (`invariant_gram`)
what a remedy does to the answers of kernel regression, at no further evaluation of the kernel. Derived in book chapter
14. All but full augmentation, which shows each pose as often as it is made, take the |G| poses of an orbit for distinct
points, and refuse κ that shows otherwise (`spectral`).
"""

from symlib.cures.augmentation import (
    full_augmentation_residuals,
    full_augmentation_weights,
    partial_augmentation_residuals,
)
from symlib.cures.averaging import averaged_kernel
from symlib.cures.committees import committee_residuals
from symlib.cures.random_elements import random_elements_kappa, random_elements_residuals
from symlib.cures.subgroups import leave_coset_out_residuals, subgroup_kappa

__all__ = [
    "averaged_kernel",
    "committee_residuals",
    "full_augmentation_residuals",
    "full_augmentation_weights",
    "leave_coset_out_residuals",
    "partial_augmentation_residuals",
    "random_elements_kappa",
    "random_elements_residuals",
    "subgroup_kappa",
]
