"""Results kept between calls, at most so many bytes of them."""

from collections.abc import Callable
from functools import wraps


def kept(limit: int, size: Callable) -> Callable:
    """Decorator: results are kept by their arguments, those used last, as long as all are at most `limit` bytes.

    `size(result)` is a result's bytes; one that is larger than the limit by itself is handed out and not kept. Results
    are shared by all callers, who must not write to them. The function gains `kept_bytes()` and `forget()`.
    """

    def decorate(function):
        results = {}  # in the order of their last use

        @wraps(function)
        def wrapper(*arguments):
            found = results.get(arguments)
            if found is None:
                found = function(*arguments)
            # Each step is atomic; a thread that comes between two computes its result anew at worst.
            results.pop(arguments, None)
            results[arguments] = found
            for oldest in list(results):
                if kept_bytes() <= limit:
                    break
                results.pop(oldest, None)
            return found

        def kept_bytes():
            return sum(size(result) for result in list(results.values()))

        wrapper.kept_bytes, wrapper.forget = kept_bytes, results.clear  # type: ignore[attr-defined]
        return wrapper

    return decorate
