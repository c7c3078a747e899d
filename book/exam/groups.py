"""Questions on groups: which group a table is, a transform on D₃ by hand, and what a stabiliser leaves (03 and 17)."""

import numpy as np

from book.exam.question import Question, matrix, written
from symlib import FiniteGroup, cyclic, dihedral, dihedral_orbits, direct_product, fourier_transform, quaternion
from symlib import stabilisers as stabilisers_of

_TWO = cyclic(2)
_GROUPS = {
    "C₆": cyclic(6), "D₃": dihedral(3), "C₈": cyclic(8), "C₄ × C₂": direct_product(cyclic(4), _TWO),
    "C₂ × C₂ × C₂": direct_product(direct_product(_TWO, _TWO), _TWO), "D₄": dihedral(4), "Q₈": quaternion(),
}  # fmt: skip


def which_group(rng):
    """A multiplication table whose elements were renamed: its irreps, its name, the blocks that it gives."""
    name = str(rng.choice(list(_GROUPS)))
    plain = _GROUPS[name].table
    new = np.concatenate([[0], 1 + rng.permutation(len(plain) - 1)])  # element g is called new[g]; 0 stays
    table = np.empty_like(plain)
    table[np.ix_(new, new)] = new[plain]
    group, orbits = FiniteGroup(table), int(rng.integers(2, 5))
    dims = sorted(rho.shape[1] for rho in group.irreps)
    order = group.order
    involutions = int(sum(table[g, g] == 0 for g in range(1, order)))
    commutes = bool((table == table.T).all())
    letters = "eabcdfgh"[:order]
    head = f"| | {' | '.join(letters)} |\n|---|{'---|' * order}"
    rows = "\n".join(f"| **{letters[g]}** | {' | '.join(letters[h] for h in table[g])} |" for g in range(order))
    same = ", ".join(label for label, other in _GROUPS.items() if other.order == order)
    text = f"""The table of a group with {order} elements; row $g$, column $h$ holds the product $gh$, and $e$ is the identity.

{head}
{rows}

(a) Does the order of two elements matter? How many elements other than $e$ are their own inverse?

(b) Which dimensions do the irreps have? Give the equation that they satisfy.

(c) Which group is it, of {same}? Say what decides.

(d) {orbits} images, each in all {order} poses of this group, and an invariant kernel. Into which blocks does the Gram matrix fall: how many different ones, of which size, and how often does each come?"""
    often = {1: "once", 2: "twice"}
    blocks = "; ".join(
        f"{dims.count(d)} of size {orbits * d}, {'each ' if dims.count(d) > 1 else ''}{often[d]}"
        for d in sorted(set(dims))
    )
    total = " + ".join(f"{d}^2" for d in dims)
    decides = (
        f"of the two groups of order {order} only this one is {'commutative' if commutes else 'not commutative'}"
        if order == 6
        else "all irreps have dimension 1, and of the commutative groups only this one has that many elements that are their own inverse"
        if commutes
        else "it is not commutative, and the number of elements that are their own inverse is that of this group"
    )
    quaternions = (
        ""
        if commutes or order == 6
        else " (The dimensions alone do not tell D₄ from Q₈: five elements of D₄ are their own inverse, and one of Q₈.)"
    )
    working = f"""(a) {"No" if commutes else "Yes"}: the table is {"" if commutes else "not "}symmetric. Of the elements other than $e$, {involutions} have $e$ on the diagonal.

(b) {", ".join(map(str, dims))}: ${total} = {order}$. (A group is commutative exactly if all are 1.)

(c) {name}: {decides}.{quaternions}

(d) One block $\\hat\\kappa(\\rho)$ for each irrep, of size $C\\,d_\\rho$, that comes $d_\\rho$ times: {blocks}. The sizes add up to {orbits} × {order}."""
    given = {"table": table, "orbits": orbits}
    answers = {"name": name, "dims": dims, "involutions": involutions, "commutes": commutes}
    return Question("Which group is it?", "03", 10, text, working, given, answers)


