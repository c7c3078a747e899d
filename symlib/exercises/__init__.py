"""Exercises: a reader's answer is checked, and where it is wrong the check says what is wrong with it."""

from symlib.exercises.asking import ask, pack
from symlib.exercises.checking import WrongAnswer, check

__all__ = ["WrongAnswer", "ask", "check", "pack"]
