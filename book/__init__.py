"""Builds the book: stage, execute, render, check (`python -m book.builder.build`)."""
