"""Questions on what can be known without a pose: collapsed orbits, a learnt operator, a verdict (08, 16 and 18)."""

import numpy as np

from book.exam.question import Question, matrix, rightly, written
from symlib import cyclic, learn_operator, spectral_loo_residuals

_LABELS = np.array([1.0, -1.0])
_RIDGE = 1e-6  # in the place of the limit


def collapsed_orbits(rng):
    """A kernel that does not see poses: when the error vanishes, and when it does not."""
    order, t = int(rng.choice([3, 4, 5, 6, 8])), int(rng.integers(2, 5))
    a, b = (int(v) for v in rng.integers(2, 6, 2))
    same = float(rng.integers(1, 5))
    cases = {"K": np.array([[a + 1, 1], [1, b + 1]]), "L": np.full((2, 2), same), "M": np.array([[1, t], [t, t * t]])}
    errors = {
        name: spectral_loo_residuals(np.tile(kappa, (order, 1, 1)).astype(float), _LABELS, cyclic(order), _RIDGE)
        * _LABELS
        for name, kappa in cases.items()
    }
    listed = ",\\qquad ".join(f"\\kappa_{name} = {matrix(kappa)}" for name, kappa in cases.items())
    text = f"""Three architectures take all {order} poses of an image for one point: $\\kappa(u)$ is the same matrix for all $u$. On two images with the labels $+1$ and $-1$ it is

$$ {listed} . $$

(a) For which of the three does the error at a left-out pose vanish as the ridge goes to zero? Say why, before you compute anything.

(b) Compute the limit of the error of each class where it does not vanish. Which poses are classified rightly?

(c) What do the two images look like to the architecture $L$, and what to $M$? Give an example of images for which that happens.

(d) "Build the symmetry in, and the missing pose is solved." What has to be added to this sentence?"""
    z = 1 + t * t
    working = f"""(a) For $K$ only: it is nonsingular, so the labels lie in its range. $L$ and $M$ have rank one, and $y = (1, -1)$ is not in their range.

(b) By (8.4), $|G|\\,[Zy]_c/(|G| - 1 + Z_{{cc}})$ with $Z$ the projection on the null space. For $L$, $Zy = y$ and $Z_{{cc}} = \\tfrac12$: both errors are ${order}/({order} - \\tfrac12)$, {written(order / (order - 0.5))}, above 1, so wrong. For $M$ the null space is spanned by $({t}, -1)$: $[Zy]_1 = {t * (t + 1)}/{z}$ and $[Zy]_2 = -{t + 1}/{z}$, $Z_{{11}} = {t * t}/{z}$, $Z_{{22}} = 1/{z}$. Errors: {written(_limit(order, t)[0])} ({rightly(_limit(order, t)[0])}) and {written(_limit(order, t)[1])} ({rightly(_limit(order, t)[1])}).

(c) For $L$ they are one point: pictures with equal bags of patches, such as a digit and itself shifted. For $M$ they are two points in one direction, of different lengths: a linear function cannot give $+1$ to a vector and $-1$ to its multiple. Pictures that differ in their ink only come near it.

(d) ... if the architecture still tells the classes apart: the labels must lie in the range of $\\kappa$."""
    answers = {"errors": errors, "limits": [0.0, order / (order - 0.5), *_limit(order, t)]}
    given = {"order": order, "cases": cases, "ridge": _RIDGE}
    return Question("Collapsed orbits", "08", 10, text, working, given, answers)


def _limit(order, t):
    """(8.4) for κ = (1, t)(1, t)ᵀ, times the labels."""
    z = 1 + t * t
    return order * t * (t + 1) / z / (order - 1 + t * t / z), order * (t + 1) / z / (order - 1 + 1 / z)


