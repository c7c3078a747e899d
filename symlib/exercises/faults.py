"""What is wrong with a value that should be another: its kind, shape, sign, factor or order, or some of its entries."""

import math

import numpy as np

# Rounding of float64 beside the largest entry: never held against an answer.
ROUNDING = 1e-12
# Factors with a name; whole ones are found without one.
_FACTORS = {
    math.pi: "π",
    2 * math.pi: "2π",
    math.sqrt(2): "√2",
    math.log(2): "ln 2: a logarithm to another base",
    100.0: "100",
}
_KINDS = {"b": "True or False", "i": "a whole number", "u": "a whole number", "f": "a number", "c": "a complex number"}


def same(answer, right, rtol, atol):
    """Whether an answer is what it should be, in kind, shape and every entry."""
    return _different(answer, right, rtol, atol, lambda *_: "") is None


def fault(answer, right, rtol, atol):
    """What is wrong with `answer`, in words that follow its name ("has shape (3,), ..."); None where nothing is."""
    return _different(answer, right, rtol, atol, _number_fault)


def _different(answer, right, rtol, atol, describe):
    if isinstance(right, str):
        return _text_fault(answer, right)
    if isinstance(right, (list, tuple)) and not _is_numeric(right):
        return _sequence_fault(answer, right, rtol, atol, describe)
    right = np.asarray(right)
    wanted = _wanted(right)
    if answer is None:
        return f"is None, and should be {wanted}: does a function lack its `return`?"
    if callable(answer):
        return f"is a function, and should be {wanted}: call it"
    if hasattr(answer, "detach"):  # a tensor that has a gradient, or lies on a GPU, is not taken by NumPy
        answer = answer.detach().cpu()
    hidden = np.ma.getmaskarray(answer) if isinstance(answer, np.ma.MaskedArray) else np.zeros(1, bool)
    if hidden.any():
        return f"is masked in {hidden.sum()} of {hidden.size} entries, and should be {wanted}"
    if not _is_numeric(answer):
        return f"should be {wanted}, got {_kind(answer)}"
    answer = np.asarray(answer)
    if (right.dtype.kind == "b") != (answer.dtype.kind == "b"):
        return f"should be {wanted}, got {_wanted(answer)}"
    if answer.shape != right.shape:
        return _shape_fault(answer.shape, right.shape)
    if answer.dtype.kind == "b":
        off = answer != right
        return _some_entries(answer, off) if off.any() else None
    answer, right = _as_inexact(answer), _as_inexact(right)
    lost = ~np.isfinite(answer) & np.isfinite(right)
    if lost.any():
        return _lost_entries(answer, lost)
    near = _Near(rtol, atol)
    return None if near(answer, right) else describe(answer, right, near)


class _Near:
    """Whether two arrays of one shape are equal within the tolerance of the second."""

    def __init__(self, rtol, atol):
        self.rtol, self.atol = rtol, atol

    def __call__(self, a, b):
        return not self.off(a, b).any()

    def off(self, a, b):
        """Where they differ."""
        size = np.abs(b)
        largest = np.max(size, initial=0.0, where=np.isfinite(size))
        allowed = self.atol + self.rtol * np.where(np.isfinite(size), size, 0) + ROUNDING * (largest or 1.0)
        with np.errstate(invalid="ignore"):
            return ~((np.abs(a - b) <= allowed) | (a == b) | (np.isnan(a) & np.isnan(b)))


def _number_fault(answer, right, near):
    """Numbers of the right shape, all there: the first explanation that fits."""
    for explain in (_imaginary, _nothing, _sign, _factor, _function_of, _order, _shift, _entries):
        words = explain(answer, right, near)
        if words:
            return words
    return "is wrong"


def _imaginary(answer, right, near):
    if np.iscomplexobj(answer) and not np.iscomplexobj(right):
        if near(answer.real, right):
            return f"has an imaginary part, of up to {np.abs(answer.imag).max():.2g}, and should be real"
    elif np.iscomplexobj(right) and near(answer, right.conj()):
        return "is the complex conjugate of what it should be"
    elif np.iscomplexobj(right) and near(answer, right.real):
        return "is only the real part of what it should be"
    return None


def _nothing(answer, right, near):
    if not answer.any() and right.any():
        return "is zero" + (" in every entry" if right.ndim else "") + ", and should not be"
    return None


