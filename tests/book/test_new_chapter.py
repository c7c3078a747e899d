"""A chapter from the template is listed, numbered and runs, with other images, another group, another network."""

import re
import shutil

import nbformat
import numpy as np
import pytest
import yaml

from book.builder.build import ROOT, chapter_names
from book.builder.chapters import parameters_of, tagged, with_values
from book.builder.new_chapter import TEMPLATE, new_chapter
from symlib import labelled_images


@pytest.fixture
def tree(tmp_path):
    for name in ("_toc.yml", "book/tiers.yml", str(TEMPLATE)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_it_is_listed_behind_the_chapters_that_there_are(tree):
    before = {name: (tree / name).read_text() for name in ("_toc.yml", "book/tiers.yml")}
    path = new_chapter(tree, "23_coins_and_keys")
    assert path == tree / "notebooks" / "23_coins_and_keys.ipynb"
    assert chapter_names(tree) == [*chapter_names(ROOT), "23_coins_and_keys"]
    # Nothing else of either file has changed.
    added = [line for line in (tree / "_toc.yml").read_text().splitlines() if "23_coins" in line]
    assert (tree / "_toc.yml").read_text().replace(f"{added[0]}\n", "") == before["_toc.yml"]
    assert (tree / "book/tiers.yml").read_text().startswith(before["book/tiers.yml"])
    tiers = yaml.safe_load((tree / "book/tiers.yml").read_text())["23_coins_and_keys"]
    assert list(tiers) == ["smoke", "teach", "paper"]
    assert tiers["teach"] == parameters_of(nbformat.read(path, 4)) and tiers["teach"]["source"] == "digits"


def test_what_is_numbered_has_its_number(tree):
    text = new_chapter(tree, "23_coins_and_keys").read_text()
    template = (tree / TEMPLATE).read_text()
    assert "# 23 · " in text and "Exercise 23.3" in text and '"check-23-1"' in text and '"next-23"' in text
    assert (
        text.replace("23.", "19.").replace("# 23 ·", "# 19 ·").replace("-23-", "-19-").replace("next-23", "next-19")
        == template
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my_chapter", "two digits and words in small letters, 19_my_chapter; got 'my_chapter'"),
        ("19_../x", "got '19_../x'"),
        ("20_again", "the number 20 is that of 20_taken; take another"),
    ],
)
def test_a_name_that_is_refused_changes_nothing(tree, name, message):
    (tree / "notebooks" / "20_taken.ipynb").touch()
    before = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match=message):
        new_chapter(tree, name)
    assert {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()} == before


GUIDE = (ROOT / "book" / "teaching" / "adapt.md").read_text(encoding="utf-8")


def test_the_guides_change_of_a_chapter_fits_the_chapter():
    """Fewer than ten lines, each of which the chapter has once: applied, nothing of the old group is left but words."""
    (block,) = re.findall(r"```diff\n(.*?)```", GUIDE, re.S)
    lines = block.splitlines()
    changes = list(zip(lines[::2], lines[1::2], strict=True))
    assert 0 < len(changes) < 10 and all(old[0] == "-" and new[0] == "+" for old, new in changes)
    chapter = nbformat.read(ROOT / "notebooks" / "07_rotated_mnist.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in chapter.cells)
    for old, new in changes:
        assert text.count(f"{old[1:]}\n") == 1
        text = text.replace(old[1:], new[1:])
    assert "rotation_orbits" not in text


def test_the_guides_letters_are_images_with_classes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (made,) = re.findall(r"```python\n(.*?)```", GUIDE, re.S)
    exec(compile(made, "adapt.md", "exec"), {})
    images, labels, names = labelled_images("letters.npz", side=28, n_classes=10)
    assert images.shape == (1000, 28, 28) and names == tuple("ABCDEFGHIJ")
    assert np.bincount(labels).tolist() == [100] * 10
    # They can be told from each other: by the nearest mean of the first half, most of the second.
    flat = images.reshape(1000, -1)
    means = np.array([flat[:500][labels[:500] == k].mean(axis=0) for k in range(10)])
    nearest = np.linalg.norm(flat[500:, None] - means, axis=-1).argmin(axis=1)
    assert (nearest == labels[500:]).mean() > 0.5


def run(path, **values):
    """Executes the code of a chapter with these parameters; gives its names."""
    chapter = nbformat.read(path, as_version=4)
    cell = chapter.cells[tagged(chapter, "parameters")[0]]
    cell.source = with_values(cell.source, values)
    names = {}
    for cell in chapter.cells:
        if cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", []):
            exec(compile(cell.source, f"{path.stem}, {cell.id}", "exec"), names)
    return names


def test_it_runs_as_it_is(capsys):
    found = run(ROOT / TEMPLATE, n_pairs=4)
    said = capsys.readouterr().out
    assert "The claims of this chapter are about" not in said
    assert [f"19.{i} ✓" in said for i in (1, 2, 3)] == [True] * 3
    # Against networks' kernel by its own formula: one pose left out, trained on all the others.
    gram, y = found["gram"][3], np.tile([1.0, -1.0], 8)
    answer = gram[0, 1:] @ np.linalg.solve(gram[1:, 1:], y[1:])
    assert abs(1 - answer) == pytest.approx(found["exact"][3, 0, 0], rel=1e-9)


def test_it_takes_other_images_another_group_and_another_network(tmp_path, monkeypatch, capsys):
    """Bars and rings of a reader's own, 20 × 21 bytes, shifted; and a network of more layers."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:20, :21]
    bars = [np.abs(x - c) < w for c, w in zip(rng.uniform(4, 16, 12), rng.uniform(1, 4, 12), strict=True)]
    rings = [
        np.abs(np.hypot(x - c, y - 10) - 6) < w
        for c, w in zip(rng.uniform(7, 13, 12), rng.uniform(1, 3, 12), strict=True)
    ]
    grey = np.uint8(rng.integers(30, 60, (24, 20, 21)) + 190 * np.array(bars + rings))
    np.savez(tmp_path / "shapes.npz", x=grey, y=["bar"] * 12 + ["ring"] * 12)
    monkeypatch.chdir(tmp_path)
    own = {"source": "shapes.npz", "group": "cyclic:4", "action": "translate", "architecture": "mlp:2"}
    found = run(ROOT / TEMPLATE, n_pairs=4, **own)
    said = capsys.readouterr().out
    assert "about digits, rotate, mlp. This run has shapes.npz, translate: what does not hold here" in said
    assert [f"19.{i} ✓" in said for i in (1, 2, 3)] == [True] * 3
    assert found["exact"].shape == (4, 4, 2) and sorted(found["names"]) == ["bar", "ring"]
    # Shifts are exact: the formula gives the error at every pose.
    np.testing.assert_allclose(found["exact"], np.repeat(found["formula"][:, None], 4, 1), rtol=1e-9)
