"""Questions on spectra: noise over signal, equal likeness, and what training learns first (chapters 05, 06 and 07)."""

import math

import numpy as np

from book.exam.question import Question, decided, rightly, written
from symlib import circulant_loo_error, holdout_residuals


def noise_over_signal(rng):
    """Eigenvalues of a circulant Gram matrix; the error, the answer, and whether the machine is sure of it."""

    def exact(values):
        size = len(values)
        row = np.fft.ifft(values).real
        return row[(np.arange(size)[:, None] - np.arange(size)) % size]

    while True:
        n = int(rng.integers(3, 5))
        half = np.sort(rng.choice([1, 2, 3, 4, 5, 6, 8, 10, 12], n, replace=False))[::-1].astype(float)
        label = float(rng.choice([1, 2, 3, 4, 6]))
        eigenvalues = np.array([*half, label, *half[:0:-1]])
        gram = exact(eigenvalues)
        error = float(circulant_loo_error(gram))
        if decided(error):
            break
    _, covariance = holdout_residuals(gram, np.tile([1.0, -1.0], n), [0])
    noise = float(covariance[0, 0])
    doubled = np.where(np.arange(2 * n) == n, 2 * eigenvalues, eigenvalues)
    after = float(circulant_loo_error(exact(doubled)))
    away = (1 - error) / math.sqrt(noise)
    listed = ", ".join(f"\\lambda_{{{at}}} = {value:g}" for at, value in enumerate(eigenvalues))
    text = f"""Two orbits of $N = {n}$ poses, interleaved, labels $+1, -1, +1, \\dots$; kernel regression at ridge 0. The Gram matrix is circulant, with the eigenvalues

$$ {listed} . $$

(a) Compute the signal, the noise, and the error at a left-out pose.

(b) What does the machine predict at a left-out pose whose label is $+1$? Is it classified rightly?

(c) How many posterior standard deviations is this prediction away from zero? In one sentence: is the machine sure of its answer?

(d) Somebody finds features that double the eigenvalue $\\lambda_{{{n}}}$ and leave all others as they are. Is the error halved? Say why or why not before you compute it."""
    working = f"""(a) The signal is $\\lambda_N = {label:g}$, the eigenvalue of the labels' pattern. The noise is the harmonic mean of all {2 * n} eigenvalues, {written(noise)}. The error is noise over signal, $\\varepsilon$: {written(error)}.

(b) $1 - \\varepsilon$: {written(1 - error)}. The pose is {rightly(error)}, since the error is {"below" if error < 1 else "not below"} 1.

(c) The posterior variance of a left-out pose is the noise, so the prediction is {abs(away):.2f} standard deviations {"above" if away > 0 else "below"} zero. {"That is less than one: the machine hardly knows, and says so." if abs(away) < 1 else "That is more than one: it is rather sure."}

(d) Not quite: the new error is {written(after)}, which is {after / error:.2f} times the old one, and more than a half. The eigenvalue stands in the signal *and* among those whose harmonic mean is the noise: the noise rises a little too. (A right answer says that the signal is one of the eigenvalues of the mean. Full marks for the reason; the number alone is worth half.)"""
    given = {"eigenvalues": eigenvalues, "n": n}
    answers = {"signal": label, "noise": noise, "error": error, "deviations": away, "doubled": after}
    return Question("Noise over signal", "06", 10, text, working, given, answers)


