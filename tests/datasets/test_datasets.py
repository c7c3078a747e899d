"""Data sets: digits by their digests, the IDX reader on bad files, draws and splits by property."""

import gzip
import hashlib
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import symlib
from symlib.datasets import circles, digit_pairs, fashion_mnist, mnist, mnist_files, partially_observed
from symlib.datasets.mnist_files import FASHION_MNIST, MNIST, read_split
from symlib.kernels import rbf
from symlib.orbits import points

LABEL_LISTS = st.lists(st.integers(0, 4), min_size=1, max_size=14)


def idx(array):
    """The IDX file of an array of unsigned bytes."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(np.uint8).tobytes()


def remote_of(name, content):
    return replace(MNIST[name], sha256=hashlib.sha256(content).hexdigest(), mirrors=())


@pytest.fixture
def small_files(tmp_path, monkeypatch):
    """A folder with a small data set in the place of MNIST's test split, as $SYMLIB_DATA."""
    images = np.arange(5 * 28 * 28).reshape(5, 28, 28) % 256
    labels = np.array([3, 1, 4, 1, 5])
    for name, array in zip(mnist_files.FILES["test"], (images, labels), strict=True):
        (tmp_path / name).write_bytes(idx(array))
        monkeypatch.setitem(MNIST, name, remote_of(name, idx(array)))
    monkeypatch.setenv("SYMLIB_DATA", str(tmp_path))
    return images, labels


