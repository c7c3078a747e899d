"""The command as somebody uses it who has never seen symlib: on a folder of PNGs, a CSV turned .npz, a torch data set.

Then each status that it ends with, and each input that it refuses.
"""

import csv
import importlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import symlib
from symlib.diagnose import command
from tests.diagnose.examples import Share, example_report

ROOT = Path(__file__).parents[2]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def draw_shapes(rng, each=12):
    """Hooks and bars, drawn a little differently each time, as PNG: a folder a class."""
    strokes = {"hook": [[(2, 2), (2, 9), (8, 9)]], "bar": [[(2, 5), (9, 5)], [(2, 8), (6, 8)]]}
    for kind, lines in strokes.items():
        folder = Path("shapes", kind)
        folder.mkdir(parents=True)
        for i in range(each):
            image = Image.new("L", (12, 12))
            for line in lines:
                jittered = [(x + rng.normal(0, 0.7), y + rng.normal(0, 0.7)) for x, y in line]
                ImageDraw.Draw(image).line(jittered, fill=int(rng.integers(160, 256)), width=2)
            image.save(folder / f"{i:02d}.png")


def test_a_folder_of_pngs(here, capsys):
    draw_shapes(np.random.default_rng(7))
    status = command.main(
        "diagnose shapes --group rotations:4 --missing class=hook,pose=1 --report out/report.html "
        "--json out/report.json --figure out/figure.png".split()
    )
    printed = capsys.readouterr()
    found = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    assert status == (0 if found["verdict"] == "yes" else 1)
    assert found["coverage"]["gaps"] == [["hook", 1]] and found["settings"]["group"] == "C4"
    # A hook or a bar that is turned is told apart after averaging over the turns.
    averaged = next(r for r in found["remedies"] if r["name"] == "average over the group")
    assert averaged["share"]["value"] > 0.9
    for part in ("Checks", "Coverage", "Prediction", "Verdict", "Remedies", "average over the"):
        assert part in printed.out
    assert "shapes: 24 samples of shape (12, 12), 2 classes" in printed.err
    with Image.open("out/figure.png") as figure:
        assert figure.width > 500
    assert "hook" in Path("out/report.html").read_text(encoding="utf-8")


