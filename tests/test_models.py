"""Networks: parameter counts by hand, sizes as arguments, and what each architecture can and cannot see."""

import subprocess
import sys

import pytest
import torch

from symlib.models import CNN, MLP, EquivariantCNN, ViT, parameter_count

ATTENTION = 4 * (256 * 256 + 256)  # queries, keys, values, output
VIT_BLOCK = ATTENTION + (256 + 1) * 1024 + (1024 + 1) * 256 + 2 * 2 * 256
SMALL_BLOCK = 4 * (64 * 64 + 64) + (64 + 1) * 128 + (128 + 1) * 64 + 2 * 2 * 64


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (MLP, 785 * 512 + 513 * 128 + 129 * 10),
        (CNN, 26 * 24 + (9 * 24 + 1) * 32 + (5 * 5 * 32 + 1) * 256 + 257 * 10),
        (EquivariantCNN, 26 * 12 + (4 * 9 * 12 + 1) * 16 + (4 * 25 * 16 + 1) * 128 + 129 * 10),
        (ViT, 17 * 256 + 49 * 256 + 2 * VIT_BLOCK + 2 * 256 + 257 * 10),
        (MLP.small, 785 * 128 + 129 * 64 + 65 * 10),
        (CNN.small, 26 * 8 + (9 * 8 + 1) * 16 + (5 * 5 * 16 + 1) * 64 + 65 * 10),
        (EquivariantCNN.small, 26 * 4 + (4 * 9 * 4 + 1) * 8 + (4 * 25 * 8 + 1) * 32 + 33 * 10),
        (ViT.small, 197 * 64 + 4 * 64 + 2 * SMALL_BLOCK + 2 * 64 + 65 * 10),
        (lambda: MLP((7, 5), side=3, classes=2), 10 * 7 + 8 * 5 + 6 * 2),
        (lambda: CNN([(3, 2)], 4, side=8, classes=3), 10 * 2 + (9 * 2 + 1) * 4 + 5 * 3),
        (lambda: ViT(2, 6, 1, 3, hidden=5, side=4, classes=2), 5 * 6 + 4 * 6 + 4 * 42 + 7 * 5 + 6 * 6 + 6 * 6 + 7 * 2),
    ],
)
def test_parameter_counts_by_hand(make, count):
    model = make()
    assert parameter_count(model) == count
    if not hasattr(make, "__name__") or make.__name__ != "<lambda>":
        said = " ".join((make.__doc__ or "").replace(",", "").split())
        assert f" {count} parameters" in said, "the docstring states another count"


def test_small_variants_take_sizes_of_the_full_ones():
    assert parameter_count(MLP.small(widths=(16,))) == 785 * 16 + 17 * 10
    assert CNN.small(classes=3)(torch.zeros(2, 28, 28)).shape == (2, 3)
    assert ViT.small(depth=1, side=14)(torch.zeros(2, 14, 14)).shape == (2, 10)


@pytest.mark.parametrize("make", [MLP.small, CNN.small, EquivariantCNN.small, ViT.small])
def test_images_of_a_batch_do_not_mix_and_every_pixel_counts(make):
    torch.manual_seed(0)
    model = make().eval()
    images = torch.randn(3, 28, 28, requires_grad=True)
    scores = model(images)
    torch.testing.assert_close(model(images[1:2]), scores[1:2], rtol=1e-4, atol=1e-5)
    (gradient,) = torch.autograd.grad(scores[0].square().sum(), images)
    assert (gradient[1:] == 0).all() and (gradient[0] != 0).float().mean() > 0.99


def test_scores_of_the_equivariant_network_do_not_change_with_quarter_turns():
    torch.manual_seed(0)
    images = torch.randn(4, 28, 28)
    # Filters of even size and three layers too.
    for model in (EquivariantCNN(), EquivariantCNN([(4, 3), (2, 5), (3, 2)], 7, side=21)):
        side = model.layers[0].unflattened_size[-1]
        asked = images[:, :side, :side]
        scores = model(asked)
        for k in (1, 2, 3):
            torch.testing.assert_close(model(asked.rot90(k, (1, 2))), scores, rtol=0, atol=1e-5)
        for other in (asked.flip(2), asked.roll(1, 2), asked.mT):
            assert (model(other) - scores).abs().max() > 1e-3


