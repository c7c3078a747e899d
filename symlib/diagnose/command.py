"""The command: `symlib diagnose PATH`, from a file, a folder of images or a data set to the report.

Exit status: 0 if the answer is yes, or with --fail-under if the least predicted share reaches it; 1 if it is no or
cannot be told, or below; 2 if there is no answer because of an error.
"""

import argparse
import contextlib
import io
import os
import re
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symlib.diagnose.names import imported, named_group
from symlib.diagnose.rendering.sections import headline
from symlib.diagnose.report import Report
from symlib.diagnose.sources import LabelledSamples, read_samples
from symlib.diagnose.sources.samples import MOST_SAMPLES
from symlib.support.checks import positive
from symlib.support.files import check_writable, replacing
from symlib.support.nearest import perhaps

YES, NOT_YES, ERROR = 0, 1, 2
_FIGURES = (".svg", ".png", ".pdf")
# What a caller can mend: everything else is a fault of ours, or of the caller's own code.
_EXPECTED = (ValueError, TypeError, OSError, MemoryError, ImportError, np.linalg.LinAlgError)

_EXAMPLES = """\
examples:
  symlib diagnose chorales.npz --group cyclic:12 --action shift --pose tonic --objects tune
      samples x and labels y of a .npz file, each observed in the pose that the key "tonic" says

  symlib diagnose images/ --group rotations:8 --architecture cnn-gap --missing class=4,pose=0
      a folder of images, a folder a class: what if class 4 lacked its upright pose?

  symlib diagnose data:train --group dihedral:4 --missing class=cat,pose=4 --fail-under 0.9
      a data set (torch's, or any with __len__ and __getitem__) in data.py, for a pipeline: status 1 below 90 %

  symlib diagnose table.csv --labels kind --group symmetric:4 --action permute --report report.html
      a row a sample, the first line names the columns; the report as one page

exit status:
  0  yes: unseen poses are predicted as well as seen ones, within the margin
     (with --fail-under: the least predicted share in a gap reaches it)
  1  no, or it cannot be told from so few objects (with --fail-under: it is below)
  2  there is no answer: an error, with what to do about it

More: the page "Diagnose: the command" of the book.
"""


def main(arguments: Sequence[str] | None = None, console: Any = None) -> int:
    """Run the command and return its exit status; the report goes to standard output, or a console of rich's."""
    for stream in (sys.stdout, sys.stderr):  # a character that a terminal lacks is no reason to lose the report
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    if os.getcwd() not in sys.path:  # modules of the folder in which the command runs, as `python -m` has them
        sys.path.insert(0, os.getcwd())
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: _say(f"warning: {message}")
            return _diagnosed(options, console)
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    except BrokenPipeError:  # the reader of the output has gone
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR
    except Exception as error:
        if options.debug:
            traceback.print_exc()
        for check in getattr(error, "checks", []):  # the one that refused is the error itself
            if check.status == "warned":
                _say(f"warning: {check.name}: {check.detail}")
        name = "" if isinstance(error, _EXPECTED) and str(error) else f"{type(error).__name__}: "
        # Without the "[Errno 2]" of Python's own words.
        _say(f"error: {name}{error.args[-1] if isinstance(error, OSError) and error.args else error}")
        if name and not options.debug:
            _say("that is not one of the errors foreseen; --debug shows where it arose")
        return ERROR


