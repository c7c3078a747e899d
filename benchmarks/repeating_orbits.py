"""The formula for orbits with stabilisers against dense leave-one-out: all necklaces of eight beads in three colours.

Under the 16 symmetries of the octagon they make 498 orbits, of which 333 are free; the dense side has all 6,561 of them
and does what LAPACK does best (`group_formula`). Both from the necklaces to the residuals.
"""

from itertools import product

import numpy as np

from benchmarks.group_formula import dense_loo
from benchmarks.measure import Row, side_by_side
from symlib.gram import gram, invariant_gram
from symlib.groups import dihedral
from symlib.kernels import mlp_kernel
from symlib.orbits import distinct_points, permutation_orbits, stabilisers
from symlib.spectral import spectral_loo_residuals


def rows(runs, quick):
    beads = 6 if quick else 8
    necklaces, group = np.array(list(product(range(3), repeat=beads))), dihedral(beads)
    turned = np.array([np.roll(face, k) for face in (np.arange(beads), np.arange(beads)[::-1]) for k in range(beads)])
    orbits = permutation_orbits(necklaces[first_of_orbits(necklaces, turned)], turned)
    labels = np.where(np.ptp(orbits[:, 0], axis=1) == 2, 1.0, -1.0)  # whether all colours occur
    seconds, (ours, theirs) = side_by_side(
        lambda: formula(orbits, labels, group), lambda: dense(orbits, labels, group), runs
    )
    return [
        Row(
            f"orbits with stabilisers, {len(necklaces):,} necklaces in {len(orbits)} orbits of D{beads}, Gram included",
            f"{seconds[0]:.3f} s",
            f"LAPACK, dense {seconds[1]:.2f} s",
            f"{seconds[1] / seconds[0]:.0f}×",
            "–",
            "–",
            f"{np.abs(ours - theirs).max():.0e} in residuals, every point",
        )
    ]


def first_of_orbits(points, permutations):
    """Which points come first among their images."""
    code = points[:, permutations] @ 3 ** np.arange(points.shape[1])
    return code[:, 0] == code.min(axis=1)


def ntk(a, b):
    return mlp_kernel(a, b).ntk


def one_hot(orbits):
    return np.eye(3)[orbits.astype(int)].reshape(*orbits.shape[:-1], -1)


def formula(orbits, labels, group):
    """Residuals of every distinct point."""
    fixed = stabilisers(orbits, group)
    kappa = invariant_gram(ntk, one_hot(orbits), group, ndim=1, progress=False)
    residuals = spectral_loo_residuals(kappa, labels, group, stabilisers=fixed)
    return residuals[distinct_points(fixed, group)[:, 1]]


def dense(orbits, labels, group):
    element, orbit = distinct_points(stabilisers(orbits, group), group).T
    return dense_loo(gram(ntk, one_hot(orbits[orbit, element]), progress=False), labels[orbit][:, None])[:, 0]
