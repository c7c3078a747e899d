"""Exam questions in variants: numbers drawn from a seed, answers and working computed with symlib."""
