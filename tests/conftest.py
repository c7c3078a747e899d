"""What several test files need: the reference values, one test for each group, one thread for torch."""

from pathlib import Path

import numpy as np
import pytest

from tests.samples import GROUPS

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(params=GROUPS.values(), ids=GROUPS.keys())
def group(request):
    return request.param


@pytest.fixture
def one_torch_thread():
    """Tests run side by side; and a run repeats bit for bit only at the same number of threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def shared_file(name):
    """A file of reference values that stands beside the project where it is developed; the test skips without it."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"reference file {name} is not beside the project")
    return path


@pytest.fixture(scope="session")
def nt_reference():
    """Kernel values that neural-tangents computed in float64 for eight digits."""
    return np.load(shared_file("reference/nt_kernels.npz"))


@pytest.fixture(scope="session")
def loo_reference():
    """Leave-one-out residuals of digit pairs from an independent implementation."""
    return np.load(shared_file("reference/leave_one_out.npz"))