def _sign(answer, right, near):
    if near(-answer, right):
        return "has the wrong sign" + (" in every entry" if right.ndim else "")
    if right.ndim and not np.iscomplexobj(answer - right) and near(np.abs(answer), np.abs(right)):
        off = near.off(answer, right)
        return f"has the wrong sign in {off.sum()} of {off.size} entries, the first at {_first(off)}"
    return None


def _factor(answer, right, near):
    weight = np.vdot(right, right)
    factor = np.vdot(right, answer) / weight if weight else 0.0
    if np.iscomplexobj(factor):
        if abs(factor.imag) > 1e-9 * abs(factor):
            return None
        factor = factor.real
    if not factor or not np.isfinite(factor) or not near(answer / factor, right):
        return None
    words = _name_of_factor(float(factor), right.shape)
    several = np.count_nonzero(right) > 1
    # One number is a multiple of any other: a factor is news only where it has a name.
    if words is None and several and abs(abs(factor) - 1) > 0.01:
        words = f"{factor:.3g} times what it should be"
    if words is None or (not several and _is_whole(right) and abs(factor) not in (2, 0.5)):
        return None
    return f"is {words}" + (", in every entry" if right.ndim and several else "")


def _name_of_factor(factor, shape):
    size, sign = abs(factor), "minus " if factor < 0 else ""
    for named, words in _FACTORS.items():
        if math.isclose(size, named, rel_tol=1e-6):
            note = ": a share, not per cent" if words == "100" else ""
            return f"{sign}{words} times what it should be{note}"
        if math.isclose(size, 1 / named, rel_tol=1e-6):
            note = ": per cent, not a share" if words == "100" else ""
            return f"{sign}1/{words} of what it should be{note}"
    lengths = {n: f"{n} entries along axis {axis}" for axis, n in enumerate(shape) if n > 2}
    for whole, words in ((size, "{} times"), (1 / size, "1/{} of")):
        if 1.5 < whole < 10_000 and math.isclose(whole, round(whole), rel_tol=1e-6):
            n = round(whole)
            note = f" (it has {lengths[n]})" if n in lengths else ""
            return f"{sign}{words.format(n)} what it should be{note}"
        if 1.2 < whole < 100 and math.isclose(whole**2, round(whole**2), rel_tol=1e-6):
            return f"{sign}{words.format(f'√{round(whole**2)}')} what it should be"
    return None


def _function_of(answer, right, near):
    """Is it another function of the right value?"""
    if np.iscomplexobj(answer) or np.iscomplexobj(right) or _is_whole(right):
        return None
    with np.errstate(all="ignore"):
        others = {
            "the square of what it should be": right**2,
            "the square root of what it should be": np.sqrt(right),
            "one over what it should be": 1 / right,
            "one minus what it should be": 1 - right,
            "the logarithm of what it should be": np.log(right),
            "the exponential of what it should be": np.exp(right),
        }
    for words, other in others.items():
        if np.isfinite(other).all() and near(answer, other):
            return f"is {words}"
    return None


def _order(answer, right, near):
    """The right entries in other places?"""
    if not right.ndim or right.size < 2:
        return None
    if right.ndim == 2 and right.shape[0] == right.shape[1] and near(answer.T, right):
        return "is transposed: rows and columns are exchanged"
    for axis in range(right.ndim):
        where = f" along axis {axis}" if right.ndim > 1 else ""
        if near(np.flip(answer, axis), right):
            return f"is in reversed order{where}"
        n = right.shape[axis]
        for step in (*range(1, min(n, 5)), *range(max(n - 4, 1), n)):
            if near(np.roll(answer, -step, axis), right):
                places = min(step, n - step)
                return f"is shifted by {places} {'entry' if places == 1 else 'entries'}{where}"
    if not np.iscomplexobj(answer) and near(np.sort(answer, axis=None), np.sort(right, axis=None)):
        return "has the right entries in another order"
    return None


def _shift(answer, right, near):
    """The same number added to every entry?"""
    gap = np.mean(answer - right)
    if _is_whole(right) and not right.ndim and abs(gap) == 1:
        return "is one too " + ("large" if gap > 0 else "small")
    if right.size > 1 and not np.iscomplexobj(gap) and near(answer - gap, right):
        return f"is too {'large' if gap > 0 else 'small'} by {abs(gap):.3g} in every entry"
    return None


