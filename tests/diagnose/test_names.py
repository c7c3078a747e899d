"""Groups, actions and architectures by name: what each is, against plain loops, and what is said to other names."""

import numpy as np
import pytest
from scipy import ndimage

from symlib.diagnose.names import named_action, named_architecture, named_architectures, named_group
from symlib.groups import cyclic, dihedral, quaternion, symmetric
from symlib.kernels import mlp_kernel, rbf
from symlib.orbits import act, dihedral_orbits, rotation_orbits


def points(shape):
    return np.random.default_rng(5).normal(size=shape)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("cyclic:12", cyclic(12)),
        (" Rotations:8", cyclic(8)),
        ("dihedral:3", dihedral(3)),
        ("symmetric:4", symmetric(4)),
        ("quaternion", quaternion()),
        (dihedral(3).table, dihedral(3)),
    ],
)
def test_groups(name, group):
    assert np.array_equal(named_group(name).table, group.table)


def test_a_group_is_itself_or_in_a_file(tmp_path):
    group = dihedral(3)
    assert named_group(group) is group
    np.save(tmp_path / "table.npy", group.table)
    np.savetxt(tmp_path / "table.csv", group.table, fmt="%d", delimiter=",")
    for name in ("table.npy", "table.csv"):
        assert np.array_equal(named_group(str(tmp_path / name)).table, group.table)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cylic:12", "perhaps 'cyclic:12'; there are cyclic:12, rotations:8"),
        ("cyclic", "needs a whole number of at least 1 behind the colon, as 'cyclic:4', got no number"),
        ("cyclic:0", "got '0'"),
        ("rotations:2.5", "got '2.5'"),
        ("quaternion:3", "'quaternion:3' is not known"),
        ("symmetric:9", "n <= 5"),
        ("nowhere.npy", "there is no such file"),
        ([[0, 1], [1, 1]], "no group"),
    ],
)
def test_other_groups_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        named_group(name)


def test_a_file_that_is_no_table_is_refused(tmp_path):
    (tmp_path / "words.csv").write_text("a,b\n")
    with pytest.raises(ValueError, match="words.csv' cannot be read as an array of numbers"):
        named_group(str(tmp_path / "words.csv"))


def spline(image, g, n):
    return ndimage.rotate(image, 360 * g / n, order=3, reshape=False)


def permuted(entries, g):
    """Entry i goes to place g(i), counted out."""
    permutation = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)][g]
    moved = np.empty_like(entries)
    for place in np.ndindex(entries.shape):
        moved[tuple(permutation[i] for i in place)] = entries[place]
    return moved


@pytest.mark.parametrize(
    ("name", "group", "shape", "one"),
    [
        ("shift", "cyclic:3", (12,), lambda x, g: np.concatenate([x[12 - 4 * g :], x[: 12 - 4 * g]])),
        ("shift", "cyclic:4", (2, 8), lambda x, g: np.roll(x, 2 * g, axis=1)),
        ("translate", "cyclic:3", (2, 6), lambda x, g: np.roll(x, 2 * g, axis=1)),
        ("rotate", "rotations:6", (9, 9), lambda x, g: spline(x, g, 6)),
        ("rotate", "cyclic:4", (6, 6), lambda x, g: np.rot90(x, g)),
        ("rotate-exact", "rotations:8", (8, 8), lambda x, g: rotation_orbits(x[None], 8, "steerable")[0, g]),
        ("flip", "cyclic:2", (3, 4), lambda x, g: x[:, ::-1] if g else x),
        ("flip", "cyclic:2", (5,), lambda x, g: x[::-1] if g else x),
        ("flip-rotate", "dihedral:4", (5, 5), lambda x, g: dihedral_orbits(x[None])[0, g]),
        ("dihedral", "dihedral:2", (5, 5), lambda x, g: np.rot90(x[:, ::-1] if g >= 2 else x, 2 * g)),
        ("permute", "symmetric:3", (3,), permuted),
        ("permute", "symmetric:3", (3, 3), permuted),
    ],
)
def test_actions(name, group, shape, one):
    action, x = named_action(name, group, shape), points((2, 3, *shape))
    for g in range(named_group(group).order):
        expected = np.array([[one(x[i, j], g) for j in range(3)] for i in range(2)])
        assert np.allclose(action(g, x), expected, rtol=0, atol=1e-12), g
    if name != "rotate" or group == "cyclic:4":
        act(x[0], action, named_group(group))  # obeys the table


