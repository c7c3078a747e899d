"""Networks in PyTorch: fully connected, convolutional (one with quarter turns built in), a vision transformer.

Each takes images (B, H, W) and gives one score a class, (B, classes). The default sizes are those of Perin and Deny
(2025), Fig. 1, and `EquivariantCNN` has as many parameters as `CNN`; `small()` gives the same architecture at a size
for two CPU cores. A network is drawn at random when it is made: call `torch.manual_seed` first, or let `training.train`
make it under its seed.
"""

from collections.abc import Sequence
from typing import Any, Self

import torch
from torch import nn
from torch.nn.functional import conv2d

from symlib.support.checks import fraction, positive_int

SIDE, CLASSES = 28, 10


class MLP(nn.Module):
    """Fully connected: (Dense, ReLU, dropout) for each hidden width, then Dense to the classes.

    With the defaults 784-512-128-10: 468,874 parameters, that is Σ (fan_in + 1) · fan_out over its layers.

    Parameters
    ----------
    widths : sequence of int, the hidden layers
    dropout : float in [0, 1), the fraction of hidden units switched off at each step of training
    side : int, height and width of the images in pixels
    classes : int

    Raises
    ------
    ValueError
        If a size is not a whole number of at least 1, or `dropout` is not in [0, 1).

    Examples
    --------
    >>> MLP()(torch.zeros(5, 28, 28)).shape, parameter_count(MLP())
    (torch.Size([5, 10]), 468874)
    """

    def __init__(
        self,
        widths: Sequence[int] = (512, 128),
        *,
        dropout: float = 0.2,
        side: int = SIDE,
        classes: int = CLASSES,
    ):
        super().__init__()
        side, classes = positive_int(side, "side"), positive_int(classes, "classes")
        layers: list[nn.Module] = [nn.Flatten()]
        fan_in = side**2
        for i, width in enumerate(widths):
            width = positive_int(width, f"widths[{i}]")
            layers += [nn.Linear(fan_in, width), nn.ReLU(), nn.Dropout(fraction(dropout, "dropout"))]
            fan_in = width
        self.layers = nn.Sequential(*layers, nn.Linear(fan_in, classes))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images)

    @classmethod
    def small(cls, **sizes: Any) -> Self:
        """784-128-64-10: 109,386 parameters. Keywords as for `MLP` replace sizes."""
        defaults: dict[str, Any] = {"widths": (128, 64)}
        return cls(**(defaults | sizes))


class CNN(nn.Module):
    """Convolutional: (convolution without padding, ReLU, 2 × 2 max pooling) for each filter, Dense, ReLU, Dense.

    With the defaults 5×5×24, pool, 3×3×32, pool, 256, 10: images of 28 pixels become 24, 12, 10 and 5 wide, so 800
    numbers enter the hidden layer; 215,194 parameters.

    Parameters
    ----------
    filters : sequence of (size, channels), the convolutions in order
    width : int, the hidden layer behind them
    dropout : float in [0, 1), on that layer
    side : int, height and width of the images in pixels
    classes : int

    Raises
    ------
    ValueError
        As `MLP`; also if nothing is left of the image after the last pooling.

    Examples
    --------
    >>> CNN()(torch.zeros(5, 28, 28)).shape, parameter_count(CNN())
    (torch.Size([5, 10]), 215194)
    """

    def __init__(
        self,
        filters: Sequence[tuple[int, int]] = ((5, 24), (3, 32)),
        width: int = 256,
        *,
        dropout: float = 0.0,
        side: int = SIDE,
        classes: int = CLASSES,
    ):
        super().__init__()
        left, classes = positive_int(side, "side"), positive_int(classes, "classes")
        layers: list[nn.Module] = [nn.Unflatten(1, (1, left))]
        channels_in = 1
        for i, (size, channels) in enumerate(filters):
            size, channels = positive_int(size, f"filters[{i}][0]"), positive_int(channels, f"filters[{i}][1]")
            if left - size + 1 < 2:
                raise ValueError(
                    f"filters[{i}] is {size} × {size}, but {left} pixels are left of {side} at that depth, fewer than "
                    "a filter and the pooling behind it need; take smaller filters or fewer of them"
                )
            layers += [nn.Conv2d(channels_in, channels, size), nn.ReLU(), nn.MaxPool2d(2)]
            left, channels_in = (left - size + 1) // 2, channels
        width = positive_int(width, "width")
        layers += [
            nn.Flatten(),
            nn.Linear(channels_in * left**2, width),
            nn.ReLU(),
            nn.Dropout(fraction(dropout, "dropout")),
        ]
        self.layers = nn.Sequential(*layers, nn.Linear(width, classes))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images)

    @classmethod
    def small(cls, **sizes: Any) -> Self:
        """5×5×8, pool, 3×3×16, pool, 64, 10: 27,690 parameters. Keywords as for `CNN` replace sizes."""
        defaults: dict[str, Any] = {"filters": ((5, 8), (3, 16)), "width": 64}
        return cls(**(defaults | sizes))


