"""One self-contained HTML figure of a static picture, data, and a script put together of plain JavaScript modules.

The modules lie in `js/`, one idea a file, as ES modules that Node imports in the tests. A page gets them in the order
of their imports inside one function, so that figures on one page share nothing. The entry module exports
`begin(stage, data)`; `js/stage.js` says what a stage can do.
"""

import base64
import functools
import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from symlib.plots.output import HTMLFigure, named, picture

JS = Path(__file__).parent / "js"
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";\n', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|class) (\w+))", re.M)
# JupyterLab's shortcuts take the arrow keys from a slider, except where this says not to.
_OWN_KEYS = ' data-lm-suppress-shortcuts="true"'
_COMMENT = re.compile(r"^[ \t]*(?://.*|/\*(?:(?!\*/).|\n)*\*/[ \t]*)\n", re.M)


def live(
    static: Figure,
    entry: str,
    *,
    data: Mapping[str, Any] | None = None,
    number: str = "",
    alt: str,
    caption: str = "",
    covers: str = "",
) -> HTMLFigure:
    """Close the static figure and give it a live one, which takes its place where scripts run; print shows the static.

    Parameters
    ----------
    static : matplotlib Figure, such as small multiples, which stands without scripts and in print
    entry : str, the module in `js/` (without its suffix) whose `begin(stage, data)` draws the live figure
    data : mapping that JSON can hold, optional; arrays as `packed` gives them
    number, alt, caption : str, as of `symlib.plots.show`; `alt` describes the static picture, and names the live one
    covers : str, the live figure's name where picture and caption come only later, when it calls `stage.uncover(true)`

    Returns
    -------
    HTMLFigure

    Raises
    ------
    ValueError
        If `alt` is empty, or a number in `data` is not finite.
    """
    drawn, name = picture(static, alt), html.escape(covers or alt, quote=True)
    place, words = named("Figure", number, caption)
    content = json.dumps(data or {}, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    kind = "symlib-figure symlib-live covers" if covers else "symlib-figure symlib-live"
    return HTMLFigure(
        f'<figure class="{kind}" data-live="{entry}"{place} style="margin:0">'
        f"<style>{_style()}</style>"
        f'<div class="static">{drawn}</div><div class="stage" role="group" aria-label="{name}"{_OWN_KEYS}>'
        f"</div>{f'<figcaption>{words}</figcaption>' if words else ''}"
        f'<script type="application/json">{content}</script><script>{script(entry)}</script></figure>'
    )


def packed(array: ArrayLike, dtype: str = "float32") -> dict[str, Any]:
    """An array as JSON holds it in the least room, little-endian; `unpack` of `js/unpack.js` is the way back."""
    values = np.ascontiguousarray(array, np.dtype(dtype).newbyteorder("<"))
    return {"dtype": dtype, "shape": values.shape, "base64": base64.b64encode(values.tobytes()).decode()}


@functools.cache
def script(entry: str) -> str:
    """The script of a figure: its modules in the order of their imports, each a function's result, then `begin`."""
    order: dict[str, str] = {}
    for module in ("stage", entry):
        _collect(module, order, ())
    body = "".join(order.values())
    if "</script" in body or "<!--" in body:
        raise ValueError(f"a module of {entry} holds a mark that ends or comments out its script tag")
    # Where a page runs the scripts of its outputs by itself none is current: it is the first figure not yet begun.
    figure = f'document.currentScript?.closest("figure") ?? document.querySelector("[data-live={entry}]:not(.on)")'
    return f'(() => {{"use strict";\n{body}$stage.start({figure}, ${entry}.begin);\n}})()'


@functools.cache
def _style() -> str:
    """The style of every live figure, without comments, in one line."""
    text = re.sub(r"/\*.*?\*/", "", (JS / "live.css").read_text(encoding="utf-8"), flags=re.S)
    return re.sub(r"\s+", " ", text).strip()


def _collect(name: str, order: dict[str, str], above: tuple[str, ...]) -> None:
    """Puts a module into `order`, behind those that it imports."""
    if name in above:
        raise ValueError(f"modules import each other in a circle: {' -> '.join((*above, name))}")
    if name in order:
        return
    source = (JS / f"{name}.js").read_text(encoding="utf-8")
    imports = _IMPORT.findall(source)
    for _, other in imports:
        _collect(other, order, (*above, name))
    exports = _EXPORT.findall(source)
    body = _EXPORT.sub("", _COMMENT.sub("", _IMPORT.sub("", source)))
    if re.search(r"^(?:import|export)\b", body, re.M):
        raise ValueError(f'{name}.js may only hold `import {{ … }} from "./….js";` and `export function|const|class`')
    taken = "".join(f"const {{{names.strip()}}} = ${other};\n" for names, other in imports)
    order[name] = f"const ${name} = (() => {{\n{taken}{body.strip()}\nreturn {{{', '.join(exports)}}};\n}})();\n"
