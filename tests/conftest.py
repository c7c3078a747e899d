"""What several test files need: the reference values, one test for each group, one thread for torch; their order."""

from pathlib import Path

import numpy as np
import pytest

from tests.samples import GROUPS

DATA = Path(__file__).parent / "data"
# What takes longest goes first, so that no process of pytest-xdist is left alone with it at the end.
LONGEST = ["tests/training/test_experiment.py", "tests/book/test_colab.py", "tests/book/test_pages.py"]


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in a hook of its own
def pytest_collection_modifyitems(config, items):
    """Tests of a file stay together, for what they share; of test_pages those of a page; of the oracle all of them."""
    groups = {item: _group(item) for item in items}
    if config.pluginmanager.hasplugin("xdist"):
        for item, group in groups.items():
            item.add_marker(pytest.mark.xdist_group(group))
    rank = {group: i for i, group in enumerate(dict.fromkeys(groups.values()))}

    def order(item):
        file = item.nodeid.split("::")[0]
        return LONGEST.index(file) if file in LONGEST else len(LONGEST), rank[groups[item]]

    items.sort(key=order)


def _group(item):
    if "test_neural_tangents" in item.name:
        return "neural-tangents"  # whose import takes as long as the tests
    page = getattr(item, "callspec", None) and item.callspec.params.get("visit")
    return f"page {page}" if page else item.nodeid.split("::")[0]


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
