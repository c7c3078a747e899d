"""Labelled images by name and from files: what is read, brought to a size and numbered, and what is refused."""

import gzip
import hashlib
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from symlib import labelled_images, mnist
from symlib.datasets.mnist_files import FASHION_MNIST, FILES

rng = np.random.default_rng(5)
BYTES = rng.integers(0, 256, (12, 28, 28), dtype=np.uint8)
KINDS = np.array(["coat", "boot", "hat"] * 4)


def idx(array):
    """The IDX file of an array of unsigned bytes, as Fashion-MNIST is published."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.astype(np.uint8).tobytes()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A server on loopback with images of the test's own in Fashion-MNIST's format, which itself is not carried."""
    (tmp_path / "served").mkdir()
    monkeypatch.setenv("SYMLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("SYMLIB_DATA", raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: Quiet(*a, directory=str(tmp_path / "served"))) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        for name, array in zip(FILES["test"], (BYTES, np.arange(12) % 10), strict=True):
            (tmp_path / "served" / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
            content = {"sha256": hashlib.sha256(idx(array)).hexdigest(), "others": ()}
            address = f"http://127.0.0.1:{server.server_address[1]}/"
            monkeypatch.setitem(FASHION_MNIST, name, replace(FASHION_MNIST[name], mirrors=(address,), **content))
        yield tmp_path / "served"
        server.shutdown()
        thread.join()


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_digits_are_those_that_come_with_symlib():
    found = labelled_images("digits", side=28, n_classes=10)
    images, labels = mnist()
    assert_array_equal(found.images, images)
    assert_array_equal(found.labels, labels)
    assert found.names == tuple("0123456789")


def test_clothes_are_downloaded_and_named(mirror):
    images, labels, names = labelled_images("fashion")
    assert_array_equal(images, BYTES / 255)
    assert labels.tolist() == [*range(10), 0, 1]
    assert (names[1], names[9]) == ("trousers", "ankle boot")
    (mirror / f"{FILES['test'][0]}.gz").unlink()  # from the cache, from now on
    assert_array_equal(labelled_images("Fashion").images, images)


def test_where_clothes_are_out_of_reach_no_others_take_their_place(mirror):
    for file in mirror.iterdir():
        file.unlink()
    with pytest.raises(ConnectionError, match="could not get t10k-images"):
        labelled_images("fashion")


@pytest.mark.parametrize(
    ("x", "y", "wanted", "classes"),
    [
        (BYTES, KINDS, BYTES / 255, ("boot", "coat", "hat")),
        (BYTES.astype(float), KINDS.astype("S"), BYTES / 255, ("boot", "coat", "hat")),
        (BYTES / 255, np.array([7.0, 3.0, 11.0] * 4), BYTES / 255, ("3", "7", "11")),
        (BYTES > 100, KINDS == "hat", BYTES > 100, ("0", "1")),
        (BYTES // 128, KINDS, (BYTES // 128) / 255, ("boot", "coat", "hat")),  # bytes are bytes, however dark
    ],
)
def test_files(here, x, y, wanted, classes):
    np.savez("mine.npz", x=x, y=y, unused=[object()])
    images, labels, names = labelled_images("mine.npz")
    assert images.dtype == np.float64 and labels.dtype.kind == "i" and names == classes
    assert_array_equal(images, wanted)
    as_text = y.astype(float).astype(int).astype(str) if y.dtype.kind in "fb" else y.astype(str)
    assert np.array(names)[labels].tolist() == as_text.tolist()


@pytest.mark.parametrize(("shape", "side"), [((8, 8), 28), ((42, 42), 28), ((5, 8), 4), ((9, 6), 9), ((28, 28), 12)])
def test_images_are_brought_to_a_size(here, shape, side):
    """Against pixels repeated until both sizes divide them."""
    x = rng.random((4, *shape))
    np.savez("mine.npz", x=x, y=[0, 0, 1, 1])
    longer = max(shape)
    square = np.zeros((4, longer, longer))
    top, left = (longer - shape[0]) // 2, (longer - shape[1]) // 2
    square[:, top : top + shape[0], left : left + shape[1]] = x
    fine = square.repeat(side, axis=1).repeat(side, axis=2)
    wanted = fine.reshape(4, side, longer, side, longer).mean(axis=(2, 4))
    np.testing.assert_allclose(labelled_images("mine.npz", side=side).images, wanted, atol=1e-14)


def test_some_classes_are_kept(here):
    np.savez("mine.npz", x=BYTES, y=KINDS)
    images, labels, names = labelled_images("mine.npz", n_classes=2)
    assert names == ("boot", "coat") and labels.tolist() == [1, 0] * 4
    assert_array_equal(images, BYTES[KINDS != "hat"] / 255)


X, Y = BYTES / 255, np.arange(12) % 3


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": X, "y": Y}, r"mine.npz has no key 'x'.*it holds 'X', 'y': write the file with numpy.savez\(FILE, x="),
        ({"x": X, "labels": Y}, "has no key 'y'"),
        ({"x": X, "y": Y[:5]}, "'y' of mine.npz must hold one entry a sample, 12 in all, got shape .5,."),
        ({"x": X, "y": np.eye(3)[Y]}, "one-hot.*argmax"),
        ({"x": X, "y": Y * 0}, r"2 classes are wanted, and mine.npz has 1 \(0\); give images of more classes$"),
        ({"x": X, "y": np.array([0, "a", {}] * 4, object)}, "'y' of mine.npz holds Python objects.*not unpickled"),
        ({"x": X.reshape(12, -1), "y": Y}, r"got shape \(12, 784\); rows of pixels become images by x.reshape\(-1, 28"),
        ({"x": X.reshape(12, -1)[:, 1:], "y": Y}, r"got shape \(12, 783\); write the file"),
        ({"x": X[..., None], "y": Y}, r"got shape \(12, 28, 28, 1\); drop the axis"),
        ({"x": np.stack([X] * 3, -1), "y": Y}, r"in colour; take their grey values"),
        ({"x": X[:0], "y": Y[:0]}, r"got shape \(0, 28, 28\)"),
        ({"x": X - 0.5, "y": Y}, r"\[0, 1\], or whole numbers from 0 to 255, got -0.5 to 0.5 \(float64\); bring them"),
        ({"x": BYTES // 16 * 1.0, "y": Y}, "got 0 to 15"),
        ({"x": 100 * X, "y": Y}, "got 0 to 100"),
        (
            {"x": X * (np.arange(12) != 7)[:, None, None], "y": Y},
            "holds 1 blank images, .* number 7 for one; leave them",
        ),
        ({"x": np.where(X > 0.5, np.nan, X), "y": Y}, "'x' of mine.npz must be finite, got nan at"),
    ],
)
def test_files_that_are_refused(here, arrays, message):
    np.savez("mine.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        labelled_images("mine.npz")


def test_sources_that_are_refused(here):
    np.savez("mine.npz", x=X, y=Y)
    with pytest.raises(
        ValueError, match="source 'fahsion' is not known, perhaps 'fashion'; there are digits, .* a .npz"
    ):
        labelled_images("fahsion")
    with pytest.raises(ValueError, match="there is no file main.npz, perhaps 'mine.npz' .looked in .*on Colab"):
        labelled_images("main.npz")
    with pytest.raises(ValueError, match="10 classes are wanted, and mine.npz has 3 .0, 1, 2.*or ask for fewer"):
        labelled_images("mine.npz", n_classes=10)
    with pytest.raises(ValueError, match="side must be"):
        labelled_images("mine.npz", side=0)
