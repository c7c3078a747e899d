"""Blocked Gram matrices equal the kernel in one call, are half computed, and refuse what does not fit in memory."""

import signal
import subprocess
import sys

import numpy as np
import pytest

from symlib.datasets import mnist
from symlib.gram import gram, invariant_gram
from symlib.groups import cyclic, dihedral
from symlib.kernels import mlp_kernel, rbf
from symlib.orbits import dihedral_orbits, normalize, points, rotation_orbits, translation_orbits
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
    orbits = np.random.default_rng(5).standard_normal((3, 1, 6)).repeat(4, axis=1)
    kappa = invariant_gram(mlp_kernel, orbits, cyclic(4), progress=False)
    np.testing.assert_allclose(kappa.nngp[1], mlp_kernel(orbits[:, 0]).nngp, rtol=1e-12)
    np.testing.assert_allclose(kappa.ntk[1], mlp_kernel(orbits[:, 0]).ntk, rtol=1e-12)
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
    corner = 2 * 16**2
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
    orbits = np.random.default_rng(4).standard_normal((2, 3, 1, 5)).repeat(4, axis=2)
    kappa = invariant_gram(ntk, orbits, cyclic(4), progress=False)
    assert kappa.shape == (2, 4, 3, 3)
    np.testing.assert_allclose(kappa[1, 2], ntk(orbits[1, :, 0]), rtol=1e-12)


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
    invariant_gram(kernel, x, cyclic(8), project=True, checkpoint=folder, progress=False)
else:
    gram(kernel, x[:, 0], block_size=3, checkpoint=folder, progress=False)
print("finished")
"""


@pytest.mark.parametrize("what, evaluations", [("gram", 10), ("project", 5)])
def test_a_killed_run_resumes(tmp_path, what, evaluations):
    # The seventh look at the kernel kills the process; the first is at a corner.
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
    # One look at a corner, then only what was missing.
    assert len(log.read_text().splitlines()) - before == 1 + evaluations - finished

    if what == "project":
        again = invariant_gram(mlp_kernel, x, cyclic(8), project=True, checkpoint=folder, progress=False)
        expected = invariant_gram(mlp_kernel, x, cyclic(8), project=True, progress=False)
    else:
        again = gram(mlp_kernel, x[:, 0], block_size=3, checkpoint=folder, progress=False)
        expected = gram(mlp_kernel, x[:, 0], block_size=3, progress=False)
    np.testing.assert_array_equal(again.ntk, expected.ntk)
    np.testing.assert_array_equal(again.nngp, expected.nngp)


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    x = np.random.default_rng(8).standard_normal((6, 3))
    gram(ntk, x, checkpoint=tmp_path)
    with pytest.raises(ValueError, match=r"another computation \(its points, kernel differ\); name another folder"):
        gram(ntk, x + 1e-3, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="its kernel differ"):
        gram(lambda *a: mlp_kernel(*a, b_std=1.001).ntk, x, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="its block_size differ"):
        gram(ntk, x, block_size=3, checkpoint=tmp_path)


def test_a_kernel_of_two_parts_is_evaluated_once():
    calls = []

    def both(a, b):
        calls.append(a.shape)
        return mlp_kernel(a, b)

    orbits = np.random.default_rng(5).standard_normal((3, 1, 6)).repeat(4, axis=1)
    invariant_gram(both, orbits, cyclic(4), progress=False)
    assert len(calls) == 4  # a corner, the identity, the rest of one half at once, the check of invariance
