"""Sheets of questions: which templates there are, and their variants by seed, for students and with answers."""

import string
from zlib import crc32

import numpy as np

from book.exam import groups, learning, residuals, spectra

# In the order of a sheet: that of the chapters.
TEMPLATES = {
    "which-group": groups.which_group,
    "transform-by-hand": groups.transform_on_triangle,
    "learnt-first": spectra.what_is_learnt_first,
    "noise-over-signal": spectra.noise_over_signal,
    "two-left-out": residuals.two_left_out,
    "blocks-by-hand": residuals.blocks_by_hand,
    "collapsed-orbits": learning.collapsed_orbits,
    "whose-data": spectra.equal_likeness,
    "committee": residuals.a_committee,
    "learnt-operator": learning.a_learnt_operator,
    "stabiliser": groups.what_a_stabiliser_leaves,
    "verdict": learning.a_verdict,
}
MOST_VARIANTS = len(string.ascii_uppercase)


def question(name, seed, variant):
    """The variant (0, 1, …) of the template `name` at `seed`: the same numbers whatever else is on the sheet."""
    if name not in TEMPLATES:
        raise ValueError(f"there is no question {name!r}; there are {', '.join(TEMPLATES)}")
    return TEMPLATES[name](np.random.default_rng([seed, variant, crc32(name.encode())]))


def chosen(seed, *, names=None, chapters=None, number=None):
    """Names of the questions of a sheet: those asked for, or of the chapters, of which `number` are drawn by seed."""
    names = list(TEMPLATES if names is None else names)
    if chapters is not None:
        names = [name for name in names if question(name, seed, 0).chapter in set(chapters)]
    if not names:
        raise ValueError(f"no question is about the chapters {', '.join(chapters or ())}; --list says which there are")
    if number is None:
        return names
    if not 1 <= number <= len(names):
        raise ValueError(f"there are {len(names)} questions to draw from; got number = {number}")
    drawn = set(np.random.default_rng(seed).permutation(len(names))[:number].tolist())
    return [name for at, name in enumerate(names) if at in drawn]


def letter(variant):
    """ "A" for variant 0."""
    return string.ascii_uppercase[variant]


def student_sheet(questions, seed, variant):
    """What students are given, as pieces of Markdown: the head, then one for each question."""
    total = sum(asked.points for asked in questions)
    head = f"""# Can deep networks learn symmetries from data?

**Exam, variant {letter(variant)}** (seed {seed}). {len(questions)} questions, {total} points. Say how you come to each number; where a sentence is asked for, one will do.

Name:"""
    return [head, *(_asked(at, asked) for at, asked in enumerate(questions, 1))]


def answer_key(questions, seed, variant):
    """The same for those who mark: each question with its answers and how to come to them."""
    head = f"""# Answers, variant {letter(variant)} (seed {seed})

For instructors. The numbers were computed with symlib. Half of the points of a part are for the way, half for the result; parts in words are marked by the reason that they give."""
    return [head, *(f"{_asked(at, asked)}\n\n### Answers\n\n{asked.working}" for at, asked in enumerate(questions, 1))]


def _asked(at, asked):
    return f"## {at}. {asked.title} ({asked.points} points, chapter {asked.chapter})\n\n{asked.text}"
