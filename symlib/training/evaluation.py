"""What a trained network says of images in given poses, and how often it is right."""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from symlib.support.checks import plain_array
from symlib.training.devices import dtype_of, float32_by_default
from symlib.training.pose_batches import PoseImages

_BATCH = 1024  # rows at once, without gradients


def predict(model: torch.nn.Module, images: ArrayLike, rows: ArrayLike, n_poses: int) -> NDArray[np.int64]:
    """The class of highest score for each row (image, pose).

    Parameters
    ----------
    model : torch module, (B, H, W) → (B, classes); it computes on the device where its weights are
    images : array_like, shape (n, H, W), H = W
    rows : array_like of int, shape (m, 2)
        (image, pose), for example `partially_observed(...).test_out`; pose g is the rotation by 360·g/n_poses degrees.
    n_poses : int

    Returns
    -------
    ndarray of int, shape (m,)

    Raises
    ------
    ValueError
        If `rows` are out of range, or an image is blank in its pose.
    FloatingPointError
        If the network gives NaN, of which no class is the highest.

    Examples
    --------
    >>> from symlib import mnist
    >>> from symlib.models import MLP
    >>> predict(MLP.small(), mnist()[0], [[0, 0], [0, 1], [5, 3]], n_poses=4).shape
    (3,)
    """
    inputs = _inputs(model, images, n_poses)
    return predicted(model, inputs, inputs.row_array(rows, "rows"))


def evaluate(model: torch.nn.Module, images: ArrayLike, labels: ArrayLike, rows: ArrayLike, n_poses: int) -> float:
    """The fraction of rows (image, pose) that a network classifies correctly.

    Parameters
    ----------
    model, images, rows, n_poses : as for `predict`
    labels : array_like, shape (n,)

    Returns
    -------
    float in [0, 1]; its standard error is at most 1/√(4m) for rows of m different images.

    Raises
    ------
    ValueError
        As `predict`; also if there is not one label an image, or one is no class of the network.
    FloatingPointError
        As `predict`.

    Examples
    --------
    >>> from symlib import mnist
    >>> from symlib.models import MLP
    >>> images, labels = mnist()
    >>> 0 <= evaluate(MLP.small(), images, labels, [[0, 0], [1, 3]], n_poses=4) <= 1
    True
    """
    inputs = _inputs(model, images, n_poses)
    rows = inputs.row_array(rows, "rows")
    return accuracy(model, inputs, checked_labels(labels, model, inputs)[0], rows)


def predicted(model, inputs, rows, mixed_precision=False):
    """As `predict`, from `PoseImages`; the model goes back to the mode (training or not) it came in."""
    was_training = model.training
    model.eval()
    autocast = torch.autocast(inputs.device.type, torch.bfloat16, enabled=mixed_precision)
    with torch.no_grad(), float32_by_default(), autocast:
        scores = (model(x) for x, _ in inputs.batches(rows, _BATCH))
        # Of NaN argmax makes a class. One look at the end: the device does not wait after each batch.
        found = [(batch.argmax(dim=1), batch.isnan().any(dim=1)) for batch in scores]
    model.train(was_training)
    classes, lost = (torch.cat(parts).cpu().numpy() for parts in zip(*found))
    if lost.any():
        image, pose = rows[lost.argmax()]
        raise FloatingPointError(
            f"model gives NaN for {lost.sum()} of {len(rows)} rows, the first of image {image} in pose {pose}; look at "
            "its weights"
        )
    return classes


def accuracy(model, inputs, labels, rows, mixed_precision=False):
    """As `evaluate`, from `PoseImages`."""
    return float(np.mean(predicted(model, inputs, rows, mixed_precision) == labels[rows[:, 0]]))


def checked_labels(labels: ArrayLike, model: torch.nn.Module, inputs: PoseImages) -> tuple[NDArray[np.int64], int]:
    """Labels as an array, and the number of classes, which the network's scores tell."""
    labels = plain_array(labels, "labels")
    images = torch.zeros(2, inputs.side, inputs.side, dtype=inputs.dtype, device=inputs.device)
    was_training = model.training
    with torch.no_grad():
        try:
            scores = model.eval()(images)
        except Exception as error:
            reason = str(error).strip().splitlines()[0]
            raise ValueError(
                f"model fails on images (B, H, W) of shape {tuple(images.shape)}: {reason} (If it wants a channel "
                "axis, let it begin with images.unsqueeze(1), as a layer "
                f"torch.nn.Unflatten(1, (1, {inputs.side})); else see that its sizes fit.)"
            ) from error
        finally:
            model.train(was_training)
    if not isinstance(scores, torch.Tensor) or scores.ndim != 2 or len(scores) != 2:
        got = f"shape {tuple(scores.shape)}" if isinstance(scores, torch.Tensor) else f"a {type(scores).__name__}"
        raise ValueError(f"model must give scores (B, classes) for images (B, H, W), got {got} for two images")
    classes = scores.shape[1]
    if labels.shape != (inputs.n_images,) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"labels must be whole numbers of shape ({inputs.n_images},), one for each image, "
            f"got {labels.dtype} of shape {labels.shape}"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"labels must be 0 to {classes - 1} for a network of {classes} classes, got {labels.min()} to "
            f"{labels.max()}; make the network with classes={labels.max() + 1}, or number the labels from 0"
        )
    return labels.astype(np.int64), classes


def _inputs(model, images, n_poses):
    weight = next(model.parameters(), None)
    inputs = PoseImages(images, n_poses, "cpu" if weight is None else weight.device)
    inputs.dtype = dtype_of(model)
    return inputs
