"""Finite groups as multiplication tables, with their unitary irreducible representations."""

from symlib.groups.families import cyclic, dihedral, direct_product, quaternion, symmetric
from symlib.groups.finite_group import FiniteGroup

__all__ = ["FiniteGroup", "cyclic", "dihedral", "direct_product", "quaternion", "symmetric"]
