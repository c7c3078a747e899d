"""Samples from files, folders and data sets: what is read, and each way in which an input can be wrong."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from symlib.diagnose.sources import read_samples, samples

rng = np.random.default_rng(3)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder, in which the test runs, and whose modules can be imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def pictures(folder, names, size=(5, 4)):
    """Grey pictures of random pixels, (height, width) = size, at the names; returns their pixels."""
    found = {}
    for name in names:
        pixels = rng.integers(0, 256, size, dtype=np.uint8)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name)
        found[name] = pixels
    return found


def test_npz(here):
    x = rng.normal(size=(6, 2, 3))
    np.savez("a.npz", data=x, kind=["u", "v"] * 3, tonic=np.arange(6.0), tune=list("aabbcc"), other=[object()])
    found = read_samples("a.npz", samples="data", labels="kind", pose="tonic", objects="tune")
    assert np.array_equal(found.x, x)
    assert found.y.tolist() == ["u", "v"] * 3 and found.objects.tolist() == list("aabbcc")
    assert found.pose.tolist() == list(range(6)) and found.pose.dtype.kind == "i"


def test_npz_says_which_keys_it_does_not_use(here):
    np.savez("a.npz", x=np.eye(4), y=[0.0, 1.0, 0.0, 1.0], pose=np.arange(4))
    found = read_samples("a.npz")
    assert found.pose is None and found.y.tolist() == [0, 1, 0, 1]
    assert found.notes == ["a.npz also holds a key not in use (pose: --pose pose)"]


def test_csv(here):
    (here / "a.csv").write_text('p1,kind,p2,who,"p3"\n1,up,2.5,7,3\n\n-4,down,1e1,8,6\n', encoding="utf-8-sig")
    found = read_samples("a.csv", labels="kind", objects="who")
    assert found.x.tolist() == [[1, 2.5, 3], [-4, 10, 6]] and found.y.tolist() == ["up", "down"]
    assert found.objects.tolist() == [7, 8]
    assert read_samples("a.csv", labels="kind", samples="p3, p1").x.tolist() == [[1, 3], [-4, 6]]
    assert read_samples("a.csv", labels="kind", samples="p*", pose="who").pose.tolist() == [7, 8]


def test_long_ids_of_a_csv_are_told_apart(here):
    rows = "".join(f"{i},{i % 2},{2**53 + i},{10**19 + i}\n" for i in range(4))
    (here / "a.csv").write_text(f"a,y,person,picture\n{rows}")
    for column in ("person", "picture"):
        assert len(set(read_samples("a.csv", objects=column).objects)) == 4


def test_a_pattern_of_columns_leaves_out_the_labels(here):
    (here / "a.csv").write_text("a,b,y,tune\n3,4,1,5\n1,2,0,6\n")
    assert read_samples("a.csv", samples="*", objects="tune").x.tolist() == [[3, 4], [1, 2]]


def test_folder(here):
    pixels = pictures(
        here, ["im/10/b_2.png", "im/10/b_1.png", "im/9/deep/a.png", "im/10/.hidden.png", "im/.cache/x.png"]
    )
    (here / "im" / "9" / "notes.txt").write_text("no image")
    (here / "im" / "README").write_text("no image, and of no class")
    found = read_samples("im", objects="prefix")
    order = ["im/10/b_1.png", "im/10/b_2.png", "im/9/deep/a.png"]
    assert np.array_equal(found.x, np.array([pixels[name] for name in order]) / 255)
    assert found.y.tolist() == [10, 10, 9] and found.objects.tolist() == ["10/b", "10/b", "9/a"]
    assert found.notes == ["left out, since they are no images by their names: 9/notes.txt"]


def test_folder_of_poses(here):
    pictures(here, ["im/cat/0/a.png", "im/cat/11/b.png", "im/<dog>/3/a.png"])
    found = read_samples("im", pose="folder")
    assert found.y.tolist() == ["<dog>", "cat", "cat"] and found.pose.tolist() == [3, 0, 11]


def test_pictures_of_all_kinds_become_grey(here):
    deep = np.array([[0, 65535], [32768, 13107]], dtype=np.uint16)
    (here / "im/a").mkdir(parents=True)
    (here / "im/b").mkdir()
    Image.fromarray(deep).save("im/a/1_deep.png")
    colours = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], dtype=np.uint8)
    Image.fromarray(colours).save("im/a/2_colours.png")
    clear = np.zeros((2, 2, 4), dtype=np.uint8)
    clear[0, 0, 3] = 255  # black ink on what is transparent otherwise
    Image.fromarray(clear).save("im/b/3_clear.png")
    turned = Image.fromarray(np.array([[0, 255], [0, 0]], dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned clockwise
    turned.save("im/b/4_turned.png", exif=exif)
    found = read_samples("im").x
    assert np.allclose(found[0], deep / 65535)
    assert np.allclose(found[1], [[0.299, 0.587], [0.114, 1]], atol=0.003)
    assert found[2].tolist() == [[0, 1], [1, 1]]
    assert found[3].tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize("pixels", [np.float32([[0, 255.0]]), np.float32([[0, np.nan]]), np.int32([[-3, 70000]])])
def test_pictures_of_another_scale_are_refused(here, pixels):
    """Read as they are, beside pictures of 8 bits, they alone would count."""
    pictures(here, ["im/a/1.png"], (1, 2))
    (here / "im/b").mkdir()
    Image.fromarray(pixels).save("im/b/1.tif")
    with pytest.raises(ValueError, match="1.tif cannot be read .*8 or 16 bits, or real ones from 0 to 1, got"):
        read_samples("im")


def test_images_are_brought_to_one_size(here):
    pictures(here, ["im/a/1.png"], (8, 8))
    pictures(here, ["im/b/1.png"], (4, 10))
    found = read_samples("im", side=4).x
    large, wide = (np.asarray(Image.open(f"im/{name}/1.png"), float) / 255 for name in "ab")
    assert np.allclose(found[0], large.reshape(4, 2, 4, 2).mean(axis=(1, 3)), atol=1.01 / 255)
    assert np.allclose(found[1], wide[:, 3:7])


def test_a_large_folder_is_drawn_from(here):
    pictures(here, [f"im/{label}/{i:02d}.png" for label in "ab" for i in range(20)], (3, 3))
    found = read_samples("im", most=10, seed=1)
    assert found.x.shape == (10, 3, 3) and set(found.y) == {"a", "b"}
    assert found.notes == ["10 of 40 images were read, drawn evenly"]
    assert np.array_equal(read_samples("im", most=10, seed=1).x, found.x)


DATA_SETS = """
import numpy as np
class Pairs:
    def __init__(self, n=6, shape=(1, 4, 5)):
        self.x = np.arange(n * np.prod(shape), dtype=float).reshape(n, *shape)
        self.asked = []
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        self.asked.append(i)
        return self.x[i], np.int64(i % 3), f"tune {i // 2}"
