"""Training networks on images in some of their poses, and ensembles of small networks side by side."""

from symlib.training.devices import pick_device
from symlib.training.ensembles import Ensemble, initial_weights, train_ensemble
from symlib.training.evaluation import evaluate, predict
from symlib.training.loop import History, Trained, UnsavedError, train
from symlib.training.stacks import Stack, train_stack

__all__ = [
    "Ensemble",
    "History",
    "Stack",
    "Trained",
    "UnsavedError",
    "evaluate",
    "initial_weights",
    "pick_device",
    "predict",
    "train",
    "train_ensemble",
    "train_stack",
]
