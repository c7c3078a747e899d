"""Gram matrices of large data sets in bounded memory: block by block, each symmetric half once, with progress.

`gram` gives K_ij = k(x_i, x_j) among points; `invariant_gram` gives only κ_cd(u) = k(x_c, u·x_d), |G| times smaller,
which is all of K when the kernel is invariant under the group (Perin and Deny 2025; book chapter 05 for any group).
"""

import numpy as np
from tqdm import tqdm

from symlib.checks import SYMMETRY_TOLERANCE, positive_int
from symlib.kernels import Kernel

MEMORY_LIMIT = 8 * 2**30  # bytes, the default of the functions below
_WORKSPACE = 8  # arrays of a block's size alive inside a kernel evaluation
_ENTRIES_AT_ONCE = 2**20


def gram(kernel, x, *, ndim=None, block_size=2048, memory_limit=MEMORY_LIMIT, progress=True):
    """The Gram matrix K_ij = k(x_i, x_j), block by block on and above the diagonal, mirrored below.

    Parameters
    ----------
    kernel : callable
        `kernel(x1, x2)` → (..., n1, n2) array, or a `Kernel` of two; for example `mlp_kernel`, or
        `lambda a, b: mlp_kernel(a, b).ntk`.
    x : (..., n, d) array of points, or (..., n, H, W) images if the kernel takes images
        Leading axes are a stack of independent sets; slices of it are evaluated together.
    ndim : int, optional, axes of one point; if left out, the shape that the kernel returns tells
    block_size : int, largest number of points (or of stacked points) along one side of a block
    memory_limit : int, bytes
    progress : bool, show a bar when there is more than one block

    Returns
    -------
    (..., n, n) float64 array, or a `Kernel` of two where the kernel returns one.

    Raises
    ------
    MemoryError
        Before anything is allocated, if the estimate exceeds `memory_limit`.
    ValueError
        If `x` has too few axes.

    Examples
    --------
    >>> from symlib.kernels import rbf
    >>> gram(lambda a, b: rbf(a, b, length_scale=1.0), np.eye(3)).shape
    (3, 3)
    """
    x = np.asarray(x)
    block_size = positive_int(block_size, "block_size")
    taken, parts = _taken_by(kernel, x)
    ndim = taken if ndim is None else ndim
    if x.ndim < 1 + ndim:
        raise ValueError(f"x must hold points along an axis before its last {ndim}, got shape {x.shape}")
    point = x.shape[x.ndim - ndim :]
    batch, n = x.shape[: -1 - ndim], x.shape[-1 - ndim]
    stack = x.reshape(-1, n, *point)
    sets = max(1, min(len(stack), (block_size // n) ** 2))
    side = min(n, block_size)
    refuse_beyond_memory(parts * (stack.shape[0] * n * n + _WORKSPACE * sets * side * side), memory_limit, "gram")

    results = [np.empty((len(stack), n, n)) for _ in range(parts)]
    starts = range(0, n, block_size)
    slices = np.array_split(np.arange(len(stack)), -(-len(stack) // sets))
    work = [(s, i, j) for s in slices for i in starts for j in starts if i <= j]
    for s, i, j in _bar(work, "gram", "block", progress):
        rows, columns = slice(i, i + block_size), slice(j, j + block_size)
        points = stack[s[0] : s[-1] + 1, rows]
        block = kernel(points, points if i == j else stack[s[0] : s[-1] + 1, columns])
        for result, values in zip(results, block if parts == 2 else [block]):
            result[s[0] : s[-1] + 1, rows, columns] = values
            if i != j:
                result[s[0] : s[-1] + 1, columns, rows] = np.swapaxes(values, -1, -2)
    results = [result.reshape(*batch, n, n) for result in results]
    return Kernel(*results) if parts == 2 else results[0]


def invariant_gram(kernel, orbits, group, *, ndim=None, project=False, memory_limit=MEMORY_LIMIT, progress=True):
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

    Returns
    -------
    kappa : (..., |G|, C, C) float64 array, or a `Kernel` of two where the kernel returns one

    Raises
    ------
    ValueError
        If the orbits do not fit the group, or (without `project`) the kernel is not invariant under the action, which
        is checked on up to four orbits.
    MemoryError
        Before anything is allocated, if the estimate exceeds `memory_limit`.

    Examples
    --------
    >>> from symlib.datasets import circles
    >>> from symlib.groups import cyclic
    >>> from symlib.kernels import rbf
    >>> invariant_gram(lambda a, b: rbf(a, b, length_scale=1.0), circles(6, separation=1.0), cyclic(6)).shape
    (6, 2, 2)
    """
    orbits = np.asarray(orbits)
    taken, parts = _taken_by(kernel, orbits)
    if parts == 2:
        options = {"ndim": ndim, "project": project, "memory_limit": memory_limit, "progress": progress}
        kernels = (lambda a, b, part=part: kernel(a, b)[part] for part in range(2))
        return Kernel(*(invariant_gram(one, orbits, group, **options) for one in kernels))
    if ndim is None:
        ndim = taken
        if ndim == 1 and orbits.ndim > 3 and orbits.shape[-3] == group.order:
            orbits = orbits.reshape(*orbits.shape[:-2], -1)
    axis = orbits.ndim - ndim - 1  # the group axis
    if axis < 1 or orbits.shape[axis] != group.order:
        raise ValueError(
            f"orbits must have shape (..., C, |G|, point) with |G| = {group.order} and points of {ndim} axes, got "
            f"{orbits.shape}"
        )
    n_orbits = orbits.shape[axis - 1]
    poses = np.moveaxis(orbits, axis, 0)  # (|G|, ..., C, point)
    size = int(np.prod(orbits.shape[: axis - 1], dtype=int)) * n_orbits**2
    refuse_beyond_memory(size * group.order + _WORKSPACE * max(size, _ENTRIES_AT_ONCE), memory_limit, "invariant_gram")

    kappa = np.zeros((group.order, *orbits.shape[: axis - 1], n_orbits, n_orbits))
    fill = _fill_projected if project else _fill_invariant
    fill(kappa, kernel, poses, group, ndim, progress)
    return np.moveaxis(kappa, 0, -3)


def _fill_invariant(kappa, kernel, poses, group, ndim, progress):
    """κ from the seeds alone, checked; half of it is evaluated."""
    kappa[0] = kernel(poses[0], poses[0])
    half = [u for u in range(1, group.order) if u <= group.inverse[u]]
    # Several elements a call while blocks are small: a call has a cost of its own.
    at_once = max(1, _ENTRIES_AT_ONCE // kappa[0].size)
    for start in _bar(range(0, len(half), at_once), "invariant gram", "block", progress):
        some = half[start : start + at_once]
        kappa[some] = _across(kernel, poses[0], poses[some], ndim)
    for u in half:
        kappa[group.inverse[u]] = np.swapaxes(kappa[u], -1, -2)
    _refuse_if_not_invariant(kernel, poses, group, kappa, ndim)


def _across(kernel, seeds, poses, ndim):
    """k(x_c, u·x_d) as (m, ..., C, C) for m poses (m, ..., C, point) of the seeds (..., C, point), in one call."""
    axis = seeds.ndim - ndim - 1  # of the orbits, in the seeds
    m, c = len(poses), seeds.shape[axis]
    side_by_side = np.moveaxis(poses, 0, axis)  # (..., m, C, point)
    values = np.asarray(kernel(seeds, side_by_side.reshape(*seeds.shape[:axis], m * c, *seeds.shape[axis + 1 :])))
    return np.moveaxis(values.reshape(*values.shape[:-1], m, c), -2, 0)


def _fill_projected(kappa, kernel, poses, group, ndim, progress):
    """κ averaged over the pose of the first point; of (g, h) and (h, g) one block is evaluated."""
    for g in _bar(range(group.order), "projected gram", "pose", progress):
        for h in range(g, group.order):
            block = np.asarray(kernel(poses[g], poses[h]))
            u = group.table[group.inverse[g], h]
            kappa[u] += block
            if g != h:
                kappa[group.inverse[u]] += np.swapaxes(block, -1, -2)
    kappa /= group.order


def _refuse_if_not_invariant(kernel, poses, group, kappa, ndim):
    """Raise unless k(g·x, gu·x') = κ(u) for generators g, every u, and the first few orbits."""
    few = poses[(..., slice(0, 4), *(slice(None),) * ndim)]
    largest = max(kappa.max(), -kappa.min())
    for g in group.generators:
        moved = _across(kernel, few[g], few[group.table[g]], ndim)
        gaps = np.abs(moved - kappa[..., :4, :4]).reshape(group.order, -1).max(axis=1)
        if gaps.max() > SYMMETRY_TOLERANCE * largest:
            raise ValueError(
                "the kernel is not invariant under this action: k(gx, gux') and k(x, ux') differ by "
                f"{gaps.max():.1e} at g = {g}, u = {gaps.argmax()} (largest kernel value {largest:.1e}); "
                "pass project=True for the nearest invariant Gram, or an exact action such as "
                'rotation_orbits(..., interpolation="steerable")'
            )


def _bar(work, name, unit, progress):
    return tqdm(work, desc=name, unit=unit, disable=not progress or len(work) < 2, leave=False, delay=1)


def _taken_by(kernel, x):
    """How many axes one point of `x` has for this kernel, and how many arrays it returns: seen on a corner of `x`."""
    if x.ndim < 2 or 0 in x.shape:
        raise ValueError(f"x must hold points along an axis, (..., n, d) or (..., n, H, W), got shape {x.shape}")
    # A kernel of vectors returns as many axes as it takes, one of images an axis less.
    corner = x[(slice(0, 2),) * (x.ndim - 2) + (slice(0, 64 if x.ndim > 2 else 2),)]
    values = kernel(corner, corner)
    parts = 2 if isinstance(values, Kernel) else 1
    return x.ndim + 1 - np.ndim(values[0] if parts == 2 else values), parts


def refuse_beyond_memory(entries, limit, name):
    """Raise MemoryError if that many float64 entries exceed the limit in bytes."""
    need = 8 * entries
    if need > limit:
        raise MemoryError(
            f"{name} would need about {need / 2**30:.3g} GiB, more than the limit of {limit / 2**30:.3g} GiB; "
            "use fewer points, invariant_gram (|G| times smaller), or pass memory_limit= in bytes"
        )
