"""What would help, each recomputed on the same objects in the same folds, with its gain, its cost and its harm.

Data: the gap closed, one random pose more a sample, all poses but the gap (augmentation within what is seen). At
asking: a committee over all poses. In the machine: its kernel averaged over a subgroup or the group. Denser poses and
another architecture need kernel values of their own (`other_kernels`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symlib.diagnose.answers.prediction import Right, in_gaps, in_seen, predicted, rightly
from symlib.diagnose.machine.bench import Bench
from symlib.diagnose.machine.matrices import averaged_vectors
from symlib.diagnose.problem.case import Design
from symlib.diagnose.report import Refused, Remedy
from symlib.diagnose.shares import difference_of, share_of
from symlib.groups.subgroups import cyclic_subgroups
from symlib.support.hermitian import IndefiniteMatrixError, SingularMatrixError

DRAWS = 3
_SUBGROUPS = 4


@dataclass(frozen=True)
class Before:
    """The design without a remedy: its right answers, and the parts right (C,) of orbits in gaps and in seen poses."""

    bench: Bench
    design: Design
    right: Right
    unseen: NDArray[np.float64]
    seen: NDArray[np.float64]
    confidence: float

    @property
    def size(self) -> int:
        """Points trained on."""
        return int(self.bench.case.trained(self.design).sum())


def before(bench: Bench, design: Design, confidence: float, right: Right | None = None) -> Before:
    right = predicted(bench, design) if right is None else right
    unseen, seen = in_gaps(bench.case, design, right.new), in_seen(bench.case, design, right.new)
    return Before(bench, design, right, unseen, seen, confidence)


def compared(
    start: Before, name: str, what: str, news: Sequence[NDArray], training: float = 1.0, asking: float | None = 1.0
) -> Remedy:
    """The remedy with these right answers (|G|, C) of new objects, one array a draw, beside those before."""
    case, design = start.bench.case, start.design
    unseen = np.mean([in_gaps(case, design, new) for new in news], axis=0)
    seen = np.mean([in_seen(case, design, new) for new in news], axis=0)
    return Remedy(
        name,
        what,
        True,
        share=share_of(unseen, case.objects, start.confidence),
        gain=difference_of(unseen - start.unseen, case.objects, start.confidence),
        harm=difference_of(seen - start.seen, case.objects, start.confidence),
        training=training,
        asking=asking,
        draws=len(news),
    )


def remedies_of(start: Before, seed: int, step: Callable[[str], None]) -> list[Remedy]:
    """The remedies that need no other kernel values; `step(name)` is called before each."""
    made = {
        "close the gap": _closed_gap,
        "one random pose a sample": _random_pose,
        "augment within the seen poses": _within_what_is_seen,
        "committee over all poses": _committee,
    }
    found = []
    for name, make in made.items():
        step(name)
        found.append(attempted(name, lambda make=make: make(start, seed)))
    step("averages")
    for name, elements in _subgroups(start.bench.case.group).items():
        found.append(attempted(name, lambda name=name, elements=elements: _average(start, name, elements)))
    return found


def attempted(name: str, make: Callable[[], Remedy]) -> Remedy:
    """The remedy, or why its numbers cannot be had: a kernel too close to singular, too little memory."""
    try:
        return make()
    except (SingularMatrixError, IndefiniteMatrixError, MemoryError, Refused) as error:
        return Remedy(name, "", False, why_not=f"its numbers cannot be computed: {error}")


def ranked(remedies: Sequence[Remedy]) -> list[Remedy]:
    """By the lower end of the gain, then by what they take; those not applicable last."""

    def key(remedy):
        if not remedy.applicable:
            return (1, 0.0, 0.0)
        # The lower end: a large gain that few objects show is not the best. Within a hundredth the cheaper is first.
        return (0, -round(remedy.gain.low, 2), (remedy.training or 1) * (remedy.asking or 1))

    return sorted(remedies, key=key)


def _of_design(start, name, what, seens):
    """A remedy that trains on other points, one array `seen` a draw."""
    bench, cells, gaps = start.bench, start.design.cells, start.design.gaps
    changed = [Design(seen, cells, gaps) for seen in seens]
    sizes = [bench.case.trained(design).sum() for design in changed]
    news = [predicted(bench, design).new for design in changed]
    return compared(start, name, what, news, training=float(np.mean(sizes)) / start.size)


def _closed_gap(start, seed):
    case, seen = start.bench.case, start.design.seen.copy()
    for c, g in start.design.gaps:
        seen[g, case.y == c] = True
    what = "Every training sample of a class that has a gap is added in the poses that the class lacks."
    return _of_design(start, "close the gap", what, [seen])


def _random_pose(start, seed):
    case, rng = start.bench.case, np.random.default_rng([seed, 4])
    seens = []
    for _ in range(DRAWS):
        seen = start.design.seen.copy()
        seen[rng.integers(case.group.order, size=len(case.y)), np.arange(len(case.y))] = True
        seens.append(seen)
    what = "Every training sample of every class is added once more, in one pose drawn from all of the group."
    return _of_design(start, "one random pose a sample", what, seens)


def _within_what_is_seen(start, seed):
    case, design = start.bench.case, start.design
    name = "augment within the seen poses"
    what = "Every training sample is moved into all poses in which its class is seen, and the gap stays."
    seen = design.seen | case.of_cells(design.cells)
    if np.array_equal(seen, design.seen):
        return Remedy(name, what, False, why_not="the design trains on all of these poses as it is")
    return _of_design(start, name, what, [seen])


def _committee(start, seed):
    bench = start.bench
    group = bench.case.group
    _, scores = bench.machine.answers(bench.case.trained(start.design))
    mean = averaged_vectors(scores, np.arange(group.order), group)
    return compared(
        start,
        "committee over all poses",
        f"The network as it is answers for all {group.order} poses of what it is asked, and the answers are averaged.",
        [rightly(mean, bench.case.y)],
        asking=float(group.order),
    )


def _subgroups(group):
    """What kernels are averaged over, by the name of the remedy: some subgroups, and the group."""
    subgroups = cyclic_subgroups(group)
    if len(subgroups) > _SUBGROUPS:  # the largest of each order, and of these the largest orders
        by_order = {len(elements): elements for elements in reversed(subgroups)}
        subgroups = [by_order[m] for m in sorted(by_order, reverse=True)][:_SUBGROUPS]
    named = {}
    for elements in subgroups:
        shown = ", ".join(map(str, elements[:6])) + (", …" if len(elements) > 6 else "")
        named[f"average over the subgroup {{{shown}}}"] = elements
    return named | {"average over the group": np.arange(group.order)}


def _average(start, name, elements):
    bench, whole = start.bench, len(elements) == start.bench.case.group.order
    what = (
        f"The network is made invariant: it is trained and asked as the mean over {len(elements)} poses of its input "
        "(in the limit of many poses seen, what augmentation with all of them gives)."
        if whole
        else f"The same over {len(elements)} poses only."
    )
    machine = bench.machine.averaged(elements)
    _, scores = machine.answers(bench.case.trained(start.design))
    asking = float(len(elements))
    return compared(start, name, what, [rightly(scores, bench.case.y)], asking=asking)
