"""Recursive feature machines: kernel regression that learns the metric in which its kernel measures.

A kernel that sees points through a metric M only, by x·Mx' or by |x − x'|²_M = (x − x')·M(x − x'), is fitted to the
labels; then M becomes the average outer product of the fitted function's gradients at the n points, and so on:

    α = (K_M + σ²I)⁻¹ Y,    f(x) = Σ_j α_j k_M(x, x_j),    Γ = (1/n) Σ_i J(x_i)ᵀ J(x_i),    M ← Γᵖ d / tr(Γᵖ),

from M = I; J(x) (k, d) holds the gradients of f's outputs, and the trace keeps the length scale its meaning. Directions
along which f varies count for more in the next kernel. Source: Radhakrishnan, Beaglehole, Pandit and Belkin, "Mechanism
for feature learning in neural networks and backpropagation-free machine learning models" (Science 2024, arXiv
2212.13881), algorithm 1, which is p = 1 without the trace.

With W_ij = ∂k_M(x_i, x_j)/∂(x_i·Mx_j), a kernel of inner products has J_c(x_i) = M Σ_j W_ij α_jc x_j, and one of
distances J_c(x_i) = M Σ_j W_ij α_jc (x_j − x_i). Summed over points and outputs both are M Xᵀ B X M/n, where, with
r = Wα and δ = 0 or 1 for inner products or distances,

    B = (WᵀW) ∘ (ααᵀ) − δ (C + Cᵀ) + δ diag(|r_i|²),    C_ji = W_ij (αrᵀ)_ji,

so an iteration costs n²(n + d + k) + nd², and no gradient is ever written down.
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.regression import fitted_weights
from symlib.support.checks import finite_array, label_columns, nonnegative, nonnegative_int, positive, positive_int
from symlib.support.hermitian import EPSILON
from symlib.support.threads import in_threads, threads_for


class FeatureMachine(NamedTuple):
    """A trained recursive feature machine, or a batch of them; `recursive_feature_machine` gives it.

    Attributes
    ----------
    metric : (..., d, d) array, M; with `history` the last of them
    weights : (..., n, k) array, α
    x : (..., n, d) array, the points trained on
    form : the kernel as a function of inner products, and its parameters
    one_column : bool, whether labels came without an axis of classes; predictions then have none either
    metrics, all_weights : (..., iterations + 1, d, d) and (..., iterations + 1, n, k) arrays, M and α before each
        update and after the last; None without `history`
    """

    metric: NDArray[np.float64]
    weights: NDArray[np.float64]
    x: NDArray[np.float64]
    form: "_Form"
    one_column: bool
    metrics: NDArray[np.float64] | None = None
    all_weights: NDArray[np.float64] | None = None

    def kernel(self, x1: ArrayLike, x2: ArrayLike | None = None) -> NDArray[np.float64]:
        """k_M(x1, x2), (..., n1, n2), for points (..., n1, d) and (..., n2, d): a kernel for `gram` and `regression`.

        Of a batch of machines, `machine.of(i).kernel` is the kernel of one.
        """
        x1 = self._points(x1, "x1")
        x2 = x1 if x2 is None else self._points(x2, "x2")
        with threads_for(max(x1.shape[-2], x2.shape[-2])):
            return self.form.values(*_products(x1 - self._centre(), x2 - self._centre(), self.metric, x1 is x2))

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """f(x), (..., m) or (..., m, k) as the labels were, at points x (..., m, d)."""
        scores = self.kernel(x, self.x) @ self.weights
        return scores[..., 0] if self.one_column else scores

    def gradients(self, x: ArrayLike) -> NDArray[np.float64]:
        """∇f_c at points x (..., m, d): (..., m, k, d). Cost m·n·k·d.

        The gradient of the Laplace kernel at a point trained on, where it has none, counts as 0.
        """
        points, others = self._points(x, "x") - self._centre(), self.x - self._centre()
        slopes = self.form.slopes(*_products(points, others, self.metric, False))
        total = np.einsum("...ij,...jc,...jd->...icd", slopes, self.weights, others, optimize=True)
        if self.form.of_distances:
            total = total - (slopes @ self.weights)[..., None] * points[..., None, :]
        return total @ self.metric[..., None, :, :]

    def at(self, iteration: int) -> "FeatureMachine":
        """The machine as it was after that many updates of the metric; needs `history`."""
        if self.metrics is None or self.all_weights is None:
            raise ValueError("this machine kept no history; train it with history=True")
        last = self.metrics.shape[-3] - 1
        if nonnegative_int(iteration, "iteration") > last:
            raise ValueError(f"iteration must be at most {last}, got {iteration}")
        metric, weights = self.metrics[..., iteration, :, :], self.all_weights[..., iteration, :, :]
        return self._replace(metric=metric, weights=weights, metrics=None, all_weights=None)

    def of(self, index: int | tuple[int, ...]) -> "FeatureMachine":
        """One machine of a batch."""
        arrays = {name: getattr(self, name) for name in ("metric", "weights", "x", "metrics", "all_weights")}
        return self._replace(**{name: array if array is None else array[index] for name, array in arrays.items()})

    def _centre(self):
        return self.form.centre(self.x)

    def _points(self, x, name):
        x = finite_array(x, name, min_ndim=2)
        if x.shape[-1] != self.x.shape[-1]:
            raise ValueError(f"{name} must hold vectors of length {self.x.shape[-1]}, got shape {x.shape}")
        return x


def recursive_feature_machine(
    x: ArrayLike,
    y: ArrayLike,
    *,
    kernel: Literal["gaussian", "laplace", "polynomial"] = "gaussian",
    length_scale: float,
    iterations: int = 5,
    ridge: float = 1e-3,
    power: float = 1.0,
    degree: int = 3,
    normalise: bool = True,
    history: bool = False,
) -> FeatureMachine:
    """Kernel regression whose metric M becomes, `iterations` times, the average gradient outer product of its own fit.

    With M-distances D² = (x − x')·M(x − x') and M-inner products q = x·Mx', the kernels are, ℓ being the length scale,

        gaussian: exp(−D²/2ℓ²),    laplace: exp(−D/ℓ),    polynomial: (1 + q/ℓ²)^degree.

    Where an orthogonal group acts on the inputs, the data are closed under it and labels are constant on orbits, M
    commutes with the group at every iteration (book chapter 12).

    Parameters
    ----------
    x : (..., n, d) array; leading axes are data sets, each with a machine of its own
    y : (n,) or (..., n) array of labels, or (n, k) or (..., n, k) for k outputs, such as one-hot classes; (b, n) for b
        data sets is one output each, also where b = n
    kernel : {"gaussian", "laplace", "polynomial"}
    length_scale : float, ℓ > 0, in the units of the inputs; of the order of |x| to begin with
    iterations : int, updates of the metric; 0 is kernel regression with M = I
    ridge : float, absolute, at least 0
    power : float, p > 0, of the average gradient outer product
    degree : int, at least 1, of the polynomial
    normalise : bool, scale M to trace d; False, with power 1, is the published algorithm
    history : bool, keep M and α of every iteration

    Returns
    -------
    FeatureMachine
        `predict(x)`, `metric`, and `kernel`, which `gram_matrix` and `invariant_gram` take. Arrays float64.

    Raises
    ------
    SingularMatrixError
        If the Gram matrix of an iteration is so close to singular that rounding may change predictions by more than
        1e-6 of the labels; the smallest ridge that would do is named. A ValueError too.
    ValueError
        If shapes do not fit, an entry is not finite, a parameter is out of range, or all gradients vanish, as with
        labels that are 0 or a length scale far below all distances.

    Notes
    -----
    n²(n + d + k) + nd² operations an iteration for each data set, which share the cores; d³ more for a power other
    than 1. The metric has seen every point: leaving a point out with M as it is, is not what a machine trained without
    that point answers.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal((200, 10))
    >>> machine = recursive_feature_machine(x, x[:, 0] * x[:, 1], length_scale=3.0)
    >>> print(np.diag(machine.metric).round())  # the two directions that matter
    [5. 5. 0. 0. 0. 0. 0. 0. 0. 0.]
    """
    x = finite_array(x, "x", min_ndim=2)
    *batch, n, d = x.shape
    if 0 in x.shape[-2:]:
        raise ValueError(f"x must have shape (..., n, d) with n and d at least 1, got {x.shape}")
    y, one_column = label_columns(y, (*batch,), n, "y")
    if kernel not in _FORMS:
        raise ValueError(f"kernel must be one of {', '.join(_FORMS)}, got {kernel!r}")
    form = _FORMS[kernel](positive(length_scale, "length_scale"), positive_int(degree, "degree"))
    iterations, ridge = nonnegative_int(iterations, "iterations"), nonnegative(ridge, "ridge")
    power = positive(power, "power")
    sets, labels = x.reshape(-1, n, d), y.reshape(-1, n, y.shape[-1])

    def machine(i):
        points = sets[i] - form.centre(sets[i])
        metric, metrics, weights = np.eye(d), [], []
        for iteration in range(iterations + 1):
            products = _products(points, points, metric, True)
            weights.append(fitted_weights(form.values(*products), labels[i], ridge, "the Gram matrix"))
            metrics.append(metric)
            if iteration < iterations:
                metric = _metric(points, form, products, metric, weights[-1], power, normalise)
        return (np.array(metrics), np.array(weights)) if history else (metric[None], weights[-1][None])

    with threads_for(n):
        machines = in_threads(machine, range(len(sets)))
    shapes = (d, d), labels.shape[1:]
    kept = iterations + 1 if history else 1
    metrics, weights = (
        np.array([found[part] for found in machines]).reshape(*batch, kept, *shapes[part]) for part in (0, 1)
    )
    every = (metrics, weights) if history else (None, None)
    return FeatureMachine(
        metrics[..., -1, :, :].copy(), weights[..., -1, :, :].copy(), x.copy(), form, one_column, *every
    )


def _metric(points, form, products, metric, weights, power, normalise):
    """The average gradient outer product Γ = M Xᵀ B X M/n, to a power, scaled; the head of this file has B."""
    slopes = form.slopes(*products)
    b = (slopes.T @ slopes) * (weights @ weights.T)
    if form.of_distances:
        reach = slopes @ weights  # r
        cross = slopes.T * (weights @ reach.T)
        b -= cross + cross.T
        b[np.diag_indices_from(b)] += (reach**2).sum(axis=1)
    seen = points @ metric
    outer = seen.T @ (b @ seen) / len(points)
    outer = (outer + outer.T) / 2
    if power != 1:
        eigenvalues, vectors = np.linalg.eigh(outer)
        outer = (vectors * np.maximum(eigenvalues, 0.0) ** power) @ vectors.T
    trace = np.trace(outer)
    if not (np.isfinite(trace) and trace > np.finfo(float).tiny * len(metric)):
        raise ValueError(
            f"the trace of the average gradient outer product is {trace:.1e}, so there is no metric to learn: give "
            "labels that are not all 0, and a length scale of the order of the distances"
        )
    return outer * (len(metric) / trace) if normalise else outer


def _products(x1, x2, metric, same):
    """x·Mx', x·Mx and x'·Mx', (..., n1, n2), (..., n1, 1) and (..., 1, n2), and whether both sets are one."""
    seen = x1 @ metric
    with np.errstate(over="ignore", invalid="ignore"):
        products = seen @ x2.swapaxes(-1, -2)
        square1 = (seen * x1).sum(axis=-1)
        square2 = square1 if same else ((x2 @ metric) * x2).sum(axis=-1)
    if not (np.isfinite(square1).all() and np.isfinite(square2).all()):
        raise ValueError("points must be of a size whose square float64 holds, up to 1e154; scale them down")
    if same:
        products = (products + products.swapaxes(-1, -2)) / 2
    return products, square1[..., :, None], square2[..., None, :]


