"""Questions on what is left out: blocks by hand, two points at once, a committee (chapters 06, 07 and 14)."""

import numpy as np

from book.exam.question import Question, decided, matrix, rightly, written
from symlib import (
    cyclic,
    holdout_residuals,
    invariant_gram,
    rbf,
    shift_orbits,
    spectral_holdout_residuals,
    spectral_loo_residuals,
)
from symlib.cures import committee_residuals

_LABELS = np.array([1.0, -1.0])


def blocks_by_hand(rng):
    """Two seeds in two poses: the blocks, the error of each class, and what adding a constant to the kernel does."""
    while True:
        a, b = rng.integers(7, 12, 2)
        (c, f), (d, g) = rng.integers(0, 3, 2), rng.integers(1, 4, 2)
        kappa = np.array([[[a, c], [c, b]], [[d, f], [f, g]]], dtype=float)  # sums and differences are dominant
        errors = spectral_loo_residuals(kappa, _LABELS, cyclic(2)) * _LABELS
        constant = float(rng.integers(2, 6))
        shifted = spectral_loo_residuals(kappa + constant, _LABELS, cyclic(2)) * _LABELS
        if decided(*errors, *shifted):
            break
    blocks = kappa[0] + kappa[1], kappa[0] - kappa[1]
    inverses = [np.linalg.inv(block) for block in blocks]
    text = f"""Two images, labels $+1$ and $-1$, each in two poses (upright and upside down), and an invariant kernel with

$$ \\kappa(0) = {matrix(kappa[0])}, \\qquad \\kappa(1) = {matrix(kappa[1])} . $$

(a) Write down the blocks $\\hat\\kappa(0)$ and $\\hat\\kappa(1)$.

(b) Compute the error of each class at a left-out pose, at ridge 0, by the group formula. Which poses are classified rightly?

(c) A constant {constant:g} is added to *every* kernel value. Which block changes, and why only that one? Compute the errors again.

(d) The labels of all points are exchanged, $+1$ for $-1$. What happens to the errors? Say it without computing."""
    denominators = [(inverses[0][i, i] + inverses[1][i, i]) / 2 for i in (0, 1)]
    working = f"""(a) Sum and difference: $\\hat\\kappa(0) = {matrix(blocks[0])}$, $\\hat\\kappa(1) = {matrix(blocks[1])}$.

(b) Numerators: $\\hat\\kappa(0)^{{-1}}y$ with $y = (1, -1)$, which is $({", ".join(f"{v:.4g}" for v in inverses[0] @ _LABELS)})$. Denominators: the mean of the two inverse blocks' diagonal entries, {written(denominators[0])} and {written(denominators[1])}. Errors: {written(errors[0])} ({rightly(errors[0])}) and {written(errors[1])} ({rightly(errors[1])}).

(c) Only $\\hat\\kappa(0)$, which becomes ${matrix(blocks[0] + 2 * constant)}$: a constant has no wave but the constant one, and cancels in the difference. The errors become {written(shifted[0])} and {written(shifted[1])}.

(d) Nothing: residuals are linear in the labels, so they change their sign with them, and the errors stay."""
    answers = {"errors": errors, "shifted": shifted}
    return Question("Blocks by hand", "07", 10, text, working, {"kappa": kappa, "constant": constant}, answers)