def _diagnosed(options: argparse.Namespace, console: Any) -> int:
    if options.figure is not None and Path(options.figure).suffix.lower() not in _FIGURES:
        raise ValueError(f"--figure must end in {', '.join(_FIGURES)}, got {options.figure!r}")
    for path in (options.report, options.json, options.figure):
        if path is not None:
            check_writable(path)
    group = named_group(options.group)
    data = read_samples(
        options.path,
        samples=options.samples,
        labels=options.labels,
        pose=options.pose,
        objects=options.objects,
        side=options.side,
        most=options.max_samples,
        seed=options.seed,
    )
    missing = [_gap(text, data, group.order) for text in options.missing] or None
    model = None if options.model is None else imported(options.model, "model")
    shown = not options.quiet
    if shown:
        counts = f"{len(data.x):,} samples of shape {data.x.shape[1:]}, {len(np.unique(data.y))} classes"
        _say(f"{data.source}: {counts}")
        for note in data.notes:
            _say(f"note: {note}")
    report = _report(data, options, missing, model)
    from symlib.diagnose.rendering import terminal

    try:
        _write(report, options)
    finally:  # a disk that is full by now costs the file, and not the answer
        if shown:
            terminal.show(report, console or terminal.console())
        else:
            print(headline(report))
    if options.fail_under is not None:
        return YES if report.lowest.value >= options.fail_under else NOT_YES
    return YES if report.verdict == "yes" else NOT_YES


def _report(data: LabelledSamples, options: argparse.Namespace, missing: Any, model: Any) -> Report:
    from symlib.diagnose import diagnose

    settings: dict[str, Any] = (
        {}
        if options.memory_limit is None
        else {"memory_limit": int(positive(options.memory_limit, "--memory-limit") * 2**30)}
    )
    return diagnose(
        data.x,
        data.y,
        group=options.group,
        action=options.action,
        pose=data.pose,
        missing=missing,
        objects=data.objects,
        architecture=options.architecture,
        ridge=options.ridge,
        margin=options.margin,
        target=options.target if options.fail_under is None else options.fail_under,
        model=model,
        max_objects=options.max_objects,
        confidence=options.confidence,
        seed=options.seed,
        progress=not options.quiet and sys.stderr.isatty(),
        **settings,
    )


def _write(report: Report, options: argparse.Namespace) -> None:
    if options.json is not None:
        report.to_json(options.json)
    if options.report is not None:
        report.to_html(options.report)
    if options.figure is not None:
        with replacing(options.figure) as file:
            report.figure().savefig(file, format=Path(options.figure).suffix.lower()[1:], dpi=160)
    for path in (options.json, options.report, options.figure):
        if path is not None and not options.quiet:
            _say(f"written: {path}")


def _gap(text: str, data: LabelledSamples, order: int) -> tuple[Any, int]:
    """ "class=4,pose=0" → (4, 0), the class as the data name it."""
    found = re.fullmatch(r"\s*class\s*=\s*(.+?)\s*,\s*pose\s*=\s*([+-]?\d+)\s*", text)
    if not found:
        raise ValueError(f"--missing must read class=NAME,pose=NUMBER, as class=4,pose=0, got {text!r}")
    label, pose = found[1], int(found[2])
    classes = {str(entry): entry for entry in np.unique(data.y).tolist()}
    if label not in classes:
        shown = ", ".join(list(classes)[:20]) + (", …" if len(classes) > 20 else "")
        raise ValueError(f"--missing {text}: there is no class {label!r}{perhaps(label, classes)}; there are {shown}")
    if not 0 <= pose < order:
        raise ValueError(f"--missing {text}: poses are 0 to {order - 1}, the elements of the group, got {pose}")
    return classes[label], pose


