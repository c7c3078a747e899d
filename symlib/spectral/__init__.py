"""Errors of kernel regression on left-out poses, read off the Fourier transform of the Gram matrix.

If k(gx, gx') = k(x, x'), the Gram matrix of orbits is K[(g,c),(h,d)] = κ_cd(g⁻¹h) and the group Fourier transform
makes it block diagonal, K ≅ ⊕_ρ κ̂(ρ) ⊗ I_dρ. With A = K + σ²I and labels y_c constant on orbits, the residual of one
left-out pose is

    e_c = [Â(1)⁻¹ y]_c / ( (1/|G|) Σ_ρ d_ρ tr [Â(ρ)⁻¹]_cc ),      Â(ρ) = κ̂(ρ) + σ²I,

one over the numerator being the signal (separation of the classes, at frequency zero) and one over the denominator the
noise (how sparsely the orbits are sampled), so that the error is noise / signal. The paper's case, ε = λ_N⁻¹/⟨λ⁻¹⟩ on
one circulant Gram, is Perin and Deny (2025). Derived in book chapters 06 and 07. Points are element-major: index
(g, c) ↦ g·C + c.

Where elements fix a seed, some of these points are one: pass `stabilisers=` (`orbits.stabilisers`), and every distinct
point counts once. Without it, orbits whose κ shows repeated points are refused. Book chapter 17.
"""

from symlib.spectral.blocks import checked_kappa, inverse_blocks
from symlib.spectral.circulant import circulant_eigenvalues, circulant_loo_error
from symlib.spectral.coincidences import refuse_repeated_points
from symlib.spectral.ensembles import spectral_ensemble_covariance
from symlib.spectral.invariant_grams import expand_invariant, project_invariant
from symlib.spectral.residuals import spectral_holdout_residuals, spectral_loo_residuals

__all__ = [
    "checked_kappa",
    "circulant_eigenvalues",
    "circulant_loo_error",
    "expand_invariant",
    "inverse_blocks",
    "project_invariant",
    "refuse_repeated_points",
    "spectral_ensemble_covariance",
    "spectral_holdout_residuals",
    "spectral_loo_residuals",
]
