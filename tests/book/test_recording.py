"""The terminal of book/diagnose.md says what its commands print, and asks no host for fonts."""

import re

import numpy as np

from book.builder.recording import PAGE, RECORDING, draw, record, scripts_and_commands, words_of

NUMBER = r"\d[\d,]*(?:\.\d+)?(?:e-?\d+)?"


def test_the_terminal_is_in_step():
    """The same words; numbers to three per cent of a share, which another BLAS may change."""
    kept, new = words_of(RECORDING.read_text(encoding="utf-8")), words_of(draw(record()))
    assert re.sub(NUMBER, "#", kept) == re.sub(NUMBER, "#", new), "python -m book.builder.recording"
    old_numbers, new_numbers = ([float(n.replace(",", "")) for n in re.findall(NUMBER, words)] for words in (kept, new))
    assert np.allclose(old_numbers, new_numbers, rtol=0.05, atol=3)


def test_the_page_has_three_inputs_and_their_commands():
    scripts, commands = scripts_and_commands(PAGE.read_text(encoding="utf-8"))
    assert len(scripts) == 3
    assert [command.split()[2] for command in commands] == ["digits", "courses.npz", "courses.csv", "ours:train"]


def test_nothing_is_fetched():
    drawn = RECORDING.read_text(encoding="utf-8")
    assert "@font-face" not in drawn and re.findall(r"https?://[^\"<\s]+", drawn) == ["http://www.w3.org/2000/svg"]
