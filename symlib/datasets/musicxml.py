"""Notes and key signatures of a score in compressed MusicXML (.mxl), as far as pitch classes need them.

A score is a zip archive with one XML document of parts, parts hold measures, measures hold notes. Durations are counted
in `divisions` of a quarter note; <backup> and <forward> move the point in time for a second voice on one staff. Source:
MusicXML 4.0, score-partwise. A score comes from a package that others made, so its document is read with care: no
entity is expanded, and its size is limited.
"""

import gc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_LARGEST = 1 << 26  # bytes of a document; the longest chorale has 5 MB


class Note(NamedTuple):
    """A note as written: two tied ones are two, the second `continued`. Times in quarter notes, pitch as in MIDI."""

    onset: float
    duration: float
    pitch: int
    continued: bool


class Part(NamedTuple):
    """A voice or an instrument: its name, its key signatures (fifths, mode), and its notes in order of onset."""

    name: str
    keys: list[tuple[int, str | None]]
    notes: list[Note]


def read_parts(path: Path) -> list[Part]:
    """The parts of a score, in its order; pitches sound as read, transposing instruments included.

    Raises ValueError if the archive holds no score, or one that declares entities or is too large.
    """
    with _collector_paused():
        root = ElementTree.fromstring(_document(path))
        names = {part.get("id"): part.findtext("part-name") or "" for part in root.iter("score-part")}
        return [_part(part, names.get(part.get("id"), "")) for part in root.findall("part")]


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A tree of elements holds no cycles, and while it grows the collector would look through all else that is alive.

    With JAX loaded that is two thirds of the time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _document(path):
    with zipfile.ZipFile(path) as archive:
        scores = [
            member
            for member in archive.infolist()
            if member.filename.endswith((".xml", ".musicxml")) and not member.filename.startswith("META-INF/")
        ]
        if not scores or scores[0].file_size > _LARGEST:
            raise ValueError(f"{path.name} must hold a score of at most {_LARGEST >> 20} MB, in a file named .xml")
        document = archive.read(scores[0])
    # An entity can name a file of this machine, or grow without bound; in UTF-16 the word would not be found.
    if b"<!ENTITY" in document or document[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ValueError(f"{path.name} declares entities or is not in UTF-8, which no score needs; it is not read")
    return document


def _part(part, name):
    keys, notes = [], []
    start, divisions, transposed = 0.0, 1.0, 0
    for measure in part.findall("measure"):
        now = end = onset = start
        for element in measure:
            if element.tag == "attributes":
                divisions = float(element.findtext("divisions") or divisions)
                transposed = int(float(element.findtext("transpose/chromatic") or transposed))
                signatures = [key for key in element.findall("key") if key.findtext("fifths") is not None]
                keys += [(int(key.findtext("fifths")), key.findtext("mode")) for key in signatures]
            elif element.tag in ("backup", "forward"):
                step = float(element.findtext("duration")) / divisions
                now += step if element.tag == "forward" else -step
            elif element.tag == "note" and element.find("duration") is not None:  # grace notes have none
                duration = float(element.findtext("duration")) / divisions
                if element.find("chord") is None:  # a note of a chord begins with the one before it
                    onset, now = now, now + duration
                if (pitch := element.find("pitch")) is not None:
                    continued = any(tie.get("type") == "stop" for tie in element.findall("tie"))
                    notes.append(Note(onset, duration, _midi(pitch) + transposed, continued))
            end = max(end, now)
        start = end
    return Part(name, keys, sorted(notes))


def _midi(pitch):
    alter = round(float(pitch.findtext("alter") or 0))
    return 12 * (int(pitch.findtext("octave")) + 1) + _SEMITONES[pitch.findtext("step")] + alter