def a_learnt_operator(rng):
    """A swap learnt from one image: what it does to another, and where it errs."""
    a = float(rng.integers(1, 4))
    teacher = np.array([1, 0, a, 0])
    # Not along the teacher, so that there is something to miss.
    new = rng.permutation([5.0, 3, -2, 1]) + rng.integers(0, 2, 4)

    def swapped(x):
        return x[..., [1, 0, 3, 2]]

    operator = learn_operator(np.array([[teacher, swapped(teacher)]]), ridge=0.0)
    made = np.round(operator(new), 12) + 0.0  # a zero is one, and not what rounding leaves of it
    miss = float(np.linalg.norm(made - swapped(new)))
    inside = np.array([new[0] + a * new[2], new[1] + a * new[3]]) / (1 + a * a)
    text = f"""The group $C_2$ exchanges the first coordinate of a vector with the second and the third with the fourth. An operator $T$ is learnt by least squares (of all solutions the one of least norm), from one image in both poses, $x = ({", ".join(f"{v:g}" for v in teacher)})$.

(a) What does $T$ make of the new image $z = ({", ".join(f"{v:g}" for v in new)})$?

(b) How far is that from the true pose? Compute it in two ways: directly, and from the part of $z$ that $T$ was not taught.

(c) Which eigenvalues has $T$ on the span of what it was taught with, and which outside?

(d) How many images are needed at least until $T$ is right on all vectors? Will any that many do?"""
    working = f"""The taught poses $x$ and $gx$ are orthogonal, of squared length {1 + a * a:g}. The coefficients of $z$ along them are {written(inside[0])} and {written(inside[1])}.

(a) $Tz$ is the same combination of the *next* poses: $({", ".join(f"{v:.4g}" for v in made)})$.

(b) {written(miss)}: the length of $z$ minus its projection, by Theorem 16.1, since turning does not change lengths.

(c) $+1$ and $-1$, square roots of unity, each once; outside zero, twice.

(d) Two: one image spans two dimensions of four. Not any two: the four poses must span all four dimensions. By frequency: the sums of the pairs and their differences are two dimensions each, each image gives one vector to either, and the two vectors must be independent in both."""
    answers = {"made": made, "miss": miss}
    return Question("A learnt operator", "16", 8, text, working, {"teacher": teacher, "new": new}, answers)


def a_verdict(rng):
    """Three intervals of a difference, and what may be said of them."""
    margin = float(rng.choice([0.05, 0.1]))
    # An interval that holds minus the margin off its middle: at half the width it lies on one side.
    below, above = (0.02, 0.04), (0.16, 0.28)
    if rng.integers(2):
        below, above = (0.2, 0.4), (0.02, 0.05)
    rows = [
        (np.round(-margin + rng.uniform(0.01, 0.04), 2), np.round(rng.uniform(0.0, 0.1), 2), "yes"),
        (np.round(-margin - rng.uniform(0.2, 0.5), 2), np.round(-margin - rng.uniform(0.02, 0.1), 2), "no"),
        (np.round(-margin - rng.uniform(*below), 2), np.round(-margin + rng.uniform(*above), 2), "cannot tell"),
    ]
    order = rng.permutation(3)
    rows = [rows[at] for at in order]
    share = float(np.round(rng.uniform(0.05, 0.25), 2))
    classes = int(rng.choice([200, 500, 1000]))
    table = "\n".join(f"| {name} | [{low:+.2f}, {high:+.2f}] |" for name, (low, high, _) in zip("ABC", rows))
    text = f"""`diagnose` is asked whether new objects are recognised in poses that their class was never seen in, at a margin of {margin:g}. For three data sets the 95 % interval of the difference, unseen poses minus seen ones, is

| data set | difference |
|---|---|
{table}

(a) What is the verdict on each?

(b) For which of them would four times as many objects be likely to change the verdict, and to what?

(c) For a fourth data set, with {classes} classes of few images each, the tool predicts a share right of {share:g} in a gap. A colleague trains an ordinary network and finds far more. Is the tool broken?

(d) Name two checks that you would read before any of these numbers."""
    verdicts = {name: verdict for name, (*_, verdict) in zip("ABC", rows)}
    unsure = next(name for name, verdict in verdicts.items() if verdict == "cannot tell")
    low, high, _ = next(row for row in rows if row[2] == "cannot tell")
    half = [(low + high) / 2 + side * (high - low) / 4 for side in (-1, 1)]
    then = "yes" if half[0] >= -margin else "no"
    working = f"""(a) {"; ".join(f"{name}: {verdict}" for name, verdict in verdicts.items())}. *Yes* if the lower end is at least minus the margin, *no* if the upper end is below it, else *cannot tell* (18.2).

(b) {unsure}: its interval holds minus the margin, and would be about half as wide. About the same middle it would be [{half[0]:+.3f}, {half[1]:+.3f}]: *{then}*. The middle moves as well, so this is likely and not certain. The other two lie on one side of minus the margin and are likely to stay.

(c) No. The prediction is that of a kernel machine. With many classes networks that learn features carry a symmetry over from complete classes (chapter 12), and a kernel does not: there a "no" can be wrong.

(d) Any two of: whether the action obeys the group's table, whether the kernel is invariant, whether points coincide, whether one input occurs under two labels once it is moved (a 6 and a 9), whether there are objects enough, balance."""
    given = {"margin": margin, "rows": [(float(low), float(high)) for low, high, _ in rows]}
    return Question("A verdict", "18", 6, text, working, given, {"verdicts": list(verdicts.values()), "then": then})
