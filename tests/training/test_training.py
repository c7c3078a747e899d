"""Training: inputs against `orbits`, bit-for-bit runs, kill and resumption, memory, devices."""

import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from symlib.datasets import PoseSplit, mnist, partially_observed
from symlib.models import CNN, MLP, ViT, parameter_count
from symlib.orbits import normalize, rotation_orbits
from symlib.training import checkpoints, devices, evaluate, pick_device, predict, train, train_ensemble
from symlib.training.loop import _fraction_of_rate
from symlib.training.pose_batches import PoseImages

QUIET = {"device": "cpu", "progress": False}
RUN = {"epochs": 3, "seed": 4, "n_evaluate": 100}


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def digits():
    return mnist()


@pytest.fixture(scope="module")
def few(digits):
    """200 digits, and their split at three poses."""
    images, labels = digits[0][:200], digits[1][:200]
    return images, labels, partially_observed(labels, 3, partial_class=7, seen_poses=[1, 2], seed=0)


def same_weights(one, other):
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


def test_inputs_equal_the_spline_orbits_of_orbits(digits):
    images, n_poses = digits[0][:40], 12
    expected = 28 * normalize(rotation_orbits(images, n_poses))
    rng = np.random.default_rng(0)
    rows = np.stack([rng.integers(40, size=300), rng.integers(n_poses, size=300)], axis=1)  # some of them twice
    inputs = PoseImages(images, n_poses, "cpu")
    assert inputs(rows).dtype == torch.float32
    np.testing.assert_allclose(inputs(rows).numpy(), expected[rows[:, 0], rows[:, 1]], atol=2e-5)
    np.testing.assert_allclose(inputs(rows).var(dim=(1, 2), correction=0), 1, rtol=1e-5)


@pytest.mark.parametrize("size", [7, 64, 5000])
def test_batches_give_every_row_once_in_order(digits, monkeypatch, size):
    monkeypatch.setattr("symlib.training.pose_batches._ROWS", 50)
    inputs = PoseImages(digits[0][:9], 4, "cpu")
    rows = np.random.default_rng(1).integers([9, 4], size=(130, 2))
    batches = list(inputs.batches(rows, size))
    assert [len(x) for x, _ in batches] == [len(i) for _, i in batches]
    assert max(len(x) for x, _ in batches) == min(size, 130)
    np.testing.assert_allclose(torch.cat([x for x, _ in batches]), inputs(rows), atol=1e-5)
    np.testing.assert_array_equal(torch.cat([i for _, i in batches]), rows[:, 0])


def test_predictions_equal_the_network_on_turned_images(few):
    images, labels, split = few
    torch.manual_seed(0)
    model = MLP.small()  # in training mode, which evaluating must not disturb
    orbits = 28 * normalize(rotation_orbits(images, 3))
    with torch.no_grad():
        scores = model.eval()(torch.from_numpy(orbits[tuple(split.test_in.T)]).float())
    model.train()
    np.testing.assert_array_equal(predict(model, images, split.test_in, 3), scores.argmax(dim=1))
    share = np.mean(scores.argmax(dim=1).numpy() == labels[split.test_in[:, 0]])
    assert evaluate(model, images, labels, split.test_in, 3) == share and model.training


def test_a_run_repeats_bit_for_bit_and_leaves_the_random_state_alone(few):
    torch.manual_seed(123)
    runs = []
    for seed in (4, 4, 5):
        state = torch.get_rng_state()
        runs.append(train(MLP.small, *few, 3, **QUIET, **(RUN | {"seed": seed})))
        assert torch.equal(torch.get_rng_state(), state)
        torch.rand(1)  # what others draw between two runs
    first, second, other = runs
    assert same_weights(first.model, second.model) and not same_weights(first.model, other.model)
    for a, b in zip(first.history, second.history, strict=True):
        np.testing.assert_array_equal(a, b)


