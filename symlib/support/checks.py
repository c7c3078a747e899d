"""Validation of what callers pass in: each function returns a clean value or says what was wrong and what to do."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Asymmetry and invariance beyond this fraction of the largest entry is not rounding. Rounding in a Gram
# matrix of float64 kernels is near 1e-14; the square-root singularity of arccos lifts it to 1e-8 at worst.
SYMMETRY_TOLERANCE = 1e-7


def plain_array(x: ArrayLike, name: str) -> NDArray:
    """`x` as a NumPy array that holds all that `x` says.

    Raises
    ------
    TypeError
        For masked and sparse arrays, which NumPy converts without their mask or not at all.
    """
    if _holds_masks(x):
        raise TypeError(
            f"{name} is a masked array, whose masked entries would be used as data; leave those points out, or fill "
            "the entries with values of your choice: x.filled(value)"
        )
    if hasattr(x, "toarray") and hasattr(x, "nnz"):
        raise TypeError(f"{name} is a sparse {type(x).__name__}; pass {name}.toarray()")
    return np.asarray(x)


def _holds_masks(x):
    return isinstance(x, np.ma.MaskedArray) or (isinstance(x, (list, tuple)) and any(map(_holds_masks, x)))


def finite_array(x: ArrayLike, name: str, ndim: int | None = None, min_ndim: int | None = None) -> NDArray[np.float64]:
    """`x` as a float64 array of the wanted rank, every entry finite.

    Raises
    ------
    ValueError
        If the rank differs from `ndim`, is below `min_ndim`, or an entry is NaN or infinite, or no real number.
    TypeError
        If `x` is masked or sparse.
    """
    x = _real(plain_array(x, name), name)
    if ndim is not None and x.ndim != ndim:
        raise ValueError(f"{name} must be {ndim}-dimensional, got shape {x.shape}")
    if min_ndim is not None and x.ndim < min_ndim:
        raise ValueError(f"{name} must have at least {min_ndim} dimensions, got shape {x.shape}")
    if not np.isfinite(x).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
        raise ValueError(f"{name} must be finite, got {x[where]} at {where}; remove or repair that entry")
    return x


def _real(x, name):
    """`x` in float64; dates and text that NumPy would convert as well are no numbers."""
    if np.iscomplexobj(x):
        raise ValueError(f"{name} must be real, got dtype {x.dtype}; take its real part if that is meant")
    if x.dtype == object and not any(isinstance(entry, (str, bytes)) for entry in x.flat):
        try:
            return x.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must hold numbers, got an entry that is none ({error}); remove it") from error
    if x.dtype.kind not in "buif":
        raise ValueError(f"{name} must hold numbers, got dtype {x.dtype}; convert it, so that the unit is your choice")
    return x.astype(np.float64, copy=False)


def positive_int(value: int, name: str) -> int:
    """`value` as an int of at least 1."""
    return _int_from(1, value, name)


def nonnegative_int(value: int, name: str) -> int:
    """`value` as an int of at least 0."""
    return _int_from(0, value, name)


def _int_from(least, value, name):
    try:
        whole = not isinstance(value, (bool, np.bool_)) and int(value) == value and value >= least
    except (TypeError, ValueError, OverflowError):  # text, None, NaN, infinity
        whole = False
    if not whole:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return int(value)


def real(value: float, name: str) -> float:
    """`value` as a float."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:  # None, text, an array, a complex number
        raise ValueError(f"{name} must be one real number, got {value!r}") from error


