"""Blocked Gram matrices equal the kernel in one call, are half computed, and refuse what does not fit in memory."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from symlib.datasets import mnist
from symlib.gram import gram, invariant_gram
from symlib.groups import FiniteGroup, cyclic, dihedral
from symlib.kernels import cnn_kernel, mlp_kernel, rbf
from symlib.orbits import (
    dihedral_orbits,
    normalize,
    permutation_orbits,
    points,
    rotation_orbits,
    shift_orbits,
    translation_orbits,
)
from symlib.spectral import expand_invariant, project_invariant


def ntk(*x):
    return mlp_kernel(*x).ntk


class Counting:
    """A kernel that records how many entries it computed."""

    def __init__(self):
        self.entries = 0

    def __call__(self, x1, x2=None):
        values = rbf(x1, x2, length_scale=2.0)
        self.entries += values.size
        return values


@pytest.mark.parametrize("n, block", [(7, 3), (9, 3), (5, 100)])
def test_blocks_make_the_whole(n, block):
    x = np.random.default_rng(0).standard_normal((n, 4))
    np.testing.assert_allclose(gram(ntk, x, block_size=block, progress=False), ntk(x), rtol=1e-13)


def test_both_kernels_and_stacks():
    x = np.random.default_rng(1).standard_normal((5, 3, 6, 4))
    both = gram(mlp_kernel, x, block_size=8, progress=False)
    expected = mlp_kernel(x)
    np.testing.assert_allclose(both.nngp, expected.nngp, rtol=1e-13)
    np.testing.assert_allclose(both.ntk, expected.ntk, rtol=1e-13)


def test_kernels_of_two_arguments_and_of_two_parts():
    orbits = shift_orbits(np.random.default_rng(5).standard_normal((3, 8)), 4)
    kappa = invariant_gram(mlp_kernel, orbits, cyclic(4), progress=False)
    np.testing.assert_allclose(kappa.nngp[1], mlp_kernel(orbits[:, 0], orbits[:, 1]).nngp, rtol=1e-12)
    np.testing.assert_allclose(kappa.ntk[1], mlp_kernel(orbits[:, 0], orbits[:, 1]).ntk, rtol=1e-12)
    np.testing.assert_allclose(gram(lambda a, b: mlp_kernel(a, b).ntk, orbits[:, 0]), kappa.ntk[0], rtol=1e-12)


@pytest.mark.parametrize("n", [7, 28])
def test_orbits_of_images_are_flattened_for_a_kernel_of_vectors(n):
    # At n = 28 the group is as large as the images are high: the shape alone would not tell.
    orbits = normalize(translation_orbits(mnist()[0][:3], n))
    kappa = invariant_gram(ntk, orbits, cyclic(n), progress=False)
    np.testing.assert_allclose(kappa, project_invariant(ntk(points(orbits)), cyclic(n)), rtol=1e-12)


def test_images_as_points():
    x = np.random.default_rng(2).standard_normal((5, 3, 3))

    def kernel(a, b=None):
        return rbf(a.reshape(-1, 9), None if b is None else b.reshape(-1, 9), length_scale=1.0)

    np.testing.assert_allclose(gram(kernel, x, block_size=2, progress=False), kernel(x), rtol=1e-13)


def test_each_symmetric_half_is_computed_once():
    counting = Counting()
    gram(counting, np.random.default_rng(3).standard_normal((100, 2)), block_size=10, progress=False)
    assert counting.entries == 2**2 + 100 * 55  # a look at a corner, 55 of 100 blocks

    group, counting = cyclic(16), Counting()
    angle = 2 * np.pi * np.arange(16) / 16
    orbits = np.stack([np.cos(angle), np.sin(angle)], -1) * np.array([1.0, 2.0, 3.0])[:, None, None]
    invariant_gram(counting, orbits, group, progress=False)
    # 9 of 16 elements, and the check of invariance on one generator.
    corner = 2 * 16**2 + 16**2  # two sets, and the first alone
    assert counting.entries == corner + (9 + 16) * 9


def test_memory_is_refused_before_it_is_allocated():
    def never(*x):
        assert x[0].shape[-2] <= 4, "computed before the estimate"
        return rbf(*x, length_scale=1.0)

    x = np.zeros((3000, 2))
    with pytest.raises(
        MemoryError, match=r"gram would need about 0\.\d+ GiB, more than the limit of 0.0625 GiB.*invariant_gram"
    ):
        gram(never, x, memory_limit=2**26)
    with pytest.raises(MemoryError, match="invariant_gram would need"):
        invariant_gram(never, np.zeros((3000, 4, 2)), cyclic(4), memory_limit=2**26)


def test_invariant_gram_is_one_column_of_blocks():
    images = mnist()[0][[3, 2, 1]]
    orbits = normalize(dihedral_orbits(images)).reshape(3, 8, -1)
    kappa = invariant_gram(ntk, orbits, dihedral(4), progress=False)
    np.testing.assert_allclose(
        expand_invariant(kappa, dihedral(4)), ntk(points(orbits[..., None, :].reshape(3, 8, 28, 28))), rtol=1e-12
    )


def test_batches_of_orbits():
    orbits = shift_orbits(np.random.default_rng(4).standard_normal((6, 4)), 4).reshape(2, 3, 4, 4)
    kappa = invariant_gram(ntk, orbits, cyclic(4), progress=False)
    assert kappa.shape == (2, 4, 3, 3)
    np.testing.assert_allclose(kappa[1, 3], ntk(orbits[1, :, 0], orbits[1, :, 3]), rtol=1e-12)


def test_an_action_that_is_no_isometry_is_refused_or_projected():
    images, n = mnist()[0][[3, 2]], 8
    spline = normalize(rotation_orbits(images, n)).reshape(2, n, -1)
    with pytest.raises(ValueError, match="not invariant under this action.*project=True.*steerable"):
        invariant_gram(ntk, spline, cyclic(n), progress=False)
    projected = invariant_gram(ntk, spline, cyclic(n), project=True, progress=False)
    dense = ntk(points(spline.reshape(2, n, 28, 28)))
    np.testing.assert_allclose(projected, project_invariant(dense, cyclic(n)), rtol=1e-12)

    exact = normalize(rotation_orbits(images, n, interpolation="steerable")).reshape(2, n, -1)
    kappa = invariant_gram(ntk, exact, cyclic(n), progress=False)
    np.testing.assert_allclose(
        kappa, project_invariant(ntk(points(exact.reshape(2, n, 28, 28))), cyclic(n)), rtol=1e-10
    )


@pytest.mark.parametrize("shape", [(3, 5, 2), (4, 2)])
def test_orbits_must_fit_the_group(shape):
    with pytest.raises(ValueError, match=r"\|G\| = 4"):
        invariant_gram(ntk, np.zeros(shape), cyclic(4))


def test_a_single_point_is_no_set():
    with pytest.raises(ValueError, match="points along an axis"):
        gram(ntk, np.zeros(3))


KILLED = """
import os, signal, sys
import numpy as np
from symlib.gram import gram, invariant_gram
from symlib.groups import cyclic
from symlib.kernels import mlp_kernel

