"""What `make` does, without make: `python -m book COMMAND`. What follows the command goes to the program it runs."""

import importlib.util
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
CACHES = ("_build", ".pytest_cache", ".hypothesis", ".ruff_cache", ".import_linter_cache")


def build(arguments):
    """execute the chapters and build the site; --tier smoke, teach (default) or paper; --no-pdf"""
    return run("book.builder.build", arguments, needs="papermill")


def teach(arguments):
    """make what teachers are given, in _build/teach; --tier as for build; numbers of chapters choose some"""
    return run("book.builder.teaching.make", arguments, needs="papermill")


def claims(arguments):
    """execute the chapters at other seeds and say claim by claim whether they hold; --seeds 3, --tier teach"""
    return run("book.builder.other_seeds", arguments, needs="papermill")


def test(arguments):
    """run every test: library, oracles, notebooks, site; `-k gram`, or whatever pytest takes, chooses some"""
    return run("pytest", ["-n", "auto", "--dist", "loadfile", *arguments])


def bench(arguments):
    """time symlib side by side with the alternatives; names of rows choose some"""
    return run("benchmarks", arguments, needs="neural_tangents")


def serve(arguments):
    """show the built site at http://localhost:8000, or at the port given"""
    if not (SITE / "index.html").exists():
        raise SystemExit("There is no site yet: run `python -m book build` (or `make book`) first.")
    port, *more = arguments or ["8000"]
    if more or not port.isdecimal():
        raise SystemExit(f"serve takes one port, 8000 for instance; got {' '.join(arguments)}")
    print(f"http://localhost:{port}/ (stop with Ctrl-C)", flush=True)
    return run("http.server", [port, "--bind", "127.0.0.1", "--directory", str(SITE)])


def lab(arguments):
    """open the chapters in JupyterLab"""
    return run("jupyterlab", ["--notebook-dir", str(ROOT / "notebooks"), *arguments])


def exam(arguments):
    """write exam questions in variants, with a key; --seed 7 --variants 4 --format markdown, notebook or pdf; --list"""
    return run("book.exam", arguments, needs="nbformat")


def new(arguments):
    """begin a chapter from the template: `new 19_my_chapter` writes it and lists it"""
    return run("book.builder.new_chapter", arguments, needs="nbformat")


def clean(arguments):
    """remove the built site, the executed chapters and the caches (environments stay)"""
    if arguments:
        raise SystemExit(f"clean takes no arguments; got {' '.join(arguments)}")
    bytecode = [
        found for part in ("symlib", "book", "tests", "benchmarks") for found in (ROOT / part).rglob("__pycache__")
    ]
    for folder in [*(ROOT / name for name in CACHES), *bytecode]:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


COMMANDS = {command.__name__: command for command in (build, teach, claims, test, bench, serve, lab, new, exam, clean)}


def run(module, arguments, needs=None):
    """Runs a module with this interpreter in the folder of the book; gives its exit status."""
    needs = needs or module.partition(".")[0]
    if importlib.util.find_spec(needs) is None:
        raise SystemExit(f"{needs} is not installed for {sys.executable}; install with\n  {installation()}")
    with subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                """Ctrl-C reaches the program too, which ends in its own way and says how."""


def installation():
    """The command that installs what the book is built and tested with, at the pinned versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f'python -m pip install -c constraints.txt -e ".[{",".join(project["optional-dependencies"])}]"'


def main(arguments):
    name, *rest = arguments or ["--help"]
    if name in ("-h", "--help"):
        print(f"{__doc__}\n\nInstall first: {installation()}\n")
        print("\n".join(f"  {name:8}{command.__doc__}" for name, command in COMMANDS.items()))
        return 0
    if name not in COMMANDS:
        print(f"There is no command {name}; there are {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    return COMMANDS[name](rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
