"""A report as words, in a terminal, as a figure, as a page, as JSON. It takes a report and computes nothing."""