def nonnegative(value: float, name: str) -> float:
    """`value` as a finite float of at least 0."""
    value = real(value, name)
    if not (np.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be finite and at least 0, got {value}")
    return value


def positive(value: float, name: str) -> float:
    """`value` as a finite float above 0."""
    value = nonnegative(value, name)
    if not value:
        raise ValueError(f"{name} must be positive, got 0.0")
    return value


def fraction(value: float, name: str) -> float:
    """`value` as a float in [0, 1)."""
    value = real(value, name)
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be in [0, 1), got {value}")
    return value


def symmetric_gram(gram: ArrayLike, name: str = "gram") -> NDArray[np.float64]:
    """`gram` as a float64 array (..., n, n), finite and symmetric up to rounding."""
    gram = finite_array(gram, name, min_ndim=2)
    if gram.shape[-1] != gram.shape[-2]:
        raise ValueError(
            f"{name} must be square in its last two axes, got shape {gram.shape}; "
            "pass the kernel among all points, not between two sets"
        )
    if gram.shape[-1] == 0:
        raise ValueError(f"{name} must hold at least one point, got shape {gram.shape}")
    # Row blocks: the difference of a large matrix with its transpose would double the memory.
    worst, where = 0.0, None
    for start in range(0, gram.shape[-1], 1024):
        rows = slice(start, start + 1024)
        gap = np.abs(gram[..., rows, :] - gram[..., :, rows].swapaxes(-1, -2))
        if gap.size and gap.max() > worst:
            worst = gap.max()
            at = np.unravel_index(gap.argmax(), gap.shape)
            where = tuple(int(i) for i in (*at[:-2], at[-2] + start, at[-1]))
    if worst > SYMMETRY_TOLERANCE * np.abs(gram).max(initial=0.0):
        raise ValueError(
            f"{name} must be symmetric: max |K - K.T| = {worst:.1e} at {where}; symmetrise it or check the kernel"
        )
    return gram


def invariant_kappa(kappa: ArrayLike, group, name: str = "kappa") -> NDArray[np.float64]:
    """`kappa` as a float64 array (..., |G|, C, C) with kappa(u⁻¹) = kappa(u)ᵀ, as symmetry of K demands."""
    kappa = finite_array(kappa, name, min_ndim=3)
    if kappa.shape[-3] != group.order or kappa.shape[-1] != kappa.shape[-2]:
        raise ValueError(
            f"{name} must have shape (..., |G|, C, C) with |G| = {group.order} for this group, got "
            f"{kappa.shape}; pass the group that {name} was built with"
        )
    if kappa.shape[-1] == 0:
        raise ValueError(f"{name} must hold at least one orbit, got shape {kappa.shape}")
    gap = np.abs(kappa[..., group.inverse, :, :] - kappa.swapaxes(-1, -2)).max(initial=0.0)
    if gap > SYMMETRY_TOLERANCE * np.abs(kappa).max(initial=0.0):
        raise ValueError(
            f"{name} does not fit this group: max |kappa(u^-1) - kappa(u).T| = {gap:.1e}, which must vanish "
            "for a symmetric kernel; pass the group that it was built with, or project_invariant first"
        )
    return kappa


def label_array(labels: ArrayLike, n: int, what: str) -> NDArray[np.float64]:
    """`labels` as float64 (n,) or (n, k)."""
    labels = finite_array(labels, "labels")
    if labels.ndim not in (1, 2) or labels.shape[0] != n:
        raise ValueError(f"labels must have shape ({n},) or ({n}, k), one entry for each {what}, got {labels.shape}")
    return labels


def label_columns(
    labels: ArrayLike, batch: tuple[int, ...], n: int, name: str = "labels"
) -> tuple[NDArray[np.float64], bool]:
    """`labels` of n points in each set of a batch as a view (*batch, n, k), and whether they came without an axis of k.

    Taken are (n,) and (*batch, n), one column, and (n, k) and (*batch, n, k). Of these (*batch, n) goes first: for b
    sets of b points, (b, b) is one column each.
    """
    labels = finite_array(labels, name)
    one_column = labels.shape in ((n,), (*batch, n))
    if not one_column and (labels.ndim < 2 or labels.shape[:-1] not in ((n,), (*batch, n)) or not labels.shape[-1]):
        shapes = [(n,), (*batch, n)] if batch else [(n,)]
        wanted = " or ".join([*map(str, shapes), *(f"({', '.join(map(str, shape))}, k)" for shape in shapes)])
        raise ValueError(f"{name} must have shape {wanted}, one entry for each point, got {labels.shape}")
    columns = labels[..., None] if one_column else labels
    return np.broadcast_to(columns, (*batch, n, columns.shape[-1])), one_column


def index_array(indices: ArrayLike, sizes: tuple[int, ...], name: str) -> NDArray[np.intp]:
    """`indices` as an int array of distinct entries: (h,) for one size, (h, len(sizes)) for several.

    Raises
    ------
    ValueError
        If empty, repeated, not whole, out of range, or of the wrong shape.
    """
    indices = plain_array(indices, name)
    single = len(sizes) == 1
    wanted = "(h,)" if single else f"(h, {len(sizes)})"
    if indices.ndim != (1 if single else 2) or (not single and indices.shape[1] != len(sizes)):
        raise ValueError(f"{name} must have shape {wanted}, got {indices.shape}")
    if indices.shape[0] == 0:
        raise ValueError(f"{name} is empty; name at least one point to leave out")
    if not np.issubdtype(indices.dtype, np.integer):
        raise ValueError(f"{name} must hold integers, got dtype {indices.dtype}")
    rows = indices.reshape(len(indices), -1)
    outside = ((rows < 0) | (rows >= np.asarray(sizes))).any(axis=1)
    if outside.any():
        raise ValueError(f"{name} must lie in 0..size-1 for sizes {tuple(sizes)}, got {rows[outside][0].tolist()}")
    if len(np.unique(rows, axis=0)) != len(rows):
        raise ValueError(f"{name} names a point twice; list each once")
    return indices.astype(np.intp)
