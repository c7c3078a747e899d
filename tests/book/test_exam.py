"""Exam questions: answers against computations of another kind, seeds that differ and repeat, files to read."""

import re

import nbformat
import numpy as np
import pytest

from book.exam.__main__ import main
from book.exam.documents import as_html
from book.exam.question import written
from book.exam.sheet import TEMPLATES, answer_key, chosen, question, student_sheet

SEEDS = range(3)
of_seeds = pytest.mark.parametrize("seed", SEEDS)


def refitted(gram, labels, left_out):
    """Residuals at the points left out together, by training on the others."""
    seen = np.setdiff1d(np.arange(len(gram)), left_out)
    weights = np.linalg.solve(gram[np.ix_(seen, seen)], np.asarray(labels)[seen])
    return np.asarray(labels)[left_out] - gram[np.ix_(left_out, seen)] @ weights


def of_elements(kappa, table):
    """The dense Gram matrix of κ, point (g, c) at g·C + c, entry by entry."""
    n, size = len(table), kappa.shape[1]
    gram = np.empty((n * size, n * size))
    for g in range(n):
        for h in range(n):
            inverse = int(np.flatnonzero(table[g] == 0)[0])
            gram[g * size : (g + 1) * size, h * size : (h + 1) * size] = kappa[table[inverse, h]]
    return gram


def turns(n):
    return (np.arange(n)[:, None] + np.arange(n)) % n


