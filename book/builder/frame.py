"""The frame of a chapter: its goals, what it needs and how long it takes, from the metadata of its title cell."""

KEYS = {"goals", "needs", "reading", "computing"}


def frame_of(notebook):
    """The frame of a chapter; None where it has none. ValueError where it is not as CONTRIBUTING.md asks."""
    titles = [cell for cell in notebook.cells if cell.cell_type == "markdown"][:1]
    frame = titles[0].metadata.get("frame") if titles else None
    if frame is not None and (set(frame) != KEYS or not 2 <= len(frame["goals"]) <= 5):
        raise ValueError(f"the title cell's frame holds {', '.join(sorted(KEYS))}, with two to five goals; got {frame}")
    return frame


def with_frame(source, frame, *, boxed):
    """The title cell with the frame under its title: a box of the book, or plain Markdown (`boxed` False)."""
    title, _, text = source.partition("\n")
    goals = "\n".join(f"* {goal}" for goal in frame["goals"])
    needs = f"**You need** {frame['needs']}."
    computing = "one minute" if frame["computing"] == 1 else f"{frame['computing']} minutes"
    minutes = f"**Time** about {frame['reading']} minutes to read, {computing} to compute."
    if boxed:
        head = "::::{admonition} In this chapter\n:class: symlib-box frame"
        box = f"{head}\n\nYou learn to\n\n{goals}\n\n{needs} {minutes}\n::::"
    else:
        box = f"**In this chapter** you learn to\n\n{goals}\n\n{needs} {minutes}"
    return f"{title}\n\n{box}\n{text}"