def test_history_is_what_evaluate_measures(few):
    images, labels, split = few
    run = train(CNN.small, *few, 3, **QUIET, epochs=2, n_evaluate=None)
    assert not run.model.training and run.history.chance == 0.1
    assert all(values.shape == (2,) for values in run.history[:4])
    for part in ("test_in", "test_out"):
        measured = evaluate(run.model, images, labels, getattr(split, part), 3)
        assert getattr(run.history, part)[-1] == measured
    assert run.history.loss[1] < run.history.loss[0] < 1.3 * np.log(10)


def test_a_module_is_trained_in_place_from_its_weights(few):
    model = MLP.small()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    run = train(model, *few, 3, **QUIET, epochs=1, rate=1e-30)
    assert run.model is model
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name])


def test_only_rows_of_the_split_are_trained_on(few, monkeypatch):
    split = few[2]
    asked = []
    original = PoseImages.batches

    def recorded(self, rows, size, *least):
        asked.append(rows)
        return original(self, rows, size, *least)

    monkeypatch.setattr(PoseImages, "batches", recorded)
    train(MLP.small, *few, 3, **QUIET, epochs=2, n_evaluate=None)
    first, _, _, _, second = asked[:5]
    for rows in (first, second):
        np.testing.assert_array_equal(rows[np.lexsort(rows.T[::-1])], split.train)
    assert not np.array_equal(first, second)


KILLED = """
import sys, torch
from symlib.datasets import mnist, partially_observed
from symlib.models import MLP
from symlib.training import train
torch.set_num_threads(1)
images, labels = (array[:600] for array in mnist())
split = partially_observed(labels, 3, partial_class=7, seen_poses=[1, 2], seed=0)
train(MLP.small, images, labels, split, 3, epochs=30, seed=4, device="cpu", checkpoint=sys.argv[1], progress=False)
"""


def test_a_killed_run_resumes_to_the_same_weights(digits, tmp_path):
    path = tmp_path / "new folder" / "run.pt"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], env=os.environ)
    try:
        deadline = time.monotonic() + 120
        while not path.exists() or len(torch.load(path, weights_only=True)["state"]["history"]) < 2:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL
    done = len(torch.load(path, weights_only=True)["state"]["history"])
    assert 2 <= done < 30

    images, labels = (array[:600] for array in digits)
    split = partially_observed(labels, 3, partial_class=7, seen_poses=[1, 2], seed=0)
    options = {"epochs": 30, "seed": 4, **QUIET}
    resumed = train(MLP.small, images, labels, split, 3, checkpoint=path, **options)
    whole = train(MLP.small, images, labels, split, 3, **options)
    assert same_weights(resumed.model, whole.model)
    for a, b in zip(resumed.history, whole.history, strict=True):
        np.testing.assert_array_equal(a, b)
    # A finished run is read, not repeated.
    again = train(MLP.small, images, labels, split, 3, checkpoint=path, **options)
    assert same_weights(again.model, whole.model)


