"""Places for the nodes of a directed graph in layers: arrows lead down and cross seldom (Sugiyama et al. 1981)."""

from itertools import pairwise

_SWEEPS = 24
# An arrow that passes a layer takes less room there than a box.
_LANE = 0.22


def layered(nodes, arrows, *, width, gap):
    """Places of `nodes`, and the ways of `arrows` (from, to): ({node: (x, layer)}, {arrow: [(x, layer), ...]}).

    x is the middle of a box of `width`; boxes of a layer are `gap` apart. Each node stands below all that lead to it.
    """
    layer = {}

    def depth(node):
        if node not in layer:
            layer[node] = 1 + max((depth(before) for before, after in arrows if after == node), default=-1)
        return layer[node]

    rows = [[] for _ in range(1 + max(map(depth, nodes), default=-1))]
    for node in nodes:
        rows[layer[node]].append(node)
    neighbours, ways = {node: [] for node in nodes}, {}
    for before, after in arrows:
        way = [before]
        for level in range(layer[before] + 1, layer[after]):
            lane = (before, after, level)
            rows[level].append(lane)
            layer[lane], neighbours[lane] = level, []
            way.append(lane)
        way.append(after)
        ways[before, after] = way
        for above, below in pairwise(way):
            neighbours[above].append(below)
            neighbours[below].append(above)

    sizes = {node: width if node in set(nodes) else _LANE * width for row in rows for node in row}
    x = {}
    for row in rows:
        _pack(row, x, sizes, gap)
    # Rows are ordered by the means of their neighbours, and the order that crosses least is kept and straightened.
    best = None
    for sweep in range(2 * _SWEEPS):
        if sweep == _SWEEPS:
            rows, x = [list(row) for row in best[1]], dict(best[2])
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = {node: _mean([x[n] for n in neighbours[node]], x[node]) for node in row}
            if sweep < _SWEEPS:
                row.sort(key=wanted.get)
            _settle(row, wanted, x, sizes, gap)
        crossings = _crossings(ways.values(), x, layer)
        if sweep < _SWEEPS and (best is None or crossings < best[0]):
            best = crossings, [list(row) for row in rows], dict(x)
    left = min((x[node] - sizes[node] / 2 for node in x), default=0) - 8
    places = {node: (x[node] - left, layer[node]) for node in nodes}
    return places, {arrow: [(x[node] - left, layer[node]) for node in way] for arrow, way in ways.items()}


def _crossings(ways, x, layer):
    """How often two ways change sides between one layer and the next."""
    steps = {}
    for way in ways:
        for above, below in pairwise(way):
            steps.setdefault(layer[above], []).append((x[above], x[below]))
    return sum((a - c) * (b - d) < 0 for row in steps.values() for a, b in row for c, d in row) // 2


def _mean(values, otherwise):
    return sum(values) / len(values) if values else otherwise


def _pack(row, x, sizes, gap):
    """Side by side, about 0."""
    end = -sum(sizes[node] + gap for node in row) / 2
    for node in row:
        x[node] = end + sizes[node] / 2
        end += sizes[node] + gap


def _settle(row, wanted, x, sizes, gap):
    """As near to the wanted places as order and distances allow: the mean of pushing to the right and to the left."""
    right, left = {}, {}
    for found, nodes, sign in ((right, row, 1), (left, row[::-1], -1)):
        before = None
        for node in nodes:
            place = sign * wanted[node]
            if before is not None:
                place = max(place, sign * found[before] + (sizes[before] + sizes[node]) / 2 + gap)
            found[node], before = sign * place, node
    for node in row:
        x[node] = (right[node] + left[node]) / 2