folder, log, project = sys.argv[1], sys.argv[2], sys.argv[3] == "project"

def kernel(a, b):
    with open(log, "a") as file:
        file.write(f"{a.shape}\\n")
    if len(open(log).readlines()) == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return mlp_kernel(a, b)

x = np.random.default_rng(7).standard_normal((12, 8, 5))
if project:
    result = invariant_gram(kernel, x, cyclic(8), project=True, checkpoint=folder, progress=False)
else:
    result = gram(kernel, x[:, 0], block_size=3, checkpoint=folder, progress=False)
np.savez(folder + "/../result.npz", **result._asdict())
print("finished")
"""


@pytest.mark.filterwarnings("ignore:invariant_gram averages away")  # these points are of no group
@pytest.mark.parametrize("what, evaluations, looks", [("gram", 10, 2), ("project", 5, 4)])
def test_a_killed_run_resumes(tmp_path, what, evaluations, looks):
    # The seventh look at the kernel kills the process; the first are at a few points.
    x = np.random.default_rng(7).standard_normal((12, 8, 5))
    folder, log = tmp_path / "blocks", tmp_path / "log"
    log.write_text("\n" * (2 if what == "project" else 0))

    def run():
        command = [sys.executable, "-c", KILLED, str(folder), str(log), what]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    killed = run()
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    finished = len(list(folder.glob("*.npy")))
    assert 0 < finished < evaluations
    (folder / "left over.npy.123.part").write_bytes(b"half a block")
    before = len(log.read_text().splitlines())
    resumed = run()
    assert resumed.returncode == 0 and "finished" in resumed.stdout, resumed.stderr
    # The looks at a few points, and at an orbit in the end; else only what was missing.
    assert len(log.read_text().splitlines()) - before == looks + evaluations - finished

    if what == "project":
        expected = invariant_gram(mlp_kernel, x, cyclic(8), project=True, progress=False)
    else:
        expected = gram(mlp_kernel, x[:, 0], block_size=3, progress=False)
    found = np.load(tmp_path / "result.npz")
    np.testing.assert_array_equal(found["ntk"], expected.ntk)
    np.testing.assert_array_equal(found["nngp"], expected.nngp)


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    x = np.random.default_rng(8).standard_normal((6, 3))
    gram(ntk, x, checkpoint=tmp_path)
    with pytest.raises(ValueError, match=r"another computation \(its points, kernel's values differ\); name another"):
        gram(ntk, x + 1e-3, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="its kernel's code, kernel's values differ"):
        gram(lambda *a: mlp_kernel(*a, b_std=1.001).ntk, x, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="its block_size differ"):
        gram(ntk, x, block_size=3, checkpoint=tmp_path)
    # The same values to rounding, from other code: who knows where they differ.
    with pytest.raises(ValueError, match=r"\(its kernel's code differ\)"):
        gram(lambda a, b: mlp_kernel(a, b).ntk, x, checkpoint=tmp_path)


def radial(scale):
    # Its code is the same for all scales but for a value that no closure, global or default holds.
    class Hidden:
        def __init__(self):
            self.scale = scale

        def __call__(self, a, b):
            return rbf(a, b, length_scale=self.scale)

    return Hidden()


REPEATED = np.random.default_rng(0).standard_normal((6, 3))
REPEATED[1] = REPEATED[0]
CLUSTERED = np.random.default_rng(1).integers(0, 256, (20, 784)) * 1.0
CLUSTERED[2:] = CLUSTERED[2] + np.random.default_rng(2).standard_normal((18, 784))


@pytest.mark.parametrize(
    "x, scale", [(REPEATED, 1.0), (np.zeros((5, 2)) + np.eye(5, 2)[::-1], 0.3), (CLUSTERED, 20.0), (CLUSTERED, 500.0)]
)
def test_the_values_looked_at_tell_kernels_apart(tmp_path, monkeypatch, x, scale):
    # By its values alone, as for code that reads its settings from elsewhere.
    monkeypatch.setattr("symlib.gram.code_fingerprint", lambda kernel: "the same")
    gram(radial(scale), x, checkpoint=tmp_path)
    np.testing.assert_array_equal(gram(radial(scale), x, checkpoint=tmp_path), gram(radial(scale), x, progress=False))
    with pytest.raises(ValueError, match=r"\(its kernel's values differ\)"):
        gram(radial(1.01 * scale), x, checkpoint=tmp_path)


def test_blank_images_first_do_not_hide_another_kernel(tmp_path, monkeypatch):
    monkeypatch.setattr("symlib.gram.code_fingerprint", lambda kernel: "the same")
    images = np.random.default_rng(3).standard_normal((6, 5, 5))
    images[:2] = 0
    gram(lambda a, b: cnn_kernel(a, b, depth=1).ntk, images, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="kernel's values differ"):
        gram(lambda a, b: cnn_kernel(a, b, depth=2).ntk, images, checkpoint=tmp_path)


@pytest.mark.parametrize("size", [0, 100])
def test_a_block_cut_short_is_computed_again(tmp_path, size):
    x = np.random.default_rng(8).standard_normal((6, 3))
    expected = gram(ntk, x, block_size=2, checkpoint=tmp_path)
    for path in (sorted(tmp_path.glob("*.npy"))[1], tmp_path / "fingerprint.json"):
        with open(path, "r+b") as file:
            file.truncate(size)
        np.testing.assert_array_equal(gram(ntk, x, block_size=2, checkpoint=tmp_path), expected)
        assert path.stat().st_size > 100


def test_blocks_of_another_computation_are_not_taken_when_the_fingerprint_is_lost(tmp_path):
    x = np.random.default_rng(8).standard_normal((6, 3))
    gram(ntk, x, checkpoint=tmp_path)
    (tmp_path / "fingerprint.json").unlink()
    np.testing.assert_array_equal(gram(ntk, 2 * x, checkpoint=tmp_path), ntk(2 * x))


FULL = """
import resource, signal, sys, warnings
import numpy as np
from symlib.gram import gram
from symlib.kernels import mlp_kernel

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
x = np.random.default_rng(0).standard_normal((60, 3))
with warnings.catch_warnings(record=True) as caught:
    result = gram(mlp_kernel, x, block_size=50, checkpoint=sys.argv[1], progress=False)
