"""Kernels averaged over a group or a subgroup: k̄(x, x') = (1/|Q|) Σ_{q ∈ Q} k(x, q x').

For a kernel with k(qx, qx') = k(x, x') one average is enough: it is then invariant in each argument, symmetric and
positive semidefinite, the kernel of the features averaged over Q. Source: Elesedy 2021, section 4; Mei, Misiakiewicz
and Montanari 2021; book chapter 14.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.groups import FiniteGroup
from symlib.groups.subgroups import subgroup_elements, subgroup_generators
from symlib.kernels import Kernel
from symlib.orbits.actions import Action, moved_points, refuse_what_is_no_action
from symlib.support.checks import SYMMETRY_TOLERANCE, finite_array

_POINTS_LOOKED_AT = 3


def averaged_kernel(
    kernel: Callable,
    action: Action,
    group: FiniteGroup,
    subgroup: ArrayLike | None = None,
) -> Callable[..., NDArray[np.float64] | Kernel]:
    """The kernel k̄(x, x') = (1/|Q|) Σ_{q ∈ Q} k(x, q x'), as a function that `gram` and `invariant_gram` take.

    Parameters
    ----------
    kernel : callable
        `kernel(x1, x2)` → (..., n1, n2) array, or a `Kernel` of two, invariant when both arguments are moved together.
    action : callable
        `action(g, x)` moves all points of an array x, (..., n, d) or (..., n, H, W), by element g of the group, and
        returns an array of that shape; for instance `lambda g, x: np.rot90(x, g, axes=(-2, -1))` for `cyclic(4)`.
    group : FiniteGroup
    subgroup : (|Q|,) list of elements, optional
        What is averaged over; the whole group if left out.

    Returns
    -------
    callable
        `averaged(x1, x2=None)` → (..., n1, n2) array, or a `Kernel`. A call costs |Q| calls of `kernel`; of one set
        with itself about half, since k(x, q⁻¹x') = k(x', qx). Each call looks whether action and kernel are what they
        must be, on up to three points and generators of Q.

    Raises
    ------
    ValueError
        If `subgroup` is none. The function returned raises it if the action moves points to another shape, does not
        obey the table of the group, or the kernel is not invariant under it.

    Examples
    --------
    >>> from symlib.groups import cyclic
    >>> from symlib.kernels import rbf
    >>> def shifted(g, x):
    ...     return np.roll(x, g, axis=-1)
    >>> averaged = averaged_kernel(lambda a, b: rbf(a, b, length_scale=1.0), shifted, cyclic(3))
    >>> gram = averaged([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    >>> bool(np.isclose(gram[0, 1], gram[0, 0]))  # a vector and its shift
    True
    """
    elements = subgroup_elements(subgroup, group)
    generators = subgroup_generators(elements, group)

    def averaged(x1: ArrayLike, x2: ArrayLike | None = None) -> NDArray[np.float64] | Kernel:
        same = x2 is None or x2 is x1
        x1 = finite_array(x1, "x1", min_ndim=2)
        x2 = x1 if x2 is None or same else finite_array(x2, "x2", min_ndim=2)
        first = kernel(x1, x2)
        paired = isinstance(first, tuple)
        total = np.array(first if paired else [first], dtype=float)
        axes = x2.ndim + 2 - total.ndim  # of one point
        _refuse_what_does_not_fit(kernel, action, group, elements, generators, _few(x2, axes))
        for q in elements[1:]:
            inverse = group.inverse[q]
            if same and inverse < q:
                continue  # came with its inverse
            values = kernel(x1, moved_points(action, q, x2))
            values = np.array(values if paired else [values])
            total += values
            if same and inverse != q:
                total += values.swapaxes(-1, -2)
        total /= len(elements)
        if same:  # rounding of an involution's block
            total = (total + total.swapaxes(-1, -2)) / 2
        return Kernel(*total) if paired else total[0]

    return averaged


def _few(x, axes):
    """Up to three points of the first set, (m, point)."""
    if axes < 1 or axes >= x.ndim:
        raise ValueError(
            f"the kernel must return (..., n1, n2) for points {x.shape}, got an array of {x.ndim + 1 - axes} axes"
        )
    return x[(0,) * (x.ndim - axes - 1)][:_POINTS_LOOKED_AT]


def _refuse_what_does_not_fit(kernel, action, group, elements, generators, few):
    """Raise unless the action obeys the table of the group on these points, and k(hx, hx') = k(x, x')."""
    moved = {g: moved_points(action, g, few) for g in elements}
    refuse_what_is_no_action(action, few, moved, group, elements, generators)
    plain = np.asarray(kernel(few, few))
    for h in generators:
        gap = np.abs(np.asarray(kernel(moved[h], moved[h])) - plain).max(initial=0.0)
        if gap > SYMMETRY_TOLERANCE * np.abs(plain).max(initial=0.0):
            raise ValueError(
                f"the kernel is not invariant under this action: k(gx, gx') and k(x, x') differ by {gap:.1e} at "
                f"g = {h}, so that averaging one argument gives no kernel; average both, or take another kernel"
            )