def test_maps_of_the_equivariant_network_turn_with_the_image_and_move_on_by_one_pose():
    torch.manual_seed(1)
    model, images = EquivariantCNN.small(), torch.randn(3, 28, 28)
    for layers in range(2, len(model.layers) + 1):
        through = model.layers[:layers]
        maps, of_turned = (through(x).unflatten(1, (-1, 4)) for x in (images, images.rot90(1, (1, 2))))
        torch.testing.assert_close(of_turned, maps.rot90(1, (-2, -1)).roll(1, dims=2), rtol=0, atol=1e-5)
        assert (of_turned - maps.rot90(1, (-2, -1))).abs().max() > 1e-3


def test_the_equivariant_network_sums_over_poses_and_offsets_as_its_definition_says():
    torch.manual_seed(2)
    layer = EquivariantCNN([(3, 2)], 3, side=6).layers[-2]  # a group layer on maps of 2 × 2 pixels
    maps = torch.randn(1, 2, 4, 2, 2)
    out = layer(maps.flatten(1, 2)).reshape(3, 4)
    # Offsets from the centre in halves of pixels, rows down; a quarter turn takes (row, column) to (−column, row).
    for r in range(4):
        expected = layer.bias.clone()
        for q in range(4):
            for row in (-0.5, 0.5):
                for column in (-0.5, 0.5):
                    turned = row, column
                    for _ in range(r):
                        turned = -turned[1], turned[0]
                    i, j = int(row + 0.5), int(column + 0.5)
                    to_i, to_j = int(turned[0] + 0.5), int(turned[1] + 0.5)
                    expected = expected + layer.weight[:, :, (q - r) % 4, i, j] @ maps[0, :, q, to_i, to_j]
        torch.testing.assert_close(out[:, r], expected, rtol=1e-5, atol=1e-5)


def test_patches_of_the_vit_are_squares_of_the_image():
    # Without positions the mean over tokens does not know where a patch stood, but knows what is inside it.
    torch.manual_seed(0)
    model = ViT.small(patch=4).eval()
    torch.nn.init.zeros_(model.positions)
    image = torch.randn(1, 28, 28)
    swapped, torn = image.clone(), image.clone()
    swapped[:, 0:4, 4:8], swapped[:, 8:12, 12:16] = image[:, 8:12, 12:16], image[:, 0:4, 4:8]
    torn[:, 0:4, 3:7], torn[:, 8:12, 11:15] = image[:, 8:12, 11:15], image[:, 0:4, 3:7]
    torch.testing.assert_close(model(swapped), model(image), rtol=1e-4, atol=1e-5)
    assert (model(torn) - model(image)).abs().max() > 1e-3


def test_blocks_of_the_vit_are_drawn_apart():
    first, second = (dict(block.named_parameters()) for block in ViT.small().blocks.layers)
    for name in ("self_attn.in_proj_weight", "linear1.weight", "linear2.weight"):
        assert (first[name] - second[name]).abs().min() < (first[name] - second[name]).abs().max()
        assert not torch.equal(first[name], second[name])


def test_dropout_switches_off_the_share_asked_while_training_only():
    torch.manual_seed(0)
    model = MLP(dropout=0.3)
    before, dropout = model.layers[:3], model.layers[3]
    units = before(torch.randn(20, 28, 28))
    units = units[units > 0]
    off = (dropout(units) == 0).float().mean()
    assert 0 < abs(off - 0.3) < 4 * (0.3 * 0.7 / len(units)) ** 0.5
    model.eval()
    assert torch.equal(dropout(units), units)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLP((0,)), r"widths\[0\] must be a whole number of at least 1, got 0"),
        (lambda: MLP(dropout=1.0), r"dropout must be in \[0, 1\), got 1.0"),
        (lambda: CNN(side=9), r"filters\[1\] is 3 × 3, but 2 pixels are left of 9.*take smaller filters"),
        (lambda: EquivariantCNN(side=27), r"filters\[0\] is 5 × 5 and leaves maps of 23 pixels.*even side"),
        (lambda: EquivariantCNN([(3, 2), (3, 2)], side=6), r"filters\[1\] is 3 × 3 and leaves maps of 0 pixels"),
        (lambda: EquivariantCNN(width=0), "width must be a whole number of at least 1, got 0"),
        (lambda: CNN(classes=2.5), "classes must be a whole number"),
        (lambda: ViT(patch=5), "patch must divide side = 28, got patch = 5"),
        (lambda: ViT(heads=3), "heads must divide width = 256, got heads = 3"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_importing_symlib_loads_no_optional_package():
    code = "import symlib, sys; print({'torch', 'matplotlib', 'dask', 'distributed'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