assert np.array_equal(result.ntk, gram(mlp_kernel, x, block_size=50, progress=False).ntk)
(warning,) = caught
print(warning.message)
"""


def test_a_disk_that_fills_up_costs_the_checkpoint_and_not_the_result(tmp_path):
    pytest.importorskip("resource", reason="limits of a process are told to Unix only")
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) in done.stdout and "could not be written" in done.stdout and "goes on" in done.stdout


def test_a_folder_that_cannot_be_made_is_found_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="could not be written"):
        gram(ntk, np.eye(3), checkpoint=tmp_path / "file" / "blocks")


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    gram(ntk, np.eye(3), checkpoint="~/blocks")
    assert list((tmp_path / "blocks").glob("*.npy")) and not (tmp_path / "~").exists()


PLAIN_KERNELS = {
    "product": lambda a, b: a @ b.T,
    "distances": lambda a, b: np.exp(-cdist(a, b)),
    "pair": lambda a, b: (mlp_kernel(a, b).nngp, mlp_kernel(a, b).ntk),
}


@pytest.mark.parametrize("name", PLAIN_KERNELS)
@pytest.mark.parametrize("shape", [(6, 3), (4, 6, 3), (2, 2, 2)])
def test_kernels_of_two_plain_sets(name, shape):
    kernel, x = PLAIN_KERNELS[name], np.random.default_rng(0).standard_normal(shape)
    sets = x.reshape(-1, *shape[-2:])
    found = np.array(gram(kernel, x, block_size=4, progress=False))
    expected = [np.array(kernel(one, one)) for one in sets]
    np.testing.assert_allclose(found.reshape(*expected[0].shape[:-2], *found.shape[-len(shape) :]).ravel(),
                               np.moveaxis(expected, 0, -3).ravel(), rtol=1e-12)  # fmt: skip


def test_invariant_gram_of_a_kernel_of_two_plain_sets():
    orbits = shift_orbits(np.random.default_rng(1).standard_normal((3, 4)), 4)
    kappa = invariant_gram(PLAIN_KERNELS["product"], orbits, cyclic(4), progress=False)
    np.testing.assert_allclose(kappa, np.einsum("cd,eud->uce", orbits[:, 0], orbits), rtol=1e-12)
    projected = invariant_gram(PLAIN_KERNELS["product"], orbits, cyclic(4), project=True, progress=False)
    np.testing.assert_allclose(projected, kappa, rtol=1e-12)


def test_a_kernel_with_a_weight_for_each_pixel_of_a_large_image():
    weights = np.random.default_rng(0).standard_normal((100, 100))
    found = gram(lambda a, b: np.einsum("...ihw,...jhw->...ij", a * weights, b), np.ones((3, 100, 100)), progress=False)
    np.testing.assert_allclose(found, weights.sum())


@pytest.mark.parametrize(
    "kernel, message",
    [
        (lambda a, b: np.zeros((len(a), 3)), r"must return \(..., n1, n2\).*gave \(2, 3\)"),
        (lambda a, b: a @ b.T + np.arange(len(b)), "must be symmetric"),
        (lambda a, b: np.full((len(a), len(b)), np.nan), "the kernel's values must be finite"),
    ],
)
def test_a_kernel_that_is_none_is_refused(kernel, message):
    with pytest.raises(ValueError, match=message):
        gram(kernel, np.random.default_rng(0).standard_normal((6, 4)), progress=False)


def test_masked_points_are_refused():
    with pytest.raises((TypeError, ValueError), match="mask"):
        gram(ntk, np.ma.masked_equal([[1.0, 999.0], [1.0, 2.0]], 999.0))


def test_a_kernel_of_two_parts_is_evaluated_once():
    calls = []

    def both(a, b):
        calls.append(a.shape)
        return mlp_kernel(a, b)

    orbits = shift_orbits(np.random.default_rng(5).standard_normal((3, 8)), 4)
    invariant_gram(both, orbits, cyclic(4), progress=False)
    assert (
        len(calls) == 5
    )  # two sets and one alone, the identity, the rest of one half at once, the check of invariance


def test_an_average_over_the_opposite_multiplication_is_noticed():
    group = dihedral(4)
    orbits = normalize(dihedral_orbits(mnist()[0][:9]))
    invariant_gram(mlp_kernel, orbits, group, project=True, progress=False)
    for chosen in (orbits, orbits[:2]):
        with pytest.warns(UserWarning, match="invariant_gram averages away.*opposite multiplication"):
            invariant_gram(mlp_kernel, chosen, FiniteGroup(group.table.T), project=True, progress=False)


def test_orbits_that_all_repeat_are_warned_of_and_only_they():
    """What fixes every seed and is normal: κ cannot show it, the points do."""
    kernel, group = PLAIN_KERNELS["distances"], dihedral(4)
    turned = dihedral_orbits(np.arange(9).reshape(1, 3, 3)).reshape(8, 9).astype(int)
    half, mirrored = [1, 2, 3, 4, 0, 4, 3, 2, 1], [1, 2, 1, 3, 0, 3, 4, 5, 4]

    def kappa(*boards):
        orbits = permutation_orbits(np.array(boards) * 1.0, turned)
        return invariant_gram(kernel, orbits, group, progress=False)

    kappa(half, [0, 1, 2, 3, 4, 5, 6, 7, 8])  # some seeds are fixed: `spectral` sees it in κ and refuses
    kappa(mirrored, mirrored[::-1])  # a reflection fixes them all, and is not normal: it is refused as well
    with pytest.warns(
        UserWarning, match=r"elements \[0, 2\] of .*D4.* 2 times.*quotient group of order 4.*stabilisers="
    ):
        kappa(half, np.array(half) + 1)
    with pytest.warns(UserWarning, match=r"elements \[0, 1, 2, 3, 4, 5, 6, 7\].*quotient group of order 1"):
        kappa(np.ones(9), np.arange(9) == 4)
    stacked = shift_orbits([[1, 2, 1, 2], [1, 3, 1, 3], [1, 2, 3, 4], [1, 2, 1, 2]], 4)
    with pytest.warns(UserWarning, match=r"elements \[0, 2\] of .*C4"):
        invariant_gram(ntk, stacked.reshape(2, 2, 4, 4), cyclic(4), progress=False)
    invariant_gram(ntk, stacked[[0, 2, 3, 2]].reshape(2, 2, 4, 4), cyclic(4), progress=False)