def test_bundled_digits():
    images, labels = mnist()
    assert images.shape == (10000, 28, 28) and images.dtype == np.float64
    assert images.min() == 0 and images.max() == 1
    assert labels.shape == (10000,) and labels.dtype.kind == "i"
    assert np.bincount(labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert images[0, 14].nonzero()[0].tolist() != []  # row and column are not swapped: a 7's stroke
    assert images[0, :7].max() == 0 and images[0, 7].max() > 0


DIGITS = {
    path.stem: gzip.decompress(path.read_bytes()) for path in (Path(symlib.__file__).parent / "data").glob("*.gz")
}


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """No mirrors, and an empty cache and $SYMLIB_DATA, whose path it is."""
    for remotes in (MNIST, FASHION_MNIST):
        for name, remote in remotes.items():
            monkeypatch.setitem(remotes, name, replace(remote, mirrors=()))
    monkeypatch.setenv("SYMLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SYMLIB_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def put(folder, contents, name=str, pack=bytes):
    folder.mkdir(parents=True, exist_ok=True)
    for stem, content in contents.items():
        (folder / name(stem)).parent.mkdir(exist_ok=True)
        (folder / name(stem)).write_bytes(pack(content))


def windows(stem):
    return stem.replace("-idx", ".idx")


@pytest.mark.parametrize(
    ("folder", "name", "pack"),
    [
        (".", str, bytes),
        (".", "{}.gz".format, lambda content: gzip.compress(content, 1, mtime=7)),
        (".", windows, bytes),
        ("mnist", lambda stem: windows(stem) + ".gz", gzip.compress),
        ("MNIST/raw", str, bytes),
        ("MNIST/raw", "{}.gz".format, bytes),  # unpacked on the way, and named as before
        ("Mnist", lambda stem: stem.upper().replace("-", "_"), bytes),
        (".", "{0}/{0}".format, bytes),  # a folder of the file's name around it
    ],
)
def test_names_folders_and_packings_in_use(offline, folder, name, pack):
    put(offline / folder, DIGITS, name, pack)
    images, labels = mnist("test")
    assert images.shape == (10000, 28, 28) and labels[:4].tolist() == [7, 2, 1, 0]


@pytest.mark.parametrize("folder", ["fashion-mnist", "fashion_mnist", "FashionMNIST/raw", "data/fashion", "."])
def test_clothes_in_the_folders_in_use(offline, monkeypatch, folder):
    """The published files are too large to carry: small ones in their place."""
    clothes = {name: idx(np.full((3, 28, 28), 51) if "images" in name else np.arange(3)) for name in DIGITS}
    for name, content in clothes.items():
        fake = replace(FASHION_MNIST[name], sha256=hashlib.sha256(content).hexdigest())
        monkeypatch.setitem(FASHION_MNIST, name, fake)
    if folder != ".":
        put(offline, DIGITS)  # which are none of its business there
    put(offline / folder, clothes, "{}.gz".format, lambda content: gzip.compress(content, 3, mtime=1))
    assert fashion_mnist("test")[1].tolist() == [0, 1, 2]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_digits_in_the_folder_of_clothes_are_refused(offline, pack):
    put(offline / "fashion-mnist", DIGITS, str if pack is bytes else "{}.gz".format, pack)
    with pytest.raises(ValueError, match="is the file of that name of MNIST.*damaged or belongs to another data set"):
        fashion_mnist("test")


@pytest.mark.parametrize("folder", [".", "mnist"])
def test_clothes_in_the_folder_of_digits_are_refused(offline, monkeypatch, folder):
    clothes = {name: content[:16] + content[16:][::-1] for name, content in DIGITS.items()}
    for name, content in clothes.items():
        others = ((hashlib.sha256(content).hexdigest(), "Fashion-MNIST"),)
        monkeypatch.setitem(MNIST, name, replace(MNIST[name], others=others))
    put(offline / folder, clothes)
    with pytest.raises(ValueError, match="is the file of that name of Fashion-MNIST"):
        mnist("test")
    put(offline / "MNIST", DIGITS)  # the right ones, further on
    assert_array_equal(mnist("test")[0], mnist()[0])


def test_both_data_sets_know_each_others_digests():
    for name in MNIST:
        assert dict(MNIST[name].others) == {FASHION_MNIST[name].sha256: "Fashion-MNIST"}
        assert dict(FASHION_MNIST[name].others) == {MNIST[name].sha256: "MNIST"}


def test_where_nothing_is_found_the_names_and_folders_are_listed(offline):
    with pytest.raises(
        ConnectionError, match=r"is no folder with .*t10k-images-idx3-ubyte.*\(looked in its folders ., "
    ):
        mnist("test")
    offline.mkdir()
    with pytest.raises(ConnectionError, match=r"none of .*t10k-images.idx3-ubyte \(looked in its folders ., MNIST/raw"):
        mnist("test")


def test_images_are_read_row_by_row_and_scaled(small_files):
    images, labels = mnist("test")
    assert_array_equal(images, small_files[0] / 255)
    assert_array_equal(labels, small_files[1])


def test_digits_are_never_taken_for_clothes(offline):
    """Both data sets name their files alike; the digits in $SYMLIB_DATA must not answer for the other."""
    put(offline, DIGITS)
    with pytest.raises(ConnectionError, match="could not get t10k-images.*that of another data set"):
        fashion_mnist("test")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (b"", "must begin with the IDX header.*got nothing"),
        (b"\x00\x00", "must begin with the IDX header.*got 00 00"),
        (b"\x80\x04\x95\x00" + bytes(20), "got 80 04 95 00"),  # a pickle is not opened
        (b"\x00\x00\x0d\x03" + bytes(20), "unsigned bytes.*got 00 00 0d 03"),
        (b"\x00\x00\x08\x03\x00\x00", "must begin with the IDX header"),
        (idx(np.zeros((2, 3, 3)))[:-1], r"must hold \(2, 3, 3\) bytes after its header, got 17"),
        (idx(np.zeros((2, 3, 3))) + b"?", r"must hold \(2, 3, 3\) bytes after its header, got 19"),
        (idx(np.zeros((2, 9))), r"as many images as labels, got shapes \(2, 9\) and \(2,\)"),
        (idx(np.zeros((3, 3, 3))), r"as many images as labels, got shapes \(3, 3, 3\) and \(2,\)"),
    ],
)
def test_a_file_that_is_not_idx_is_refused(images, message):
    names = mnist_files.FILES["test"]
    files = {names[0]: images, names[1]: idx(np.zeros(2))}
    with pytest.raises(ValueError, match=message):
        read_split(names, {name: name for name in names}, files.get)


