"""What compiled kernels share: Numba where it is installed (it is optional), and the angle of two directions."""

import math
from functools import lru_cache

import jax

from symlib.kernels.arc_cosine import SAME_DIRECTION, angle_polynomial

try:
    import numba
except ImportError:
    numba = None

_SNAP = SAME_DIRECTION / 2
# LLVM may reorder sums and contract a·b + c; nothing here depends on a NaN or an infinity.
OPTIONS = {"nogil": True, "fastmath": True, "error_model": "numpy"}


def available():
    """Whether Numba is there and JAX has no accelerator that would be faster."""
    return numba is not None and jax.default_backend() == "cpu"


@lru_cache
def compiled_angle(degree):
    """cos θ ↦ sin θ, π−θ, to be compiled into loops; `degree` of the polynomial as for `angle_polynomial`."""
    coefficients = tuple(angle_polynomial(degree).tolist())

    @numba.njit(inline="always", **OPTIONS)
    def angle(cos):
        size = abs(cos)
        z = 0.5 - 0.5 * size
        z = z if z > _SNAP else 0.0
        u = 4.0 * z - 1.0
        ratio = coefficients[-1]
        for k in range(len(coefficients) - 2, -1, -1):
            ratio = ratio * u + coefficients[k]
        # π − θ = π/2 + arcsin(cos θ), and arcsin |cos θ| = π/2 − 2 arcsin √z.
        arcsine = 0.5 * math.pi - 2.0 * math.sqrt(z) * ratio
        return 2.0 * math.sqrt(z * (1.0 - z)), 0.5 * math.pi + (arcsine if cos > 0.0 else -arcsine)

    return angle