def two_left_out(rng):
    """From the inverse of a Gram matrix: residuals of one point, of two together, and why they differ."""
    while True:
        off = np.triu(rng.integers(-1, 2, (4, 4)), 1)
        inverse = (off + off.T + np.diag(rng.integers(4, 8, 4))).astype(float)
        first, second = np.sort(rng.choice(4, 2, replace=False))
        labels = rng.permutation([1.0, 1.0, -1.0, -1.0])
        gram = np.linalg.inv(inverse)
        (alone,), _ = holdout_residuals(gram, labels, [first])
        if inverse[first, second] and decided(alone):
            break
    together, covariance = holdout_residuals(gram, labels, [first, second])
    correlation = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    text = f"""Four points with the labels $y = ({", ".join(f"{y:+g}" for y in labels)})$. The inverse of their Gram matrix is

$$ A^{{-1}} = {matrix(inverse)} . $$

(a) Compute the residual at point {first + 1} when it alone is left out. Is it classified rightly?

(b) Compute the residuals at the points {first + 1} and {second + 1} when both are left out together.

(c) Compute the posterior correlation of the two labels. What has it to do with the difference between (a) and (b)?

(d) How many systems of linear equations did you solve, and how many would it have taken to train anew each time?"""
    working = f"""With $A^{{-1}}y = ({", ".join(f"{v:g}" for v in inverse @ labels)})$:

(a) $e = (A^{{-1}}y)_i/(A^{{-1}})_{{ii}}$: {written(alone)}, {rightly(alone * labels[first])}.

(b) $e_H = [(A^{{-1}})_{{HH}}]^{{-1}}(A^{{-1}}y)_H$, with the block ${matrix(inverse[np.ix_([first, second], [first, second])])}$: {written(together[0])} and {written(together[1])}.

(c) {written(correlation)}, from the inverse of that block. It is not zero, so the one point says something about the other: in (a) point {second + 1} was there to say it, in (b) it was not.

(d) One inverse, and a small block of it. Training anew takes a system for each set of points that is left out."""
    answers = {"alone": float(alone), "together": together, "correlation": float(correlation)}
    given = {"inverse": inverse, "labels": labels, "points": (int(first), int(second))}
    return Question("One, and two together", "06", 8, text, working, given, answers)


def a_committee(rng):
    """Residuals at missing poses: what the mean answer over all poses makes of them."""
    n = int(rng.choice([4, 5, 6, 8]))
    seeds = rng.normal(size=(2, n))
    group = cyclic(n)
    orbits = shift_orbits(seeds, n)

    def kernel(x1, x2=None):
        return rbf(x1, x2, length_scale=0.7 * n**0.5)

    kappa = invariant_gram(kernel, orbits, group, ndim=1, progress=False)
    one, many = [(0, 0)], [(g, 0) for g in range(1, n)]
    alone = np.round(spectral_loo_residuals(kappa, _LABELS, group)[0], 3)
    missing = np.round(spectral_holdout_residuals(kappa, _LABELS, group, many)[0], 3)
    gap, absence = alone / n, missing.sum() / n
    exact = [committee_residuals(kappa, _LABELS, group, held)[0] for held in (one, many)]
    text = f"""A machine knows a class (label $+1$) in $N = {n}$ poses, at ridge 0. It is asked about all {n} poses of an image, and the answers are averaged: a *committee*.

(a) One pose is missing in training, and its residual is ${alone:g}$. What is the residual of the committee? Is the machine alone right at this pose, is the committee?

(b) How large may the residual of the one missing pose be for the committee to be right?

(c) Now only *one* pose was there in training, and the residuals at the {n - 1} others are ${", ".join(f"{e:g}" for e in missing)}$. What is the residual of the committee, and is it right?

(d) Somebody proposes the committee as a cure for a class of which there is one photograph. What do you answer, and what would you propose?"""
    working = f"""(a) The other {n - 1} answers are the label itself, residual 0. So the mean is $e/{n}$: {written(gap)}. Alone: {rightly(alone)}. The committee: {rightly(gap)}.

(b) Below {n}, since it is divided by {n}.

(c) The sum of the residuals over {n}: {written(absence)}, {rightly(absence)}.

(d) A committee repairs a gap, not an absence: with one photograph all but one of its members were not taught. Points at the poses that lack (augmentation), or the averaged kernel, which is the same estimator, put the symmetry in."""
    given = {"n": n, "kappa": kappa}
    answers = {"gap": gap, "absence": absence, "exact": exact}
    return Question("A committee", "14", 8, text, working, given, answers)
