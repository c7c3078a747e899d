"""The operator that turns every point into its next pose, learnt from complete orbits by ridge least squares.

Rows of X are all poses x_g of the orbits to learn from, rows of Z the next poses x_{g+1} (cyclic). The operator

    T = ZᵀX (XᵀX + σ²I)⁻¹,   T x = Σ_i a_i z_i  with  a = (XXᵀ + σ²I)⁻¹ X x,

writes x as a combination of the points it was taught with, and takes the same combination of their next poses. The
rows of Z are those of X in another order, so T maps the span of X into itself and everything orthogonal to it to zero:
with X = U S Vᵀ it is T = V C Vᵀ, C = S (PU)ᵀ U S (S² + σ²)⁻¹ of the order of the rank (P: from a pose to the next).
Where the group acts orthogonally, T x_g − x_{g+1} is what an orthogonal map makes of −σ²(XᵀX + σ²)⁻¹x_g, at σ² = 0 the
part of x_g outside of the span. Proved in book chapter 16. Operators in a learned latent space: M. Dinh and S. Deny,
arXiv:2602.18406.
"""

import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.support.checks import finite_array, nonnegative, plain_array
from symlib.support.hermitian import EPSILON

# A completed pose whose norm is below this fraction of the orbit's own is rounding: the operator knows nothing of it.
_NOTHING = 1e-12
# How much longer than the others the step back to the first pose may be: of interpolated rotations it is 0.02 at most.
_LONGER = 0.1


@dataclass(frozen=True, eq=False, repr=False)
class LearnedOperator:
    """An operator T with T x_g ≈ x_{g+1}, kept in the span of the r dimensions that it was taught in.

    Calling it applies it: `operator(x)` is the next pose of each x, `operator(x, 3)` the third from there,
    `operator(x, -1)` the one before. NumPy takes it for its matrix (d, d).

    Attributes
    ----------
    basis : (d, r) array, orthonormal columns V; d is the size of a point, r the rank of what was taught
    forward : (r, r) array C, T = V C Vᵀ
    backward : (r, r) array, the same for the previous pose, learnt on its own by the same least squares
    strengths : (r,) array, singular values S of the points taught, falling
    ridge : float, absolute
    n_poses : int, N
    point_shape : tuple, the shape of one point
    """

    basis: NDArray[np.float64]
    forward: NDArray[np.float64]
    backward: NDArray[np.float64]
    strengths: NDArray[np.float64]
    ridge: float
    n_poses: int
    point_shape: tuple[int, ...]

    @property
    def matrix(self) -> NDArray[np.float64]:
        """T as a (d, d) array: `matrix @ x.ravel()` is the next pose of x."""
        return self.power(1)

    @property
    def T(self) -> NDArray[np.float64]:
        """The transpose of `matrix`, as of an array: `points @ operator.T` is the next pose of flat points (n, d)."""
        return self.matrix.T

    @property
    def shape(self) -> tuple[int, int]:
        """(d, d), the shape of `matrix`."""
        return (len(self.basis), len(self.basis))

    def power(self, steps: int) -> NDArray[np.float64]:
        """T to the power of `steps`, a (d, d) array; below 0 of the operator of the previous pose; 0 gives 1."""
        steps = _whole(steps, "steps")
        if steps == 0:
            return np.eye(len(self.basis))
        core = self.forward if steps > 0 else self.backward
        return self.basis @ np.linalg.matrix_power(core, abs(steps)) @ self.basis.T

    def __call__(self, x: ArrayLike, steps: int = 1) -> NDArray[np.float64]:
        """T^steps x for points (..., shape of a point), in their shape; nothing is scaled."""
        steps, flat = _whole(steps, "steps"), self._flat(x, "x")
        if steps == 0:
            return flat.reshape(*flat.shape[:-1], *self.point_shape).copy()
        core = self.forward if steps > 0 else self.backward
        moved = flat @ self.basis @ np.linalg.matrix_power(core, abs(steps)).T
        return (moved @ self.basis.T).reshape(*flat.shape[:-1], *self.point_shape)

    def error(self, orbits: ArrayLike) -> NDArray[np.float64]:
        """|T x_g − x_{g+1}| / |x_{g+1}| for every pose of complete orbits (C, N, ...), taught or new: (C, N)."""
        flat = self._flat(orbits, "orbits")
        if flat.ndim != 3 or flat.shape[1] != self.n_poses:
            wanted = ("C", self.n_poses, *self.point_shape)
            raise ValueError(f"orbits must have shape {_shape(wanted)}, got {np.shape(orbits)}; pass complete orbits")
        following = np.roll(flat, -1, axis=1)
        moved = self(flat.reshape(*flat.shape[:2], *self.point_shape)).reshape(flat.shape)
        return np.linalg.norm(moved - following, axis=-1) / _norms(following, "orbits")

    def unexplained(self, x: ArrayLike) -> NDArray[np.float64]:
        """|σ²(XᵀX + σ²)⁻¹x| / |x| for points (..., shape of a point): (...). At σ² = 0, the part outside of the span.

        The theorem of the book's chapter 16: where the group acts orthogonally, this is the error of T at x.
        """
        flat = self._flat(x, "x")
        inside = flat @ self.basis
        outside = flat - inside @ self.basis.T
        left = inside * (self.ridge / (self.strengths**2 + self.ridge))
        return np.hypot(np.linalg.norm(outside, axis=-1), np.linalg.norm(left, axis=-1)) / _norms(flat, "x")

    def closure(self) -> float:
        """How far T^N is from 1 on what it was taught: root mean square of |T^N x − x| over that of |x|, all poses."""
        gap = np.linalg.matrix_power(self.forward, self.n_poses) - np.eye(len(self.strengths))
        return float(np.linalg.norm(gap * self.strengths) / np.linalg.norm(self.strengths))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray:
        return self.matrix if dtype is None else self.matrix.astype(dtype)

    def __matmul__(self, x: ArrayLike) -> NDArray[np.float64]:
        return self.matrix @ np.asarray(x)

    def __repr__(self) -> str:
        d, r = self.basis.shape
        return f"<operator on {d} dimensions, taught in {r} of them: {self.n_poses} poses, ridge {self.ridge:g}>"

    def _flat(self, x, name):
        """`x` (..., shape of a point) as float64 (..., d)."""
        x = finite_array(x, name, min_ndim=len(self.point_shape))
        if x.shape[x.ndim - len(self.point_shape) :] != self.point_shape:
            raise ValueError(
                f"{name} must hold points of shape {self.point_shape}, as the operator was taught, got shape {x.shape}"
            )
        return x.reshape(*x.shape[: x.ndim - len(self.point_shape)], -1)


