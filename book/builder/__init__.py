"""What builds the book: stage, execute, render, check."""
