"""The former path of `symlib.training.ensembles`, kept for the programs that import it from here."""

from symlib.training.ensembles import Ensemble, initial_weights, train_ensemble

__all__ = ["Ensemble", "initial_weights", "train_ensemble"]
