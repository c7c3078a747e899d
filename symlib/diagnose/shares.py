"""Shares right and their differences, with intervals over objects that hold for few of them, and near 0 and 1.

A share is over samples, and those of one object are one draw: with w_o samples of object o, (Σw)²/Σw² objects count
(Kish 1965), and the interval is Wilson's (1927) for that many draws, whatever part of a draw is right. (For parts the
variance is at most p(1 − p): the interval is wide rather than narrow.)

A difference is paired: d_o is the mean within an object. Two differences more, +1 and −1, are added, which for
differences of −1, 0 and 1 is the interval of Bonett and Price (2012); it has a width where all draws are equal, as
Student's, of width zero there, has not. The quantile is Student's.
"""

import numpy as np
from numpy.typing import NDArray

from symlib.diagnose.report import Share


def share_of(right: NDArray, objects: NDArray, confidence: float) -> Share | None:
    """The share of samples right, with an interval over objects.

    Parameters
    ----------
    right : (n,) array, for each sample the part of it that is right, 0 to 1; NaN where it was not asked
    objects : (n,) int array, the object of each sample
    confidence : float

    Returns
    -------
    Share, or None where nothing was asked
    """
    values, weights = _of_objects(right, objects)
    if not len(values):
        return None
    from scipy import stats

    p = float(np.nanmean(right))
    n = 1 / float((weights**2).sum())
    z2 = stats.norm.ppf((1 + confidence) / 2) ** 2
    middle, half = (p + z2 / (2 * n)) / (1 + z2 / n), np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low, high = max(0.0, float(middle - half)), min(1.0, float(middle + half))
    return Share(p, min(low, p), max(high, p), len(values))


def difference_of(change: NDArray, objects: NDArray, confidence: float) -> Share | None:
    """The mean change, −1 to 1, with an interval over objects.

    Parameters
    ----------
    change : (n,) array, for each sample the difference of two parts right; NaN where there is none
    objects, confidence : as for `share_of`

    Returns
    -------
    Share, or None where there is no difference. Of one object: −1 to 1.
    """
    values, weights = _of_objects(change, objects)
    if not len(values):
        return None
    mean = float(np.nanmean(change))
    n = 1 / float((weights**2).sum())
    if len(values) < 2:
        return Share(mean, -1.0, 1.0, len(values))
    from scipy import stats

    middle = n * mean / (n + 2)
    variance = (n * float(weights @ values**2) + 2) / (n + 2) - middle**2
    half = stats.t.ppf((1 + confidence) / 2, max(1.0, n - 1)) * np.sqrt(variance / (n + 2))
    low, high = max(-1.0, float(middle - half)), min(1.0, float(middle + half))
    return Share(mean, min(low, mean), max(high, mean), len(values))


def mean_over(right: NDArray, where: NDArray) -> NDArray[np.float64]:
    """For each column of `right` (|G|, n) its mean over the rows in `where` (|G|, n); NaN where there are none."""
    count = where.sum(axis=0)
    total = np.where(where, right, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _of_objects(values, objects):
    """The mean within each object that has values, and the object's part of the samples."""
    asked = ~np.isnan(values)
    codes, inverse = np.unique(np.asarray(objects)[asked], return_inverse=True)
    count = np.bincount(inverse, minlength=len(codes)).astype(float)
    total = np.bincount(inverse, weights=np.asarray(values, float)[asked], minlength=len(codes))
    return (total / count, count / count.sum()) if len(codes) else (count, count)
