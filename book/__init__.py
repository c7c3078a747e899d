"""The book's pages, and what builds it (`book.builder`); `python -m book` lists the commands."""
