"""Chorales: scores written here and read back, music21's own reading, its other version, and what is refused."""

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symlib.datasets import chorales, hourly_temperatures, installed
from symlib.datasets.musicxml import read_parts
from symlib.datasets.pitch_classes import _edit_distance

STEPS = "C C# D D# E F F# G G# A A# B".split()


def note(pitch, duration, *, chord=False, tie=None):
    step = STEPS[pitch % 12]
    alter = "<alter>1</alter>" if "#" in step else ""
    return (
        f"<note>{'<chord/>' * chord}<pitch><step>{step[0]}</step>{alter}<octave>{pitch // 12 - 1}</octave></pitch>"
        f"<duration>{duration}</duration>{f'<tie type={chr(34)}{tie}{chr(34)}/>' if tie else ''}</note>"
    )


def score(parts, fifths=0, mode="major"):
    """MusicXML of parts {name: list of measures, each the inside of one}, two divisions a quarter."""
    head = f"<attributes><divisions>2</divisions><key><fifths>{fifths}</fifths><mode>{mode}</mode></key></attributes>"
    listed = "".join(
        f'<score-part id="P{i}"><part-name>{name}</part-name></score-part>' for i, name in enumerate(parts)
    )
    bodies = [
        f'<part id="P{i}">'
        + "".join(f"<measure>{head * (j == 0)}{m}</measure>" for j, m in enumerate(measures))
        + "</part>"
        for i, measures in enumerate(parts.values())
    ]
    return f"<score-partwise><part-list>{listed}</part-list>{''.join(bodies)}</score-partwise>"


def packed(path, document):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.writestr("inside.xml", document)
    return path


