"""From a Gram matrix to the invariant Gram and back, and the warnings where it is of another group or order."""

import numpy as np
import pytest

from symlib.datasets import circles, mnist
from symlib.gram import invariant_gram
from symlib.groups import FiniteGroup, cyclic, dihedral
from symlib.kernels import cnn_kernel, mlp_kernel, rbf
from symlib.orbits import dihedral_orbits, normalize, points, rotation_orbits
from symlib.spectral import (
    expand_invariant,
    project_invariant,
)
from tests.samples import random_kappa


@pytest.mark.filterwarnings("ignore:project_invariant averages away")
def test_projection_is_the_nearest_invariant_gram(group):
    n = 3 * group.order
    factor = np.random.default_rng(9).standard_normal((n, n))
    gram = factor @ factor.T
    kappa = project_invariant(gram, group)
    nearest = expand_invariant(kappa, group)
    np.testing.assert_allclose(project_invariant(nearest, group), kappa, atol=1e-10)
    # The remainder is orthogonal to every invariant matrix.
    other = expand_invariant(random_kappa(group, 3, 10), group)
    assert abs(((gram - nearest) * other).sum()) < 1e-9 * np.linalg.norm(gram) * np.linalg.norm(other)


def test_expansion_is_the_gram_of_moved_points():
    n, group = 5, cyclic(5)
    orbits = circles(n, separation=0.8)
    kappa = invariant_gram(lambda *x: rbf(*x, length_scale=0.9), orbits, group)
    np.testing.assert_allclose(
        expand_invariant(kappa, group), rbf(points(orbits, ndim=1), length_scale=0.9), atol=1e-12
    )


def test_other_sizes():
    assert project_invariant(np.zeros((0, 4, 4)), cyclic(4)).shape == (0, 4, 1, 1)
    with pytest.raises(ValueError, match=r"gram has 6 points, no multiple of \|G\| = 4"):
        project_invariant(np.eye(6), cyclic(4))


DIGITS = mnist()[0][[3, 2, 1, 0]]


@pytest.mark.parametrize("kernel", [mlp_kernel, lambda x: rbf(x, length_scale=0.5), lambda x: x @ x.T])
def test_points_in_the_order_of_orbits_are_noticed(kernel):
    orbits = normalize(rotation_orbits(DIGITS, 8))
    x = points(orbits)
    orbit_major = orbits.reshape(32, -1)
    grams = [gram.ntk if hasattr(gram, "ntk") else gram for gram in (kernel(x), kernel(orbit_major))]
    project_invariant(grams[0], cyclic(8))  # spline rotations are no exact action, and trip nothing
    with pytest.warns(UserWarning, match=r"averages away \S+ of the Gram.*not element-major.*opposite multiplication"):
        project_invariant(grams[1], cyclic(8))


def test_the_opposite_multiplication_is_noticed():
    group = dihedral(4)
    opposite = FiniteGroup(group.table.T)
    orbits = normalize(dihedral_orbits(DIGITS))
    gram = mlp_kernel(points(orbits)).ntk
    project_invariant(gram, group)
    with pytest.warns(UserWarning, match="opposite multiplication"):
        project_invariant(gram, opposite)
    # The action of inverses, index g holding the image under the inverse of g, is a right action.
    with pytest.warns(UserWarning, match="opposite multiplication"):
        project_invariant(mlp_kernel(points(orbits[:, group.inverse])).ntk, group)


@pytest.mark.parametrize("n", [2, 8, 16])
def test_the_rotations_of_the_book_trip_no_warning(n):
    orbits = normalize(rotation_orbits(DIGITS, n)).reshape(2, 2, n, 28, 28)
    images = points(orbits, flatten=False)
    for kernel in (mlp_kernel(points(orbits)), cnn_kernel(images), cnn_kernel(images, pooling="gap")):
        project_invariant(kernel.ntk, cyclic(n))
        project_invariant(kernel.nngp, cyclic(n))
