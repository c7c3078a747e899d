"""Gram matrices of large data sets in bounded memory: block by block, each symmetric half once, with progress.

A long computation resumes after it was killed: with `checkpoint` every finished block is kept in a folder.

`gram` gives K_ij = k(x_i, x_j) among points; `invariant_gram` gives only κ_cd(u) = k(x_c, u·x_d), |G| times smaller,
which is all of K when the kernel is invariant under the group (Perin and Deny 2025; book chapter 07 for any group).
"""

import os
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from symlib.groups import FiniteGroup
from symlib.groups.averages import warn_if_averaged_away
from symlib.groups.subgroups import normal_core
from symlib.kernels.calls import KernelCall, unpacked
from symlib.kernels.kernel import Kernel
from symlib.support.blocks import Blocks
from symlib.support.checks import SYMMETRY_TOLERANCE, finite_array, positive_int
from symlib.support.digests import array_digest
from symlib.support.fingerprints import code_fingerprint
from symlib.support.memory import MEMORY_LIMIT, refuse_beyond_memory

_REMEDY = "use fewer points, invariant_gram (|G| times smaller), or pass memory_limit= in bytes"
_WORKSPACE = 8  # arrays of a block's size alive inside a kernel evaluation
_ENTRIES_AT_ONCE = 2**20


