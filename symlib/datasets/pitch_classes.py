"""Bach's chorales as pitch classes: how long each of the twelve sounds in each piece, with mode, tonic and tune.

Transposing by g semitones moves pitch class p to p + g (mod 12), so the group C₁₂ acts by cyclic shifts, exactly. The
tonic is the pose in which a piece was written: some keys were never written in, which makes it a data set with poses
missing by nature. The pieces are read from an installed music21 and stored nowhere: its corpus has terms of its own.
"""

import re
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from symlib.datasets.installed import package_folder
from symlib.datasets.musicxml import Part, read_parts

# Sopranos are compared in their first tones; that many edits apart, it is one tune with other passing notes.
_TONES, _EDITS = 12, 3


class Chorales(NamedTuple):
    """What `chorales` gives, a row a piece; fields and units stand there."""

    pitch_classes: NDArray[np.float64]
    modes: NDArray[np.str_]
    tonics: NDArray[np.intp]
    tunes: NDArray[np.intp]
    names: NDArray[np.str_]


def chorales() -> Chorales:
    """Bach's chorales as durations of the twelve pitch classes, each with mode, tonic and the number of its tune.

    Mode and tonic come from the key signature of the first part and from the end of the piece. With t the tonic of the
    signature, the tonic is the pitch class b of the last bass note if b − t is 0 or 5, or 7 in major; in minor with
    b − t = 7 (an ending on the dominant) it is t. Pieces that end otherwise are left out (signatures of other modes),
    and so are pieces in which the third of the other mode sounds longer, and those that are another's copy, transposed.

    Pieces are of one tune if their sopranos begin alike, in twelve tones on the beat (relative to the tonic, repeated
    ones once) with at most three edits, or if their BWV numbers differ in a suffix only; and what is of one tune with a
    third is of one tune. Pieces of one tune are not independent: they belong in one fold, and intervals go over tunes.

    Returns
    -------
    Chorales
        `pitch_classes` (n, 12) float64, total duration in quarter notes of C, C♯, … B over all voices, at the pitch
        written; `modes` (n,), "major" or "minor"; `tonics` (n,) int, 0 for C to 11 for B; `tunes` (n,) int, 0 … T − 1;
        `names` (n,), the name of the file, such as "bwv66.6". n = 377 and T = 178 in music21 9.9.2 and 10.5.1.

    Raises
    ------
    ImportError
        If music21 is not installed, or has no corpus.

    Notes
    -----
    Source: the folder corpus/bach of music21 (Cuthbert and Ariza, 2010), read as files; music21 itself is not imported.
    Terms: the music is in the public domain, the encodings have terms of their own (corpus/license.txt: distributed
    with permission, some not for commercial use), so neither they nor these durations are part of symlib. Cost: 2 s.

    Examples
    --------
    >>> pieces = chorales()
    >>> seeds = np.array([np.roll(row, -tonic) for row, tonic in zip(pieces.pitch_classes, pieces.tonics)])
    >>> seeds.shape, sorted(set(range(12)) - set(pieces.tonics[pieces.modes == "major"].tolist()))  # no C♯, F♯, B major
    ((377, 12), [1, 6, 11])
    """
    folder = package_folder("music21", "corpus/bach", "chorales()")
    kept = []
    for path in sorted(folder.glob("bwv*.mxl"), key=lambda path: _natural(path.stem)):
        parts = read_parts(path)
        if len(parts) < 4:
            continue  # a prelude is no chorale
        durations = _durations(parts)
        if (key := _key(parts, durations)) is not None:
            kept.append((path.stem, durations, *key, _beginnings(parts, key[1])))
    if not kept:
        raise ImportError(f"no chorale was found in {folder}: pip install --force-reinstall music21")
    names, durations, modes, tonics, beginnings = zip(*_without_copies(kept))
    return Chorales(np.array(durations), np.array(modes), np.array(tonics), _tunes(names, beginnings), np.array(names))


def _natural(name):
    """Sorts bwv9 before bwv10."""
    return [int(piece) if piece.isdigit() else piece for piece in re.split(r"(\d+)", name)]


def _durations(parts: list[Part]):
    total = np.zeros(12)
    for part in parts:
        for note in part.notes:
            total[note.pitch % 12] += note.duration
    return total


def _key(parts, durations):
    """(mode, tonic), or None where signature, last bass note and third do not agree."""
    if not parts[0].keys or (signature := parts[0].keys[0])[1] not in ("major", "minor"):
        return None
    fifths, mode = signature
    tonic = (7 * fifths + (9 if mode == "minor" else 0)) % 12
    bass = min(part.notes[-1].pitch for part in parts if part.notes) % 12
    above = (bass - tonic) % 12
    if above in (0, 5) or (above == 7 and mode == "major"):
        tonic = bass
    elif above != 7:
        return None
    minor_third_longer = durations[(tonic + 3) % 12] > durations[(tonic + 4) % 12]
    return (mode, tonic) if minor_third_longer == (mode == "minor") else None


def _beginnings(parts, tonic):
    """The first tones on the beat of each soprano, relative to the tonic, a repeated one once: a tuple for each."""
    sopranos = [part for part in parts if part.name.strip().startswith("Soprano")] or parts[:1]
    return [_beginning(part.notes, tonic) for part in sopranos if part.notes]


def _beginning(notes, tonic):
    tones = []
    for note in notes:
        beats = note.onset - notes[0].onset
        tone = (note.pitch - tonic) % 12
        if not note.continued and abs(beats - round(beats)) < 1e-6 and tones[-1:] != [tone]:
            tones.append(tone)
    return tuple((tones + _TONES * [-1])[:_TONES])


def _without_copies(pieces):
    profiles = np.array([np.roll(durations, -tonic) / durations.sum() for _, durations, _, tonic, _ in pieces])
    copied = [(np.abs(profiles[:i] - profiles[i]).max(axis=1, initial=0) < 1e-9).any() for i in range(len(pieces))]
    return [piece for piece, copy in zip(pieces, copied) if not copy]


def _tunes(names, beginnings):
    owner = np.repeat(np.arange(len(names)), [len(each) for each in beginnings])
    lines = np.array([line for each in beginnings for line in each])
    a, b = np.triu_indices(len(lines), k=1)
    alike = _edit_distance(lines[a], lines[b]) <= _EDITS
    one_tune = np.zeros((len(names), len(names)), dtype=bool)
    one_tune[owner[a[alike]], owner[b[alike]]] = True
    numbers = [name.partition("-")[0] for name in names]
    for i, j in combinations(range(len(names)), 2):
        one_tune[i, j] |= numbers[i] == numbers[j]
    return connected_components(one_tune, directed=False)[1].astype(np.intp)


def _edit_distance(a, b):
    """Insertions, deletions and substitutions from row i of a to row i of b, all (m, tones), by dynamic programming."""
    rows, tones = a.shape
    before = np.broadcast_to(np.arange(tones + 1), (rows, tones + 1)).T.copy()
    for i in range(tones):
        after = np.empty_like(before)
        after[0] = i + 1
        for j in range(tones):
            substituted = before[j] + (a[:, i] != b[:, j])
            after[j + 1] = np.minimum(np.minimum(before[j + 1], after[j]) + 1, substituted)
        before = after
    return before[-1]
