"""From inputs to a case with its kernel: names resolved, checks made, objects drawn, the Gram matrix evaluated."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symlib.diagnose import checks
from symlib.diagnose.machine.bench import Bench, bench
from symlib.diagnose.machine.kernel_values import PointKernel
from symlib.diagnose.names import NamedAction, named_action, named_architecture, named_group
from symlib.diagnose.problem.case import Case, coverage_of
from symlib.diagnose.problem.cautions import cautions_of
from symlib.diagnose.problem.inputs import Samples, samples
from symlib.diagnose.problem.neighbours import Neighbours, neighbours
from symlib.diagnose.problem.orbit_points import moved_orbits, preparation, prepared, refuse_blank
from symlib.diagnose.problem.sizes import drawn, orbits_that_fit
from symlib.diagnose.report import Check, Coverage, Refused
from symlib.groups import FiniteGroup
from symlib.orbits import stabilisers
from symlib.orbits.repeats import first_of_coset

_PILOT = 48  # samples on which kernel and action are looked at


@dataclass(frozen=True)
class Options:
    """The numbers that `diagnose` was called with, checked."""

    ridge: float
    margin: float
    target: float
    confidence: float
    max_objects: int | None
    memory_limit: int
    seed: int
    progress: bool
    standardise: bool


@dataclass(frozen=True)
class Setup:
    """All that is needed to predict.

    Attributes
    ----------
    bench : Bench
    coverage : Coverage
    checks : list of Check
    cautions : list of str
    settings : dict
    x : (C, …) array, the samples drawn, as given
    action : NamedAction
    how : str, how points are prepared
    architecture : str
    entry_seconds : float, of a kernel evaluation
    """

    bench: Bench
    coverage: Coverage
    checks: list[Check]
    cautions: list[str]
    settings: dict[str, Any]
    x: NDArray[np.float64]
    action: NamedAction
    how: str
    architecture: str
    entry_seconds: float

    def observed_orbits(self) -> NDArray[np.float64]:
        """The orbits (C, |G|, …) in the units of the data."""
        case = self.bench.case
        return moved_orbits(self.x, self.action, case.group, case.pose)


def set_up(
    x: Any,
    y: Any,
    group: Any,
    action: Any,
    pose: Any,
    missing: Any,
    objects: Any,
    architecture: Any,
    options: Options,
    step: Callable[[str], None],
) -> Setup:
    """Check, draw, and evaluate the kernel; raises `Refused` with the checks made so far."""
    made: list[Check] = []
    try:
        return _set_up(x, y, group, action, pose, missing, objects, architecture, options, step, made)
    except MemoryError as error:
        message = f"{error}; for diagnose, pass max_objects="
        raise Refused(message, [*made, Check("memory", "refused", message)]) from error
    except Refused as refusal:
        name = refusal.checks[-1].name if refusal.checks else "input"
        raise Refused(str(refusal), [*made, Check(name, "refused", str(refusal))]) from refusal


def _set_up(x, y, group, action, pose, missing, objects, architecture, options, step, made):
    step("inputs")
    try:
        finite_group = named_group(group)
        data = samples(x, y, finite_group, pose, missing, objects)
        shape = data.x.shape[1:]
        move = named_action(action, group, shape)
    except Refused:
        raise
    except ValueError as error:
        raise Refused(str(error)) from error
    except MemoryError as error:  # of a group's table: fewer samples would not help
        raise Refused(f"the group does not fit into memory ({error}); pass one of fewer elements") from error
    _refuse_few_objects(data)
    coverage = coverage_of(data, finite_group)
    check, exact = checks.check_action(data.x, move, finite_group)
    made.append(check)
    how = preparation(data.x, move, finite_group, options.standardise)
    refuse_blank(data.x, how)

    step("kernel")
    few = np.unique(np.linspace(0, len(data.x) - 1, _PILOT).astype(int))
    pilot = _orbits(data, few, move, finite_group, how)
    try:
        named = named_architecture(architecture, shape, pilot[:, 0])
    except ValueError as error:
        raise Refused(str(error)) from error
    kernel = PointKernel(named.kernel, pilot)
    check, gap, exact_elements = checks.check_invariance(kernel, pilot, finite_group)
    made.append(check)
    entry = 1e-7 if named.cost == "low" else kernel.seconds_an_entry(pilot)

    step("points")
    most = orbits_that_fit(
        finite_group,
        len(exact_elements),
        2 if kernel.paired else 1,
        entry,
        float(np.bincount(data.y).max() / len(data.y)),
        int(np.prod(shape)),
        data.pose is not None,
        options.memory_limit,
    )
    k = len(data.labels)
    chosen = drawn(data.y, data.objects, data.pose, k, most, options.max_objects, options.seed)
    _refuse_few_drawn(data, chosen, options)
    orbits = _orbits(data, chosen, move, finite_group, how)
    cosets, sizes = _cosets(orbits, finite_group, made)
    near = neighbours(orbits, data.y[chosen], data.objects[chosen], k)
    kept, repeats = _without_repeats(near, data, chosen)
    chosen_kept, orbits, cosets = chosen[kept], orbits[kept], cosets[:, kept]
    ids = chosen_kept
    case_pose = None if data.pose is None else data.pose[ids]
    case = Case(finite_group, data.y[ids], data.objects[ids], case_pose, k, cosets, repeats, options.seed)
    made.append(checks.check_repeats(sizes[kept], repeats, int((~kept).sum()), finite_group.order))
    if case_pose is not None:
        made.append(checks.check_poses(orbits, case.y, case_pose, finite_group))
    made.append(checks.check_labels(near, data.y[chosen], data.labels, chosen))

    step("kernel values")
    found = bench(case, orbits, kernel, exact_elements, options.ridge, options.memory_limit, options.progress)
    made.append(checks.check_definite(found.machine.matrix, case.first, found.machine.ridge, options.seed))
    made.append(checks.check_balance(data.y, data.labels))
    made.append(checks.check_objects(case.objects, case.y, data.labels, options.margin, options.confidence))
    settings = {
        "group": finite_group.name,
        "order": finite_group.order,
        "action": move.name,
        "action_description": move.description,
        "architecture": architecture if isinstance(architecture, str) else named.description,
        "architecture_description": named.description,
        "ridge": options.ridge,
        "ridge_absolute": found.machine.ridge,
        "standardised": how,
        "exact_action": exact,
        "invariant": len(exact_elements) == finite_group.order,
        "invariance_gap": gap,
        "samples": len(data.y),
        "objects": len(np.unique(data.objects)),
        "samples_drawn": len(chosen),
        "samples_used": len(case.y),
        "cells_lost": _cells_lost(coverage, case),
        "objects_used": len(np.unique(case.objects)),
        "folds": case.n_folds,
        "confidence": options.confidence,
        "margin": options.margin,
        "target": options.target,
        "seed": options.seed,
    }
    cautions = cautions_of(settings, coverage, made)
    return Setup(
        found,
        coverage,
        made,
        cautions,
        settings,
        data.x[ids],
        move,
        how,
        settings["architecture"],
        entry,
    )


def _orbits(data: Samples, chosen: NDArray, move: NamedAction, group: FiniteGroup, how: str) -> NDArray:
    pose = None if data.pose is None else data.pose[chosen]
    try:
        return prepared(moved_orbits(data.x[chosen], move, group, pose), how)
    except ValueError as error:
        raise Refused(f"the samples cannot be prepared once they are moved: {error}") from error


def _cosets(orbits, group, made):
    """For every pose of every orbit the first that is the same point, (|G|, C), and the orders of the stabilisers."""
    try:
        fixing = [np.asarray(elements) for elements in stabilisers(orbits, group)]
    except ValueError as error:
        made.append(
            Check(
                "stabilisers",
                "warned",
                f"an interpolated action leaves nearly alone what it should leave alone: {error}",
                "poses are counted as distinct; an exact action tells them apart",
            )
        )
        fixing = [np.zeros(1, int)] * len(orbits)
    return first_of_coset(fixing, group), np.array([len(elements) for elements in fixing])


def _without_repeats(near: Neighbours, data: Samples, chosen: NDArray) -> tuple[NDArray, list[tuple[int, int, int]]]:
    """Which samples are kept, and the pairs that repeat among them.

    Without poses all poses of a sample are trained on, so that one that is another moved adds no point: it is left out.
    """
    y = data.y[chosen]
    same = [(i, j, u) for i, j, u in near.repeats if y[i] == y[j]]
    kept = np.ones(len(chosen), bool)
    if data.pose is not None:
        return kept, same
    for i, j, _ in same:
        if kept[i]:
            kept[j] = False
    return kept, []


def _cells_lost(coverage, case):
    """Cells that the data cover and the samples drawn do not."""
    if case.pose is None:
        return 0
    held = np.zeros(np.shape(coverage.counts), bool)
    held[case.y, case.pose] = True
    return int(((np.asarray(coverage.counts) > 0) & ~held).sum())


def _refuse_few_objects(data):
    for code, label in enumerate(data.labels):
        n = len(np.unique(data.objects[data.y == code]))
        if n < 2:
            raise Refused(
                f"class {label!r} has {n} object, and new objects are predicted from others of their class: at least "
                "two are needed; add some, or leave the class out"
            )


def _refuse_few_drawn(data, chosen, options):
    for code, label in enumerate(data.labels):
        n = len(np.unique(data.objects[chosen][data.y[chosen] == code]))
        if n < 2:
            why = "max_objects allows" if options.max_objects is not None else "time and memory allow"
            raise Refused(
                f"of the {len(chosen)} samples that {why}, class {label!r} has {n} object, and needs two; raise "
                "max_objects or memory_limit, or leave out classes"
            )