@pytest.mark.parametrize(
    ("group", "shape", "name"),
    [
        ("rotations:8", (6, 6), "rotate"),
        ("dihedral:4", (6, 6), "flip-rotate"),
        ("cyclic:3", (6,), "shift"),
        (cyclic(3), (6,), "shift"),
    ],
)
def test_what_a_group_implies(group, shape, name):
    assert named_action(None, group, shape).name == name


def test_arrays_files_and_functions_are_actions(tmp_path, monkeypatch):
    permutations = np.array([[0, 1, 2], [1, 2, 0], [2, 0, 1]])
    x = points((4, 3))
    expected = np.stack([x[:, row] for row in permutations])
    np.save(tmp_path / "turns.npy", permutations)
    np.save(tmp_path / "matrices.npy", np.eye(3)[permutations])
    np.savetxt(tmp_path / "turns.csv", permutations, fmt="%d", delimiter=",")
    (tmp_path / "own_turns.py").write_text("def turn(g, x):\n    return x[..., [[0, 1, 2], [1, 2, 0], [2, 0, 1]][g]]\n")
    monkeypatch.syspath_prepend(tmp_path)
    files = [str(tmp_path / name) for name in ("turns.npy", "matrices.npy", "turns.csv")]
    for given in (permutations, np.eye(3)[permutations], *files, f"permute:{files[0]}", "own_turns:turn"):
        action = named_action(given, cyclic(3), (3,))
        assert np.allclose([action(g, x) for g in range(3)], expected), given


@pytest.mark.parametrize(
    ("name", "group", "shape", "message"),
    [
        ("rotat", "cyclic:3", (9, 9), "perhaps 'rotate'; there are shift, translate"),
        ("shift:3", "cyclic:3", (9,), "'shift:3' is not known"),
        ("rotate", "dihedral:4", (9, 9), "'rotate' is one of rotations:N or cyclic:N, and not of FiniteGroup\\(D4"),
        ("rotate", "cyclic:3", (9,), "square images .* points have shape \\(9,\\)"),
        ("rotate", "cyclic:3", (8, 9), "square images"),
        ("rotate-exact", "rotations:8", (6, 6), "2 modulo 4.*pad the images"),
        ("shift", "cyclic:5", (12,), "got n = 5; choose one of"),
        ("translate", "cyclic:3", (9,), "images"),
        ("flip", "cyclic:3", (9, 9), "one of cyclic:2"),
        ("flip-rotate", "cyclic:8", (9, 9), "one of dihedral:N"),
        ("permute", "symmetric:3", (4,), r"\(3,\) or \(3, 3\)"),
        (
            None,
            "cyclic:4",
            (8, 8),
            "say how FiniteGroup\\(C4, order=4\\) acts .* shift, translate, rotate, rotate-exact",
        ),
        (None, "quaternion", (8,), "a file of permutations or matrices"),
        ("nosuchmodule:turn", "cyclic:4", (8,), "module 'nosuchmodule' cannot be imported"),
        ("numpy:rol", "cyclic:4", (8,), "numpy has no 'rol', perhaps 'roll'"),
        ("nowhere.npy", "cyclic:4", (8,), "no such file"),
        (np.zeros((4, 7), int), "cyclic:4", (8,), r"permutations \(\|G\|, d\) = \(4, 8\)"),
    ],
)
def test_other_actions_are_refused(name, group, shape, message):
    with pytest.raises(ValueError, match=message):
        named_action(name, group, shape)


