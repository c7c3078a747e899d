"""The elements of a subgroup, checked to be one."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.groups import FiniteGroup
from symlib.support.checks import index_array


def subgroup_elements(subgroup: ArrayLike | None, group: FiniteGroup) -> NDArray[np.intp]:
    """The elements in ascending order, the identity first; all of the group where none are named.

    Raises
    ------
    ValueError
        If they are no subgroup, naming a product that is missing.
    """
    if subgroup is None:
        return np.arange(group.order)
    elements = np.sort(index_array(subgroup, (group.order,), "subgroup"))
    products = group.table[np.ix_(elements, elements)]
    missing = np.argwhere(~np.isin(products, elements))
    if missing.size:  # a finite set that is closed holds the identity and inverses
        g, h = elements[missing[0]]
        raise ValueError(
            f"subgroup must be closed: {g}·{h} = {group.table[g, h]} in {group} is not in {elements.tolist()}; add "
            "what its elements generate"
        )
    return elements


def subgroup_generators(elements: NDArray[np.intp], group: FiniteGroup) -> list[int]:
    """Elements whose products are the subgroup."""
    place = np.full(group.order, -1)
    place[elements] = np.arange(len(elements))
    inner = FiniteGroup(place[group.table[np.ix_(elements, elements)]])
    return [int(elements[g]) for g in inner.generators]