class _Form(NamedTuple):
    """A kernel of x·Mx', x·Mx and x'·Mx': its values, and W = ∂k/∂(x·Mx')."""

    length_scale: float
    degree: int

    of_distances = False

    def centre(self, x):
        """What may be taken off all points without changing the kernel: distances lose fewer digits about the mean."""
        return x.mean(axis=-2, keepdims=True) if self.of_distances else 0.0


class _Polynomial(_Form):
    def values(self, products, square1, square2):
        return (1 + products / self.length_scale**2) ** self.degree

    def slopes(self, products, square1, square2):
        base = 1 + products / self.length_scale**2
        return self.degree * base ** (self.degree - 1) / self.length_scale**2


class _Gaussian(_Form):
    of_distances = True

    def values(self, products, square1, square2):
        return np.exp(-_squared_distances(products, square1, square2) / (2 * self.length_scale**2))

    def slopes(self, *products):
        return self.values(*products) / self.length_scale**2


class _Laplace(_Form):
    of_distances = True

    def values(self, products, square1, square2):
        return np.exp(-np.sqrt(_squared_distances(products, square1, square2)) / self.length_scale)

    def slopes(self, *products):
        distances = np.sqrt(_squared_distances(*products))
        apart = distances > 0
        return np.where(apart, self.values(*products) / (self.length_scale * np.where(apart, distances, 1.0)), 0.0)


def _squared_distances(products, square1, square2):
    """D², and 0 where it is no more than rounding: points that coincide then do so exactly, as √D² would show."""
    distances, sizes = square1 + square2 - 2 * products, square1 + square2
    return np.where(distances > 64 * EPSILON * sizes, distances, 0.0)


_FORMS = {"gaussian": _Gaussian, "laplace": _Laplace, "polynomial": _Polynomial}
