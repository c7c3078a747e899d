"""What is kept between calls: by bytes, those used last."""

import numpy as np

from symlib.support.kept import kept


def test_the_latest_results_are_kept_up_to_the_limit():
    calls = []

    @kept(100, size=lambda array: array.nbytes)
    def zeros(n):
        calls.append(n)
        return np.zeros(n, np.int8)

    assert zeros(40) is zeros(40)
    zeros(50), zeros(40), zeros(30)  # 50 was used before 40, and goes
    assert zeros.kept_bytes() == 70 and calls == [40, 50, 30]
    zeros(40), zeros(50)
    assert calls == [40, 50, 30, 50] and zeros.kept_bytes() == 90
    assert zeros(101).nbytes == 101 and zeros.kept_bytes() <= 100
    zeros.forget()
    assert zeros.kept_bytes() == 0
    zeros(40)
    assert calls[-1] == 40
