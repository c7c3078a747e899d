"""The former path of `symlib.training.pose_batches`, kept for the programs that import it from here."""

from symlib.training.pose_batches import PoseImages

__all__ = ["PoseImages"]