def equal_likeness(rng):
    """A machine to which all images look equally alike: what more images of a class, or of the other, do."""

    def error(q, a, b):
        gram = np.full((a + b, a + b), q) + (1 - q) * np.eye(a + b)
        residual, _ = holdout_residuals(gram, np.repeat([1.0, -1.0], [a, b]), [0])
        return float(residual[0])

    while True:
        q = float(rng.choice([0.5, 0.6, 0.7, 0.8, 0.9]))
        own, others = int(rng.integers(3, 7)), int(rng.integers(3, 7))
        cases = {"as it is": (own, others), "A doubled": (2 * own, others), "B doubled": (own, 2 * others)}
        cases["both doubled"] = (2 * own, 2 * others)
        found = {name: error(q, *sizes) for name, sizes in cases.items()}
        if decided(*found.values()):
            break
    text = f"""To this machine all images look equally alike: $k(x, x) = 1$, and $k(x, x') = {q:g}$ for any two different points. Class A (label $+1$) has {own} points, of which one is left out, class B (label $-1$) has {others}. Ridge 0.

(a) Compute the residual at the left-out point. Is it classified rightly?

(b) Predict first, in words: what happens to it if class A gets twice as many points, if class B does, if both do?

(c) Compute all three.

(d) Somebody reports: "we doubled the data set, and it did not help at the missing pose". Which two comparisons would you ask for, and why?"""
    rows = "\n".join(
        f"| {name} | {a} | {b} | {written(found[name])} | {rightly(found[name])} |" for name, (a, b) in cases.items()
    )
    working = f"""With $n$ training points the Gram matrix is $(1-q)I + qJ$, and the prediction is $q\\,s/(1 - q + nq)$ with $s$ the sum of the training labels: (number of A) $-$ 1 $-$ (number of B).

| | points of A, one left out | points of B | residual | |
|---|---|---|---|---|
{rows}

(b) The machine answers with the balance of its training labels. More of A pulls the answer up, more of B down. With both, the balance and the number of points grow alike, but for the one point that is left out, and the answer hardly moves.

(d) Own images alone, others' images alone: they pull in opposite directions, and a comparison that changes both shows the sum (chapter 10). An answer that asks for "more seeds" only does not see this."""
    given = {"q": q, "own": own, "others": others}
    return Question("More data of whom?", "10", 8, text, working, given, {"residuals": list(found.values())})


def what_is_learnt_first(rng):
    """Two patterns over a training set, their eigenvalues, and the time that each takes."""
    slow = float(rng.choice([0.02, 0.04, 0.05, 0.1]))
    fast = float(rng.choice([2, 4, 5, 8]))
    top = fast * float(rng.choice([1.2, 2, 4]))
    eta = 1 / top
    steps = [math.ceil(math.log(0.01) / math.log1p(-eta * value)) for value in (fast, slow)]
    ratio = math.sqrt(fast / slow)
    too_large = 2.5
    factor = 1 - too_large * fast / top
    grows = abs(factor) > 1
    text = f"""A wide network is trained by gradient descent on the squared error. Its kernel on the training set has the largest eigenvalue {top:g}. Two patterns of labels are eigenvectors of it: one that is constant on each orbit, with eigenvalue {fast:g}, and one that changes its sign from each pose to the next, with eigenvalue {slow:g}. The rate is one over the largest eigenvalue.

(a) How many steps does it take until one per cent is left of the first pattern? Of the second?

(b) By which factor do the weights move farther for the second pattern than for the first, both of the same size?

(c) The rate is raised to {too_large:g} over the largest eigenvalue. What becomes of the first pattern, and of the pattern of the largest eigenvalue?

(d) In two sentences: why do dense poses, which bring the smallest eigenvalue close to zero, not make a network useless that learns labels which are constant on orbits?"""
    working = f"""(a) Each step multiplies what is left of a pattern by $1 - \\eta\\lambda$. That takes {steps[0]} and {steps[1]} steps.

(b) $\\lVert\\xi - \\xi_0\\rVert^2 = \\lVert y\\rVert^2/\\lambda$, (5.7), so the factor is the root of the ratio of eigenvalues, {ratio:.3g}.

(c) The first is multiplied by ${factor:.3g}$ at each step{", and grows" if grows else (", and dies out, changing its sign at each step" if factor < 0 else ", and dies out")}. The largest is multiplied by $1 - {too_large:g} = {1 - too_large:g}$, and grows: training blows up. What is needed is $\\eta\\lambda < 2$ for the *largest* eigenvalue.

(d) Such labels lie along large eigenvalues: they are learnt early and with weights that hardly move, so the kernel drifts little against *their* eigenvalue. The small eigenvalues belong to patterns that these labels do not have."""
    given = {"top": top, "fast": fast, "slow": slow}
    answers = {"steps": steps, "ratio": ratio, "factor": factor}
    return Question("What is learnt first", "05", 8, text, working, given, answers)
