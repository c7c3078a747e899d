"""Where remedies are tried: the points, the kernel and the machine of one case, and smaller or other ones like it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symlib.diagnose.machine.fitted import Machine
from symlib.diagnose.machine.kernel_values import PointKernel
from symlib.diagnose.machine.matrices import DenseMatrix, InvariantMatrix
from symlib.diagnose.problem.case import Case

_MANY_REPEATS = 0.3  # of all points, from which on only the distinct ones are inverted


@dataclass(frozen=True)
class Bench:
    """One kernel on one case.

    Attributes
    ----------
    case : Case
    orbits : (C, |G|, …) array, prepared points
    kernel : PointKernel
    machine : Machine
    nngp : matrix of the NNGP kernel, or None
    exact : (m,) int array, the subgroup under which the kernel is invariant
    ridge : float, relative to the mean diagonal
    memory_limit : int
    progress : bool
    """

    case: Case
    orbits: NDArray[np.float64]
    kernel: PointKernel
    machine: Machine
    nngp: InvariantMatrix | DenseMatrix | None
    exact: NDArray[np.intp]
    ridge: float
    memory_limit: int
    progress: bool

    def on(self, orbits: NDArray) -> "Bench":
        """The same kernel and case on some of the orbits, given by index: their folds are kept."""
        case = self.case.restricted(orbits)
        return bench(case, self.orbits[orbits], self.kernel, self.exact, self.ridge, self.memory_limit, self.progress)


def bench(
    case: Case,
    orbits: NDArray,
    kernel: PointKernel,
    exact: NDArray,
    ridge: float,
    memory_limit: int,
    progress: bool,
) -> Bench:
    """Evaluate the kernel on all that is needed, and set up the machine."""
    matrix, nngp = kernel.matrices(orbits, case.group, exact, memory_limit, progress)
    absolute = ridge * mean_diagonal(matrix)
    few_repeats = (~case.first).mean() <= _MANY_REPEATS
    base = np.ones_like(case.first) if few_repeats and len(exact) == case.group.order else case.first
    machine = Machine(matrix, case.group, case.targets, case.folds, absolute, base)
    return Bench(case, orbits, kernel, machine, nngp, exact, ridge, memory_limit, progress)


def mean_diagonal(matrix: InvariantMatrix | DenseMatrix) -> float:
    """The mean of k(x, x) over all points."""
    diagonal = np.diagonal(matrix.kappa[0] if isinstance(matrix, InvariantMatrix) else matrix.gram)
    return float(diagonal.mean())
