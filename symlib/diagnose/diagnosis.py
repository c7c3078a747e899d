"""From data, group and architecture to a report: will a network of that kind recognise what it never saw?

The answer is kernel regression with the network's kernel at infinite width, on the data's own design, asked at the
poses that the design lacks (theory: book chapters 04, 06, 07, 10 and 14).
"""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from numpy.typing import ArrayLike
from tqdm import tqdm

from symlib.diagnose.answers.answer import Answer, answered
from symlib.diagnose.answers.curve import curve_of
from symlib.diagnose.answers.measured import measured_with
from symlib.diagnose.remedies.other_kernels import denser_poses, matching_architecture
from symlib.diagnose.remedies.recomputed import attempted, before, ranked, remedies_of
from symlib.diagnose.report import Report
from symlib.diagnose.setting_up import Options, Setup, set_up
from symlib.groups import FiniteGroup
from symlib.support.checks import nonnegative, nonnegative_int, positive_int, real
from symlib.support.memory import MEMORY_LIMIT


def diagnose(
    x: ArrayLike,
    y: ArrayLike,
    group: str | FiniteGroup | ArrayLike,
    action: str | Callable | ArrayLike | None = None,
    *,
    pose: ArrayLike | None = None,
    missing: Sequence[tuple[Any, Any]] | None = None,
    objects: ArrayLike | None = None,
    architecture: str | Callable = "mlp",
    ridge: float = 1e-3,
    margin: float = 0.05,
    target: float = 0.9,
    model: Callable | None = None,
    max_objects: int | None = None,
    confidence: float = 0.95,
    memory_limit: int = MEMORY_LIMIT,
    seed: int = 0,
    progress: bool = True,
    standardise: bool = True,
    remedies: bool = True,
) -> Report:
    """Predict, before training, whether a network recognises poses that it never saw, and what would help.

    With `pose`, each sample was observed in one pose, x_i = pose_i · seed_i, and the gaps are the cells (class, pose)
    that no sample covers. Without, the question is "what if": all poses of all samples are trained on, but for the
    cells of `missing`. Where neither leaves a gap, each class in turn lacks one pose (its rarest; without poses, 0).

    Parameters
    ----------
    x : (n, d) or (n, H, W) array, samples
    y : (n,) whole numbers or strings, their classes
    group : "cyclic:12", "rotations:8", "dihedral:4", "symmetric:4", a FiniteGroup, or a multiplication table
    action : name, callable `action(g, x)`, matrices (|G|, d, d), permutations (|G|, d), or None for what the group
        implies; see `symlib.diagnose.names.named_action`
    pose : (n,) elements of the group, optional
    missing : list of (class, pose), optional; with `pose`, samples in these cells are left out of training
    objects : (n,) ids, optional
        Samples of one object (pictures of a thing, versions of a tune) stay in one fold, and intervals are over
        objects. If left out, every sample is an object.
    architecture : name or kernel, see `symlib.diagnose.names.named_architecture`
    ridge : float, at least 0, relative to the kernel's mean diagonal: what is added to the diagonal is ridge · mean
        k(x, x), so that it means the same for every architecture and every unit; the report has the absolute number
    margin : float in [0, 1): how much worse unseen poses may be than seen ones for the verdict "yes"
    target : float in (0, 1]: the share right that the number of poses N* is for
    model : callable, optional, for instance a torch module: its accuracy is measured beside the prediction
    max_objects : int, optional, objects to use at most
    confidence : float in (0, 1), of all intervals
    memory_limit : int, bytes
    seed : int, of the objects drawn, the folds, and the random designs
    progress : bool, show a bar
    standardise : bool
        True prepares points as the book does: minus the mean over a point's entries, |x|² = d; or, where the action
        changes means or lengths and for vectors of fewer than 8 entries, all points scaled by one number. False takes
        points as they are. `report.settings["standardised"]` says which it was.
    remedies : bool
        False leaves out `curve` and `remedies`, which take most of the time: for the same question many times over

    Returns
    -------
    Report
        With `verdict`, `sentence`, `checks`, `coverage`, `table`, `gaps`, `curve`, `remedies`, `measured`, `cautions`
        and `settings`. Of more data than time and memory allow whole objects are drawn, and intervals grow
        accordingly; a kernel that is invariant under the action takes |G| times more of them.

    Raises
    ------
    Refused (a ValueError)
        For inputs that cannot be trusted or do not fit each other, an action that is none, an indefinite kernel; it
        says what was wrong and what to do.
    SingularMatrixError (a ValueError)
        If the ridge is too small for the equations to be solved.
    TypeError
        For masked or sparse arrays.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> shapes = np.array([[3.0, 2, 1, 0, 0, 0, 0, 0], [3.0, 0, 2, 0, 0, 1, 0, 0]])
    >>> y = np.repeat([0, 1], 30)
    >>> x = shapes[y] + 0.1 * rng.standard_normal((60, 8))
    >>> report = diagnose(x, y, "cyclic:8", "shift", missing=[(1, 3)], progress=False)
    >>> report.verdict, report.gaps[0].label, report.gaps[0].pose
    ('no', 1, 3)
    """
    start = perf_counter()
    options = Options(
        ridge=nonnegative(ridge, "ridge"),
        margin=_between(margin, "margin", 0, 1, open_top=True),
        target=_between(target, "target", 0, 1, open_bottom=True),
        confidence=_between(confidence, "confidence", 0, 1, open_bottom=True, open_top=True),
        max_objects=None if max_objects is None else positive_int(max_objects, "max_objects"),
        memory_limit=positive_int(memory_limit, "memory_limit"),
        seed=nonnegative_int(seed, "seed"),
        progress=bool(progress),
        standardise=bool(standardise),
    )
    bar = tqdm(total=14, desc="diagnose", unit="step", disable=not progress, leave=False, delay=1)

    def step(name: str) -> None:
        bar.set_description(f"diagnose: {name}")
        bar.update()

    with bar:
        setup = set_up(x, y, group, action, pose, missing, objects, architecture, options, step)
        step("prediction")
        answer = answered(setup, options)
        curve, tried = None, []
        if remedies:
            curve, tried = _what_would_help(setup, answer, options, step)
        measured = None
        if model is not None:
            step("model")
            labels = setup.coverage.classes
            orbits, case = setup.observed_orbits(), setup.bench.case
            measured = measured_with(model, orbits, case, answer.designs, answer.table, labels, options.confidence)
    settings = setup.settings | {"seconds": round(perf_counter() - start, 1)}
    return Report(
        verdict=answer.verdict,
        sentence=answer.sentence,
        unseen=answer.unseen,
        seen=answer.seen,
        difference=answer.difference,
        lowest=answer.lowest,
        checks=[*setup.checks, answer.told_apart],
        coverage=setup.coverage,
        table=answer.table,
        gaps=answer.gaps,
        curve=curve,
        remedies=ranked(tried),
        measured=measured,
        cautions=setup.cautions,
        settings=settings,
    )


def _what_would_help(setup: Setup, answer: Answer, options: Options, step: Callable[[str], None]):
    """The curve of the class with the worst gap, and the remedies."""
    step("number of poses")
    worst, seed = answer.gaps[0], options.seed
    code = setup.coverage.classes.index(worst.label)
    curve = curve_of(setup.bench, answer.design, code, worst.label, options.target, options.confidence, seed)
    design = before(setup.bench, answer.design, options.confidence, answer.right)
    tried = remedies_of(design, seed, step)
    step("denser poses")
    denser = (design, setup.x, setup.action, setup.how, setup.entry_seconds, seed)
    tried.append(attempted("denser poses", lambda: denser_poses(*denser)))
    step("matching architecture")
    matching = (design, setup.architecture, seed)
    tried.append(attempted("matching architecture", lambda: matching_architecture(*matching)))
    return curve, tried


def _between(value, name, low, high, *, open_bottom=False, open_top=False):
    number = real(value, name)
    inside = (low < number or (not open_bottom and number == low)) and (
        number < high or (not open_top and number == high)
    )
    if not inside:
        left, right = "(" if open_bottom else "[", ")" if open_top else "]"
        raise ValueError(f"{name} must be a number in {left}{low}, {high}{right}, got {value!r}")
    return number
