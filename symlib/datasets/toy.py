"""The toy data set of the theory: two circles of points."""

import numpy as np
from numpy.typing import NDArray

from symlib.support.checks import finite_array, positive_int


def circles(n: int, separation: float, radius: float = 1.0) -> NDArray[np.float64]:
    """Two circles of n points in R³ at heights ±separation/2, the second turned by half a step.

    Point g of orbit c lies at the angle 2π(g + c/2)/n. Interleaved (element-major) the 2n points are one
    orbit of C_2n, turn and reflect, so the Gram matrix of any kernel of distances is circulant: the toy
    model of Perin and Deny (2025), Fig. 2.

    Parameters
    ----------
    n : int
        Points on each circle.
    separation : float
        Distance between the planes of the circles.
    radius : float

    Returns
    -------
    ndarray, shape (2, n, 3)

    Raises
    ------
    ValueError
        If `n` is not a whole number of at least 1, `radius` not positive, or a number not finite.

    Examples
    --------
    >>> circles(2, separation=1.0).round(12) + 0.0
    array([[[ 1. ,  0. ,  0.5],
            [-1. ,  0. ,  0.5]],
    <BLANKLINE>
           [[ 0. ,  1. , -0.5],
            [ 0. , -1. , -0.5]]])
    """
    n = positive_int(n, "n")
    separation, radius = finite_array([separation, radius], "(separation, radius)", ndim=1)
    if radius <= 0:
        raise ValueError(f"radius must be positive, got {radius}")
    angle = 2 * np.pi * np.add.outer([0, 0.5], np.arange(n)) / n
    height = np.broadcast_to([[separation / 2], [-separation / 2]], angle.shape)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=-1)
