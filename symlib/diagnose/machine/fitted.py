"""Kernel regression on many designs over the same objects: which points are trained on varies, the kernel does not.

A design is a set T of points, and its answers at all points are K[:, T] α, α = (K_TT + σ²)⁻¹ y_T. Every object is also
answered by a machine that saw nothing of it: objects are in folds, and fold f's machine trains on T without them. For a
few points T one factorisation a fold does it. Where T is nearly a base B (all points, say, but the gap) whose inverse
X = (K_BB + σ²)⁻¹ is known, with H = B ∖ T,

    α_T = (Xy)_T − X_TH (X_HH)⁻¹ (Xy)_H ,      α_H = 0 ,

the held-out identity of `regression`: a design costs a factorisation of order |H|. Every solution is put into its own
equations, (K_TT + σ²) α = y, before it is used.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from symlib.diagnose.machine.matrices import (
    AveragedInverse,
    AveragedMatrix,
    DenseMatrix,
    InvariantMatrix,
    averaged_gram,
)
from symlib.groups import FiniteGroup
from symlib.support.hermitian import SingularMatrixError, inverse, norm_of_each
from symlib.support.threads import threads_for

_FAILURE = 1e-6  # of an equation of a solution, labels being 0 and 1
_FEW = 300  # points that are factorised rather than taken out of a base
_MERGED = 2000  # the same, of points that averaging has made one


class Machine:
    """Regression with one kernel among the points (|G|, C) of orbits, whole and by folds of objects.

    Attributes
    ----------
    matrix : the Gram matrix among all points
    group : FiniteGroup
    targets : (C, k) array, the labels of orbits
    folds : (C,) int array, the fold of each orbit's object, 0 … F−1
    ridge : float, absolute
    base : (|G|, C) bool array, the distinct points: what designs are cut from
    """

    def __init__(
        self,
        matrix: InvariantMatrix | DenseMatrix | AveragedMatrix,
        group: FiniteGroup,
        targets: NDArray,
        folds: NDArray,
        ridge: float,
        base: NDArray,
    ) -> None:
        self.matrix, self.group, self.targets, self.folds, self.ridge, self.base = (
            matrix,
            group,
            np.asarray(targets, float),
            np.asarray(folds),
            float(ridge),
            np.asarray(base, bool),
        )
        self.n_folds = int(self.folds.max()) + 1
        self._inverses: dict[int, _Inverse | _DenseInverse] = {}
        self._fitted: dict[int, NDArray] = {}
        self._averages: dict[tuple[int, ...], Machine] = {}
        self._parent: Machine | None = None
        self._same: NDArray | None = None  # for every point the first that averaging makes the same

    def answers(self, seen: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Answers (|G|, C, k) at all points: of the machine trained on all of `seen`, and of those by folds.

        `seen` is a (|G|, C) bool array of points; an orbit is answered in the second array by the machine of its own
        fold, which trained on `seen` without the objects of that fold.
        """
        order, n = seen.shape
        k = self.targets.shape[1]
        weights = np.zeros((order, n, self.n_folds + 1, k))
        for fold in range(self.n_folds + 1):
            weights[:, :, fold] = self.weights(seen, fold)
        out = self.matrix.times(weights.reshape(order, n, -1)).reshape(weights.shape)
        for fold in range(self.n_folds + 1):
            trained = self.trained(seen, fold)
            left = out[:, :, fold] + self.ridge * weights[:, :, fold] - self.targets
            if np.abs(left[trained]).max(initial=0.0) > _FAILURE:
                raise SingularMatrixError(
                    f"the equations of kernel regression are met only to {np.abs(left[trained]).max():.1e} at ridge "
                    f"{self.ridge:.1e}: the Gram matrix is too close to singular; pass a larger ridge"
                )
        return out[:, :, self.n_folds], out[:, np.arange(n), self.folds]

    def trained(self, seen: NDArray, fold: int) -> NDArray[np.bool_]:
        """The points of `seen` that the machine of a fold trains on; fold F is the whole."""
        return seen & (self.folds != fold)

    def weights(self, seen: NDArray, fold: int) -> NDArray[np.float64]:
        """α (|G|, C, k) of the machine of a fold, 0 at points that it does not train on."""
        trained = self.trained(seen, fold)
        if self._is_cut(trained, fold):
            if fold not in self._fitted:  # to all of the base: what is taken out of it changes from design to design
                base = self.trained(self.base, fold)
                self._fitted[fold] = self._inverse(fold).times(np.where(base[..., None], self.targets, 0.0))
            return self._cut(trained, fold)(self._fitted[fold])
        return self.solver(seen, fold)(np.where(trained[..., None], self.targets, 0.0))

    def solver(self, seen: NDArray, fold: int) -> Callable[[NDArray], NDArray[np.float64]]:
        """The map from right-hand sides (|G|, C, t), 0 off T, to (K_TT + σ²)⁻¹ of them, 0 off T."""
        trained = self.trained(seen, fold)
        if self._is_cut(trained, fold):
            cut, times = self._cut(trained, fold), self._inverse(fold).times
            return lambda right: cut(times(right))
        points = np.flatnonzero(trained)
        same = points if self._same is None else self._same.ravel()[points]
        return _factorised(self.matrix, points, same, self.ridge)

    def _is_cut(self, trained, fold):
        """Whether it takes less to cut the design out of the base than to factorise it."""
        points = np.flatnonzero(trained)
        same = points if self._same is None else self._same.ravel()[points]
        if len(np.unique(same)) <= (_FEW if self._same is None else _MERGED) or self.ridge == 0:
            return False
        base = self.trained(self.base, fold)
        return not (trained & ~base).any() and 1.2 * (base & ~trained).sum() <= len(points)

    def _cut(self, trained, fold):
        """From X v to the solution on T = B ∖ H, for right-hand sides v over B that are right on T."""
        known = self._inverse(fold)
        missing = np.flatnonzero(self.trained(self.base, fold) & ~trained)
        factor = _cholesky(known.block(missing, missing), 0.0) if len(missing) else None

        def solve(whole):
            if factor is None:
                return whole
            flat = whole.reshape(-1, whole.shape[-1])
            off = np.zeros(flat.shape)
            with threads_for(len(missing)):
                off[missing] = cho_solve(factor, flat[missing], check_finite=False)
            return np.where(trained[..., None], whole - known.times(off.reshape(whole.shape)), 0.0)

        return solve

    def averaged(self, elements: NDArray) -> "Machine":
        """The machine whose kernel is averaged over a subgroup, with the same ridge."""
        key = tuple(int(q) for q in elements)
        if key not in self._averages:
            if isinstance(self.matrix, InvariantMatrix):
                matrix: AveragedMatrix | DenseMatrix = AveragedMatrix(self.matrix, np.asarray(elements))
            else:
                matrix = DenseMatrix(averaged_gram(self.matrix.gram, np.asarray(elements), self.group))
            other = Machine(matrix, self.group, self.targets, self.folds, self.ridge, self.base)
            other._parent = self
            n = len(self.folds)
            other._same = self.group.table[np.asarray(elements)].min(axis=0)[:, None] * n + np.arange(n)
            self._averages = {key: other}  # the last one only: inverses of it may be large
        return self._averages[key]

    def _inverse(self, fold):
        """(K_BB + σ²)⁻¹ over the base of a fold."""
        if fold not in self._inverses:
            self._inverses[fold] = self._new_inverse(fold)
        return self._inverses[fold]

    def _new_inverse(self, fold):
        orbits = np.flatnonzero(self.folds != fold)
        whole = bool(self.base[:, orbits].all())
        if whole and isinstance(self.matrix, InvariantMatrix):
            return _Inverse(self.matrix.restricted(orbits).inverse(self.ridge), orbits, self.base.shape)
        if whole and isinstance(self.matrix, AveragedMatrix):
            plain = self._parent._inverse(fold).matrix
            elements = self.matrix.elements
            return _Inverse(AveragedInverse(plain, elements, self.ridge), orbits, self.base.shape)
        points = np.flatnonzero(self.trained(self.base, fold))
        block = self.matrix.block(points, points)
        found = inverse(block, self.ridge, "gram", norm_of_each(block))
        return _DenseInverse(found, points, self.base.shape)