def _entries(answer, right, near):
    """How many are wrong, and by how much: the last resort."""
    off, gap = near.off(answer, right), np.abs(answer - right)
    if right.ndim and off.sum() < off.size:
        return _some_entries(answer, off)
    largest = np.abs(right).max()
    relative = gap.max() / largest if largest else np.inf
    if relative < 0.02 and not _is_whole(right):
        return f"is close, but off by up to {relative:.1g} of its size: was it rounded, or is something small left out?"
    if right.ndim:
        by = f", where the largest should be {largest:.2g}" if largest else ""
        return f"is wrong in every entry, off by up to {gap.max():.2g}{by}"
    if np.iscomplexobj(answer) or np.iscomplexobj(right):
        return f"is off by {gap.max():.2g}"
    amount = f", by {100 * relative:.0f} % of what it should be" if largest else ""
    return f"is too {'large' if answer > right else 'small'}{amount}"


def _some_entries(answer, off):
    if not answer.ndim:
        return f"should be {not answer}"
    first = _first(off)
    value = answer[tuple(np.argwhere(off)[0])]
    return f"is wrong in {off.sum()} of {off.size} entries; the first is at {first}, got {_short(value)}"


def _lost_entries(answer, lost):
    kind = "NaN" if np.isnan(answer[lost]).all() else "infinite" if not np.isnan(answer[lost]).any() else "NaN or inf"
    if not answer.ndim:
        return f"is {kind}: look for a division by zero, or a root or logarithm of what is not positive"
    return f"is {kind} in {lost.sum()} of {lost.size} entries, the first at {_first(lost)}"


def _shape_fault(came, wanted):
    if wanted == ():
        return f"should be one number, got an array of shape {came}"
    if came == ():
        return f"should have shape {wanted}, got one number"
    note = ""
    if came == wanted[::-1]:
        note = ": transpose it"
    elif math.prod(came) == math.prod(wanted):
        note = ": the number of entries is right, so reshape it"
    elif len(came) == len(wanted) and sum(a != b for a, b in zip(came, wanted)) == 1:
        axis = next(axis for axis, (a, b) in enumerate(zip(came, wanted)) if a != b)
        gap = came[axis] - wanted[axis]
        if abs(gap) == 1:
            note = f": one entry too {'many' if gap > 0 else 'few'} along axis {axis}"
    return f"should have shape {wanted}, got {came}{note}"


def _text_fault(answer, right):
    if not isinstance(answer, str):
        return f"should be words, got {_kind(answer)}"
    if answer.strip().casefold() == right.strip().casefold():
        return None
    return f"is {answer!r}, which is wrong"


def _sequence_fault(answer, right, rtol, atol, describe):
    """Tuples and lists of several kinds, entry by entry."""
    if not isinstance(answer, (list, tuple)) and not (isinstance(answer, np.ndarray) and answer.ndim):
        return f"should be a {type(right).__name__} of {len(right)} entries, got {_kind(answer)}"
    if len(answer) != len(right):
        return f"should have {len(right)} entries, got {len(answer)}"
    for place, (entry, wanted) in enumerate(zip(answer, right)):
        words = _different(entry, wanted, rtol, atol, describe)
        if words is not None:
            return f"is wrong: entry {place} {words}"
    return None


def _is_numeric(value):
    """Whether NumPy makes an array of numbers or booleans of it."""
    try:
        return np.asarray(value).dtype.kind in "biufc"
    except (ValueError, TypeError, RuntimeError):  # ragged, or what refuses to be an array
        return False


def _as_inexact(array):
    """In float64 or complex128; a complex array without imaginary parts beyond rounding is real."""
    if not np.iscomplexobj(array):
        return array.astype(np.float64)
    size = np.abs(array[np.isfinite(array)]).max(initial=0.0)
    real = not (np.abs(array.imag) > ROUNDING * size).any() and np.isfinite(array).all()
    return array.real.astype(np.float64) if real else array.astype(np.complex128)


def _is_whole(array):
    return not np.iscomplexobj(array) and bool((array == np.round(array)).all())


def _wanted(array):
    kind = _KINDS.get(array.dtype.kind, "a number")
    if array.ndim == 0:
        return kind
    entries = "True and False" if array.dtype.kind == "b" else f"{kind.removeprefix('a ')}s"
    return f"an array of {entries}, of shape {array.shape}"


def _kind(value):
    if isinstance(value, str):
        return f"the words {value[:40]!r}"
    if _is_numeric(value):
        return _wanted(np.asarray(value))
    if hasattr(value, "dtype"):
        return f"an array of dtype {value.dtype}: make it one of numbers"
    return f"a {type(value).__name__}"


def _first(mask):
    index = [int(i) for i in np.argwhere(mask)[0]]
    return f"[{', '.join(map(str, index))}]"


def _short(value):
    return f"{value}" if isinstance(value, np.bool_) else f"{value:.4g}"
