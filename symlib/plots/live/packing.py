"""What live figures of digits are given: invariant Grams in little room, and small images in sixteen shades of ink."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from symlib.plots.live.assemble import packed
from symlib.support.checks import finite_array

_DARKEST, _BRIGHTEST = -0.5, 1.5


def packed_kappa(kappa: ArrayLike, dtype: str = "float32") -> dict[str, Any]:
    """κ of sets of orbits (sets, n, C, C) under C_n, for `invariantGram` of `js/invariant_gram.js`.

    Values u = 0 … ⌊n/2⌋ alone are packed, since κ_cd(−u) = κ_dc(u); and less their mean, since they are nearly equal
    where images have one length: then float32 keeps differences of values to seven digits.
    """
    kappa = finite_array(kappa, "kappa")
    if kappa.ndim != 4 or kappa.shape[2] != kappa.shape[3]:
        raise ValueError(f"kappa must have shape (sets, n, C, C), got {kappa.shape}")
    n, base = kappa.shape[1], float(kappa.mean())
    return {"n": n, "base": base, "half": packed(kappa[:, : n // 2 + 1] - base, dtype)}


def packed_ink(images: ArrayLike) -> dict[str, Any]:
    """Images (n, side, side), brightness 0 to 1, as `inked` of `js/ink.js` takes them: two pixels a byte."""
    images = finite_array(images, "images")
    if images.ndim != 3 or images.shape[1] != images.shape[2] or images.shape[1] % 2:
        raise ValueError(f"images must have shape (n, side, side), the side even, got {images.shape}")
    # Interpolation overshoots a little, and is cut off.
    if images.size and not _DARKEST <= images.min() <= images.max() <= _BRIGHTEST:
        raise ValueError(
            f"images must have brightness 0 to 1, got {images.min():.3g} to {images.max():.3g}; divide bytes by 255, "
            "and give images as they are before they are normalised"
        )
    shades = np.rint(15 * np.clip(images, 0, 1)).astype(np.uint8).reshape(len(images), -1)
    return {"side": images.shape[1], "shades": packed(16 * shades[:, ::2] + shades[:, 1::2], "uint8")}
