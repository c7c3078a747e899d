"""Groups of every kind, invariant Gram matrices with no other structure, orbits that repeat: for tests to draw from."""

import warnings
from itertools import combinations, permutations

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


def random_subgroup(group, rng):
    """What up to two random elements generate; often trivial, sometimes everything."""
    members = {0, *rng.integers(0, group.order, rng.integers(0, 3)).tolist()}
    while True:
        products = {int(group.table[g, h]) for g in members for h in members}
        if products == members:
            return tuple(sorted(members))
        members = products


def repeating_orbits(group, n_orbits, seed, batch=()):
    """Orbits that are cosets of random subgroups: (stabilisers, Gram matrices of the distinct points, pairs, κ).

    By counting: a point is (c, the set gH_c), in the order of the smallest element and then of c; the Gram matrix is a
    random one averaged over the group's permutations of these points.
    """
    rng = np.random.default_rng(seed)
    stabilisers = [random_subgroup(group, rng) for _ in range(n_orbits)]
    cosets = {
        (min(coset), c, coset)
        for c, subgroup in enumerate(stabilisers)
        for coset in [frozenset(group.table[g, subgroup].tolist()) for g in range(group.order)]
    }
    points = sorted(cosets, key=lambda point: point[:2])
    place = {(c, coset): i for i, (_, c, coset) in enumerate(points)}

    def moved(g):
        return [place[c, frozenset(group.table[g, list(coset)].tolist())] for _, c, coset in points]

    n = len(points)
    factor = rng.standard_normal((*batch, n, 2 * n + 4))
    gram = factor @ factor.swapaxes(-1, -2) / n
    moves = [moved(g) for g in range(group.order)]
    gram = sum(gram[..., np.array(move)[:, None], move] for move in moves) / group.order
    seeds = [place[c, frozenset(subgroup)] for c, subgroup in enumerate(stabilisers)]
    kappa = np.stack([gram[..., np.array(seeds)[:, None], [move[i] for i in seeds]] for move in moves], axis=-3)
    return stabilisers, gram, np.array([point[:2] for point in points]), kappa


def final_boards():
    """All final boards of tic-tac-toe (n, 9), 1 for X, who moves first, −1 for O; and their winners."""
    rows = np.arange(9).reshape(3, 3)
    lines = [*rows, *rows.T, rows.diagonal(), rows[:, ::-1].diagonal()]
    reached, final = set(), {}

    def play(board, turn):
        if board in reached:
            return
        reached.add(board)
        sums = [sum(board[field] for field in line) for line in lines]
        if 3 in sums or -3 in sums or 0 not in board:
            final[board] = 1 if 3 in sums else -1 if -3 in sums else 0
            return
        for field in np.flatnonzero(np.array(board) == 0):
            play((*board[:field], turn, *board[field + 1 :]), -turn)

    play((0,) * 9, 1)
    return np.array(list(final)), np.array(list(final.values()))


def graphs_of_five_nodes():
    """All labelled graphs of five nodes as (1024, 10) edges, 0 or 1, and where permutations of the nodes take edges.

    Entry j of the moved graph is entry `places[g, j]` of the graph, g an element of `symmetric(5)`.
    """
    edges = list(combinations(range(5), 2))
    number = {edge: j for j, edge in enumerate(edges)}
    goes = [[number[tuple(sorted((p[a], p[b])))] for a, b in edges] for p in permutations(range(5))]
    graphs = (np.arange(1024)[:, None] >> np.arange(10)) & 1
    return graphs, np.argsort(goes, axis=1)


def one_of_each_orbit(points, places):
    """The points (m, d) of one pose each, from a set (n, d) of whole numbers that the permutations map to itself."""
    code = (points[:, places] + 1) @ 3 ** np.arange(points.shape[1])
    return points[code[:, 0] == code.min(axis=1)]