def write_series(rng, people=40):
    """Eight hours a row, two kinds of course that begin at some hour; a minor one never at hours 6 and 7."""
    with open("series.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*(f"h{i}" for i in range(8)), "kind", "start", "person"])
        for i in range(2 * people):
            kind, person = i % 2, i // 2
            start = person % (8 if kind else 6)
            course = np.array([[3, 1, 0, 0, 1, 0, 0, 0], [3, 0, 0, 1, 0, 0, 0, 1]])[kind] + rng.normal(0, 0.3, 8)
            rows.writerow([*np.roll(course, start).round(3), ["minor", "major"][kind], start, person])


def test_a_csv_and_the_same_turned_npz(here, capsys):
    write_series(np.random.default_rng(8))
    table = np.genfromtxt("series.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    hours = np.stack([table[f"h{i}"] for i in range(8)], axis=1)
    np.savez("series.npz", x=hours, y=table["kind"], start=table["start"], person=table["person"])
    shared = "--group cyclic:8 --pose start --objects person --quiet".split()
    assert command.main(["diagnose", "series.npz", "--json", "npz.json", *shared]) == 1
    assert command.main(["diagnose", "series.csv", "--json", "csv.json", "--labels", "kind", *shared]) == 1
    one, other = capsys.readouterr().out.strip().split("\n")
    assert one == other and one.startswith("No")
    found, same = (json.loads(Path(name).read_text(encoding="utf-8")) for name in ("npz.json", "csv.json"))
    for report in (found, same):
        report["settings"].pop("seconds")
    assert found == same
    assert sorted(found["coverage"]["gaps"]) == [["minor", 6], ["minor", 7]]
    assert found["settings"]["objects"] == 40 and found["settings"]["action"] == "shift"


def test_a_data_set_of_torch(here, capsys):
    pytest.importorskip("torch")
    Path("data_in_torch.py").write_text(
        """
import torch
from torch.utils.data import TensorDataset

x = torch.rand(24, 1, 6, 6, generator=torch.Generator().manual_seed(0))
y = torch.arange(24) % 2
x[y == 1, :, 1, 1:4] += 2
x[y == 0, :, 4, 2:5] += 2
x[y == 0, :, 3, 2] += 2
train = TensorDataset(x, y)
model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 2))
"""
    )
    arguments = "diagnose data_in_torch:train --group cyclic:2 --action flip --missing class=1,pose=1 --json r.json"
    assert command.main([*arguments.split(), "--model", "data_in_torch:model"]) in (0, 1)
    found = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert found["settings"]["samples"] == 24 and found["coverage"]["gaps"] == [[1, 1]]
    assert 0 <= found["measured"]["unseen"]["value"] <= 1
    assert "Your model" in capsys.readouterr().out


@pytest.fixture
def answered(here, monkeypatch):
    """A file of samples, and a report in the place of a computation; returns what `diagnose` was asked."""
    np.savez("a.npz", x=np.eye(6), y=[0, 1] * 3, pose=np.arange(6) % 3, kind=list("aabbcc"))
    asked = {}

    def answer(**changes):
        def diagnose(*arrays, **settings):
            asked.update(settings, arrays=arrays)
            return example_report(**changes)

        monkeypatch.setattr(sys.modules["symlib.diagnose"], "diagnose", diagnose)
        return asked

    return answer


CALL = "diagnose a.npz --group cyclic:3 --action shift".split()


@pytest.mark.parametrize(
    ("verdict", "lowest", "options", "status"),
    [
        ("yes", 0.2, [], 0),
        ("no", 0.95, [], 1),
        ("cannot tell", 0.95, [], 1),
        ("no", 0.95, ["--fail-under", "0.9"], 0),
        ("yes", 0.85, ["--fail-under", "0.9"], 1),
        ("yes", 0.9, ["--fail-under", "0.9", "--quiet"], 0),
    ],
)
def test_status(answered, verdict, lowest, options, status):
    answered(verdict=verdict, lowest=Share(lowest, 0.1, 1, 9))
    assert command.main([*CALL, *options]) == status


def test_every_option_arrives(answered, capsys):
    asked = answered()
    options = "--pose pose --objects kind --architecture rbf:2 --ridge 0.5 --margin 0.1 --target 0.8 --max-objects 5 "
    options += "--confidence 0.9 --memory-limit 0.5 --seed 3 --missing class=1,pose=2 --missing class=0,pose=0"
    command.main([*CALL, *options.split()])
    x, y = asked.pop("arrays")
    assert np.array_equal(x, np.eye(6)) and y.tolist() == [0, 1] * 3
    assert asked.pop("pose").tolist() == [0, 1, 2, 0, 1, 2] and asked.pop("objects").tolist() == list("aabbcc")
    assert asked == {
        "group": "cyclic:3",
        "action": "shift",
        "architecture": "rbf:2",
        "missing": [(1, 2), (0, 0)],
        "ridge": 0.5,
        "margin": 0.1,
        "target": 0.8,
        "max_objects": 5,
        "confidence": 0.9,
        "memory_limit": 2**29,
        "seed": 3,
        "model": None,
        "progress": False,
    }
    command.main([*CALL, "--fail-under", "0.7"])
    assert asked["target"] == 0.7 and asked["missing"] is None and "memory_limit" in asked


def test_quiet_prints_the_answer_alone(answered, capsys):
    answered()
    command.main([*CALL, "--quiet"])
    printed = capsys.readouterr()
    assert printed.err == "" and printed.out == example_report().sentence + "\n"


def test_notes_and_files_are_named(answered, capsys):
    answered()
    assert command.main([*CALL, "--report", "r.html", "--json", "r.json", "--figure", "f.svg"]) == 1
    said = capsys.readouterr().err
    assert "note: a.npz also holds a key not in use (pose: --pose pose)" in said
    assert [line.split()[-1] for line in said.split("\n") if "written" in line] == ["r.json", "r.html", "f.svg"]
    assert Path("f.svg").read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize("options", [[], ["--quiet"]])
def test_a_disk_that_fills_up_costs_the_file_and_not_the_answer(answered, monkeypatch, capsys, options):
    answered()

    def full(report, settings):
        raise OSError(28, "r.json could not be written: No space left on device")

    monkeypatch.setattr(command, "_write", full)
    assert command.main([*CALL, "--json", "r.json", *options]) == 2
    printed = capsys.readouterr()
    assert "error: r.json could not be written: No space left" in printed.err
    assert " ".join(example_report().sentence.split()[:4]) in " ".join(printed.out.split())


REFUSED = {
    "nothing there": ("nowhere.npz --group cyclic:3", "no file or folder nowhere.npz"),
    "unknown group": ("a.npz --group cylic:3", "group 'cylic:3' is not known, perhaps 'cyclic:12'"),
    "unknown action": ("a.npz --group cyclic:3 --action shfit", "action 'shfit' is not known, perhaps 'shift'"),
    "unknown architecture": ("a.npz --group cyclic:3 --architecture mpl", "'mpl' is not known, perhaps 'mlp'"),
    "an architecture of images": ("a.npz --group cyclic:3 --architecture cnn", r"needs images of shape \(H, W\)"),
    "an action of images": ("a.npz --group rotations:3 --action rotate", "moves square images"),
    "an action of another group": ("a.npz --group dihedral:3 --action shift", "one of cyclic:N, and not of"),
    "an order that does not divide": ("a.npz --group cyclic:4", "n must divide the length of 6 entries"),
    "a key that is not there": (
        "a.npz --group cyclic:3 --pose tonic",
        "no key 'tonic'; it holds 'kind', 'pose', 'x', 'y'",
    ),
    "one class": ("one.npz --group cyclic:3", "holds one class only, 1"),
    "NaN": ("nan.npz --group cyclic:3", r"'x' of nan.npz must be finite, got nan at \(0, 0\)"),
    "objects that are pickled": ("pickled.npz --group cyclic:3", "holds Python objects, which are not unpickled"),
    "poses out of range": ("far.npz --group cyclic:3 --pose pose", "pose.*9"),
    "ragged images": ("ragged --group rotations:4", "images must be of one size"),
    "an empty folder": ("empty --group rotations:4", "folders without images: none"),
    "a damaged image": ("damaged --group rotations:4", "2.png cannot be read as an image"),
    "a gap of no class": ("a.npz --group cyclic:3 --missing class=5,pose=0", "no class '5'; there are 0, 1"),
    "a gap of a class nearly named": ("named.npz --group cyclic:3 --missing class=majr,pose=0", "perhaps 'major'"),
    "a gap of no pose": ("a.npz --group cyclic:3 --missing class=1,pose=3", "poses are 0 to 2"),
    "a gap unread": ("a.npz --group cyclic:3 --missing 1:3", "must read class=NAME,pose=NUMBER"),
    "a figure of no kind": ("a.npz --group cyclic:3 --figure f.bmp", "must end in .svg, .png, .pdf"),
    "a place that is none": ("a.npz --group cyclic:3 --report a.npz/r.html", "r.html.* could not be written"),
    "no model": ("a.npz --group cyclic:3 --model nosuch:model", "module 'nosuch' cannot be imported"),
    "a margin": ("a.npz --group cyclic:3 --margin -1", "margin"),
    "a target": ("a.npz --group cyclic:3 --target 3", "target"),
    "a ridge": ("a.npz --group cyclic:3 --ridge -1", "ridge"),
    "no memory": ("a.npz --group cyclic:3 --memory-limit nan", "--memory-limit must be finite and at least 0, got nan"),
    "a confidence": ("a.npz --group cyclic:3 --confidence 1", "confidence"),
}


@pytest.fixture(scope="module")
def wrong_inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    x, y = np.eye(6), np.array([0, 1] * 3)
    np.savez(folder / "a.npz", x=x, y=y, pose=np.arange(6) % 3, kind=list("aabbcc"))
    np.savez(folder / "one.npz", x=x, y=y * 0 + 1)
    np.savez(folder / "nan.npz", x=np.where(x > 0, np.nan, 0), y=y)
    np.savez(folder / "pickled.npz", x=x, y=np.array([{}] * 6, dtype=object))
    np.savez(folder / "far.npz", x=x, y=y, pose=y * 9)
    np.savez(folder / "named.npz", x=x, y=["major", "minor"] * 3)
    for name, sizes in {"ragged": (4, 5), "empty": (4, None), "damaged": (4, 0)}.items():
        for label, size in zip(("some", "none"), sizes):
            (folder / name / label).mkdir(parents=True)
            if size:
                Image.new("L", (size, size)).save(folder / name / label / "1.png")
            elif size == 0:
                (folder / name / label / "2.png").write_bytes(b"\x89PNG")
    return folder


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(wrong_inputs, monkeypatch, capsys, case):
    arguments, message = REFUSED[case]
    monkeypatch.chdir(wrong_inputs)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert command.main(["diagnose", *arguments.split()]) == 2
    printed = capsys.readouterr()
    lines = [line for line in printed.err.split("\n") if "error: " in line]
    assert len(lines) == 1 and re.search(message, lines[0]), printed.err
    assert printed.out == "" and "Traceback" not in printed.err and not Path("r.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["diagnos"], "invalid choice: 'diagnos'"),
        (["diagnose", "a.npz"], "the following arguments are required: --group"),
        ([*CALL, "--ridge", "much"], "argument --ridge: invalid float value"),
        ([*CALL, "--max-objects", "0"], "a whole number of at least 1 is wanted, got '0'"),
        ([*CALL, "--colour"], "unrecognized arguments"),
    ],
)
def test_arguments_that_are_none(capsys, arguments, message):
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2 and message in capsys.readouterr().err


def test_debug_shows_where_an_error_arose(wrong_inputs, monkeypatch, capsys):
    monkeypatch.chdir(wrong_inputs)
    assert command.main(["diagnose", "one.npz", "--group", "cyclic:3", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_an_error_of_ours_says_so(answered, monkeypatch, capsys):
    answered()
    monkeypatch.setattr(command, "_write", lambda *_: {}["lost"])
    assert command.main(CALL) == 2
    said = capsys.readouterr().err
    assert "error: KeyError: 'lost'" in said and "--debug shows where it arose" in said


def test_version_and_help(capsys):
    for arguments, parts in [
        (["--version"], [f"symlib {symlib.__version__}"]),
        (["diagnose", "--help"], ["examples:", "symlib diagnose images/", "exit status:", "--fail-under"]),
    ]:
        with pytest.raises(SystemExit) as ended:
            command.main(arguments)
        printed = capsys.readouterr().out
        assert ended.value.code == 0 and all(part in printed for part in parts)


def test_the_examples_of_the_help_are_read(here):
    """Each line of the examples parses, and what it names is there."""
    lines = [line.strip() for line in command._EXAMPLES.split("\n") if line.startswith("  symlib")]
    assert len(lines) >= 4
    for line in lines:
        options = command._parser().parse_args(line.split()[1:])
        command.named_group(options.group)


def test_the_script_and_the_module_run_the_command(here):
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, name = scripts["symlib"].split(":")
    assert getattr(importlib.import_module(module), name) is command.main
    call = [sys.executable, "-m", "symlib.diagnose", "nowhere.npz", "--group", "cyclic:3"]
    done = subprocess.run(call, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2 and done.stderr == (
        "symlib: error: there is no file or folder nowhere.npz; a data set is named as module:attribute\n"
    )