@of_seeds
def test_noise_over_signal(seed):
    asked = question("noise-over-signal", seed, 0)
    values, size = asked.given["eigenvalues"], 2 * asked.given["n"]
    waves = np.exp(2j * np.pi * np.outer(np.arange(size), np.arange(size)) / size) / size**0.5
    labels = np.tile([1.0, -1.0], size // 2)

    def error(spectrum):
        return refitted((waves * spectrum @ waves.conj().T).real, labels, [0])[0]

    doubled = values * np.where(np.arange(size) == size // 2, 2, 1)
    assert (
        asked.answers["error"]
        == pytest.approx(error(values))
        == pytest.approx(asked.answers["noise"] / asked.answers["signal"])
    )
    # A pose is missing: its distance from the span of the others is what is left of its own variance.
    gram = (waves * values @ waves.conj().T).real
    left = gram[0, 0] - gram[0, 1:] @ np.linalg.solve(gram[1:, 1:], gram[1:, 0])
    assert asked.answers["deviations"] == pytest.approx((1 - error(values)) / left**0.5)
    assert asked.answers["doubled"] == pytest.approx(error(doubled)) and error(doubled) > error(values) / 2


@of_seeds
def test_equal_likeness(seed):
    asked = question("whose-data", seed, 0)
    q, own, others = (asked.given[name] for name in ("q", "own", "others"))

    def residual(a, b):
        total = a - 1 - b
        return 1 - q * total / (1 - q + (a - 1 + b) * q)

    sizes = (own, others), (2 * own, others), (own, 2 * others), (2 * own, 2 * others)
    assert asked.answers["residuals"] == pytest.approx([residual(*size) for size in sizes])


@of_seeds
def test_what_is_learnt_first(seed):
    asked = question("learnt-first", seed, 0)
    for value, steps in zip((asked.given["fast"], asked.given["slow"]), asked.answers["steps"]):
        left, taken = 1.0, 0
        while left > 0.01:
            left, taken = left * (1 - value / asked.given["top"]), taken + 1
        assert taken == steps
    assert asked.answers["factor"] == pytest.approx(1 - 2.5 * asked.given["fast"] / asked.given["top"])
    assert asked.answers["ratio"] ** 2 == pytest.approx(asked.given["fast"] / asked.given["slow"])


@pytest.mark.parametrize("seed", range(12))
def test_which_group(seed):
    asked = question("which-group", seed, 0)
    table, order = asked.given["table"], len(asked.given["table"])
    # As many irreps as classes of conjugate elements, and Σ d² = |G|.
    inverse = [int(np.flatnonzero(row == 0)[0]) for row in table]
    classes = {frozenset(int(table[table[u, g], inverse[u]]) for u in range(order)) for g in range(order)}
    dims = asked.answers["dims"]
    assert len(dims) == len(classes) and sum(d * d for d in dims) == order
    orders = sorted(_order(table, g) for g in range(order))
    known = {
        "C₆": [1, 2, 3, 3, 6, 6], "D₃": [1, 2, 2, 2, 3, 3], "C₈": [1, 2, 4, 4, 8, 8, 8, 8],
        "C₄ × C₂": [1, 2, 2, 2, 4, 4, 4, 4], "C₂ × C₂ × C₂": [1] + [2] * 7, "D₄": [1, 2, 2, 2, 2, 2, 4, 4],
        "Q₈": [1, 2, 4, 4, 4, 4, 4, 4],
    }  # fmt: skip
    assert known[asked.answers["name"]] == orders
    assert asked.answers["involutions"] == orders.count(2)
    assert asked.answers["commutes"] == (dims == [1] * order)


def _order(table, g):
    power, n = g, 1
    while power != 0:
        power, n = table[power, g], n + 1
    return n


@of_seeds
def test_transform_by_hand(seed):
    asked = question("transform-by-hand", seed, 0)
    half, root = -0.5, 3**0.5 / 2
    r, s = np.array([[half, -root], [root, half]]), np.diag([1.0, -1.0])
    elements = [np.eye(2), r, r @ r, s, r @ s, r @ r @ s]
    f = asked.given["f"]
    assert asked.answers["plane"] == pytest.approx(sum(value * e for value, e in zip(f, elements)))
    assert asked.answers["one"] == pytest.approx([f.sum(), f[:3].sum() - f[3:].sum()])
    gram = np.empty((6, 6))
    for g, first in enumerate(elements):
        for h, second in enumerate(elements):
            u = [np.allclose(first.T @ second, e) for e in elements].index(True)
            back = [np.allclose(second.T @ first, e) for e in elements].index(True)
            gram[g, h] = f[u] + f[back]
    one, sign, *plane = asked.answers["eigenvalues"]
    assert np.linalg.eigvalsh(gram) == pytest.approx(sorted([one, sign, *plane, *plane]))


@of_seeds
def test_what_a_stabiliser_leaves(seed):
    asked = question("stabiliser", seed, 0)
    board = asked.given["board"]
    poses = {np.rot90(picture, k).tobytes() for picture in (board, board[:, ::-1]) for k in range(4)}
    assert asked.answers["distinct"] == len(poses) in (2, 4)
    kept = asked.answers["kept"]
    # In the order of symlib: turns by 90°, then the same behind a mirror left-right.
    moved = [np.rot90(picture, k) for picture in (board, board[:, ::-1]) for k in range(4)]
    assert list(asked.answers["stabiliser"]) == [at for at, other in enumerate(moved) if np.array_equal(other, board)]
    assert len(asked.answers["stabiliser"]) * len(poses) == 8 and sum(kept[:4]) + 2 * kept[4] == len(poses)
    # Dimensions of what a quarter turn and the mirror left-right make of the functions on the distinct poses.
    names = sorted(poses)
    grids = [np.frombuffer(name).reshape(3, 3) for name in names]
    moves = [
        np.array([[move(grid).tobytes() == name for grid in grids] for name in names], dtype=float)
        for move in (np.rot90, np.fliplr)
    ]
    for (turn, mirror), expected in zip(((1, 1), (1, -1), (-1, 1), (-1, -1)), kept):
        space = np.vstack([moves[0] - turn * np.eye(len(names)), moves[1] - mirror * np.eye(len(names))])
        assert len(names) - np.linalg.matrix_rank(space) == expected


@of_seeds
def test_blocks_by_hand(seed):
    asked = question("blocks-by-hand", seed, 0)
    labels = np.array([1.0, -1, 1, -1])
    for name, more in (("errors", 0.0), ("shifted", asked.given["constant"])):
        gram = of_elements(asked.given["kappa"] + more, turns(2))
        expected = [labels[c] * refitted(gram, labels, [c])[0] for c in (0, 1)]
        assert asked.answers[name] == pytest.approx(expected)


@pytest.mark.parametrize("name", ["noise-over-signal", "two-left-out", "blocks-by-hand", "whose-data"])
def test_right_or_wrong_is_never_a_matter_of_rounding(name):
    for seed in range(60):
        answers = question(name, seed, 0).answers
        asked = [answers[key] for key in ("error", "alone", "errors", "shifted", "residuals") if key in answers]
        errors = np.abs(np.concatenate([np.atleast_1d(numbers) for numbers in asked]))
        assert np.abs(errors - 1).min() > 1e-9, f"seed {seed}: the prediction is 0, neither right nor wrong"


@of_seeds
def test_one_and_two_left_out(seed):
    asked = question("two-left-out", seed, 0)
    gram, points = np.linalg.inv(asked.given["inverse"]), list(asked.given["points"])
    assert asked.answers["alone"] == pytest.approx(refitted(gram, asked.given["labels"], points[:1])[0])
    assert asked.answers["together"] == pytest.approx(refitted(gram, asked.given["labels"], points))
    seen = np.setdiff1d(np.arange(4), points)
    cross = gram[np.ix_(points, seen)]
    left = gram[np.ix_(points, points)] - cross @ np.linalg.solve(gram[np.ix_(seen, seen)], cross.T)
    assert asked.answers["correlation"] == pytest.approx(left[0, 1] / np.sqrt(left[0, 0] * left[1, 1]))


@of_seeds
def test_a_committee(seed):
    asked = question("committee", seed, 0)
    n, labels = asked.given["n"], np.tile([1.0, -1.0], asked.given["n"])
    gram = of_elements(asked.given["kappa"], turns(n))
    for name, missing in (("gap", [0]), ("absence", 2 * np.arange(1, n))):
        expected = refitted(gram, labels, missing).sum() / n
        assert asked.answers[name] == pytest.approx(expected, abs=6e-4)  # from residuals as they are printed
    assert asked.answers["exact"] == pytest.approx([asked.answers["gap"], asked.answers["absence"]], abs=6e-4)


@of_seeds
def test_collapsed_orbits(seed):
    asked = question("collapsed-orbits", seed, 0)
    order, labels, ridge = asked.given["order"], np.tile([1.0, -1.0], asked.given["order"]), asked.given["ridge"]
    for name, kappa in asked.given["cases"].items():
        gram = np.tile(kappa, (order, order)).astype(float) + ridge * np.eye(2 * order)
        expected = [labels[c] * refitted(gram, labels, [c])[0] for c in (0, 1)]
        assert asked.answers["errors"][name] == pytest.approx(expected, abs=1e-6)
    zero, same, *lengths = asked.answers["limits"]
    found = asked.answers["errors"]
    assert [zero, zero, same, same, *lengths] == pytest.approx([*found["K"], *found["L"], *found["M"]], abs=1e-5)


@of_seeds
def test_a_learnt_operator(seed):
    asked = question("learnt-operator", seed, 0)
    teacher, new = asked.given["teacher"], asked.given["new"]
    swap = np.eye(4)[[1, 0, 3, 2]]
    basis, _ = np.linalg.qr(np.array([teacher, swap @ teacher]).T)
    inside = basis @ basis.T @ new
    assert asked.answers["made"] == pytest.approx(swap @ inside)
    assert asked.answers["miss"] == pytest.approx(np.linalg.norm(new - inside)) and asked.answers["miss"] > 0.1


@of_seeds
def test_a_verdict(seed):
    asked = question("verdict", seed, 0)
    margin = asked.given["margin"]
    expected = [
        "yes" if low >= -margin else "no" if high < -margin else "cannot tell" for low, high in asked.given["rows"]
    ]
    assert asked.answers["verdicts"] == expected and set(expected) == {"yes", "no", "cannot tell"}
    low, high = asked.given["rows"][expected.index("cannot tell")]
    middle, quarter = (low + high) / 2, (high - low) / 4
    assert asked.answers["then"] == (
        "yes" if middle - quarter >= -margin else "no" if middle + quarter < -margin else ""
    )


def test_the_same_seed_repeats_and_others_differ():
    for name in TEMPLATES:
        once = [question(name, 5, variant) for variant in (0, 1)]
        again = [question(name, 5, variant) for variant in (0, 1)]
        assert [asked.text + asked.working for asked in once] == [asked.text + asked.working for asked in again]
        texts = {question(name, *at).text for at in ((5, 0), (5, 1), (6, 0), (7, 0))}
        assert len(texts) == 4, name


def test_a_question_keeps_its_numbers_whatever_else_is_asked():
    names = chosen(3, number=4)
    assert len(names) == 4 and names == chosen(3, number=4) and names != chosen(4, number=4)
    assert chosen(3, chapters=["06"]) == ["noise-over-signal", "two-left-out"]
    with pytest.raises(ValueError, match="no question 'spectra'"):
        question("spectra", 0, 0)
    with pytest.raises(ValueError, match="12 questions to draw from; got number = 13"):
        chosen(0, number=13)


def test_which_of_two_groups_of_six_is_said_without_the_groups_of_eight():
    asked = [question("which-group", seed, 0) for seed in range(30)]
    for one in asked:
        assert ("Q₈" in one.working) == ("Q₈" in one.text and not one.answers["commutes"])
    assert {len(one.given["table"]) for one in asked} == {6, 8}


def test_numbers_are_written_as_fractions_where_they_are():
    assert written(12 / 17) == r"$12/17 \approx 0.7059$" and written(-0.5) == "$-1/2 = -0.5$" and written(3) == "$3$"
    assert written(np.pi) == "$3.142$"


@of_seeds
def test_no_answer_stands_on_the_sheet_and_all_on_the_key(seed):
    asked = [question(name, seed, 1) for name in TEMPLATES]
    sheet, key = ("\n\n".join(make(asked, seed, 1)) for make in (student_sheet, answer_key))
    assert "variant B" in sheet and sheet.count("\n## ") == key.count("### Answers") == len(TEMPLATES)
    assert "Answers" not in sheet and all(one.text in sheet and one.working not in sheet for one in asked)
    assert all(one.working in key for one in asked)
    for text in (sheet, key):
        assert text.count("$") % 2 == 0 and not re.search(r"\bnan\b|\de-\d|np\.|array\(|\{[a-z_]+\}[^}\\$]*\Z", text)


def test_sheets_are_written_as_notebooks_and_as_pages(tmp_path, capsys):
    assert (
        main(["--seed", "2", "--variants", "2", "--chapters", "6", "--format", "notebook", "--to", str(tmp_path)]) == 0
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"exam-2-{letter}{key}.ipynb" for letter in "AB" for key in ("-key", "")
    ]
    sheet = nbformat.read(tmp_path / "exam-2-B.ipynb", as_version=4)
    nbformat.validate(sheet)
    assert sum(cell.source == "*Your answer:*" for cell in sheet.cells) == 2
    page = as_html("# A\n\nIf $a < b$:\n\n$$ a & b $$\n\n| c |\n|---|\n| $d$ |")
    assert r"\(a &lt; b\)" in page and r"\[a &amp; b\]" in page and "<td>" in page and r"\(d\)" in page
    assert main(["--questions", "nothing", "--to", str(tmp_path)]) == 2
    assert "no question 'nothing'" in capsys.readouterr().err
