"""The README's number, its figure's source and its example are what the code computes."""

import re
from pathlib import Path

import numpy as np

from book.builder.readme_figure import FIGURE, NARROW, headline

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_numbers_are_computed():
    right, correlation, excess = headline()
    assert f"**{right}** of the poses" in README
    assert f"with correlation **{correlation}**, and is too high by **{excess}**" in README


def test_figure_is_there():
    assert f"book/figures/{FIGURE.name}" in README and FIGURE.stat().st_size > 10_000
    assert f'url("{NARROW.name}")' in (NARROW.parent / "custom.css").read_text() and NARROW.stat().st_size > 10_000


def test_examples_run(capsys, one_torch_thread, tmp_path, monkeypatch):
    diagnosis, kernels, repeats, networks, operator = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(diagnosis, {})
    sentence, *remedies = capsys.readouterr().out.strip().split("\n")
    assert sentence.startswith("No: ") and len(remedies) == 3 and all(" [0." in remedy for remedy in remedies)
    assert (tmp_path / "report.html").stat().st_size > 10_000
    exec(kernels, {})
    errors = np.array(capsys.readouterr().out.strip(" []\n").split(), float)
    assert errors.shape == (2,) and (errors > 0).all()
    exec(repeats, {})
    errors = np.array(capsys.readouterr().out.strip(" []\n").split(), float)
    assert errors.shape == (2,) and (errors > 0.1).all()
    exec(networks, {})
    seen, unseen = map(float, capsys.readouterr().out.split())
    assert seen > 0.85 and unseen < seen - 0.25
    exec(operator, {})
    distances = np.array(capsys.readouterr().out.strip(" []\n").split(), float)
    assert distances.shape == (20,) and (0 < distances).all() and distances.max() < 0.5
