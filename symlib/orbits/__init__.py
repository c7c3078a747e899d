"""Orbits: each seed together with all that the elements of a group make of it."""

from symlib.orbits.images import dihedral_orbits, rotation_operators, rotation_orbits, translation_orbits
from symlib.orbits.learned import LearnedOperator, complete_orbits, learn_operator
from symlib.orbits.preprocessing import normalize, points

__all__ = [
    "LearnedOperator",
    "complete_orbits",
    "dihedral_orbits",
    "learn_operator",
    "normalize",
    "points",
    "rotation_operators",
    "rotation_orbits",
    "translation_orbits",
]