def gram(
    kernel: Callable,
    x: ArrayLike,
    *,
    ndim: int | None = None,
    block_size: int = 2048,
    memory_limit: int = MEMORY_LIMIT,
    progress: bool = True,
    checkpoint: str | os.PathLike | None = None,
) -> NDArray[np.float64] | Kernel:
    """The Gram matrix K_ij = k(x_i, x_j), block by block on and above the diagonal, mirrored below.

    Parameters
    ----------
    kernel : callable
        `kernel(x1, x2)` → (..., n1, n2) array, or a pair of two (NNGP and NTK), symmetric; for example `mlp_kernel`,
        `lambda a, b: mlp_kernel(a, b).ntk`, or `lambda a, b: a @ b.T`. One that takes no leading axes is called for
        each set of a stack. A few calls on a few points tell.
    x : (..., n, d) array of points, or (..., n, H, W) images if the kernel takes images
        Leading axes are a stack of independent sets; slices of it are evaluated together.
    ndim : int, optional, axes of one point; if left out, the shape that the kernel returns tells
    block_size : int, largest number of points (or of stacked points) along one side of a block
        A block is the unit of progress and of what is kept: choose fewer points for a kernel that is slow.
    memory_limit : int, bytes
    progress : bool, show a bar when there is more than one block
    checkpoint : path, optional
        Folder in which every finished block is kept, written atomically. Called again with the same kernel and points,
        after a kill or to the end, the function computes only the blocks that are not there. Needs as much room as the
        upper half of the result; remove it when it is no longer needed. On a disk that has become full the computation
        goes on without, with a warning.

    Returns
    -------
    (..., n, n) float64 array, or a `Kernel` of two where the kernel returns one.

    Raises
    ------
    MemoryError
        Before anything is allocated, if the estimate exceeds `memory_limit`.
    ValueError
        If `x` has too few axes or an entry that is not finite; if the kernel's values have another shape than asked,
        are not finite or not symmetric; if the checkpoint folder holds blocks of other points, of another kernel (told
        by its code and by its values on a few points) or of another block size.
    TypeError
        With `checkpoint`, if the kernel's code cannot be told.
    OSError
        Before anything is computed, if the checkpoint folder cannot be written.

    Examples
    --------
    >>> from symlib.kernels import rbf
    >>> gram(lambda a, b: rbf(a, b, length_scale=1.0), np.eye(3)).shape
    (3, 3)
    """
    x = _points_along_an_axis(x, ndim)
    block_size = positive_int(block_size, "block_size")
    call = KernelCall(kernel, x, ndim)
    ndim, parts = call.axes, call.parts
    point = x.shape[x.ndim - ndim :]
    batch, n = x.shape[: -1 - ndim], x.shape[-1 - ndim]
    stack = x.reshape(-1, n, *point)
    sets = max(1, min(len(stack), (block_size // n) ** 2))
    side = min(n, block_size)
    need = parts * (stack.shape[0] * n * n + _WORKSPACE * sets * side * side)
    refuse_beyond_memory(need, memory_limit, "gram", _REMEDY)

    result = np.empty((parts, len(stack), n, n))
    starts = range(0, n, block_size)
    slices = np.array_split(np.arange(len(stack)), -(-len(stack) // sets))
    work = [(s[0], s[-1] + 1, i, j) for s in slices for i in starts for j in starts if i <= j]
    blocks = _blocks(checkpoint, "gram", call, x, block_size=block_size)
    for first, last, i, j in _bar(work, "gram", "block", progress):
        rows, columns = slice(i, i + block_size), slice(j, j + block_size)
        name = f"sets {first}-{last - 1}, rows from {i}, columns from {j}"
        points, others = stack[first:last, rows], stack[first:last, columns]
        block = blocks.load(name, (parts, last - first, points.shape[1], others.shape[1]))
        if block is None:
            block = call.symmetric(points) if i == j else call(points, others)
            blocks.save(name, block)
        result[:, first:last, rows, columns] = block
        if i != j:
            result[:, first:last, columns, rows] = np.swapaxes(block, -1, -2)
    return unpacked(result.reshape(parts, *batch, n, n))


def invariant_gram(
    kernel: Callable,
    orbits: ArrayLike,
    group: FiniteGroup,
    *,
    ndim: int | None = None,
    project: bool = False,
    memory_limit: int = MEMORY_LIMIT,
    progress: bool = True,
    checkpoint: str | os.PathLike | None = None,
) -> NDArray[np.float64] | Kernel:
    """The invariant Gram κ_cd(u) = k(x_c, u·x_d): all of an invariant K in one column of blocks.

    Half of it is evaluated, since κ(u⁻¹) = κ(u)ᵀ. With `project`, the average over all poses instead,
    κ_cd(u) = (1/|G|) Σ_g k(g·x_c, gu·x_d), the nearest invariant Gram when the action is not exactly an isometry of the
    kernel (interpolated rotations): |G| times the work, the same memory.

    Parameters
    ----------
    kernel : callable as for `gram`
    orbits : (..., C, |G|, d) or (..., C, |G|, H, W) array
        Index g of the group axis is element g acting on the seed. Images are flattened for a kernel of vectors.
    group : FiniteGroup
    ndim : int, optional, axes of one point as for `gram`
    project : bool
    memory_limit : int, bytes
    progress : bool, show a bar
    checkpoint : path, optional, as for `gram`: a folder in which κ(u) is kept for every u that is finished

    Returns
    -------
    kappa : (..., |G|, C, C) float64 array, or a `Kernel` of two where the kernel returns one

    Raises
    ------
    ValueError
        If the orbits do not fit the group, (without `project`) the kernel is not invariant under the action, which is
        checked on up to four orbits, or as for `gram`.
    TypeError, OSError
        As for `gram`.
    MemoryError
        Before anything is allocated, if the estimate exceeds `memory_limit`.

    Warns
    -----
    UserWarning
        If a normal subgroup fixes every seed, so that points of every orbit repeat: κ does not show it, and the
        formulas of `spectral` count each point once only where they are told, by `stabilisers=` or by the quotient
        group. With `project`, as `spectral.project_invariant`, looking at up to three orbits.

    Examples
    --------
    >>> from symlib.datasets import circles
    >>> from symlib.groups import cyclic
    >>> from symlib.kernels import rbf
    >>> invariant_gram(lambda a, b: rbf(a, b, length_scale=1.0), circles(6, separation=1.0), cyclic(6)).shape
    (6, 2, 2)
    """
    orbits = _points_along_an_axis(orbits, ndim)
    call = KernelCall(kernel, orbits, ndim, most_axes=max(1, orbits.ndim - 2))
    if ndim is None and call.axes == 1 and orbits.ndim > 3 and orbits.shape[-3] == group.order:
        orbits = orbits.reshape(*orbits.shape[:-2], -1)
    ndim, parts = call.axes, call.parts
    axis = orbits.ndim - ndim - 1  # the group axis
    if axis < 1 or orbits.shape[axis] != group.order:
        raise ValueError(
            f"orbits must have shape (..., C, |G|, point) with |G| = {group.order} and points of {ndim} axes, got "
            f"{orbits.shape}"
        )
    batch, n_orbits = orbits.shape[: axis - 1], orbits.shape[axis - 1]
    size = parts * int(np.prod(batch, dtype=int)) * n_orbits**2
    need = size * group.order + _WORKSPACE * max(size, _ENTRIES_AT_ONCE)
    refuse_beyond_memory(need, memory_limit, "invariant_gram", _REMEDY)

    name = "projected gram" if project else "invariant gram"
    blocks = _blocks(checkpoint, name, call, orbits, group=array_digest(group.table))
    poses = np.moveaxis(orbits, axis, 0)  # (|G|, ..., C, point)
    kappa: NDArray = np.empty((group.order, parts, *batch, n_orbits, n_orbits))
    half = [u for u in range(group.order) if u <= group.inverse[u]]
    # Several poses a call while blocks are small, since a call has a cost of its own: many g for one u where we average
    # over g, else many u.
    at_once = max(1, _ENTRIES_AT_ONCE // size)
    if project:
        work = [[u] for u in half]
    else:
        # The identity alone: the kernel then sees that its two sides are the same, and computes half.
        work = [half[:1]] + [half[i : i + at_once] for i in range(1, len(half), at_once)]
    for elements in _bar(work, name, "element", progress):
        block_name = f"elements {elements[0]}-{elements[-1]}"
        values = blocks.load(block_name, (len(elements), *kappa.shape[1:]))
        if values is None:
            if project:
                values = _projected(call, poses, group, elements[0], at_once)[None]
            else:
                values = _of_seeds(call, poses, elements)
            blocks.save(block_name, values)
        kappa[elements] = values
    for u in half:
        transposed = np.swapaxes(kappa[u], -1, -2)
        # An involution's block is its own transpose but for rounding.
        kappa[group.inverse[u]] = (kappa[u] + transposed) / 2 if u == group.inverse[u] else transposed
    if project:
        _warn_if_averaged_away(call, poses, group, kappa)
    else:
        _refuse_if_not_invariant(call, poses, group, kappa)
    _warn_if_all_orbits_repeat(poses, group, call.axes)
    return unpacked(np.moveaxis(kappa, (0, 1), (-3, 0)))


def _of_seeds(call, poses, elements):
    """κ_cd(u) = k(x_c, u·x_d) for elements u: (m, parts, ..., C, C)."""
    if elements == [0]:
        return call.symmetric(poses[0])[None]
    return _across(call, poses[0], poses[elements])


def _projected(call, poses, group, u, at_once):
    """κ(u) averaged over the pose g of the first point, for one element u: (parts, ..., C, C)."""
    total, moved = np.zeros(()), group.table[:, u]  # g ↦ gu
    for start in range(0, group.order, at_once):
        g = np.arange(start, min(start + at_once, group.order))
        total = total + call(poses[g], poses[moved[g]]).sum(axis=1)
    return total / group.order


def _across(call, seeds, poses):
    """k(x_c, u·x_d), (m, parts, ..., C, C), for m poses (m, ..., C, point) of seeds (..., C, point), in one call."""
    axis = seeds.ndim - call.axes - 1  # of the orbits, in the seeds
    m, c = len(poses), seeds.shape[axis]
    side_by_side = np.moveaxis(poses, 0, axis)  # (..., m, C, point)
    values = call(seeds, side_by_side.reshape(*seeds.shape[:axis], m * c, *seeds.shape[axis + 1 :]))
    return np.moveaxis(values.reshape(*values.shape[:-1], m, c), -2, 0)


def _refuse_if_not_invariant(call, poses, group, kappa):
    """Raise unless k(g·x, gu·x') = κ(u) for generators g, every u, and orbits from all over the set."""
    seeds, values = _some_orbits(call, poses, kappa, 4)
    largest = max(kappa.max(), -kappa.min())
    for g in group.generators:
        moved = _across(call, seeds[g], seeds[group.table[g]])
        gaps = np.abs(moved - values).reshape(group.order, -1).max(axis=1)
        if gaps.max() > SYMMETRY_TOLERANCE * largest:
            raise ValueError(
                "the kernel is not invariant under this action: k(gx, gux') and k(x, ux') differ by "
                f"{gaps.max():.1e} at g = {g}, u = {gaps.argmax()} (largest kernel value {largest:.1e}); "
                "pass project=True for the nearest invariant Gram, or an exact action such as "
                'rotation_orbits(..., interpolation="steerable")'
            )


def _warn_if_averaged_away(call, poses, group, kappa):
    """Look at the whole Gram matrix of one orbit, or of three among many: a fraction of the work that was done."""
    orbits, averages = _some_orbits(call, poses, kappa, 1 if kappa.shape[-1] < 8 else 3)
    axis = orbits.ndim - call.axes - 1
    orbits = np.moveaxis(orbits, 0, axis - 1)  # (..., |G|, c, point): element-major
    points = orbits.reshape(*orbits.shape[: axis - 1], -1, *orbits.shape[axis + 1 :])
    # The last part: of NNGP and NTK both would tell the same.
    values = call(points, points)[-1]
    warn_if_averaged_away(values, np.moveaxis(averages[:, -1], 0, -3), group, "invariant_gram", stacklevel=3)


def _warn_if_all_orbits_repeat(poses, group, axes):
    """Where some but not all seeds are fixed κ shows it, and `spectral` refuses; this κ cannot tell from blindness."""
    fixing = np.zeros((*poses.shape[1 : -1 - axes], group.order), dtype=bool)  # (..., |G|): every seed of a set
    fixing[..., 0] = True
    for u in range(1, group.order):
        first = (..., slice(0, 1), *(slice(None),) * axes)
        if _same_points(poses[u][first], poses[0][first], axes).any():  # of one orbit, which costs little
            fixing[..., u] = _same_points(poses[u], poses[0], axes).all(axis=-1)
    for normal in normal_core(fixing, group).reshape(-1, group.order):
        elements = np.flatnonzero(normal)
        if len(elements) > 1:
            warnings.warn(
                f"elements {elements.tolist()} of {group} fix every seed, so that each point of every orbit is there "
                f"{len(elements)} times, and kappa cannot tell that from a kernel that is blind to them; use the "
                f"quotient group of order {group.order // len(elements)} and one pose a coset, or pass stabilisers="
                "symlib.orbits.stabilisers(orbits, group) to the functions of symlib.spectral",
                stacklevel=3,
            )
            return


def _same_points(a, b, axes):
    """Whether points (..., C, point) are equal but for rounding: (..., C)."""
    point = tuple(range(-axes, 0))
    apart, size = (np.sqrt(np.square(x).sum(axis=point)) for x in (a - b, b))
    return apart <= SYMMETRY_TOLERANCE * size


def _some_orbits(call, poses, kappa, most):
    """Up to that many orbits from all over the set: their `poses` and their part of κ."""
    tried = np.unique(np.linspace(0, kappa.shape[-1] - 1, most).astype(int))
    # By index: np.take would first copy all of `poses`, which is a view with its axes moved.
    return poses[(..., tried, *(slice(None),) * call.axes)], kappa[..., tried[:, None], tried]


def _points_along_an_axis(x, ndim):
    x = finite_array(x, "x")
    if x.ndim < 1 + (1 if ndim is None else positive_int(ndim, "ndim")) or 0 in x.shape:
        raise ValueError(
            "x must hold points along an axis before those of a point, (..., n, d) or (..., n, H, W), "
            f"got shape {x.shape}"
        )
    return x


def _blocks(checkpoint, name, call, points, **settings):
    """The finished blocks of this computation; without a checkpoint folder nothing is hashed."""
    if checkpoint is None:
        return Blocks(None, {})
    code = {"kernel's code": code_fingerprint(call.kernel), "kernel's values": call.probe(points)}
    return Blocks(checkpoint, {"computation": name, "points": array_digest(points), **code, **settings})


def _bar(work, name, unit, progress):
    return tqdm(work, desc=name, unit=unit, disable=not progress or len(work) < 2, leave=False, delay=1)