def learn_operator(orbits: ArrayLike, ridge: float = 1e-3, *, group: Any = None) -> LearnedOperator:
    """The operator T with T x_g ≈ x_{g+1}, cyclically, that complete orbits of a cyclic group teach.

    T minimises Σ |T x_g − x_{g+1}|² + ridge · |T|² over all poses of all orbits: T = ZᵀX (XᵀX + ridge · I)⁻¹. The ridge
    is absolute, as everywhere in symlib: it is added to XᵀX, whose trace is the sum of squares of all entries, n for n
    points of unit norm. What the points show more weakly than √ridge, summed over all of them, is not learnt.

    Parameters
    ----------
    orbits : (C, N, ...) array, C complete orbits; index g is element g of C_N acting on the seed, as `rotation_orbits`
        gives it, and one step onwards is the next element. A point may have any shape. Normalise the points first if
        they are to be normalised where the operator is used.
    ridge : float, absolute, at least 0; at 0 the least-squares solution of least norm
    group : FiniteGroup, optional
        Checked to be C_N in this order; without it N is all that is known of the group.

    Returns
    -------
    LearnedOperator
        Cost n·d·min(n, d) for n = C·N points of size d, 0.1 s for 40 digits in 16 poses; it keeps r·(d + 2r) numbers.

    Raises
    ------
    ValueError
        If orbits are not finite, there are fewer than two poses, all points are zero, the ridge is negative, or the
        group is not C_N in the order of its powers: another group has no one step that generates it.

    Warns
    -----
    UserWarning
        If the step from the last pose back to the first is longer than the others, by a tenth and by four standard
        errors over three orbits or more: the poses are an arc and not a circle.

    Source: book chapter 16; ridge regression as in Rasmussen and Williams, *Gaussian Processes for Machine Learning*
    (2006), section 2.1.

    Examples
    --------
    >>> orbit = np.array([[[1.0, 0], [0, 1], [-1, 0], [0, -1]]])  # quarter turns of a vector in the plane
    >>> operator = learn_operator(orbit, ridge=0.0)
    >>> operator([2.0, 1.0]).round(12), round(operator.closure(), 12)
    (array([-1.,  2.]), 0.0)
    """
    orbits = finite_array(orbits, "orbits", min_ndim=3)
    ridge = nonnegative(ridge, "ridge")
    n_orbits, n_poses = orbits.shape[:2]
    if 0 in orbits.shape or n_poses < 2:
        raise ValueError(
            f"orbits must have shape (C, N, ...) with C ≥ 1, N ≥ 2 and points of some size, got {orbits.shape}"
        )
    if group is not None:
        _refuse_unless_cyclic(group, n_poses)
    _warn_unless_closed(orbits.reshape(n_orbits, n_poses, -1))
    x = orbits.reshape(n_orbits * n_poses, -1)
    u, strengths, vt = np.linalg.svd(x, full_matrices=False)
    rank = int((strengths > max(x.shape) * EPSILON * strengths[0]).sum())
    if rank == 0:
        raise ValueError("orbits are zero at every point, which teaches nothing; pass orbits of something")
    u, strengths = u[:, :rank], strengths[:rank]
    learnt = strengths / (strengths**2 + ridge)
    poses = u.reshape(n_orbits, n_poses, rank)
    forward, backward = (
        strengths[:, None] * (np.roll(poses, -step, axis=1).reshape(u.shape).T @ u) * learnt for step in (1, -1)
    )
    return LearnedOperator(vt[:rank].T.copy(), forward, backward, strengths, ridge, n_poses, orbits.shape[2:])


