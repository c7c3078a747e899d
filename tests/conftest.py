"""What several test files need: the reference values, one test for each group, one thread for torch; their order."""

from pathlib import Path

import numpy as np
import pytest

from tests.samples import GROUPS

DATA = Path(__file__).parent / "data"
# What takes longest goes first, so that no process of pytest-xdist is left alone with it at the end.
LONGEST = [
    "tests/book/test_colab.py",
    "tests/training/test_experiment.py",
    "tests/sweeps/test_sweeps.py",
    "tests/book/test_pages.py",
]


def _together(nodeid):
    """What the tests of one process share: a file; in test_pages an open page; the oracle, which is long to import."""
    file, _, name = nodeid.partition("::")
    if "neural_tangents" in name:
        return "neural-tangents"
    return name.partition("[")[2] or file if file == "tests/book/test_pages.py" else file


def pytest_collection_modifyitems(items):
    groups = [_together(item.nodeid) for item in items]
    rank = {group: i for i, group in enumerate(dict.fromkeys(groups))}

    def order(item):
        file = item.nodeid.partition("::")[0]
        return LONGEST.index(file) if file in LONGEST else len(LONGEST), rank[_together(item.nodeid)]

    items.sort(key=order)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """`--dist loadfile`, with the groups of above, in the order of above."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return _together(nodeid)

    config.option.loadscopereorder = False
    return ByGroup(config, log)


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
