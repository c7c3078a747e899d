"""How long the sections of a chapter take: to read, from their words, and to compute, from an executed chapter."""

import re


def timing(notebook, computed, reading):
    """Markdown of a table of sections; `reading`: minutes of the whole, shared out by words.

    Without an executed chapter (`computed`) seconds are left out.
    """
    sections = _sections(notebook, _seconds(computed) if computed else {})
    total = sum(words for _, words, _ in sections)
    rows = [
        [name, f"{reading * words / total:.0f}", *([f"{seconds:.0f}"] if computed else [])]
        for name, words, seconds in sections
    ]
    head = ["section", "minutes to read", *(["seconds to compute"] if computed else [])]
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    said = f"About {reading} minutes to read without the exercises."
    if computed:
        run = computed.metadata["computed"]
        said = f"{said} Computed at the `{run['tier']}` tier in {run['seconds']:.0f} s on {run['device']}."
    return f"{said} Minutes of a section are its share of the words.\n\n" + "\n".join(lines)


def _seconds(computed):
    """Seconds that each cell took, by its id, as papermill has noted."""
    return {cell.id: cell.metadata.get("papermill", {}).get("duration") or 0.0 for cell in computed.cells}


def _sections(notebook, seconds):
    """(name, words, seconds) of what stands under each heading of the second level, up to the exercises."""
    found = [["Opening", 0, 0.0]]
    for cell in notebook.cells:
        if "instructor" in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "code":
            found[-1][2] += seconds.get(cell.id, 0.0)
            continue
        opening, *parts = re.split(r"^## (.+)$", cell.source, flags=re.M)
        found[-1][1] += len(opening.split())
        for name, text in zip(parts[::2], parts[1::2]):
            if name == "Exercises":
                return found
            found.append([name, len(text.split()), 0.0])
    return found