def complete_orbits(
    partial: ArrayLike,
    seen: ArrayLike,
    operator: LearnedOperator,
    *,
    direction: Literal["nearest", "forward"] = "nearest",
    keep_norm: bool = True,
) -> NDArray[np.float64]:
    """Orbits with their missing poses filled in from the nearest pose that was seen, by powers of an operator.

    Pose h that is k steps after the nearest seen pose is T^k x_{h−k}; before it, the same by the operator of the
    previous pose; halfway between two, the mean of both. Of "forward" the steps are always onwards.

    Parameters
    ----------
    partial : (C, N, ...) array; what stands in places that were not seen is not read, and may be NaN
    seen : (N,) or (C, N) array of bool, at least one true in each orbit
    operator : LearnedOperator, of the same N and shape of points
    direction : {"nearest", "forward"}
    keep_norm : bool
        Whether a completed pose is scaled to the root mean square norm of the poses seen of its orbit, 1 where points
        are normalised; an operator shrinks what it has learnt in part.

    Returns
    -------
    (C, N, ...) array
        A new one; poses that were seen are as they were.

    Raises
    ------
    ValueError
        If a seen pose is not finite, an orbit was seen in no pose, shapes do not fit, `direction` is unknown, or the
        operator maps the nearest pose to zero, so that there is nothing to scale.
    TypeError
        If `seen` does not hold booleans: a list of poses would be read as a mask.

    Examples
    --------
    >>> orbit = np.array([[[1.0, 0], [0, 1], [-1, 0], [0, -1]]])
    >>> operator = learn_operator(orbit)
    >>> complete_orbits(3 * orbit, [False, True, True, True], operator).round(12)[0, 0]
    array([3., 0.])
    """
    if direction not in ("nearest", "forward"):
        raise ValueError(f'direction must be "nearest" or "forward", got {direction!r}')
    orbits = np.array(plain_array(partial, "partial"))
    wanted = ("C", operator.n_poses, *operator.point_shape)
    if orbits.ndim != len(wanted) or orbits.shape[1:] != wanted[1:]:
        raise ValueError(f"partial must have shape {_shape(wanted)}, as the operator was taught, got {orbits.shape}")
    seen = _mask(seen, orbits.shape[:2])
    orbits[~seen] = 0
    flat = finite_array(orbits, "partial").reshape(*orbits.shape[:2], -1)
    sources = [_filled(flat @ operator.basis, seen, operator.forward, 1)]
    if direction == "nearest":
        sources.append(_filled(flat @ operator.basis, seen, operator.backward, -1))
    nearest = np.min([distance for distance, _ in sources], axis=0)
    used = [(distance == nearest)[..., None] for distance, _ in sources]
    inside = sum(np.where(use, found, 0.0) for use, (_, found) in zip(used, sources)) / sum(used)
    completed = inside @ operator.basis.T
    if keep_norm:
        completed *= _scale(inside, flat, seen)[..., None]
    completed[seen] = flat[seen]
    return completed.reshape(orbits.shape)