def test_circles_are_one_orbit_with_a_circulant_gram():
    n, separation, radius = 7, 0.6, 1.3
    orbits = circles(n, separation, radius)
    assert orbits.shape == (2, n, 3)
    assert_allclose(np.hypot(orbits[..., 0], orbits[..., 1]), radius, rtol=1e-14)
    assert_allclose(orbits[0, :, 2] - orbits[1, :, 2], separation, rtol=1e-14)
    gram = np.asarray(rbf(points(orbits, ndim=1), length_scale=0.8))
    for shift in range(2 * n):
        assert_allclose(np.roll(gram, (shift, shift), axis=(0, 1)), gram, rtol=1e-12)


@settings(deadline=None, max_examples=200)
@given(labels=LABEL_LISTS, share=st.floats(0, 1), seed=st.integers(0, 99))
def test_digit_pairs_are_distinct_and_differ_in_label(labels, share, seed):
    possible = {pair for pair in combinations(range(len(labels)), 2) if len({labels[i] for i in pair}) == 2}
    if not possible:
        with pytest.raises(ValueError, match="allow 0"):
            digit_pairs(labels, 1, seed=seed)
        return
    n_pairs = max(1, round(share * len(possible)))
    pairs = digit_pairs(labels, n_pairs, seed=seed)
    drawn = {tuple(sorted(pair)) for pair in pairs.tolist()}
    assert pairs.shape == (n_pairs, 2) and len(drawn) == n_pairs and drawn <= possible
    assert_array_equal(pairs, digit_pairs(labels, n_pairs, seed=seed))


@pytest.mark.parametrize("n_pairs", [2, 6])  # below and above half of the seven possible pairs
def test_digit_pairs_are_uniform(n_pairs):
    """Two-sided: the worst of 14 ordered pairs within its 1e-4 quantile, and not better than chance."""
    labels = [1, 0, 2, 1, 1]
    draws = np.array([digit_pairs(labels, n_pairs, seed=seed) for seed in range(4000)])
    for rows in (draws, draws[:, :1]):  # all that were drawn, and the first alone
        counts = np.unique(rows.reshape(-1, 2), axis=0, return_counts=True)[1]
        assert len(counts) == 14
        # A draw holds an ordered pair with probability p: binomial over the draws.
        p = rows.shape[1] / 14
        z = (counts - 4000 * p) / np.sqrt(4000 * p * (1 - p))
        assert 0.3 < np.abs(z).max() < stats.norm.isf(1e-4 / 14)


def test_digit_pairs_of_a_large_data_set_stay_small():
    labels = np.arange(2_000_000) % 10
    pairs = digit_pairs(labels, 512, seed=1)  # 1.8e12 possible pairs
    assert pairs.shape == (512, 2) and (labels[pairs[:, 0]] != labels[pairs[:, 1]]).all()


@settings(deadline=None, max_examples=150)
@given(data=st.data(), labels=LABEL_LISTS, n_poses=st.integers(2, 6), seed=st.integers(0, 99))
def test_partially_observed_splits_by_image(data, labels, n_poses, seed):
    labels = np.array(labels * 2)  # at least two images of each class
    partial = int(data.draw(st.sampled_from(sorted(set(labels.tolist())))))
    seen = data.draw(st.sets(st.integers(0, n_poses - 1), min_size=1, max_size=n_poses - 1))
    fraction = data.draw(st.floats(0.01, 0.99))
    train, test_in, test_out = parts = partially_observed(
        labels, n_poses, partial_class=partial, seen_poses=sorted(seen), test_fraction=fraction, seed=seed
    )
    trained, tested = set(train[:, 0]), set(test_in[:, 0]) | set(test_out[:, 0])
    assert not trained & tested and trained | tested == set(range(len(labels)))
    for side in (trained, tested):
        assert {int(labels[i]) for i in side} == set(labels.tolist())
    observed = {(i, g) for i in range(len(labels)) for g in range(n_poses) if labels[i] != partial or g in seen}
    rows = [set(map(tuple, part.tolist())) for part in parts]
    assert rows[0] == {(i, g) for i, g in observed if i in trained}
    assert rows[1] == {(i, g) for i, g in observed if i in tested}
    unseen = set(range(n_poses)) - seen
    assert rows[2] == {(i, g) for i in tested for g in unseen if labels[i] == partial}
    assert [len(part) for part in parts] == [len(row) for row in rows]


