"""A false claim stops the build, the page lists all claims, and other seeds are reported claim by claim."""

import nbformat
import pytest
import yaml

from book.builder.build import ROOT
from book.builder.claims import claims_of, claims_table
from book.builder.execute import execute_all, read_chapter
from book.builder.other_seeds import at_other_seeds, chosen, main, report

CLAIMS = """\
from symlib.claims import claim

claim("A & B hold.", True, "1 of 1")
claim("The seed is small.", seed < 2, f"seed {seed}")
claim("Many were drawn.", False, "n", draws=3, at_least=10)"""


def write_tree(root, source=CLAIMS, seed=0):
    parameters = nbformat.v4.new_code_cell(f"seed = {seed}", metadata={"tags": ["parameters"]})
    cells = [nbformat.v4.new_markdown_cell("# 01 · One"), parameters, nbformat.v4.new_code_cell(source)]
    (root / "notebooks").mkdir()
    (root / "book").mkdir()
    (root / "symlib").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), root / "notebooks" / "01_a.ipynb")
    (root / "_toc.yml").write_text("root: x\nparts: [{chapters: [{file: notebooks/01_a}]}]")
    tiers = {"01_a": {"smoke": {}, "teach": {"seed": seed}, "paper": {}}}
    (root / "book" / "tiers.yml").write_text(yaml.safe_dump(tiers))
    return tiers


def executed(root, tiers):
    paths, failures = execute_all([read_chapter(root, "01_a", tiers, "teach")], root, root / "cache")
    return paths["01_a"], failures


def test_claims_are_read_from_a_chapter_and_listed(tmp_path):
    path, failures = executed(tmp_path, write_tree(tmp_path))
    assert failures == []
    chapter = nbformat.read(path, as_version=4)
    records = claims_of(chapter)
    assert [record["outcome"] for record in records] == ["holds", "holds", "untested"]
    table = claims_table({"01_a": chapter})
    assert table.startswith("## 01 · One") and "A &amp; B hold." in table
    assert "not tested at this size: 3 draws, 10 needed" in table
    assert 'href="../notebooks/01_a.html#claim-' in table


def test_a_false_claim_stops_the_chapter(tmp_path, monkeypatch):
    monkeypatch.delenv("SYMLIB_FALSE_CLAIMS", raising=False)
    path, (failure,) = executed(tmp_path, write_tree(tmp_path, seed=5))
    assert failure.cell == 3 and "The seed is small. (seed 5)" in failure.error
    assert not path.exists()


def test_other_seeds_are_reported_claim_by_claim(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SYMLIB_FALSE_CLAIMS", "")  # restored behind the test: the command sets it
    write_tree(tmp_path)
    assert main(["--root", str(tmp_path), "--seeds", "2"]) == 1
    text = capsys.readouterr().out
    assert "| 01 | The seed is small. | ✓ seed 1 | ✗ seed 2 |" in text
    assert "3 claims, 1 of them false at some seed" in text
    found, failures = at_other_seeds(tmp_path, "teach", 1, ["01_a"])
    assert failures == [] and report(found, 1).count("✗") == 0


def test_a_chapter_that_draws_nothing_is_executed_once(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMLIB_FALSE_CLAIMS", "")
    write_tree(tmp_path, 'from symlib.claims import claim\n\nclaim("One.", True, "1")')
    (tmp_path / "book" / "tiers.yml").write_text("01_a: {smoke: {}, teach: {}, paper: {}}")
    found, _ = at_other_seeds(tmp_path, "teach", 3, ["01_a"])
    assert [record is not None for record in found["01_a", "One."]] == [True, False, False]


def test_seeds_are_counted_from_one():
    with pytest.raises(SystemExit):
        main(["--root", str(ROOT), "--seeds", "0"])


def test_claims_of_chosen_chapters(capsys):
    names = ["01_a", "07_b"]
    assert chosen(names, ["07"], None) == ["07_b"] and chosen(names, None, None) == names
    with pytest.raises(SystemExit):
        main(["--root", str(ROOT), "--chapters", "07", "99"])
    assert "no chapter 99; there are 01, 02" in capsys.readouterr().err
