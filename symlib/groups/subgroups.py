"""Subgroups: their elements, checked to be one; their cosets, and the vectors of an irrep that they fix.

For a subgroup H the left cosets gH cut G into |G|/|H| classes. The largest normal subgroup within H is its core, the
elements all of whose conjugates gug⁻¹ lie in H. Source: Serre, *Linear Representations of Finite Groups*, section 3.3.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.groups.finite_group import FiniteGroup
from symlib.support.checks import index_array


def subgroup_elements(subgroup: ArrayLike | None, group: FiniteGroup, name: str = "subgroup") -> NDArray[np.intp]:
    """The elements in ascending order, the identity first; all of the group where none are named.

    Raises
    ------
    ValueError
        If they are no subgroup, naming a product that is missing.
    """
    if subgroup is None:
        return np.arange(group.order)
    elements = np.sort(index_array(subgroup, (group.order,), name))
    products = group.table[np.ix_(elements, elements)]
    missing = np.argwhere(~np.isin(products, elements))
    if missing.size:  # a finite set that is closed holds the identity and inverses
        g, h = elements[missing[0]]
        raise ValueError(
            f"{name} must be closed: {g}·{h} = {group.table[g, h]} in {group} is not in {elements.tolist()}; add "
            "what its elements generate"
        )
    return elements


def subgroup_generators(elements: NDArray[np.intp], group: FiniteGroup) -> list[int]:
    """Elements whose products are the subgroup."""
    place = np.full(group.order, -1)
    place[elements] = np.arange(len(elements))
    inner = FiniteGroup(place[group.table[np.ix_(elements, elements)]])
    return [int(elements[g]) for g in inner.generators]


def coset_representatives(elements: NDArray[np.intp], group: FiniteGroup) -> NDArray[np.intp]:
    """For every g the smallest element of its left coset gH: (|G|,)."""
    return group.table[:, elements].min(axis=1)


def normal_core(members: NDArray[np.bool_], group: FiniteGroup) -> NDArray[np.bool_]:
    """Which elements have all of their conjugates among the members: (..., |G|) for (..., |G|).

    Of a subgroup they are the largest normal subgroup within it.
    """
    conjugates = group.table[group.table, group.inverse[:, None]]  # [g, u]: g u g⁻¹
    return np.asarray(members[..., conjugates].all(axis=-2))


def fixed_vectors(rho: NDArray, elements: NDArray[np.intp]) -> NDArray:
    """An orthonormal basis, as columns (d, m), of the vectors that ρ(h) leaves alone for every h of a subgroup.

    The mean of ρ over the subgroup is the projection on them; m may be 0.
    """
    mean = rho[elements].mean(axis=0)
    if len(mean) == 1:  # no sign or phase to choose
        return np.ones((1, round(mean[0, 0].real)), dtype=rho.dtype)
    values, vectors = np.linalg.eigh((mean + mean.conj().T) / 2)
    return vectors[:, values > 0.5]
