"""The main finding of chapter 12 at a small size: the number of classes decides whether a symmetry is carried over."""

import numpy as np
import pytest

from symlib.datasets import mnist
from symlib.models import MLP
from symlib.training import train_stack

pytestmark = pytest.mark.usefixtures("one_torch_thread")
SETS, COMPLETE, LOST = 4, 32, 4


def data_set(index, per_class, permuted):
    """Digits in four quarter turns; the classes 0 to LOST − 1 lack one of them."""
    rng = np.random.default_rng([12, index])
    lost, order = rng.integers(4, size=LOST), rng.permutation(10_000)
    partial, n_classes = LOST * per_class, COMPLETE // per_class
    images = mnist()[0][np.concatenate([order[-partial:], order[:COMPLETE]])]
    small = images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
    x = np.stack([np.rot90(small, pose, axes=(1, 2)) for pose in range(4)], axis=1)
    x = (x - x.mean(axis=(2, 3), keepdims=True)) / x.std(axis=(2, 3), keepdims=True)
    y = np.repeat(np.repeat(np.arange(LOST + n_classes), per_class)[:, None], 4, axis=1)
    seen = np.ones(y.shape, bool)
    seen[np.arange(partial), lost[y[:partial, 0]]] = False
    missing, classes = x[~seen], y[~seen]
    if permuted:
        for pose in range(4):
            y[partial:, pose] = rng.permutation(y[partial:, pose])
    return x[seen], y[seen], missing, classes


def share_right(per_class):
    """Share of the missing poses that is right: labels as they are, and permuted at each pose."""
    draws = [data_set(i, per_class, permuted) for permuted in (False, True) for i in range(SETS)]
    x, y, missing, classes = map(np.array, zip(*draws))
    n_classes = int(y.max()) + 1
    stack = train_stack(
        lambda: MLP((96, 96, 96), dropout=0, side=14, classes=n_classes),
        *(x, y),
        seeds=[*range(SETS)] * 2,
        steps=300,
        batch_size=64,
        device="cpu",
        progress=False,
    )
    assert (stack.predict(x).argmax(axis=-1) == y).mean() > 0.99
    return (stack.predict(missing).argmax(axis=-1) == classes).reshape(2, -1).mean(axis=1)


def test_classes_decide_and_not_images():
    shared, permuted = share_right(per_class=1)
    few_shared, few_permuted = share_right(per_class=8)
    # 16 missing poses: each of these bounds is more than two standard errors away from what was measured.
    assert shared > 0.5 and permuted < 0.2
    assert few_shared < 0.2 and few_permuted < 0.2
