"""Data sets, and what is drawn from them: digits, music, boards, days; pairs of images; splits with missing poses."""

from symlib.datasets.boards import Boards, one_hot, tic_tac_toe
from symlib.datasets.daily_courses import DailyCourses, hourly_temperatures
from symlib.datasets.image_sources import LabelledImages, labelled_images
from symlib.datasets.images import fashion_mnist, mnist
from symlib.datasets.pitch_classes import Chorales, chorales
from symlib.datasets.splits import PoseSplit, digit_pairs, partially_observed
from symlib.datasets.toy import circles

__all__ = [
    "Boards",
    "Chorales",
    "DailyCourses",
    "LabelledImages",
    "PoseSplit",
    "chorales",
    "circles",
    "digit_pairs",
    "fashion_mnist",
    "hourly_temperatures",
    "labelled_images",
    "mnist",
    "one_hot",
    "partially_observed",
    "tic_tac_toe",
]