pairs = Pairs()
def made():
    return Pairs(4, (7,))
class Loader:
    dataset = pairs
    def __iter__(self):
        return iter(())
loader = Loader()
named = [{"image": row[0], "label": row[1], "turn": 2} for row in pairs]
colours = [(np.ones((3, 2, 2)) * [[[1]], [[0]], [[0]]], 0), (np.ones((2, 2, 3)), 1)]
many = Pairs(1000)
ragged = [(np.ones(3), 0), (np.ones(4), 1)]
single = [np.ones(3), np.ones(3)]
endless = iter(())
empty = []
number = 3
def wants(root):
    return pairs
class Fails(Pairs):
    def __getitem__(self, i):
        raise RuntimeError("disk gone")
fails = Fails()
blurred = [(np.array([1, np.nan]), 0), (np.ones(2), 1)]
unnamed = [(np.ones(2), 0), (np.ones(2), None), (np.ones(2), 1)]
"""


@pytest.fixture
def data_sets(here):
    (here / "data_of_ours.py").write_text(DATA_SETS)
    yield
    import sys

    sys.modules.pop("data_of_ours", None)


def test_data_sets(data_sets):
    found = read_samples("data_of_ours:pairs", objects="2")
    assert np.array_equal(found.x, np.arange(120.0).reshape(6, 4, 5)) and found.y.tolist() == [0, 1, 2, 0, 1, 2]
    assert found.objects.tolist() == ["tune 0", "tune 0", "tune 1", "tune 1", "tune 2", "tune 2"]
    assert np.array_equal(read_samples("data_of_ours:loader").x, found.x)
    assert read_samples("data_of_ours:made").x.shape == (4, 7)
    named = read_samples("data_of_ours:named", samples="image", labels="label", pose="turn")
    assert np.array_equal(named.x, found.x) and named.pose.tolist() == [2] * 6
    assert np.array_equal(read_samples("data_of_ours:named").x, found.x)
    assert np.allclose(read_samples("data_of_ours:colours").x, [np.full((2, 2), 0.299), np.ones((2, 2))])


def test_few_items_of_a_large_data_set_are_asked_for(data_sets):
    found = read_samples("data_of_ours:many", most=8)
    import data_of_ours

    assert len(found.x) == 8 and len(data_of_ours.many.asked) == 8


def test_a_data_set_of_torch(here):
    pytest.importorskip("torch")
    (here / "data_of_torch.py").write_text(
        "import torch\nfrom torch.utils.data import DataLoader, TensorDataset\n"
        "x = torch.arange(40.0, requires_grad=True).reshape(5, 1, 2, 4)\n"
        "train = TensorDataset(x, torch.tensor([0, 1, 1, 0, 1]))\nloader = DataLoader(train)\n"
    )
    for name in ("train", "loader"):
        found = read_samples(f"data_of_torch:{name}")
        assert np.array_equal(found.x, np.arange(40.0).reshape(5, 2, 4)) and found.y.tolist() == [0, 1, 1, 0, 1]


def npz(**arrays):
    return lambda: np.savez("a.npz", **arrays)


def text(name, content):
    return lambda: Path(name).write_text(content)


X, Y = np.eye(4), [0, 1, 0, 1]


def cut_short():
    """An archive that is whole, of an array that is not."""
    np.savez("whole.npz", x=X, y=Y)
    with zipfile.ZipFile("whole.npz") as whole, zipfile.ZipFile("a.npz", "w") as cut:
        cut.writestr("x.npy", whole.read("x.npy")[:-8])
        cut.writestr("y.npy", whole.read("y.npy"))


REFUSED = [
    ("nowhere.npz", None, {}, "there is no file or folder nowhere.npz"),
    ("a.npy", lambda: np.save("a.npy", X), {}, "a .npy file holds no labels"),
    ("a.txt", text("a.txt", "1 2"), {}, "must be a .npz or .csv file, a folder of images, or module:attribute"),
    ("a.npz", text("a.npz", "no archive"), {}, "cannot be read as .npz"),
    ("a.npz", npz(X=X, y=Y), {}, "has no key 'x', perhaps|has no key 'x'; it holds 'X', 'y': name the one meant"),
    ("a.npz", npz(x=X, y=Y), {"pose": "poses"}, "has no key 'poses'; it holds 'x', 'y': .* --pose NAME"),
    ("a.npz", npz(x=X, y=np.array([0, "a", {}, 1], object)), {}, "'y' of a.npz holds Python objects.* not unpickled"),
    ("a.npz", npz(x=X, y=[1, 1, 1, 1]), {}, "'y' of a.npz holds one class only, 1"),
    ("a.npz", npz(x=X, y=[1, 2]), {}, "one entry a sample, 4 in all, got shape .2,."),
    ("a.npz", npz(x=X, y=np.eye(4)), {}, "one-hot.*argmax"),
    ("a.npz", npz(x=X, y=[0.5, 1, 0, 1]), {}, "whole numbers or names, got 0.5 at 0"),
    ("a.npz", npz(x=X, y=[0, np.nan, 0, 1]), {}, "got nan at 1"),
    ("a.npz", npz(x=X, y=np.array([1j, 0, 1, 0])), {}, "got dtype complex128"),
    ("a.npz", npz(x=X - np.inf, y=Y), {}, "'x' of a.npz must be finite"),
    ("a.npz", npz(x=np.zeros((0, 4)), y=[]), {}, "holds nothing"),
    ("a.npz", npz(x=np.arange(4), y=Y), {}, "at least 2 dimensions"),
    ("a.npz", npz(x=X, y=Y, p=["a", "0", "1", "2"]), {"pose": "p"}, "whole numbers, the elements .* got 'a'"),
    ("a.npz", npz(x=X, y=Y), {"side": 8}, "--side is for a folder of images"),
    ("a.csv", text("a.csv", "a,b,y\n"), {}, "a row a sample, got 1"),
    ("a.csv", text("a.csv", "1,2,0\n3,4,1\n"), {}, "must name the columns, got numbers"),
    ("a.csv", text("a.csv", "a,b,c\n3,4,1\n"), {}, "no column y or label or class or target"),
    ("a.csv", text("a.csv", "a,b,y\n3,4,1\n"), {"labels": "yy"}, "no column 'yy', perhaps 'y'"),
    ("a.csv", text("a.csv", "a,b,y\n3,4,1\n3,0\n"), {}, "row 3, has 2 entries, and the first line names 3"),
    ("a.csv", text("a.csv", "a,b,y\n3,4,1\n3,four,0\n"), {}, "row 3, column 'b': 'four' is no number"),
    ("a.csv", text("a.csv", "a,b,y\n3,4,1\n3,nan,0\n"), {}, "must be finite, got nan"),
    ("a.csv", text("a.csv", "a,b,y\n3,4,1\n"), {"samples": "z*"}, "no columns of numbers"),
    ("a.csv", text("a.csv", "a;y\n3;1\n4;0\n"), {}, "must have commas between its columns, got ';'"),
    ("a.csv", lambda: Path("a.csv").write_text("a,y\n3,1\n", encoding="utf-16"), {}, "save it as text in UTF-8"),
    ("a.csv", text("a.csv", "y,x,class\n3,4,1\n3,4,0\n"), {}, "the columns y and class; name that of the labels"),
    ("a.csv", text("a.csv", "a,y,y\n3,1,1\n3,0,0\n"), {}, "has 2 columns 'y'; give each a name of its own"),
    (
        "a.csv",
        text("a.csv", "a,y\n3,1\n4,0\n5,\n"),
        {},
        "'y' of a.csv must have an entry for every sample, got '' at 2",
    ),
    ("a.csv", text("a.csv", "a,y\n3,1\n4,0\n"), {"samples": "a,y"}, "takes in 'y' of a.csv"),
    ("a.csv", text("a.csv", "pixel,b,y\n3,2,1\n4,1,0\n"), {"samples": "b,pixle"}, "numbers 'pixle', perhaps 'pixel'"),
    ("a.csv", text("a.csv", "a,y,o\n3,1,\n4,0,x\n"), {"objects": "o"}, "'o' of a.csv must have an entry.* got '' at 0"),
    ("a.npz", npz(x=X, y=[0, 1e19, 0, 1]), {}, "holds 1e.19, too large for a whole number here; give it as text"),
    ("a.npz", npz(x=X, y=np.array(Y, np.uint64) + np.uint64(2**63)), {}, "too large for a whole number"),
    ("a.npz", npz(x=X, y=np.array([b"\xe9", b"b"] * 2)), {}, "'y' of a.npz must hold text in UTF-8 .*decode it"),
    ("a.npz", cut_short, {}, "'x' of a.npz cannot be read: .*write it anew"),
    ("data_of_ours:unnamed", None, {}, "must have an entry for every sample, got None at 1"),
    ("data_of_ours:nothing", None, {}, "has no 'nothing'"),
    ("data_of_ours:endless", None, {}, "without __len__ and __getitem__"),
    ("data_of_ours:empty", None, {}, "is empty"),
    ("data_of_ours:number", None, {}, "is int, without"),
    ("data_of_ours:wants", None, {}, "called without arguments and raised TypeError"),
    ("data_of_ours:single", None, {}, "is a ndarray and no pair"),
    ("data_of_ours:pairs", None, {"pose": "5"}, "of 3 parts, and has no part '5'"),
    ("data_of_ours:named", None, {"pose": "tonic"}, "has no 'tonic'; it has 'image', 'label', 'turn'"),
    ("data_of_ours:ragged", None, {}, "of one shape: item 0 has .3,., item 1 has .4,."),
    ("data_of_ours:fails", None, {}, "item 0 .* cannot be read: RuntimeError: disk gone"),
    ("data_of_ours:blurred", None, {}, "must be finite, got nan at .0, 1."),
]


@pytest.mark.parametrize(("path", "make", "options", "message"), REFUSED, ids=[f"{i}" for i in range(len(REFUSED))])
def test_what_is_refused(data_sets, path, make, options, message):
    if make is not None:
        make()
    with pytest.raises(ValueError, match=message):
        read_samples(path, **options)


def test_folders_that_are_refused(here):
    (here / "im").mkdir()
    with pytest.raises(ValueError, match="must hold a folder for each class.* it holds no folders"):
        read_samples("im")
    pictures(here, ["im/loose.png"])
    with pytest.raises(ValueError, match="it holds 1 images beside each other"):
        read_samples("im")
    pictures(here, ["im/a/1.png", "im/a/2.png"])
    with pytest.raises(ValueError, match="one class only"):
        read_samples("im")
    (here / "im" / "b").mkdir()
    with pytest.raises(ValueError, match="folders without images: b"):
        read_samples("im")
    pictures(here, ["im/b/3.png"], (6, 4))
    with pytest.raises(ValueError, match=r"1.png has 5 × 4 pixels .*3.png has 6 × 4; crop and resize .* --side N"):
        read_samples("im")
    (here / "im" / "b" / "4.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="4.png cannot be read as an image"):
        read_samples("im", side=4)
    for options, message in [
        ({"pose": "turn"}, "--pose can be 'folder' only"),
        ({"objects": "who"}, "--objects can be 'prefix' only"),
        ({"labels": "who"}, "--labels is not for a folder"),
        ({"pose": "folder", "side": 4}, "CLASS/POSE/"),
        ({"side": 0}, "whole number"),
        ({"most": 0}, "most must be a whole number of at least 1"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
    ]:
        (here / "im" / "b" / "4.png").unlink(missing_ok=True)
        with pytest.raises(ValueError, match=message):
            read_samples("im", **options)


def test_what_does_not_fit_in_memory_is_not_read(here, monkeypatch):
    monkeypatch.setattr(samples, "MOST_BYTES", 8 * 100)
    np.savez("a.npz", x=np.zeros((30, 4)), y=np.arange(30) % 2)
    pictures(here, ["im/a/1.png", "im/b/1.png"], (8, 8))
    (here / "a_large_set.py").write_text("import numpy as np\npairs = [(np.ones(60), 0), (np.zeros(60), 1)]\n")
    for path in ("a.npz", "im", "a_large_set:pairs"):
        with pytest.raises(MemoryError, match="GiB in memory"):
            read_samples(path)
