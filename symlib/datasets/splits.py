"""Pairs of images of different classes, and splits by image."""

import numbers
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symlib.support.checks import index_array, plain_array, positive_int, real


class PoseSplit(NamedTuple):
    """Rows (image, pose): to train on, to test on in the poses seen of the class, and in the unseen."""

    train: np.ndarray
    test_in: np.ndarray
    test_out: np.ndarray


def digit_pairs(labels: ArrayLike, n_pairs: int, *, seed: int | np.random.Generator) -> NDArray[np.intp]:
    """Pairs of images of different classes, uniform among all such pairs, none drawn twice.

    Pairs count without order, and which image comes first is a coin toss. The pairs are numbered and
    drawn by number: time and memory grow with len(labels) + n_pairs, not with all possible pairs.

    Parameters
    ----------
    labels : array_like, shape (n,)
    n_pairs : int
    seed : int or numpy.random.Generator

    Returns
    -------
    ndarray of int, shape (n_pairs, 2)
        Indices into `labels`.

    Raises
    ------
    ValueError
        If `labels` is not a vector, or allows fewer than `n_pairs` pairs.

    Examples
    --------
    >>> pairs = digit_pairs([3, 3, 8], 2, seed=0)
    >>> sorted(sorted(pair) for pair in pairs.tolist())
    [[0, 2], [1, 2]]
    """
    labels = _label_vector(labels)
    n_pairs = positive_int(n_pairs, "n_pairs")
    order = np.argsort(labels, kind="stable")
    _, class_of, sizes = np.unique(labels[order], return_inverse=True, return_counts=True)
    # In the sorted list an image pairs with everything behind its class; pairs are numbered in that order.
    behind = np.cumsum(sizes)[class_of]
    last_number = np.cumsum(len(labels) - behind)
    total = int(last_number[-1])
    if n_pairs > total:
        raise ValueError(
            f"n_pairs = {n_pairs} pairs of different labels were asked, but {len(labels)} labels in "
            f"{len(sizes)} classes allow {total}; ask for at most that many or pass more images"
        )
    rng = np.random.default_rng(seed)
    number = _distinct(rng, total, n_pairs)
    first = np.searchsorted(last_number, number, side="right")
    second = len(labels) - (last_number[first] - number)
    pairs = order[np.stack([first, second], axis=1)]
    return rng.permuted(pairs, axis=1)


def partially_observed(
    labels: ArrayLike,
    n_poses: int,
    *,
    partial_class: Any,
    seen_poses: ArrayLike,
    test_fraction: float = 0.2,
    seed: int | np.random.Generator,
) -> PoseSplit:
    """Train on every pose of all classes but one, which is seen in some poses only.

    Images are split first, within each class, so no image is in both train and test. Trained on: the
    train images in all poses, those of `partial_class` in `seen_poses` only. Tested on: the other images
    in the poses seen of their class (`test_in`), and in the poses never seen of it (`test_out`).

    Parameters
    ----------
    labels : array_like, shape (n,)
    n_poses : int
        Poses of each image, the order of the group.
    partial_class : scalar
        The label of the class seen in part.
    seen_poses : array_like of int
        The poses in which that class is seen; at least one, and not all.
    test_fraction : float
        Fraction of the images of each class to test on, in (0, 1); at least one image on either side.
    seed : int or numpy.random.Generator

    Returns
    -------
    PoseSplit
        `train`, `test_in`, `test_out`: int arrays (m, 2) of (image, pose), sorted.

    Raises
    ------
    ValueError
        If `partial_class` is absent, a class has fewer than two images, `seen_poses` is empty, repeats
        a pose, holds all or one out of range, or `test_fraction` is not between 0 and 1.

    Examples
    --------
    >>> split = partially_observed([0, 0, 7, 7], 3, partial_class=7, seen_poses=[0], seed=0)
    >>> [len(part) for part in split]  # one image of each class to train on, one to test on
    [4, 4, 2]
    """
    labels = _label_vector(labels)
    n_poses = positive_int(n_poses, "n_poses")
    seen = index_array(seen_poses, (n_poses,), "seen_poses")
    if len(seen) == n_poses:
        raise ValueError(f"seen_poses holds all {n_poses} poses, so none is left to generalise to; leave some out")
    if not 0 < real(test_fraction, "test_fraction") < 1:
        raise ValueError(f"test_fraction must lie between 0 and 1, got {test_fraction}")
    classes, class_of, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if np.ndim(partial_class) or partial_class not in classes:
        raise ValueError(f"partial_class must be one of {classes.tolist()}, got {partial_class!r}")
    if sizes.min() < 2:
        raise ValueError(
            f"class {classes[sizes.argmin()]} has 1 image, which cannot be both trained and tested "
            "on; pass at least two images of each class"
        )
    rng = np.random.default_rng(seed)
    test = np.zeros(len(labels), dtype=bool)
    for k, size in enumerate(sizes):
        n_test = min(max(round(test_fraction * size), 1), size - 1)
        test[rng.choice(np.flatnonzero(class_of == k), n_test, replace=False)] = True
    observed = np.ones((len(labels), n_poses), dtype=bool)
    observed[labels == partial_class] = np.isin(np.arange(n_poses), seen)
    parts = (observed & ~test[:, None], observed & test[:, None], ~observed & test[:, None])
    return PoseSplit(*(np.argwhere(part) for part in parts))


def _label_vector(given):
    labels = plain_array(given, "labels")
    if labels.ndim != 1 or labels.size == 0:
        raise ValueError(f"labels must have shape (n,) with n at least 1, got {labels.shape}")
    if labels.dtype.kind in "OUS":
        # NumPy writes the numbers of a mixed list as text, and what is mixed has no order.
        kinds = sorted({_kind(label) for label in np.asarray(given, dtype=object)})
        if len(kinds) > 1:
            raise ValueError(f"labels must be of one kind, got {' and '.join(kinds)}; convert them, or leave some out")
        labels = np.array(labels.tolist())
    missing = labels != labels  # NaN, which is of no class
    if missing.any():
        raise ValueError(f"labels must name a class for each image, got {labels[missing][0]} at {missing.argmax()}")
    return labels


def _kind(label):
    return "numbers" if isinstance(label, (numbers.Number, np.bool_)) else type(label).__name__.rstrip("_")


def _distinct(rng, total, count):
    """`count` distinct numbers below `total`, uniform, in random order."""
    if count > total // 2:
        # Most of them: drop the rest. The answer itself is then of the size of all.
        return rng.permutation(np.delete(np.arange(total), _distinct(rng, total, total - count)))
    # The first distinct numbers of a uniform stream are a uniform draw without replacement.
    stream = np.empty(0, dtype=int)
    while True:
        values, place = np.unique(stream, return_index=True)
        if len(values) >= count:
            return stream[np.sort(place)[:count]]
        stream = np.concatenate([stream, rng.integers(total, size=count + 8)])
