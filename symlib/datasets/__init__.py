"""Data sets, and what is drawn from them: pairs of images, and splits in which a class lacks poses."""

from symlib.datasets.images import fashion_mnist, mnist
from symlib.datasets.splits import PoseSplit, digit_pairs, partially_observed
from symlib.datasets.toy import circles

__all__ = ["PoseSplit", "circles", "digit_pairs", "fashion_mnist", "mnist", "partially_observed"]