@pytest.mark.parametrize(
    ("name", "kernel", "settings"),
    [
        ("mlp", "mlp_kernel", {"depth": 1}),
        ("mlp:3", "mlp_kernel", {"depth": 3}),
        ("cnn", "cnn_kernel", {"depth": 1, "pooling": "flatten"}),
        ("cnn:2", "cnn_kernel", {"depth": 2, "pooling": "flatten"}),
        ("cnn-gap", "cnn_kernel", {"depth": 1, "pooling": "gap"}),
        ("c4-gap", "equivariant_cnn_kernel", {"group": "C4", "depth": 1}),
        ("D4-gap:2", "equivariant_cnn_kernel", {"group": "D4", "depth": 2}),
        ("vit:2", "vit_kernel", {"patch": 2}),
        ("rbf:0.5", "rbf", {"length_scale": 0.5}),
    ],
)
def test_architectures(monkeypatch, name, kernel, settings):
    """Each calls its kernel with these settings, on images or flattened ones; the kernels have tests of their own."""
    called = []
    monkeypatch.setattr(named_architectures, kernel, lambda x1, x2=None, **given: called.append((x1, x2, given)))
    x = points((2, 3, 4, 6 if kernel == "vit_kernel" else 4))
    found = named_architecture(name, x.shape[2:])
    found.kernel(x)
    found.kernel(x, x[:, :2])
    expected = x.reshape(2, 3, -1) if kernel in ("mlp_kernel", "rbf") else x
    assert [given for _, _, given in called] == [settings] * 2
    assert all(np.array_equal(x1, expected) for x1, _, _ in called)
    assert called[0][1] is None or called[0][1] is called[0][0]
    assert np.array_equal(called[1][1], expected[:, :2])
    assert found.description and found.cost in ("low", "medium", "high")


def test_a_kernel_of_ones_own_is_an_architecture():
    x = points((3, 4))
    for name in ("symlib.kernels:mlp_kernel", mlp_kernel):
        found = named_architecture(name, (4,))
        assert np.array_equal(found.kernel(x).ntk, mlp_kernel(x).ntk)
        assert found[1:] == ("your own kernel mlp_kernel", "unknown")


def test_rbf_takes_the_median_distance():
    x = points((7, 5))
    distances = [np.linalg.norm(x[i] - x[j]) for i in range(7) for j in range(i)]
    found = named_architecture("rbf", (5,), x)
    assert np.allclose(found.kernel(x), rbf(x, length_scale=np.median(distances)))
    with pytest.raises(ValueError, match="all samples looked at are equal"):
        named_architecture("rbf", (5,), np.ones((4, 5)))


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("cnngap", (8, 8), "perhaps 'cnn-gap'; there are mlp, mlp:3"),
        ("resnet", (8, 8), "'resnet' is not known; there are"),
        ("mlp:0", (8,), "whole number of at least 1"),
        ("cnn", (8,), r"needs images of shape \(H, W\).*take mlp or rbf"),
        ("c4-gap", (8, 9), "must be square"),
        ("cnn", (2, 9), "3 × 3 pixels do not fit"),
        ("vit", (8, 8), "got no number"),
        ("vit:3", (8, 8), "1, 2, 4, 8 would"),
        ("rbf:-1", (8,), "a number above 0"),
        ("rbf:wide", (8,), "a number above 0"),
        ("numpy:pi", (8,), "is float, and no kernel"),
        (3, (8,), "a name or a kernel"),
    ],
)
def test_other_architectures_are_refused(name, shape, message):
    with pytest.raises(ValueError, match=message):
        named_architecture(name, shape)


def test_a_module_that_fails_is_named(tmp_path, monkeypatch):
    (tmp_path / "broken_kernels.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="'broken_kernels' cannot be imported .ZeroDivisionError"):
        named_architecture("broken_kernels:kernel", (8,))
