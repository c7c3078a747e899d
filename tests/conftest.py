"""What several test files need: the reference values, one test for each group, one thread for torch."""

from pathlib import Path

import numpy as np
import pytest

from tests.samples import GROUPS

DATA = Path(__file__).parent / "data"


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


@pytest.fixture(scope="session")
def nt_reference():
    """Kernel values that neural-tangents computed in float64 for eight digits."""
    return np.load(DATA / "nt_kernels.npz")


@pytest.fixture(scope="session")
def vit_reference():
    """Kernel values of vision transformers that neural-tangents computed in float64 for five digits."""
    return np.load(DATA / "nt_vit.npz")


@pytest.fixture(scope="session")
def loo_reference():
    """Leave-one-out residuals of digit pairs from an independent implementation."""
    return np.load(DATA / "leave_one_out.npz")
