"""Orbits: each seed together with all that the elements of a group make of it."""

from symlib.orbits.actions import act, permutation_orbits, shift_orbits
from symlib.orbits.images import dihedral_orbits, rotation_operators, rotation_orbits, translation_orbits
from symlib.orbits.learned import LearnedOperator, complete_orbits, learn_operator
from symlib.orbits.preprocessing import normalize, points
from symlib.orbits.repeats import distinct_points, stabilisers

__all__ = [
    "LearnedOperator",
    "act",
    "complete_orbits",
    "dihedral_orbits",
    "distinct_points",
    "learn_operator",
    "normalize",
    "permutation_orbits",
    "points",
    "rotation_operators",
    "rotation_orbits",
    "shift_orbits",
    "stabilisers",
    "translation_orbits",
]
