"""A committee of turned answers: the machine as it is, asked about every pose of a point, and the answers averaged.

f̄(x) = (1/|G|) Σ_g f(g x). At ridge 0 the answers at poses that were trained on are the labels, so for an orbit O of
which H was left out

    ē = (1/|G|) Σ_{h ∈ H ∩ O} e_h ,

and where one pose is missing the committee is right as soon as e < |G|. With a ridge the poses trained on have
residuals too, σ² times their weights, whose sum over an orbit has a closed form (below). Book chapter 14.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.groups import FiniteGroup
from symlib.regression import in_shape_of
from symlib.spectral import checked_kappa, inverse_blocks, spectral_holdout_residuals
from symlib.support.checks import index_array


def committee_residuals(
    kappa: ArrayLike, labels: ArrayLike, group: FiniteGroup, held_out: ArrayLike, ridge: float = 0.0
) -> NDArray[np.float64]:
    """Residual of the mean answer over all poses, for each orbit, when the poses `held_out` were not trained on.

    ē_c = (1/|G|) Σ_{h ∈ H∩O_c} e_h + σ² ( [Â(1)⁻¹y]_c − (1/|G|) Σ_{(g,d) ∈ H} [Â(1)⁻¹]_cd e_(g,d) ), Â(1) = κ̂(1) + σ².

    Parameters
    ----------
    kappa : (..., |G|, C, C) array, the invariant Gram
    labels : (C,) or (C, k) array
    group : FiniteGroup
    held_out : (h, 2) list of distinct (element, orbit) pairs
    ridge : float, absolute, at least 0

    Returns
    -------
    (..., C) or (..., C, k) array, label minus mean answer. Cost: as `spectral_holdout_residuals`.

    Raises
    ------
    ValueError
        As `spectral_holdout_residuals`.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> kappa = np.array([[[2.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.5, 1.0]]])
    >>> committee_residuals(kappa, [1.0, -1.0], cyclic(2), [(0, 0)])
    array([0.36363636, 0.        ])
    """
    kappa, columns, ridge, scale, _ = checked_kappa(kappa, labels, group, ridge)
    n_orbits = len(columns)
    _, orbit = index_array(held_out, (group.order, n_orbits), "held_out").T
    residuals, _ = spectral_holdout_residuals(kappa, columns, group, held_out, ridge)  # (..., h, k)
    of_orbit = np.equal.outer(np.arange(n_orbits), orbit).astype(float)  # (C, h)
    mean = of_orbit @ residuals / group.order
    if ridge:
        _, _, trivial = next(inverse_blocks(kappa, group, ridge, scale))
        trivial = trivial.real.reshape(*kappa.shape[:-3], n_orbits, n_orbits)
        mean = mean + ridge * (trivial @ columns - trivial[..., orbit] @ residuals / group.order)
    return in_shape_of(labels, mean)
