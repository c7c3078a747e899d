"""The learnt operator: the generator of synthetic orbits, dense normal equations, its theorem, missing poses."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from symlib import mlp_kernel, mnist, normalize, rotation_orbits
from symlib.groups import cyclic, direct_product, quaternion
from symlib.orbits import complete_orbits, learn_operator

N, D = 5, 12


def generator(seed=0):
    """An orthogonal matrix of order N on R^D: every frequency of C_5, twice or more, in a random basis."""
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(D, D)))
    blocks = np.zeros((D, D))
    for place, omega in enumerate((1, 2, 1, 2, 0, 0)):
        angle = 2 * np.pi * omega / N
        block = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        blocks[2 * place : 2 * place + 2, 2 * place : 2 * place + 2] = block
    return q @ blocks @ q.T


def synthetic(n_orbits, seed):
    """Complete orbits (C, N, 3, 4) of the generator."""
    seeds = np.random.default_rng(seed).normal(size=(n_orbits, D))
    powers = [np.linalg.matrix_power(generator(), g) for g in range(N)]
    return np.einsum("gij,cj->cgi", powers, seeds).reshape(n_orbits, N, 3, 4)


def test_finds_the_generator_on_the_span():
    few = learn_operator(synthetic(1, 1), ridge=0.0)
    span = few.basis @ few.basis.T
    assert few.basis.shape == (D, 5)  # one orbit: a dimension for each frequency
    assert_allclose(few.matrix, generator() @ span, atol=1e-10)
    assert few.closure() < 1e-10
    all_of_it = learn_operator(synthetic(4, 1), ridge=0.0)  # the fixed vectors have four dimensions
    assert_allclose(all_of_it.matrix, generator(), atol=1e-10)
    assert_allclose(all_of_it.power(N), np.eye(D), atol=1e-10)
    assert_allclose(all_of_it.power(-2), np.linalg.matrix_power(generator(), 3), atol=1e-10)
    assert all_of_it.error(synthetic(4, 2)).max() < 1e-10


@pytest.mark.parametrize("n_orbits", [2, 7])  # fewer points than dimensions, and more
@pytest.mark.parametrize("ridge", [1e-3, 0.7])
def test_is_the_solution_of_the_normal_equations(n_orbits, ridge):
    orbits = np.random.default_rng(3).normal(size=(n_orbits, 4, D))  # of no group: nothing is exact
    x = orbits.reshape(-1, D)
    z = orbits[:, [1, 2, 3, 0]].reshape(-1, D)
    before = orbits[:, [3, 0, 1, 2]].reshape(-1, D)
    regularised = x.T @ x + ridge * np.eye(D)
    dense = np.linalg.solve(regularised, x.T @ z).T
    operator = learn_operator(orbits, ridge)
    assert_allclose(operator.matrix, dense, atol=1e-12)
    assert_allclose(operator.power(3), dense @ dense @ dense, atol=1e-12)
    assert_allclose(operator.power(-1), np.linalg.solve(regularised, x.T @ before).T, atol=1e-12)
    assert_allclose(operator(orbits, 2), orbits @ (dense @ dense).T, atol=1e-12)
    assert_allclose(operator @ x.T, dense @ x.T, atol=1e-12)
    assert_allclose(np.asarray(operator), dense, atol=1e-12)
    assert_allclose(x @ operator.T, x @ dense.T, atol=1e-12)
    assert operator.shape == dense.shape and operator.point_shape == (D,)
    gap = np.linalg.matrix_power(dense, 4) @ x.T - x.T
    assert_allclose(operator.closure(), np.linalg.norm(gap) / np.linalg.norm(x), atol=1e-12)


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_error_of_a_new_point_is_what_the_teaching_points_do_not_explain(ridge):
    taught, new = synthetic(2, 1), synthetic(3, 2)
    operator = learn_operator(taught, ridge)
    x = taught.reshape(-1, D)
    hat = x.T @ (np.linalg.inv(x @ x.T + ridge * np.eye(len(x))) if ridge else np.linalg.pinv(x @ x.T)) @ x
    left = new.reshape(-1, D) @ (np.eye(D) - hat)
    expected = np.linalg.norm(left, axis=1) / np.linalg.norm(new.reshape(-1, D), axis=1)
    assert expected.min() > 0.1  # there is something to see
    assert_allclose(operator.unexplained(new).ravel(), expected, atol=1e-9)
    assert_allclose(operator.error(new), operator.unexplained(new), atol=1e-9)


def test_theorem_holds_for_digits_under_steerable_rotation():
    images, _ = mnist()
    orbits = normalize(rotation_orbits(images[:25], 6, "steerable"))
    operator = learn_operator(orbits[:20])
    assert_allclose(operator.error(orbits[20:]), operator.unexplained(orbits[20:]), atol=1e-10)
    spline = normalize(rotation_orbits(images[:25], 6))
    operator = learn_operator(spline[:20])  # no action of the group: the identity is only near
    gap = np.abs(operator.error(spline[20:]) - operator.unexplained(spline[20:]))
    assert 1e-4 < gap.max() < 0.1


def test_completes_from_the_nearest_pose_by_powers():
    operator = learn_operator(np.random.default_rng(4).normal(size=(9, 6, D)), ridge=0.5)
    orbits = np.random.default_rng(5).normal(size=(2, 6, D))
    seen = np.array([[False, True, False, False, False, True], [True, False, False, True, True, True]])
    with_nan = np.where(seen[..., None], orbits, np.nan)
    completed = complete_orbits(with_nan, seen, operator, keep_norm=False)
    forth, back = operator.matrix, operator.power(-1)
    first, second = orbits
    assert_allclose(completed[seen], orbits[seen], atol=0)
    assert_allclose(completed[0, 0], (forth @ first[5] + back @ first[1]) / 2, atol=1e-12)
    assert_allclose(completed[0, 2], forth @ first[1], atol=1e-12)
    assert_allclose(completed[0, 3], (forth @ forth @ first[1] + back @ back @ first[5]) / 2, atol=1e-12)
    assert_allclose(completed[0, 4], back @ first[5], atol=1e-12)
    assert_allclose(completed[1, 2], back @ second[3], atol=1e-12)
    assert_allclose(completed[1, 1], forth @ second[0], atol=1e-12)
    onwards = complete_orbits(with_nan, seen, operator, direction="forward", keep_norm=False)
    assert_allclose(onwards[0, 4], forth @ forth @ forth @ first[1], atol=1e-12)
    assert_allclose(onwards[0, 0], forth @ first[5], atol=1e-12)
    scaled = complete_orbits(with_nan, seen, operator)
    own = np.sqrt((np.square(first[[1, 5]]).sum(axis=1)).mean())
    assert_allclose(scaled[0, 4], completed[0, 4] * own / np.linalg.norm(completed[0, 4]), atol=1e-12)


def test_completes_exactly_where_the_generator_is_known_and_leaves_its_input_alone():
    operator = learn_operator(synthetic(4, 1), ridge=0.0)
    orbits = synthetic(2, 7)
    partial = orbits.copy()
    partial[:, [0, 1, 4]] = 99.0
    before = partial.copy()
    completed = complete_orbits(partial, np.isin(range(N), [2, 3]), operator)
    assert_allclose(completed, orbits, atol=1e-9)
    assert_allclose(partial, before, atol=0)
    assert completed.flags.writeable


REFUSED = [
    (lambda: learn_operator(np.full((2, 3, 4), np.nan)), "must be finite"),
    (lambda: learn_operator(np.ones((3, 4))), "at least 3 dimensions"),
    (lambda: learn_operator(np.ones((2, 1, 4))), "N ≥ 2"),
    (lambda: learn_operator(np.zeros((2, 3, 4))), "zero at every point"),
    (lambda: learn_operator(np.ones((2, 3, 4)), -1.0), "at least 0"),
    (lambda: learn_operator(np.ones((2, 8, 4)), group=quaternion()), "must be cyclic"),
    (lambda: learn_operator(np.ones((2, 4, 4)), group=direct_product(cyclic(2), cyclic(2))), "must be cyclic"),
    (lambda: learn_operator(np.ones((2, 8, 4)), group=cyclic(4)), "4 elements and orbits 8 poses"),
    (lambda: learn_operator(synthetic(1, 0)).error(synthetic(1, 1)[:, :4]), r"\(C, 5, 3, 4\)"),
    (lambda: learn_operator(synthetic(1, 0)).error(0 * synthetic(1, 1)), "no relative error"),
    (lambda: learn_operator(synthetic(1, 0))(np.ones((4, 3))), r"points of shape \(3, 4\)"),
    (lambda: learn_operator(synthetic(1, 0)).power(0.5), "whole number"),
    (lambda: completed([False] * N), "seen in no pose"),
    (lambda: completed([True] * 4), r"shape \(5,\)"),
    (lambda: completed([True] * N, np.full((1, N, 3, 4), np.inf)), "must be finite"),
    (lambda: completed([True] * N, np.ones((1, N, 12))), "as the operator was taught"),
    (lambda: completed([True] * N, direction="back"), "direction"),
    (lambda: completed([False, True, True, True, True], outside_of_the_span()), "nothing of that orbit"),
]


def completed(seen, orbits=None, **options):
    orbits = synthetic(1, 1) if orbits is None else orbits
    return complete_orbits(orbits, np.array(seen), learn_operator(synthetic(1, 0), ridge=0.0), **options)


def outside_of_the_span():
    orbits = synthetic(1, 1)
    basis = learn_operator(synthetic(1, 0), ridge=0.0).basis
    flat = orbits.reshape(1, N, D)
    return (flat - flat @ basis @ basis.T).reshape(orbits.shape)


@pytest.mark.parametrize(("call", "words"), REFUSED)
def test_refuses(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_refuses_a_list_of_poses_for_a_mask_and_takes_the_group_in_order():
    with pytest.raises(TypeError, match="booleans"):
        completed([0, 1, 2, 3, 4])
    assert_allclose(learn_operator(synthetic(2, 1), group=cyclic(N)).matrix, learn_operator(synthetic(2, 1)).matrix)


def test_learnt_operator_brings_a_missing_pose_to_the_level_of_having_seen_it():
    """The main claim of the book's chapter 16 at a small size: NTK regression on ten classes of digits."""
    images, digits = mnist()
    rng = np.random.default_rng(0)
    n_seeds, n_asked, n_poses, n_taught = 10, 60, 8, 60
    right = {"plain": [], "completed": [], "seen": []}
    for lost in (2, 5, 8):
        drawn = [rng.choice(np.flatnonzero(digits == c), n_seeds + n_asked, replace=False) for c in range(10)]
        orbits = normalize(rotation_orbits(images[np.concatenate([d[:n_seeds] for d in drawn])], n_poses))
        asked = normalize(images[drawn[lost][n_seeds:]]).reshape(n_asked, -1)
        classes = np.repeat(np.arange(10), n_seeds)
        own = classes == lost
        operator = learn_operator(orbits[rng.choice(np.flatnonzero(~own), n_taught, replace=False)])
        learnt = complete_orbits(orbits[own], np.arange(n_poses) > 0, operator)[:, 0]
        # Three training sets from one: all poses of all orbits, and the completed poses behind them.
        inputs = np.concatenate([orbits.reshape(-1, 784), learnt.reshape(-1, 784)])
        labels = 2.0 * np.equal.outer(np.append(np.repeat(classes, n_poses), [lost] * n_seeds), range(10)) - 1
        missing = np.append((own[:, None] & (np.arange(n_poses) == 0)).ravel(), [False] * n_seeds)
        completed = np.arange(len(inputs)) >= orbits.shape[0] * n_poses
        gram, cross = mlp_kernel(inputs).ntk, mlp_kernel(asked, inputs).ntk
        for name, keep in {"plain": ~missing & ~completed, "completed": ~missing, "seen": ~completed}.items():
            answers = cross[:, keep] @ np.linalg.solve(gram[np.ix_(keep, keep)], labels[keep])
            right[name].append((answers.argmax(axis=1) == lost).mean())
    plain, learnt, seen = (np.mean(right[name]) for name in ("plain", "completed", "seen"))
    assert seen - plain > 0.25  # there is something to gain
    assert abs(learnt - seen) < 0.06, (plain, learnt, seen)


def test_an_arc_that_is_no_circle_warns(recwarn):
    digits = mnist()[0][:6]
    learn_operator(normalize(rotation_orbits(digits, 16)))
    assert not recwarn
    with pytest.warns(UserWarning, match="the poses are an arc"):
        learn_operator(normalize(rotation_orbits(digits, 72)[:, :12]))