def transform_on_triangle(rng):
    """A function on D₃ by hand: its transform, the sum of squares, the eigenvalues of the matrix that it gives."""
    group = dihedral(3)
    names = ["1", "r", "r^2", "s", "rs", "r^2s"]
    f = np.zeros(6)
    chosen = np.concatenate([[0, 1], rng.choice(np.arange(3, 6), 1)])
    f[chosen] = rng.permutation(rng.choice(np.arange(1, 6), 3, replace=False))
    trivial, sign, plane = (np.real(block) for block in fourier_transform(f[:, None, None], group))
    both = f + f[group.inverse]
    blocks = [np.real(block) for block in fourier_transform(both[:, None, None], group)]
    values = [float(blocks[0].squeeze()), float(blocks[1].squeeze()), *np.linalg.eigvalsh(blocks[2]).tolist()]
    listed = ",\\quad ".join(f"f({names[g]}) = {f[g]:g}" for g in np.flatnonzero(f))
    text = f"""On the group $D_3$ of the triangle let ${listed}$, and zero elsewhere. The irreps are the trivial one, the sign ($+1$ for turns, $-1$ for reflections), and the matrices $E$ of the plane with

$$ E(r) = \\begin{{pmatrix}}-\\tfrac12&-\\tfrac{{\\sqrt3}}2\\\\ \\tfrac{{\\sqrt3}}2&-\\tfrac12\\end{{pmatrix}}, \\qquad E(s) = \\begin{{pmatrix}}1&0\\\\ 0&-1\\end{{pmatrix}} . $$

(a) Compute $\\hat f(1)$, $\\hat f(\\text{{sign}})$ and $\\hat f(E)$.

(b) Check that the transform keeps the sum of squares.

(c) Let $\\kappa(u) = f(u) + f(u^{{-1}})$ and $K_{{gh}} = \\kappa(g^{{-1}}h)$, a symmetric $6\\times6$ matrix. Which eigenvalues has it, and how often each?

(d) In one sentence: which eigenvectors of $K$ are the same for every invariant kernel, and which are not?"""
    squares = float((f**2).sum())
    equal = (
        "" if len(np.unique(np.round(values, 9))) == 4 else " Where two of these are equal, add how often they come."
    )
    parts = f"\\tfrac16\\left({float(trivial.squeeze()):g}^2 + ({float(sign.squeeze()):g})^2 + 2\\cdot{(plane**2).sum():.4g}\\right)"
    working = f"""(a) $\\hat f(1) = {float(trivial.squeeze()):g}$, $\\hat f(\\text{{sign}}) = {float(sign.squeeze()):g}$, $\\hat f(E) = {matrix(plane)}$.

(b) ${squares:g} = {parts}$: each block counts $d_\\rho/6$ times.

(c) Once {written(values[0])} and {written(values[1])}, and twice each {written(values[2])} and {written(values[3])}, the eigenvalues of $\\hat\\kappa(E) = {matrix(blocks[2])}$. (The row of $E$ is a spectator, so the block comes twice.){equal}

(d) The constant function and the sign are eigenvectors of all invariant kernels. In the four functions of $E$ the directions depend on the kernel: a fixed basis gives a block there, twice."""
    answers = {"plane": np.real(plane), "one": [float(trivial.squeeze()), float(sign.squeeze())], "eigenvalues": values}
    return Question("A transform by hand", "03", 10, text, working, {"f": f}, answers)


def what_a_stabiliser_leaves(rng):
    """A pattern of nine squares under D₄: its stabiliser, its distinct poses, the size of each block."""
    group = dihedral(4)
    while True:  # some patterns come out with no symmetry, or with all
        fixed_by = int(rng.integers(1, 8))
        squares = rng.permutation(9)[: int(rng.integers(2, 5))]
        board = np.zeros(9)
        board[squares] = rng.choice([1.0, 2.0], len(squares))
        poses = dihedral_orbits(board.reshape(1, 3, 3))[0]
        board = np.maximum(poses[0], poses[fixed_by])
        orbit = dihedral_orbits(board[None])
        stabiliser = stabilisers_of(orbit, group)[0]
        if len(stabiliser) in (2, 4):
            break
    distinct = 8 // len(stabiliser)
    kept = [round(float(np.real(np.trace(rho[list(stabiliser)].mean(axis=0))))) for rho in group.irreps]
    signs = "\n".join("  ".join(".XO"[int(value)] for value in row) for row in board)
    words = ", ".join(_in_words(group_element) for group_element in stabiliser)
    text = f"""A pattern of nine squares:

```
{signs}
```

The eight symmetries of the square, $D_4$, act on it. The irreps of $D_4$ are four of dimension 1, with the signs of the quarter turn and of the mirror left–right $(+,+)$, $(+,-)$, $(-,+)$, $(-,-)$, and one, $E$, of dimension 2.

(a) Which of the eight symmetries leave the pattern as it is?

(b) How many distinct poses has it?

(c) How many coordinates does each irrep contribute to its block? Check that they add up to (b), each counted $d_\\rho$ times.

(d) One pose is left out, and somebody uses the formula for eight distinct poses. Is the error that comes out too small or too large, and why?"""
    working = f"""(a) {words}: {len(stabiliser)} elements.

(b) $8/{len(stabiliser)} = {distinct}$, one for each coset of the stabiliser.

(c) $m_\\rho$ is the dimension of what all of (a) leave alone in $\\rho$, the mean of its traces over the stabiliser: {", ".join(map(str, kept))} in the order given. $\\sum_\\rho d_\\rho m_\\rho = {" + ".join(map(str, kept[:4]))} + 2\\cdot{kept[4]} = {distinct}$.

(d) Far too small: {"one copy" if len(stabiliser) == 2 else "three copies"} of the left-out point {"stays" if len(stabiliser) == 2 else "stay"} in the training set. The formula answers how hard it is to predict a point that one has seen."""
    given = {"board": board}
    answers = {"stabiliser": stabiliser, "distinct": distinct, "kept": kept}
    return Question("What a stabiliser leaves", "17", 8, text, working, given, answers)


def _in_words(element):
    """An element of dihedral(4), in the order of `dihedral_orbits`."""
    grid = np.arange(9.0).reshape(1, 3, 3)
    moved = dihedral_orbits(grid)[0, element]
    known = {
        "the identity": grid[0], "a quarter turn": np.rot90(grid[0]), "the other quarter turn": np.rot90(grid[0], 3),
        "the half turn": np.rot90(grid[0], 2), "the mirror left–right": grid[0][:, ::-1],
        "the mirror up–down": grid[0][::-1], "the mirror in the falling diagonal": grid[0].T,
        "the mirror in the rising diagonal": np.rot90(grid[0].T, 2),
    }  # fmt: skip
    return next(words for words, image in known.items() if np.array_equal(image, moved))
