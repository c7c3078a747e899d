"""Groups of every kind, and invariant Gram matrices with no other structure, for the tests to draw from."""

import warnings

import numpy as np

from symlib import groups
from symlib.spectral import project_invariant


def semidirect(m, n, factor):
    """C_m ⋊ C_n, factorⁿ = 1 modulo m: maps x ↦ factorᵇ x + a with b modulo n; element (a, b) is b·m + a."""
    pairs = [(a, b) for b in range(n) for a in range(m)]
    table = [[(a + factor**b * c) % m + m * ((b + d) % n) for c, d in pairs] for a, b in pairs]
    return groups.FiniteGroup(table, name=f"C{m}⋊C{n}")


GROUPS = {
    group.name: group
    for group in [
        groups.cyclic(1),
        groups.cyclic(2),
        groups.cyclic(7),
        groups.cyclic(8),
        groups.dihedral(1),
        groups.dihedral(2),
        groups.dihedral(4),
        groups.dihedral(5),
        groups.quaternion(),
        groups.symmetric(3),
        groups.symmetric(4),
        groups.direct_product(groups.cyclic(3), groups.quaternion()),
        # No closed form given: irreps are found numerically.
        groups.FiniteGroup(groups.symmetric(3).table, name="S3 from its table"),
        semidirect(7, 3, 2),  # complex irreps of dimension 3
    ]
}


def random_kappa(group, n_orbits, seed, batch=()):
    """An invariant positive definite κ with no other structure."""
    n = group.order * n_orbits
    # More columns than rows: no draw is close to singular.
    factor = np.random.default_rng(seed).standard_normal((*batch, n, 2 * n + 4))
    with warnings.catch_warnings(action="ignore"):  # it is far from invariant, and meant to be
        return project_invariant(factor @ factor.swapaxes(-1, -2) / n, group)