def chorale(tonic, mode="major", *, last=None, tune=(0, 2, 4, 5, 7, 9, 7, 5, 4, 2, 0, 4, 0)):
    """Four voices; the soprano sings the tune, the bass ends on `last` (the tonic if left out)."""
    third = 3 if mode == "minor" else 4
    voices = {
        "Soprano": "".join(note(72 + tonic + t, 2) for t in tune),
        "Alto": note(60 + tonic + third, 26),
        "Tenor": note(55 + tonic, 26),
        "Bass": note(48 + tonic, 24) + note(36 + (tonic if last is None else last), 2),
    }
    fifths = next(f for f in range(-6, 6) if (7 * f + (9 if mode == "minor" else 0)) % 12 == tonic % 12)
    return score({name: [voice] for name, voice in voices.items()}, fifths, mode)


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """A music21 that holds what is packed into the folder returned."""
    folder = tmp_path / "music21" / "corpus" / "bach"
    folder.mkdir(parents=True)
    (tmp_path / "music21" / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def test_notes_of_a_score(tmp_path):
    """Two voices on a staff, a chord, a tie, a rest, a grace note, an alteration."""
    rest = "<note><rest/><duration>2</duration></note>"
    grace = "<note><grace/><pitch><step>F</step><octave>4</octave></pitch></note>"
    first = note(61, 4, tie="start") + grace + rest + note(64, 2) + note(67, 2, chord=True)
    second = (
        "<backup><duration>8</duration></backup>"
        + note(48, 3)
        + "<forward><duration>1</duration></forward>"
        + note(50, 4)
    )
    path = packed(tmp_path / "bwv1.mxl", score({"Soprano": [first + second, note(61, 1, tie="stop")]}, -3, "minor"))
    (part,) = read_parts(path)
    assert part.name == "Soprano" and part.keys == [(-3, "minor")]
    wanted = [(0, 1.5, 48), (0, 2, 61), (2, 2, 50), (3, 1, 64), (3, 1, 67), (4, 0.5, 61)]
    assert [(n.onset, n.duration, n.pitch) for n in part.notes] == wanted
    assert [n.continued for n in part.notes] == 5 * [False] + [True]


def test_transposing_instruments_sound_as_read(tmp_path):
    horn = "<attributes><transpose><chromatic>-7</chromatic></transpose></attributes>" + note(67, 2)
    (part,) = read_parts(packed(tmp_path / "bwv1.mxl", score({"Horn": [horn]})))
    assert part.notes[0].pitch == 60


def test_labels(corpus):
    other = (0, 7, 0, 7, 5, 4, 5, 4, 2, 4, 2, 7)
    third = (0, 11, 0, 2, 3, 0, 5, 3, 7, 3, 2, 0)
    documents = {
        "bwv2": chorale(7),  # G major
        "bwv10.3": chorale(2, "minor", tune=third),
        "bwv11": chorale(0, last=5, tune=(4, 2, 4, 5, 4, 2, 4, 7, 5, 2, 0, 2)),  # F major under the signature of C
        "bwv12": chorale(
            4, "minor", last=11, tune=(7, 8, 7, 5, 3, 5, 2, 3, 0, 7, 8, 7)
        ),  # ends on the dominant: E minor
        "bwv13": chorale(0, last=2),  # ends on the second degree: another mode
        "bwv14": chorale(0, "minor").replace("minor", "major").replace("<fifths>-3", "<fifths>0"),  # the wrong third
        "bwv15": chorale(9, tune=other),
        "bwv16": chorale(10, tune=other),  # a copy, transposed
        "bwv17-a": chorale(3, tune=(0, 2, 4, 5, 7, 9, 7, 4, 2, 0, 4, 0, 2)),  # the tune of bwv2, in two edits or so
        "bwv10.3-b": chorale(2, "minor", tune=(7, 3, 7, 3, 2, 3, 2, 8, 7, 8, 7, 0)),  # of the number of another
        "bwv18": score({"Organ": [note(60, 8)]}),  # no chorale
        "bwv19": chorale(0).replace("major", "dorian"),
    }
    for name, document in documents.items():
        packed(corpus / f"{name}.mxl", document)
    pieces = chorales()
    assert pieces.names.tolist() == ["bwv2", "bwv10.3", "bwv10.3-b", "bwv11", "bwv12", "bwv15", "bwv17-a"]
    assert pieces.modes.tolist() == ["major", "minor", "minor", "major", "minor", "major", "major"]
    assert pieces.tonics.tolist() == [7, 2, 2, 5, 4, 9, 3]
    assert pieces.tunes.tolist() == [0, 1, 1, 2, 3, 4, 0]
    soprano = [(7 + tone) % 12 for tone in (0, 2, 4, 5, 7, 9, 7, 5, 4, 2, 0, 4, 0)]  # a quarter each
    held = {(7 + 4) % 12: 13, (7 + 7) % 12: 13, 7: 13}  # alto, tenor, bass
    wanted = [soprano.count(pitch_class) + held.get(pitch_class, 0) for pitch_class in range(12)]
    assert_allclose(pieces.pitch_classes[0], wanted)


@pytest.mark.parametrize(
    "document, said",
    [
        (
            '<!DOCTYPE score-partwise [<!ENTITY e SYSTEM "file:///etc/hostname">]><score-partwise>&e;</score-partwise>',
            "entities",
        ),
        ("<score-partwise/>".encode("utf-16"), "UTF-8"),
    ],
)
def test_documents_that_could_do_more_than_be_read(tmp_path, document, said):
    with pytest.raises(ValueError, match=said):
        read_parts(packed(tmp_path / "bwv1.mxl", document))


def test_archives_without_a_score_or_beyond_all_measure(tmp_path, monkeypatch):
    path = tmp_path / "bwv1.mxl"
    zipfile.ZipFile(path, "w").close()
    with pytest.raises(ValueError, match="bwv1.mxl must hold a score"):
        read_parts(path)
    monkeypatch.setattr("symlib.datasets.musicxml._LARGEST", 10)
    with pytest.raises(ValueError, match="at most"):
        read_parts(packed(path, chorale(0)))


def test_edit_distance():
    def plain(a, b):
        if not a or not b:
            return len(a) + len(b)
        return min(plain(a[1:], b) + 1, plain(a, b[1:]) + 1, plain(a[1:], b[1:]) + (a[0] != b[0]))

    words = np.random.default_rng(0).integers(3, size=(2, 20, 5))
    assert _edit_distance(*words).tolist() == [plain(a, b) for a, b in zip(*words.tolist())]


def test_packages_that_are_missing(monkeypatch):
    monkeypatch.setattr(installed.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"chorales\(\) reads .* music21, which is missing: pip install music21$"):
        chorales()
    with pytest.raises(ImportError, match=r"which is missing: pip install vega_datasets$"):
        hourly_temperatures()


def test_a_package_without_its_corpus(corpus):
    with pytest.raises(ImportError, match="no chorale was found"):
        chorales()
    corpus.rmdir()
    with pytest.raises(ImportError, match="installed without them"):
        chorales()


@pytest.fixture(scope="module")
def pieces():
    return chorales()


def test_the_corpus(pieces):
    assert pieces.pitch_classes.shape == (377, 12) and (pieces.pitch_classes >= 0).all()
    assert pieces.tunes.max() + 1 == len(set(pieces.tunes)) == 178
    counts = [np.bincount(pieces.tonics[pieces.modes == mode], minlength=12).tolist() for mode in ("major", "minor")]
    assert counts == [[23, 0, 30, 10, 9, 24, 0, 56, 1, 33, 24, 0], [8, 0, 25, 0, 21, 1, 6, 36, 0, 45, 1, 24]]
    # What any edition has: the passion chorale twice in the St Matthew Passion, "Ich bin's" beside it, in A♭.
    at = {name: i for i, name in enumerate(pieces.names.tolist())}
    assert pieces.tunes[at["bwv244.62"]] == pieces.tunes[at["bwv248.5"]] != pieces.tunes[at["bwv244.10"]]
    assert (pieces.modes[at["bwv244.10"]], pieces.tonics[at["bwv244.10"]]) == ("major", 8)


def test_music21_reads_the_same_durations(pieces):
    """music21's own parser, in a process of its own: importing it takes seconds, and it warns."""
    names = ["bwv66.6", "bwv269"]
    program = (
        "import sys; from music21 import converter\n"
        "for path in sys.argv[1:]:\n"
        "    sounding = converter.parse(path, forceSource=True, storePickle=False).toSoundingPitch()\n"
        "    total = [0.0] * 12\n"
        "    for element in sounding.recurse().notes:\n"
        "        for pitch in element.pitches:\n"
        "            total[pitch.pitchClass] += float(element.quarterLength)\n"
        "    print(*total)\n"
    )
    folder = Path(importlib.util.find_spec("music21").submodule_search_locations[0], "corpus", "bach")
    command = [sys.executable, "-c", program, *(str(folder / f"{name}.mxl") for name in names)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    for name, line in zip(names, lines, strict=True):
        assert_array_equal(pieces.pitch_classes[pieces.names == name][0], np.array(line.split(), float))