class _Inverse:
    """An inverse over all points of some of the orbits, addressed by the points of all."""

    def __init__(self, matrix, orbits, shape):
        self.matrix, self.orbits, self.shape = matrix, orbits, shape
        self._place = np.full(shape[1], -1)
        self._place[orbits] = np.arange(len(orbits))

    def block(self, rows, columns):
        def inside(points):
            g, c = divmod(points, self.shape[1])
            return g * len(self.orbits) + self._place[c]

        return self.matrix.block(inside(rows), inside(columns))

    def times(self, vectors):
        out = np.zeros(vectors.shape)
        out[:, self.orbits] = self.matrix.times(vectors[:, self.orbits])
        return out


class _DenseInverse:
    """An inverse over any set of points."""

    def __init__(self, matrix, points, shape):
        self.matrix, self.points = matrix, points
        self._place = np.full(shape[0] * shape[1], -1)
        self._place[points] = np.arange(len(points))

    def block(self, rows, columns):
        return self.matrix[np.ix_(self._place[rows], self._place[columns])]

    def times(self, vectors):
        flat = vectors.reshape(-1, vectors.shape[-1])
        out = np.zeros(flat.shape)
        with threads_for(len(self.points)):
            out[self.points] = self.matrix @ flat[self.points]
        return out.reshape(vectors.shape)


def _factorised(matrix, points, same, ridge):
    """Solutions from one factorisation of K_TT + σ²; m points that are `same` are one with the ridge σ²/m."""
    _, first, place, count = np.unique(same, return_index=True, return_inverse=True, return_counts=True)
    ones = points[first]
    factor = _cholesky(matrix.block(ones, ones), ridge / count) if len(points) else None

    def solve(right):
        flat = right.reshape(-1, right.shape[-1])
        out = np.zeros(flat.shape)
        if len(points):
            with threads_for(len(ones)):
                # Right-hand sides are the same at points that are.
                out[points] = (cho_solve(factor, flat[ones], check_finite=False) / count[:, None])[place]
        return out.reshape(right.shape)

    return solve


def _cholesky(system, ridge):
    """The factor of a positive definite matrix plus a ridge, or a refusal that says what was singular."""
    system = np.array(system, order="F")
    system[np.diag_indices(len(system))] += ridge
    with threads_for(len(system)):
        try:
            return cho_factor(system, lower=True, overwrite_a=True, check_finite=False)
        except np.linalg.LinAlgError:
            raise SingularMatrixError(
                f"the Gram matrix among {len(system)} training points is singular to working precision at ridge "
                f"{np.max(ridge):.1e}, as when points repeat or a pooled kernel makes poses one; pass a larger ridge"
            ) from None