def _filled(inside, seen, core, step):
    """Distance (C, N) to the nearest seen pose in one direction, and the coordinates (C, N, r) carried over from it."""
    n = seen.shape[1]
    found, distance = np.where(seen[..., None], inside, 0.0), np.where(seen, 0, n)
    for k in range(1, n):
        arriving = np.roll(found, step, axis=1) @ core.T
        fresh = (distance == n) & (np.roll(distance, step, axis=1) == k - 1)
        found[fresh], distance[fresh] = arriving[fresh], k
        if not fresh.any():
            break
    return distance, found


def _scale(inside, flat, seen):
    """What brings each completed pose (C, N) to the root mean square norm of its orbit's seen poses."""
    own = np.sqrt(np.square(flat).sum(axis=(1, 2)) / seen.sum(axis=1))[:, None]  # flat is 0 where not seen
    norms = np.linalg.norm(inside, axis=-1)
    lost = ~seen & (norms <= _NOTHING * own)
    if lost.any():
        where = tuple(int(i) for i in np.argwhere(lost)[0])
        raise ValueError(
            f"the operator maps the pose nearest to {where} to zero: nothing of that orbit lies in what it was taught; "
            "teach it with more orbits, or pass keep_norm=False"
        )
    return own / np.where(seen, 1.0, norms)


def _mask(seen, shape):
    seen = plain_array(seen, "seen")
    if seen.dtype != bool:
        raise TypeError(f"seen must hold booleans, one for each pose, got dtype {seen.dtype}; np.isin(range(N), poses)")
    if seen.shape not in (shape, shape[1:]):
        raise ValueError(f"seen must have shape {shape[1:]} or {shape}, got {seen.shape}")
    seen = np.broadcast_to(seen, shape)
    if not seen.any(axis=1).all():
        raise ValueError(f"orbit {int(seen.any(axis=1).argmin())} was seen in no pose; leave it out")
    return seen


def _warn_unless_closed(orbits):
    """An isometry makes all steps of an orbit (C, N, d) equally long, the one from the last pose to the first too."""
    steps = np.linalg.norm(np.roll(orbits, -1, axis=1) - orbits, axis=-1)
    others = steps[:, :-1].mean(axis=1)
    if len(orbits) < 3 or not others.all():
        return
    longer = steps[:, -1] / others - 1
    if longer.mean() > max(_LONGER, 4 * longer.std(ddof=1) / math.sqrt(len(longer))):
        warnings.warn(
            f"from the last pose back to the first it is {1 + longer.mean():.2f} times as far as from pose to pose, "
            "and the operator is taught that step too; if the poses are an arc, pass those of the full circle",
            stacklevel=3,
        )


def _refuse_unless_cyclic(group, n_poses):
    steps = np.arange(n_poses)
    if group.order != n_poses:
        raise ValueError(f"the group has {group.order} elements and orbits {n_poses} poses; pass its complete orbits")
    if not np.array_equal(group.table, (steps[:, None] + steps) % n_poses):
        raise ValueError(
            "group must be cyclic, its element g the g-th power of element 1: no one step leads through all elements "
            f"of {group!r} in this order; learn an operator for each generator from the orbits of its powers"
        )


def _norms(flat, name):
    norms = np.linalg.norm(flat, axis=-1)
    if not norms.all():
        where = tuple(int(i) for i in np.argwhere(norms == 0)[0])
        raise ValueError(f"{name} is zero at {where}, which has no relative error; leave it out")
    return norms


def _whole(steps, name):
    if isinstance(steps, bool | np.bool_) or int(steps) != steps:
        raise ValueError(f"{name} must be a whole number, got {steps!r}")
    return int(steps)


def _shape(axes: Iterable[Any]) -> str:
    return f"({', '.join(map(str, axes))})"