def test_partially_observed_holds_out_the_asked_share_of_each_class():
    labels = np.repeat([0, 1, 2], [100, 50, 10])
    split = partially_observed(labels, 4, partial_class=1, seen_poses=[2], test_fraction=0.3, seed=0)
    assert np.bincount(labels[np.unique(split.test_in[:, 0])]).tolist() == [30, 15, 3]
    other = partially_observed(labels, 4, partial_class=1, seen_poses=[2], test_fraction=0.3, seed=1)
    assert set(split.test_in[:, 0]) != set(other.test_in[:, 0])


SPLIT = {"n_poses": 4, "partial_class": 7, "seen_poses": [0, 1], "seed": 0}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mnist("validation"), '"bundled", "train" or "test", got \'validation\''),
        (lambda: fashion_mnist("bundled"), '"train" or "test", got \'bundled\''),
        (lambda: circles(0, 1.0), "n must be a whole number of at least 1, got 0"),
        (lambda: circles(3, np.nan), r"\(separation, radius\) must be finite"),
        (lambda: circles(3, 1.0, radius=0), "radius must be positive, got 0"),
        (lambda: digit_pairs([[1, 2]], 1, seed=0), r"labels must have shape \(n,\).*got \(1, 2\)"),
        (lambda: digit_pairs([1, 2, 2], 3, seed=0), "n_pairs = 3.*3 labels in 2 classes allow 2; ask"),
        (lambda: digit_pairs([1, 2], 0, seed=0), "n_pairs must be a whole number"),
        (lambda: partially_observed([0, 0, 1, 1], **SPLIT), r"must be one of \[0, 1\], got 7"),
        (lambda: partially_observed([0, 7, 7], **SPLIT), "class 0 has 1 image.*at least two"),
        (lambda: partially_observed([7, 7], **{**SPLIT, "seen_poses": []}), "seen_poses is empty"),
        (lambda: partially_observed([7, 7], **{**SPLIT, "seen_poses": [4]}), "seen_poses must lie"),
        (lambda: partially_observed([7, 7], **{**SPLIT, "seen_poses": [1, 1]}), "twice"),
        (lambda: partially_observed([7, 7], **{**SPLIT, "seen_poses": range(4)}), "all 4 poses"),
        (lambda: partially_observed([7, 7], **SPLIT, test_fraction=1), "between 0 and 1, got 1"),
        (
            lambda: partially_observed([7, 7], **SPLIT, test_fraction="x"),
            "test_fraction must be one real number, got 'x'",
        ),
    ],
)
def test_bad_input_is_refused_with_the_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_labels_that_name_no_class_are_refused():
    with pytest.raises(ValueError, match="labels must name a class for each image, got nan at 1"):
        digit_pairs([0.0, np.nan, 1.0], 1, seed=0)
    for mixed in ([1, "a", 2], np.array([1, "a", 2], object), [1, None, 2]):
        with pytest.raises(ValueError, match="labels must be of one kind, got (NoneType|numbers) and"):
            digit_pairs(mixed, 1, seed=0)
    with pytest.raises(ValueError, match="got nan at 1"):
        digit_pairs(np.array([0, np.nan, 1], object), 1, seed=0)
    with pytest.raises(ValueError, match=r"must be one of \[0, 7\], got \[0, 7\]"):
        partially_observed([0, 7, 0, 7], 3, partial_class=[0, 7], seen_poses=[0], seed=0)
    with pytest.raises(TypeError, match="masked array"):
        partially_observed(np.ma.masked_equal([0, 0, 7, 7], 7), 3, partial_class=7, seen_poses=[0], seed=0)
    with pytest.raises(ValueError, match="seen_poses must hold integers, got dtype bool"):
        partially_observed([0, 0, 7, 7], 3, partial_class=7, seen_poses=[True, False, False], seed=0)


def test_labels_may_be_text_or_objects_of_one_kind():
    numbers = np.array([3, 3, 8, 8, 8])
    for labels in (numbers.astype(object), numbers.astype(str), list(map(str, numbers)), numbers.astype(bytes)):
        assert_array_equal(digit_pairs(labels, 4, seed=0), digit_pairs(numbers, 4, seed=0))
