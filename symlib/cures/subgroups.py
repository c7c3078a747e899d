"""Averaging over a subgroup Q: what an architecture that has a part of the symmetry does with the rest.

Let P_Q(ρ) = (1/|Q|) Σ_{q ∈ Q} ρ(q), a projection. Averaging the kernel over Q takes κ̂(ρ) to κ̂(ρ) (I ⊗ P_Q(ρ)). All
poses of a coset Qg then are one point, so a fair question leaves out all of it. Book chapter 14.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.groups import FiniteGroup
from symlib.groups.subgroups import subgroup_elements
from symlib.regression import in_shape_of, loo_from_inverse
from symlib.spectral import checked_kappa, inverse_blocks, refuse_repeated_points
from symlib.support.accuracy import vouched
from symlib.support.checks import invariant_kappa


def subgroup_kappa(kappa: ArrayLike, group: FiniteGroup, subgroup: ArrayLike) -> NDArray[np.float64]:
    """k_Q(x_c, u x_d) = (1/|Q|) Σ_{q ∈ Q} κ_cd(qu): the kernel averaged over Q, from the seeds to every pose.

    Parameters
    ----------
    kappa : (..., |G|, C, C) array, the invariant Gram
    group : FiniteGroup
    subgroup : (|Q|,) list of elements

    Returns
    -------
    (..., |G|, C, C) array. Where Q is normal, k_Q is invariant under all of G and this is its invariant Gram, which
    every function of κ takes. Where it is not, the Gram matrix of k_Q on the orbits is
    k_Q(g x_c, h x_d) = (1/|Q|) Σ_q κ_cd(g⁻¹qh), and depends on more than g⁻¹h.

    Raises
    ------
    ValueError
        If κ does not fit the group, or the elements are no subgroup.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> subgroup_kappa(np.array([4.0, 1.0, 2.0, 1.0]).reshape(4, 1, 1), cyclic(4), [0, 2]).ravel()
    array([3., 1., 3., 1.])
    """
    kappa = invariant_kappa(kappa, group)
    elements = subgroup_elements(subgroup, group)
    return kappa[..., group.table[elements], :, :].mean(axis=-4)


def leave_coset_out_residuals(
    kappa: ArrayLike, labels: ArrayLike, group: FiniteGroup, subgroup: ArrayLike, ridge: float = 0.0
) -> NDArray[np.float64]:
    """Residual at each pose with the kernel averaged over Q, when its whole coset is left out of its orbit.

    Of every coset Qg one pose is trained on, which to this kernel is all of them; that of pose g of orbit c is left
    out:

        e_c(g) = [Â(1)⁻¹y]_c / ( (|Q|/|G|) Σ_ρ d_ρ tr( [Â(ρ)⁻¹]_cc conj(ρ(g)⁻¹ P_Q(ρ) ρ(g)) ) ),  Â(ρ) = κ̂(ρ) + |Q|σ².

    By "augmentation is averaging" the same residual is that of the plain kernel with all poses trained on but the |Q|
    of this coset, and with the ridge |Q|σ².

    Parameters
    ----------
    kappa : (..., |G|, C, C) array, the invariant Gram of the kernel before averaging
    labels : (C,) or (C, k) array
    group : FiniteGroup
    subgroup : (|Q|,) list of elements; all of G would leave nothing of the orbit
    ridge : float, absolute, at least 0: added to the Gram matrix of the averaged kernel, one pose a coset

    Returns
    -------
    (..., |G|, C) or (..., |G|, C, k) array, label minus prediction, the same for all g of a coset; for a normal Q for
    all g. Cost: as `spectral_loo_residuals`, and |G|² d² C for each irrep.

    Raises
    ------
    IndefiniteMatrixError, SingularMatrixError
        As `spectral_loo_residuals`; κ itself must be invertible with the ridge.
    ValueError
        If κ does not fit the group or shows that points repeat, or the elements are no subgroup; as
        `spectral_loo_residuals`.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> kappa = np.array([[[2.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.5, 1.0]]])
    >>> leave_coset_out_residuals(kappa, [1.0, -1.0], cyclic(2), [0])[1]
    array([ 0.72727273, -0.72727273])
    """
    kappa, columns, ridge, scale, dtype = checked_kappa(kappa, labels, group, ridge)
    refuse_repeated_points(kappa, group, dtype)
    elements = subgroup_elements(subgroup, group)
    n_orbits, q = kappa.shape[-1], len(elements)

    def compute(ridge):
        diagonal = squares = 0.0
        for i, weight, block in inverse_blocks(kappa, group, q * ridge, scale):
            rho = group.irreps[i]
            at_coset = (rho.conj().swapaxes(-1, -2) @ rho[elements].mean(axis=0) @ rho).conj()
            diagonal = diagonal + q**2 * weight * _at_each_pose(block, at_coset)
            squares = squares + q**3 * weight * _at_each_pose(block @ block, at_coset)
            if i == 0:
                weights = q * (block.real @ columns)
        total = group.order / q * (weights**2).sum(axis=1)
        points = (len(scale), group.order * n_orbits)
        everywhere = np.tile(weights, (1, group.order, 1))
        tiled = np.tile(columns, (group.order, 1))
        (residuals,), error = loo_from_inverse(
            diagonal.reshape(points),
            squares.reshape(points),
            everywhere,
            total,
            tiled,
            scale / q,  # ‖·‖ of the reduced matrix
        )
        return residuals, error

    residuals = vouched(compute, ridge, scale.max(initial=0.0), n_orbits, "kappa", dtype)
    return in_shape_of(labels, residuals.reshape(*kappa.shape[:-2], *columns.shape))


def _at_each_pose(block, at_coset):
    """tr([·]_cc M(g)), (b, |G|, C), for every element and orbit of blocks (b, C·d, C·d) and matrices M (|G|, d, d)."""
    d = at_coset.shape[-1]
    split = block.reshape(len(block), -1, d, block.shape[-1] // d, d)
    own = np.einsum("bcicj->bcij", split)
    return np.einsum("bcij,gji->bgc", own, at_coset).real
