"""The list of what a teacher gets: index.html, with a link to every file and what it is for."""

import html
import re

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>For teachers</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }}
li {{ margin: 0.2rem 0; }}
.files {{ columns: 20rem; }}
</style>
</head>
<body>
<main>
<h1>For teachers</h1>
<p>Made from the chapters of “{title}” at the <code>{tier}</code> tier. Nothing here is a copy that has to be kept up:
run the command again after a change of a chapter.</p>
{parts}
<p>Text and figures: CC BY 4.0 · code: MIT · MNIST digits: CC BY-SA 3.0.</p>
</main>
</body>
</html>
"""


def write_contents(course, made):
    """Writes index.html into `course.out`: a part for each thing made, its files listed."""
    import yaml

    title = yaml.safe_load((course.root / "_config.yml").read_text(encoding="utf-8"))["title"]
    parts = "\n".join(_part(course, entry) for entry in made)
    page = _PAGE.format(title=html.escape(title), tier=course.tier, parts=parts)
    (course.out / "index.html").write_text(page, encoding="utf-8")


def _part(course, entry):
    path = course.out / entry.path
    files = sorted(file for file in path.glob(entry.files) if file.is_file()) if path.is_dir() else [path]
    titles = {lesson.name: lesson.title for lesson in course.lessons}
    links = "\n".join(
        f'<li><a href="{file.relative_to(course.out).as_posix()}">{html.escape(titles.get(file.stem, file.name))}</a>'
        for file in files
    )
    head = f'<h2 id="{entry.path}"><code>{entry.path}</code></h2>\n<p>{_words(entry.what)}</p>'
    return f'{head}\n<ul class="files">\n{links}\n</ul>'


def _words(text):
    """HTML of plain text with `code` in it."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