def test_an_interrupted_write_leaves_the_former_checkpoint(few, tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    checkpoints.save(path, {"seed": 1}, {"history": [[1.0]]})
    content = path.read_bytes()

    def breaks(saved, file):
        file.write(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", breaks)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.save(path, {"seed": 1}, {"history": [[2.0]]})
    assert path.read_bytes() == content and [p.name for p in tmp_path.iterdir()] == ["run.pt"]


class Trap:
    def __reduce__(self):
        return (os.mkdir, ("sprung",))


@pytest.mark.parametrize("kind", ["text", "pickle", "torch"])
def test_a_file_that_is_no_checkpoint_is_refused_and_runs_no_code(few, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    path = Path("run.pt")
    if kind == "torch":
        torch.save({"run": {}, "state": Trap()}, path)
    else:
        path.write_bytes(b"not a checkpoint" if kind == "text" else pickle.dumps(Trap(), protocol=2))
    with pytest.raises(ValueError, match="run.pt is no checkpoint of symlib.*delete it"):
        train(MLP.small, *few, 3, **QUIET, **RUN, checkpoint=path)
    assert not Path("sprung").exists()


def test_a_checkpoint_of_another_run_is_refused_by_what_differs(few, tmp_path):
    images, labels, split = few
    path = tmp_path / "run.pt"
    train(MLP.small, *few, 3, **QUIET, **RUN, checkpoint=path)
    content = path.read_bytes()
    for change, named in [({"rate": 1e-4}, r"rate \(0.002 there, 0.0001 here\)"), ({"epochs": 9}, "epochs")]:
        with pytest.raises(ValueError, match=f"another run: {named}.* differ; delete it"):
            train(MLP.small, *few, 3, **QUIET, **(RUN | change), checkpoint=path)
    with pytest.raises(
        ValueError, match="another run: initial weights, model, network's code, network's outputs differ"
    ):
        train(lambda: MLP.small(widths=(16,)), *few, 3, **QUIET, **RUN, checkpoint=path)
    with pytest.raises(ValueError, match="another run: data, network's outputs differ"):
        train(MLP.small, images[::-1], labels, split, 3, **QUIET, **RUN, checkpoint=path)
    assert path.read_bytes() == content


def activations(model, n=8):
    """Bytes an image that a forward pass keeps for the backward pass."""
    saved = {}

    def remember(tensor):
        saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(remember, lambda tensor: tensor):
        scores = model(torch.rand(n, 28, 28))
    assert scores.requires_grad
    for parameter in model.parameters():
        saved.pop(parameter.untyped_storage().data_ptr(), None)
    return sum(saved.values()) / n


def test_memory_of_the_paper_tier():
    """What `train` and the page on scaling say of 60,000 digits in 64 poses, measured on a few images."""
    inputs = PoseImages(np.random.default_rng(0).random((10, 28, 28)), 3, "cpu")
    images, operators = inputs.images.nbytes / 10 * 60_000, inputs.operators.nbytes / 3 * 64
    parts = images, operators, 16 * parameter_count(ViT()), 3 * 4 * 4096 * 784, 512 * activations(ViT())
    page = (Path(__file__).parents[2] / "book" / "scaling.md").read_text()
    assert re.findall(r"\| (\d+) \|$", page, re.M) == [f"{part / 1e6:.0f}" for part in parts]
    cnn, mlp = (activations(make()) / 1e6 for make in (CNN, MLP))
    assert f"{cnn:.2f} MB an image (CNN) and {mlp:.2f} MB (MLP)" in page
    assert f"That is {sum(parts) / 1e9:.1f} GB" in page
    assert sum(parts) + 7 * parts[-1] < 0.5 * 16e9  # batches of 4,096
    said = [f"{part / 1e6:.0f} MB" for part in parts[:3]] + [f"512 · {parts[-1] / 512e6:.1f} MB", "= 1.2 GB"]
    assert all(number in train.__doc__ for number in said)
    assert f"{sum(parts[:3] + parts[4:]) / 1e9:.1f}" == "1.2"


def test_devices_are_chosen_or_refused():
    assert pick_device("cpu") == pick_device(torch.device("cpu")) == torch.device("cpu")
    assert pick_device().type == ("cuda" if torch.cuda.is_available() else pick_device().type)
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="device must be one of .*'cpu'.* on this machine, got 'cuda'"):
            pick_device("cuda")
    with pytest.raises(ValueError, match="device must be one of .*, got 'abacus'"):
        pick_device("abacus")


@pytest.mark.parametrize(("major", "expected"), [(9, (True, True)), (7, (False, True)), (6, (False, False))])
def test_fast_paths_where_cuda_has_them(monkeypatch, major, expected):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (major, 0))
    monkeypatch.setattr(devices.importlib.util, "find_spec", lambda name: name == "triton")
    cuda = torch.device("cuda:0")
    assert devices.fast_paths(cuda) == expected
    assert devices.fast_paths(cuda, False, False) == (False, False)
    assert devices.fast_paths(torch.device("cpu")) == (False, False)


def test_mixed_precision_and_compile_are_used_where_asked(few, monkeypatch):
    dtypes, compiled = set(), []

    class Watched(MLP):
        def forward(self, images):
            scores = super().forward(images)
            dtypes.add(scores.dtype)
            return scores

    def compile(model):
        compiled.append(model)
        return model

    monkeypatch.setattr(torch, "compile", compile)
    rough = train(Watched, *few, 3, **QUIET, **RUN, mixed_precision=True, compiled=True)
    assert torch.bfloat16 in dtypes and compiled == [rough.model]
    exact = train(MLP, *few, 3, **QUIET, **RUN)
    assert len(compiled) == 1
    np.testing.assert_allclose(rough.history.loss, exact.history.loss, rtol=0.05)
    assert (rough.history.loss != exact.history.loss).all()


def test_the_rate_rises_and_falls():
    factors = np.array([_fraction_of_rate(t, 0.25) for t in np.linspace(0, 1, 401)])
    assert factors[0] == 0 and factors[100] == 1 and factors[-1] == 0
    np.testing.assert_allclose(factors[:101], np.linspace(0, 1, 101))
    np.testing.assert_allclose(factors[100:] + factors[100:][::-1], 1)  # a half cosine is odd about its middle
    assert (np.diff(factors[100:]) < 0).all() and factors[175] > 0.8
    assert _fraction_of_rate(0.0, 0.0) == 1.0


SPLIT = PoseSplit(*(np.array([[image, 0]]) for image in range(3)))
IMAGES, LABELS = np.random.default_rng(0).random((3, 8, 8)), np.array([0, 1, 1])


def small():
    return MLP((4,), side=8, classes=2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: train(small, IMAGES[:, :7], LABELS, SPLIT, 2, **QUIET), r"must be square.*\(3, 7, 8\); crop"),
        (lambda: train(small, np.ones((3, 8, 8)), LABELS, SPLIT, 2, **QUIET), r"image 0 in pose 0 is blank"),
        (lambda: train(small, IMAGES, LABELS, SPLIT, 0, **QUIET), "n_poses must be a whole number"),
        (lambda: train(small, IMAGES, LABELS[:2], SPLIT, 2, **QUIET), r"labels .* shape \(3,\).*got int64 of shape"),
        (lambda: train(small, IMAGES, LABELS + 1, SPLIT, 2, **QUIET), "0 to 1 for a network of 2 classes.*classes=3"),
        (lambda: train(small, IMAGES, LABELS / 2, SPLIT, 2, **QUIET), "whole numbers.*got float64"),
        (
            lambda: train(small, IMAGES[:2], LABELS[:2], SPLIT, 2, **QUIET),
            r"test_out must lie within 2 images",
        ),
        (
            lambda: train(small, IMAGES, LABELS, SPLIT._replace(train=SPLIT.train[:, :1]), 2, **QUIET),
            r"split.train must hold rows \(image, pose\).*got int64 of shape \(1, 1\)",
        ),
        (
            lambda: train(small, IMAGES, LABELS, SPLIT._replace(test_out=np.array([[0, 1]])), 2, **QUIET),
            "image 0 is in split.train and in a test part; split by image",
        ),
        (
            lambda: train(small, IMAGES, LABELS, tuple(SPLIT), 2, **QUIET),
            r"PoseSplit, got a tuple; make it .*PoseSplit\(",
        ),
        (lambda: train(small, IMAGES, LABELS, SPLIT, 2, **QUIET, epochs=0), "epochs must be a whole number"),
        (lambda: train(small, IMAGES, LABELS, SPLIT, 2, **QUIET, rate=0), "rate must be positive"),
        (lambda: train(small, IMAGES, LABELS, SPLIT, 2, **QUIET, warm_up=2), r"warm_up must be .*\[0, 1\), got 2"),
        (lambda: train(small, IMAGES, LABELS, SPLIT, 2, **QUIET, seed=-1), "seed must be .*at least 0, got -1"),
        (
            lambda: train(torch.nn.Flatten(0), IMAGES, LABELS, SPLIT, 2, **QUIET),
            r"scores \(B, classes\).*got shape \(128,\)",
        ),
        (
            lambda: evaluate(small(), IMAGES, LABELS[:2], SPLIT.train, 2),
            r"labels must be whole numbers of shape \(3,\)",
        ),
        (lambda: predict(small(), IMAGES, [[0, 2]], 2), r"rows must lie within 3 images and 2 poses, got \(0, 2\)"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_training_that_diverges_says_so(few):
    with pytest.raises(FloatingPointError, match="diverged; lower rate = 1e\\+30"):
        train(CNN.small, *few, 3, **QUIET, epochs=3, rate=1e30)


def test_training_that_diverges_in_its_last_step_says_so(monkeypatch):
    def broken(loop, bar):
        loop.history.append([0.5])
        with torch.no_grad():
            next(loop.model.parameters()).fill_(torch.nan)

    monkeypatch.setattr("symlib.training.loop._Loop.run_epoch", broken)
    with pytest.raises(FloatingPointError, match="NaN for 1 of 1 rows.*diverged; lower rate = 0.002"):
        train(small, IMAGES, LABELS, SPLIT, 2, **QUIET, epochs=1)


def test_a_network_that_gives_nan_has_no_accuracy():
    model = small()
    with torch.no_grad():
        model.layers[-1].bias.fill_(torch.nan)
    for call in (lambda: evaluate(model, IMAGES, LABELS, [[2, 1]], 2), lambda: predict(model, IMAGES, [[2, 1]], 2)):
        with pytest.raises(FloatingPointError, match="NaN for 1 of 1 rows, the first of image 2 in pose 1"):
            call()


class Linear(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.scores = torch.nn.Linear(784, 10)

    def forward(self, images):
        return self.scores(images.flatten(1))


def test_a_checkpoint_of_a_network_whose_code_has_changed_is_refused(few, tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    train(Linear, *few, 3, **QUIET, **RUN, checkpoint=path)
    monkeypatch.setattr(Linear, "forward", lambda self, images: -5 * self.scores(images.flatten(1)).tanh())
    with pytest.raises(ValueError, match="another run: network's code, network's outputs differ"):
        train(Linear, *few, 3, **QUIET, **RUN, checkpoint=path)


SCALE = 1.0


def scaled(x):
    return SCALE * x


class Parts(torch.nn.Module):
    """Its code stands in a lambda that it holds and in a global that a helper uses."""

    def __init__(self, power=1):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
        self.bend = lambda x: x.abs() ** power * x.sign()

    def forward(self, images):
        return scaled(self.bend(self.layers(images)))


@pytest.mark.parametrize("change", ["global", "lambda"])
def test_code_that_a_network_uses_counts(few, tmp_path, monkeypatch, change):
    path = tmp_path / "run.pt"
    train(Parts, *few, 3, **QUIET, **RUN, checkpoint=path)
    train(Parts, *few, 3, **QUIET, **RUN, checkpoint=path)
    if change == "global":
        monkeypatch.setitem(globals(), "SCALE", 1.0 + 1e-9)  # too little to be seen in what comes out
    with pytest.raises(ValueError, match="another run: network's code"):
        train(lambda: Parts(1 if change == "global" else 1 + 1e-9), *few, 3, **QUIET, **RUN, checkpoint=path)


def test_code_that_cannot_be_followed_is_said(few, tmp_path):
    class Locked(MLP):
        def __init__(self):
            super().__init__((8,))
            self.lock = threading.Lock()

    with pytest.raises(TypeError, match="lock.*train without checkpoint="):
        train(Locked, *few, 3, **QUIET, **RUN, checkpoint=tmp_path / "run.pt")
    train(Locked, *few, 3, **QUIET, **RUN)


@pytest.fixture
def float64_by_default():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_the_callers_default_dtype_changes_nothing(few, request):
    x, y = np.random.default_rng(0).standard_normal((6, 20)), [1.0, -1.0] * 3
    options = {"width": 64, "steps": 30, "device": "cpu", "progress": False}

    def everything():
        run = train(MLP.small, *few, 3, **QUIET, **RUN)
        return *run.history[:4], *train_ensemble(x, y, [0], **options)[:2], predict(run.model, few[0], few[2].train, 3)

    before = everything()
    request.getfixturevalue("float64_by_default")
    for one, other in zip(before, everything()):
        np.testing.assert_array_equal(one, other)
    assert torch.get_default_dtype() == torch.float64
    # A network that is made in float64 is trained in float64.
    run = train(MLP.small(), *few, 3, **QUIET, **RUN)
    assert run.model.layers[1].weight.dtype == torch.float64 and np.isfinite(run.history.loss).all()
    assert 0 <= evaluate(MLP.small(), few[0], few[1], few[2].train, 3) <= 1


PEAK = """
import re
import numpy as np
from symlib.training.pose_batches import PoseImages

def kilobytes(what):
    return int(re.search(rf"{what}:\\s+(\\d+)", open("/proc/self/status").read())[1])

images = np.random.default_rng(0).random((4, 48, 48))
PoseImages(images[:, :4, :4], 2, "cpu")
open("/proc/self/clear_refs", "w").write("5")  # the peak begins anew
before = kilobytes("VmRSS")
kept = PoseImages(images, 16, "cpu")
print((kilobytes("VmHWM") - before) * 1024 / (4 * 16 * 48**4))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak of a stretch of work")
def test_memory_of_rotations_is_what_is_documented():
    done = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, timeout=120)
    assert 0.95 < float(done.stdout) < 1.5, done.stderr


def test_memory_of_rotations_is_refused_beforehand():
    with pytest.raises(MemoryError, match="turning images on the device would need about 10.1 GiB.*memory_limit"):
        PoseImages(np.ones((2, 96, 96)), 32, "cpu")


class Flat(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.scores = torch.nn.Linear(784, 10)

    def forward(self, images):
        return self.scores(images.flatten(1))[:, 0]


@pytest.mark.parametrize(
    "layers, message",
    [
        (
            [torch.nn.Conv2d(1, 4, 5), torch.nn.Flatten(), torch.nn.Linear(4, 10)],
            r"\(B, H, W\).*channel.*\(1, \(1, 28\)",
        ),
        ([torch.nn.Flatten(), torch.nn.Linear(100, 10)], r"fails on images \(B, H, W\).*\(2, 28, 28\).*sizes fit"),
        ([Flat()], r"must give scores \(B, classes\).*got shape \(2,\)"),
    ],
)
def test_networks_of_other_shapes_are_refused_before_training(few, layers, message):
    with pytest.raises(ValueError, match=message):
        train(torch.nn.Sequential(*layers), *few, 3, **QUIET, **RUN)


def test_a_last_batch_of_one_row_joins_the_one_before(few, digits):
    def normalising():
        layers = torch.nn.Linear(784, 16), torch.nn.BatchNorm1d(16), torch.nn.ReLU(), torch.nn.Linear(16, 10)
        return torch.nn.Sequential(torch.nn.Flatten(), *layers)

    rows = len(few[2].train)
    run = train(normalising, *few, 3, **QUIET, **(RUN | {"batch_size": rows - 1}))
    assert np.isfinite(run.history.loss).all()
    turned = PoseImages(digits[0][:1], 1, "cpu")
    sizes = [len(x) for x, _ in turned.batches(np.zeros((9, 2), int), 4, least=2)]
    assert sizes == [4, 5]


FULL = """
import resource, signal, sys
from symlib import mnist, partially_observed
from symlib.models import MLP
from symlib.training import UnsavedError, train

images, labels = (array[:60] for array in mnist())
split = partially_observed(labels, 2, partial_class=7, seen_poses=[1], seed=0)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    train(MLP.small, images, labels, split, 2, epochs=2, device="cpu", progress=False, checkpoint=sys.argv[1])
except UnsavedError as error:
    print(error, error.trained.history.loss.shape)
"""


def test_a_disk_that_fills_up_costs_the_checkpoint_and_not_the_training(tmp_path):
    pytest.importorskip("resource", reason="limits of a process are told to Unix only")
    path = tmp_path / "run.pt"
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, timeout=120)
    assert f"{path} could not be written" in done.stdout and done.stdout.strip().endswith("(2,)"), done.stderr


def test_a_place_that_cannot_be_written_is_found_before_training(few, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    calls = []
    monkeypatch.setattr(PoseImages, "batches", lambda *of: calls.append(of) or iter(()))
    with pytest.raises(OSError, match="could not be written"):
        train(MLP.small, *few, 3, **QUIET, **RUN, checkpoint=tmp_path / "file" / "run.pt")
    assert not calls


def test_trained_side_by_side_as_one_after_another(few):
    def loss(seed):
        return train(MLP.small, *few, 3, **QUIET, **(RUN | {"seed": seed})).history.loss

    expected = [loss(seed) for seed in range(3)]
    torch.set_default_dtype(torch.float64)
    try:
        with ThreadPoolExecutor(3) as pool:
            found = list(pool.map(loss, range(3)))
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    np.testing.assert_array_equal(found, expected)


FORKED = """
import multiprocessing, torch
import numpy as np
from symlib import mnist, partially_observed
from symlib.models import MLP
from symlib.training import train

images, labels = (array[:60] for array in mnist())
split = partially_observed(labels, 2, partial_class=7, seen_poses=[1], seed=0)

def loss(seed):
    return train(MLP.small, images, labels, split, 2, epochs=1, device="cpu", progress=False, seed=seed).history.loss[0]

torch.set_num_threads(2)
loss(0)
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(np.isfinite(pool.apply_async(loss, (1,)).get(60)))
"""


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork")
def test_a_forked_process_trains():
    command = [sys.executable, "-W", "ignore", "-c", FORKED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "True", done.stderr


class Holding(MLP):
    """Code and values that count in training only, where no look at its outputs finds them."""

    def __init__(self, held=1.0, hook=None):
        super().__init__((8,))
        self._settings = {"scale": held}
        self.offset = torch.tensor(held)
        if hook:
            self.register_forward_hook(hook)

    def forward(self, images):
        scores = super().forward(images)
        return scores * self._settings["scale"] + self.offset if self.training else scores


@pytest.mark.parametrize(
    "changed", [{"held": 1.0 + 1e-9}, {"hook": lambda part, given, scores: scores + part.training}]
)
def test_what_a_network_holds_counts(few, tmp_path, changed):
    path = tmp_path / "run.pt"
    train(Holding, *few, 3, **QUIET, **RUN, checkpoint=path)
    train(Holding, *few, 3, **QUIET, **RUN, checkpoint=path)
    with pytest.raises(ValueError, match=r"another run: network's code differ"):
        train(lambda: Holding(**changed), *few, 3, **QUIET, **RUN, checkpoint=path)


def test_a_flipped_bit_in_a_checkpoint_is_noticed(few, tmp_path):
    path = tmp_path / "run.pt"
    train(MLP.small, *few, 3, **QUIET, **RUN, checkpoint=path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no checkpoint of symlib.*damaged"):
        train(MLP.small, *few, 3, **QUIET, **RUN, checkpoint=path)


@pytest.mark.parametrize(
    "labels, message", [(lambda y: y + 1, "labels must be 0 to 9"), (lambda y: y.astype(str), "whole numbers")]
)
def test_labels_that_no_class_can_match_are_refused(few, labels, message):
    with pytest.raises(ValueError, match=message):
        evaluate(MLP.small(), few[0], labels(few[1]), few[2].train, 3)
