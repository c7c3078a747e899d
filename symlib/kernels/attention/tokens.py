"""Tokens: an image cut into patches, each a vector whose inner products are the covariances after the embedding.

⟨e_i, e'_j⟩ = w²/p² ⟨x_i, x'_j⟩ + b² + ρ² R_ij,      R_ij = δ_ij  or  exp(−|i−j|²/2ℓ²), |i−j| in patches
"""

import numpy as np
from numpy.typing import NDArray


def tokens(images: NDArray, patch: int, w2: float, b2: float, position_root: NDArray | None) -> NDArray[np.float64]:
    """Images (n, H, W) as vectors (n, T, p² or more): a bias is one more coordinate, a position T more."""
    n, height, width = images.shape
    rows, columns = height // patch, width // patch
    pieces = images.reshape(n, rows, patch, columns, patch).swapaxes(2, 3)
    parts = [np.sqrt(w2) / patch * pieces.reshape(n, rows * columns, patch**2)]
    if b2:
        parts.append(np.full((n, rows * columns, 1), np.sqrt(b2)))
    if position_root is not None:
        parts.append(np.broadcast_to(position_root, (n, *position_root.shape)))
    return np.concatenate(parts, axis=2)


def position_root(rows: int, columns: int, std: float, length: float | None) -> NDArray | None:
    """ρ F with F Fᵀ = R, (T, T), tokens row after row; None where there are no positions."""
    if not std:
        return None
    if length is None:
        return std * np.eye(rows * columns)
    # exp of a sum is a product: R is a Kronecker product, and so is a root of it.
    return std * np.kron(_root(rows, length), _root(columns, length))


def _root(n, length):
    apart = np.subtract.outer(np.arange(n), np.arange(n))
    values, vectors = np.linalg.eigh(np.exp(-(apart**2) / (2 * length**2)))
    return vectors * np.sqrt(np.maximum(values, 0))
