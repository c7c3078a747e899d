"""Records the terminal of the page book/diagnose.md: `python -m book.builder.recording`.

Runs the scripts of the page and then its commands in an empty folder, in one process, and draws what they print as SVG,
with the machine's own fonts. tests/book/test_recording.py runs all of it again and compares the words.
"""

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.text import Text

from symlib.diagnose.command import main

PAGE = Path(__file__).parents[1] / "diagnose.md"
RECORDING = PAGE.parent / "figures" / "diagnose_terminal.svg"
COLUMNS = 88
_MODULE = "ours.py"  # what the last script of the page is
# rich's own frame, without the fonts that it would have fetched.
_FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px;
  line-height: {line_height}px;
}}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def scripts_and_commands(text):
    """The page's Python scripts, and the lines of its shell blocks that diagnose something."""
    scripts = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.M)
    shells = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.M)
    commands = [line for shell in shells for line in shell.splitlines() if line.startswith("symlib diagnose ")]
    return scripts, [command for command in commands if "--help" not in command]


def record():
    """A console of rich's that holds the recording."""
    scripts, commands = scripts_and_commands(PAGE.read_text(encoding="utf-8"))
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), highlight=False, force_terminal=True)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), _path_kept():
        *first, last = scripts
        for script in first:
            exec(script, {})
        Path(_MODULE).write_text(last, encoding="utf-8")
        for command in commands:
            console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
            with (
                contextlib.redirect_stderr(io.StringIO()) as said,
                contextlib.redirect_stdout(io.StringIO()) as printed,
            ):
                status = main(command.split()[1:], console)
            for words in (said, printed):
                console.print(Text(words.getvalue()), end="")
            console.print(Text.assemble(("$ ", "bold green"), ("echo $?", "bold"), f"\n{status}\n"))
    return console


@contextlib.contextmanager
def _path_kept():
    """The command puts its folder into sys.path, and the module of the page stays imported."""
    before = [*sys.path]
    try:
        yield
    finally:
        sys.path[:] = before
        sys.modules.pop(Path(_MODULE).stem, None)


def words_of(svg):
    """What a recording says, word by word; what depends on how fast the machine is is left out."""
    drawn = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    words = " ".join("".join(text.itertext()) for text in drawn).split()
    return re.sub(r"matching architecture:.*?-gap |seconds [\d.]+", "", " ".join(words))


def draw(console):
    return console.export_svg(title="symlib diagnose", code_format=_FRAME)


if __name__ == "__main__":
    os.environ.pop("NO_COLOR", None)
    RECORDING.write_text(draw(record()), encoding="utf-8")
    print(f"wrote {RECORDING.name}")