class EquivariantCNN(nn.Module):
    """Convolutional, and invariant under quarter turns: `CNN` with every layer a group convolution over p4.

    A filter is applied in all four poses (Cohen and Welling 2016). With a pose r = 0 … 3 for each map, R the turn by
    90°, and r, q counted modulo 4,

        lifting:      z_r(p) = Σ_δ W(δ) a(p + R^r δ) + b,
        group layer:  z_r(p) = Σ_{q,δ} W_{q−r}(δ) a_q(p + R^r δ) + b   (summed over channels),

    so that turning the image turns every map and moves it on by one pose. Each is followed by ReLU and 2 × 2 max
    pooling; the hidden layer is a group layer whose filters are as large as the maps, and its mean over the poses is
    read out by a Dense layer. With the defaults 5×5×12, pool, 3×3×16, pool, 128, 10, channels counted once for four
    poses: 213,458 parameters.

    Parameters
    ----------
    filters : sequence of (size, channels), the convolutions in order
    width : int, the hidden layer behind them, once for four poses
    dropout : float in [0, 1), on that layer
    side : int, height and width of the images in pixels
    classes : int

    Raises
    ------
    ValueError
        As `CNN`; also if maps have an odd side where they are pooled: 2 × 2 pooling would leave out their last row, and
        no longer commute with turns.

    Examples
    --------
    >>> model, images = EquivariantCNN(), torch.randn(5, 28, 28)
    >>> bool(torch.allclose(model(images), model(images.rot90(1, (1, 2))), atol=1e-5)), parameter_count(model)
    (True, 213458)
    """

    def __init__(
        self,
        filters: Sequence[tuple[int, int]] = ((5, 12), (3, 16)),
        width: int = 128,
        *,
        dropout: float = 0.0,
        side: int = SIDE,
        classes: int = CLASSES,
    ):
        super().__init__()
        left, classes = positive_int(side, "side"), positive_int(classes, "classes")
        layers: list[nn.Module] = [nn.Unflatten(1, (1, left))]
        channels_in, poses = 1, 1
        for i, (size, channels) in enumerate(filters):
            size, channels = positive_int(size, f"filters[{i}][0]"), positive_int(channels, f"filters[{i}][1]")
            left = left - size + 1
            if left < 2 or left % 2:
                raise ValueError(
                    f"filters[{i}] is {size} × {size} and leaves maps of {left} pixels, where 2 × 2 pooling needs an "
                    "even side of at least 2 to commute with quarter turns; take another filter, or crop or pad the "
                    f"images of {side} pixels"
                )
            layers += [_TurnedConvolution(channels_in, channels, size, poses), nn.ReLU(), nn.MaxPool2d(2)]
            left, channels_in, poses = left // 2, channels, 4
        width = positive_int(width, "width")
        self.layers = nn.Sequential(*layers, _TurnedConvolution(channels_in, width, left, poses), nn.ReLU())
        self.dropout = nn.Dropout(fraction(dropout, "dropout"))
        self.scores = nn.Linear(width, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        by_pose = self.layers(images).unflatten(1, (-1, 4)).flatten(2)
        return self.scores(self.dropout(by_pose.mean(dim=-1)))

    @classmethod
    def small(cls, **sizes: Any) -> Self:
        """5×5×4, pool, 3×3×8, pool, 32, 10: 27,226 parameters. Keywords as for `EquivariantCNN` replace sizes."""
        defaults: dict[str, Any] = {"filters": ((5, 4), (3, 8)), "width": 32}
        return cls(**(defaults | sizes))


class _TurnedConvolution(nn.Module):
    """Maps (B, channels_in · poses, H, W) → (B, channels · 4, …) without padding; index channel · poses + pose."""

    def __init__(self, channels_in: int, channels: int, size: int, poses: int):
        super().__init__()
        bound = (channels_in * poses * size**2) ** -0.5  # what nn.Conv2d draws from
        self.weight = nn.Parameter(torch.empty(channels, channels_in, poses, size, size).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(channels).uniform_(-bound, bound))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        poses = [self.weight.roll(r, dims=2).rot90(r, (-2, -1)) for r in range(4)]
        filters = torch.stack(poses, dim=1).flatten(0, 1).flatten(1, 2)
        return conv2d(maps, filters, self.bias.repeat_interleave(4))


class ViT(nn.Module):
    """Vision transformer: patches, learned positions, pre-norm blocks of attention and GELU layers, mean over tokens.

    Dosovitskiy et al. (2021) with the mean of the tokens in the place of a class token. With the defaults (patch 4: 49
    tokens; width 256, depth 2, 4 heads, hidden layers of 1,024 in the blocks): 1,599,498 parameters.

    Parameters
    ----------
    patch : int, side of a patch in pixels; divides `side`
    width : int, length of a token; a multiple of `heads`
    depth : int, blocks
    heads : int, attention heads
    hidden : int, width of the hidden layer of a block; four times `width` if left out
    dropout : float in [0, 1)
    side : int, height and width of the images in pixels
    classes : int

    Raises
    ------
    ValueError
        As `MLP`; also if `patch` does not divide `side`, or `heads` does not divide `width`.

    Examples
    --------
    >>> ViT()(torch.zeros(5, 28, 28)).shape, parameter_count(ViT())
    (torch.Size([5, 10]), 1599498)
    """

    def __init__(
        self,
        patch: int = 4,
        width: int = 256,
        depth: int = 2,
        heads: int = 4,
        *,
        hidden: int | None = None,
        dropout: float = 0.0,
        side: int = SIDE,
        classes: int = CLASSES,
    ):
        super().__init__()
        sizes = {"patch": patch, "width": width, "depth": depth, "heads": heads, "side": side, "classes": classes}
        patch, width, depth, heads, side, classes = (positive_int(value, name) for name, value in sizes.items())
        hidden = 4 * width if hidden is None else positive_int(hidden, "hidden")
        if side % patch:
            raise ValueError(f"patch must divide side = {side}, got patch = {patch}")
        if width % heads:
            raise ValueError(f"heads must divide width = {width}, got heads = {heads}")
        self.patch = patch
        self.embed = nn.Linear(patch**2, width)
        # As large as the normalised tokens of a block: from the customary 0.02 it learns several times slower.
        self.positions = nn.Parameter(torch.randn((side // patch) ** 2, width))
        block = nn.TransformerEncoderLayer(
            width, heads, hidden, fraction(dropout, "dropout"), "gelu", batch_first=True, norm_first=True
        )
        # Nested tensors are for tokens of unequal number.
        self.blocks = nn.TransformerEncoder(block, depth, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        for parameter in self.blocks.parameters():  # until here all blocks are copies of one
            if parameter.ndim == 2:
                nn.init.xavier_uniform_(parameter)
        self.scores = nn.Linear(width, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        batch, side, p = len(images), images.shape[-1], self.patch
        patches = images.unflatten(1, (-1, p)).unflatten(3, (-1, p)).transpose(2, 3)
        tokens = self.embed(patches.reshape(batch, (side // p) ** 2, p * p)) + self.positions
        return self.scores(self.blocks(tokens).mean(dim=1))

    @classmethod
    def small(cls, **sizes: Any) -> Self:
        """Patch 14 (4 tokens), width 64, hidden 128: 80,586 parameters. Keywords as for `ViT` replace sizes.

        Trained on a few thousand digits it is more accurate than with patches of 7 pixels, in half the time.
        """
        defaults: dict[str, Any] = {"patch": 14, "width": 64, "hidden": 128}
        return cls(**(defaults | sizes))


def parameter_count(model: nn.Module) -> int:
    """How many numbers are trained in a torch module."""
    return sum(parameter.numel() for parameter in model.parameters())
