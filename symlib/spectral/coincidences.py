"""What κ tells of points that repeat, and the refusal of formulas for |G| distinct points an orbit where they do.

If an element u fixes a seed, u·x_c = x_c, then κ_dc(gu) = κ_dc(g) for every d and g. A formula that takes the |G| poses
of this orbit for distinct leaves one copy out while its twin stays in training, and answers nearly 0. But a kernel may
also be *blind* to u by construction, as pooled and averaged ones are, and then orbits of distinct points collapse
rightly. The two are told apart by where they hold: since k(gx, gx') = k(x, x'), a kernel that is blind to u is blind to
all conjugates gug⁻¹, at every seed; so those u form a normal subgroup, which κ shows at all orbits at once. An element
outside the largest such subgroup that leaves some seed where it is fixes that seed and not the kernel's eye.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from symlib.groups import FiniteGroup
from symlib.groups.subgroups import normal_core, subgroup_generators

_ORBITS_AT_ONCE = 32  # compared without another copy of κ
_ORBITS_LOOKED_AT = 16  # from which k(x_d, gu·x_c) and k(x_d, g·x_c) are compared
_NEAR = 1e-2  # of what varies in κ: two points closer than this are in the reach of the arc cosine's rounding
_SAME = 1e-8  # of what varies in κ
_ALMOST = 1e-6  # of k(x_c, x_c)


def refuse_repeated_points(kappa: NDArray, group: FiniteGroup, dtype: np.dtype | None = None) -> None:
    """Raise ValueError where κ (..., |G|, C, C) shows that points repeat, naming `stabilisers=`.

    Where one normal subgroup fixes every seed, κ cannot tell this from a blind kernel, and nothing is refused:
    `invariant_gram`, which sees the points, warns.
    """
    flat, rounding = kappa.reshape(-1, *kappa.shape[-3:]), _rounding(dtype)
    own = np.diagonal(flat, axis1=-2, axis2=-1)
    if not (own[:, 1:] >= (1 - 10 * np.sqrt(rounding)) * own[:, :1]).any():  # nothing near to anything, at little cost
        return
    blind_or_fixed = _same_to_the_kernel(flat, group, rounding)
    # A learnt kernel becomes blind by degrees, at one seed before another.
    nearly = _apart(flat) <= max(_ALMOST, 10 * np.sqrt(rounding))
    blind = normal_core(np.all(nearly, axis=-1), group)
    repeats = np.argwhere(blind_or_fixed & ~blind[..., None])
    if len(repeats):
        _, u, c = repeats[0]
        raise ValueError(
            f"kappa shows that points repeat: element {u} leaves seed {c} where it is, k(x_{c}, {u}·x_{c}) = "
            f"k(x_{c}, x_{c}), and does not do so, with its conjugates, for every seed. A formula for |G| = "
            f"{group.order} distinct points an orbit would leave out one copy while its twin stays in training; pass "
            "stabilisers=symlib.orbits.stabilisers(orbits, group) to the functions of symlib.spectral, or "
            "stabilisers=[(0,)] * C if all these points differ and only the kernel cannot tell them apart"
        )


def refuse_what_kappa_contradicts(
    kappa: NDArray, group: FiniteGroup, stabilisers: Sequence[NDArray[np.intp]], dtype: np.dtype | None = None
) -> None:
    """Raise ValueError unless κ_dc(gh) = κ_dc(g) for every h that is said to fix seed c, up to rounding."""
    flat = kappa.reshape(-1, *kappa.shape[-3:])
    size = np.sqrt(np.abs(np.einsum("bcc->bc", flat[:, 0])))
    allowed = 10 * np.sqrt(_rounding(dtype)) * size
    orbits_of: dict[int, list[int]] = {}
    for c, elements in enumerate(stabilisers):
        orbits_of.setdefault(id(elements), []).append(c)
    for of_one in orbits_of.values():
        generators = subgroup_generators(stabilisers[of_one[0]], group)
        for start in range(0, len(of_one), _ORBITS_AT_ONCE):
            orbits = of_one[start : start + _ORBITS_AT_ONCE]
            values = flat[..., orbits]
            for h in generators:
                gap = np.abs(values[:, group.table[:, h]] - values)
                beyond = gap - allowed[:, None, :, None] * size[:, None, None, orbits]
                if (beyond > 0).any():
                    worst = np.unravel_index(beyond.argmax(), gap.shape)
                    c = orbits[worst[-1]]
                    raise ValueError(
                        f"stabilisers[{c}] is contradicted by kappa: if element {h} fixed seed {c}, k(x_d, g·{h}·x_"
                        f"{c}) would be k(x_d, g·x_{c}), and they differ by {gap[worst]:.1e} at d = {worst[2]}, g = "
                        f"{worst[1]}; take them from the orbits that kappa was computed on, "
                        "symlib.orbits.stabilisers(orbits, group)"
                    )


def _same_to_the_kernel(kappa, group, rounding):
    """Whether x_c and u·x_c are one point to the kernel, (b, |G|, C), from κ (b, |G|, C, C).

    First by k(x_c, u·x_c) = k(x_c, x_c) to the square root of rounding, which is what an arc cosine leaves of it.
    With a smooth kernel points that are merely close pass; so then by all values κ_dc(gu) = κ_dc(g) relative to what
    varies in κ, where two points differ to first order in their distance.
    """
    coarse = 10 * np.sqrt(rounding)
    same = _apart(kappa) <= coarse
    same[:, 0] = True
    suspects = np.flatnonzero(same[:, 1:].any(axis=(0, 2))) + 1
    if not suspects.size:
        return same
    # Correlations: seeds may be of different size.
    others = np.unique(np.linspace(0, kappa.shape[-1] - 1, _ORBITS_LOOKED_AT).astype(int))
    size = np.einsum("bcc->bc", kappa[:, 0])
    scale = np.sqrt(np.where(size > 0, size, 1.0))
    seen = kappa[:, :, others] / scale[:, None, others, None] / scale[:, None, None]  # (b, |G|, some of C, C)
    apart = np.maximum(1 - seen, 0.0)
    varying = apart.max(axis=(1, 2, 3), initial=0.0)[:, None, None, None]
    for u in suspects:
        moved = group.table[:, u]
        near = np.minimum(apart, apart[:, moved]) <= _NEAR * varying
        allowed = np.where(near, coarse, 1e3 * rounding) + _SAME * varying
        same[:, u] &= (np.abs(seen[:, moved] - seen) <= allowed).all(axis=(1, 2))
    return same


def _apart(kappa):
    """|1 − k(x_c, u·x_c)/k(x_c, x_c)|, (b, |G|, C); 0 of a seed that the kernel takes for 0."""
    own = np.diagonal(kappa, axis1=-2, axis2=-1)
    size = own[:, :1]
    return np.abs(own - size) / np.where(size == 0, np.inf, np.abs(size))


def _rounding(dtype):
    """Of one operation in the dtype that κ came in."""
    return float(np.finfo(dtype if dtype in (np.float32, np.float16) else np.float64).eps)