def _say(words: str) -> None:
    print(f"symlib: {words}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    from symlib import __version__

    parser = argparse.ArgumentParser(
        prog="symlib", description="Will a network recognise what it never saw? The answer before training."
    )
    parser.add_argument("--version", action="version", version=f"symlib {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    diagnose = commands.add_parser(
        "diagnose",
        help="predict, from data, group and architecture, whether unseen poses will be recognised",
        description="Predicts whether a wide network, trained on these samples, will recognise its classes in poses "
        "in which it never saw them; with intervals, and with what would help.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_inputs(diagnose.add_argument_group("the samples"))
    _add_question(diagnose.add_argument_group("the question"))
    _add_outputs(diagnose.add_argument_group("the answer"))
    return parser


def _add_inputs(group: Any) -> None:
    group.add_argument("path", metavar="PATH", help=".npz or .csv file, folder of images, or module:attribute")
    group.add_argument(
        "--samples", metavar="NAME", help="key (default x), columns as a,b or pixel*, or part of an item"
    )
    group.add_argument("--labels", metavar="NAME", help="key or column of the labels (default y)")
    group.add_argument(
        "--pose",
        metavar="NAME",
        help="key or column of the element at which each sample was observed; for a folder 'folder': CLASS/POSE/IMAGE. "
        "Without it every sample is taken to stand at pose 0, and trained on in all poses but those --missing",
    )
    group.add_argument(
        "--objects",
        metavar="NAME",
        help="key or column that tells which samples are of one object (a tune, a patient): they are trained on, or "
        "left out, together; for a folder 'prefix': the file's name up to the first _ or -",
    )
    group.add_argument("--side", type=int, metavar="N", help="crop images to a square and resize them to N × N pixels")
    group.add_argument(
        "--max-samples",
        type=_whole,
        default=MOST_SAMPLES,
        metavar="N",
        help="read at most so many (default %(default)s)",
    )


def _add_question(group: Any) -> None:
    group.add_argument(
        "--group",
        required=True,
        metavar="NAME",
        help="cyclic:N, rotations:N, dihedral:N, symmetric:N, quaternion, or a .npy or .csv file with a table",
    )
    group.add_argument(
        "--action",
        metavar="NAME",
        help="shift, translate, rotate, rotate-exact, flip, flip-rotate, permute, a file of permutations or matrices, "
        "or module:function; the group implies one where it can",
    )
    group.add_argument(
        "--architecture",
        default="mlp",
        metavar="NAME",
        help="mlp, mlp:3, cnn, cnn:2, cnn-gap, c4-gap, d4-gap, vit:7, rbf, rbf:0.5, or module:function (default mlp)",
    )
    group.add_argument(
        "--missing",
        action="append",
        default=[],
        metavar="class=C,pose=P",
        help="suppose that class C lacks pose P; may be given several times. Default: each class in turn",
    )
    group.add_argument("--ridge", type=float, default=1e-3, metavar="R", help="regularisation (default %(default)s)")
    group.add_argument(
        "--margin", type=float, default=0.05, metavar="M", help="what unseen poses may lose (default %(default)s)"
    )
    group.add_argument(
        "--target", type=float, default=0.9, metavar="T", help="share right that is wanted (default %(default)s)"
    )
    group.add_argument("--model", metavar="MODULE:NAME", help="a trained torch module, measured beside the prediction")
    group.add_argument("--max-objects", type=_whole, metavar="N", help="compute with at most so many objects")
    group.add_argument("--confidence", type=float, default=0.95, metavar="C", help="of intervals (default %(default)s)")
    group.add_argument("--memory-limit", type=float, metavar="GIB", help="gibibytes that may be used (default 8)")
    group.add_argument("--seed", type=int, default=0, metavar="S", help="of draws and folds (default %(default)s)")


def _add_outputs(group: Any) -> None:
    group.add_argument("--report", metavar="FILE", help="write the report as one page, .html")
    group.add_argument("--json", metavar="FILE", help="write all numbers, .json")
    group.add_argument("--figure", metavar="FILE", help="write the figure, .svg, .png or .pdf")
    group.add_argument(
        "--fail-under",
        type=float,
        metavar="T",
        help="the exit status tells whether the least predicted share reaches T (which is then the target, too)",
    )
    group.add_argument("--quiet", action="store_true", help="print the answer only, one line")
    group.add_argument("--debug", action="store_true", help="show where an error arose")


def _whole(text: str) -> int:
    if not re.fullmatch(r"0*[1-9]\d{0,11}", text):
        raise argparse.ArgumentTypeError(f"a whole number of at least 1 is wanted, got {text!r}")
    return int(text)
