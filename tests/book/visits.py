"""A page of the built site as a reader opens it first: in a fresh browser profile, with all other hosts blocked."""

import functools
import gzip
import http.server
from pathlib import Path
from urllib.parse import urlsplit

# Kinds that GitHub Pages packs; images of dots and fonts are packed in themselves.
_PACKED = (".html", ".css", ".js", ".svg", ".json", ".xml")
WIDE, NARROW = 1280, 390
HEIGHT = 900

_packed = functools.cache(functools.partial(gzip.compress, mtime=0))


class PackingHandler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder as GitHub Pages does, packed with gzip, and counts what it sends."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments, sent, **options):
        self.sent = sent
        super().__init__(*arguments, **options)

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        try:
            content = (path / "index.html" if path.is_dir() else path).read_bytes()
        except OSError:
            self.send_error(404)
            return
        self.send_response(200)
        if path.suffix in _PACKED:
            content = _packed(content)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.sent[urlsplit(self.path).path] = len(content)
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class Visit:
    """A page, and all that went wrong on the way to it.

    Attributes
    ----------
    page : playwright's page, formulas set
    problems : what the console, the network and the scripts complained of, so far
    path, width : what was opened, and how wide it is
    sent : bytes that the visit fetched as they travel, by path
    """

    def __init__(self, browser, serving, path, width=WIDE):
        self.address, self.sent = serving
        self.sent.clear()
        self.path, self.width, self.problems = path, width, []
        # Without transitions a box is at once as wide as it will be.
        size = {"width": width, "height": HEIGHT}
        self.context = browser.new_context(viewport=size, reduced_motion="reduce")
        self.page = self.context.new_page()
        # Other hosts cannot be reached (conftest.browser); who asks for one is noted.
        self.page.on("request", self._request)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        self.page.on("requestfailed", lambda r: self.problems.append(f"failed request: {r.url}"))
        self.page.on("response", self._response)
        self.page.goto(f"{self.address}/{path}", wait_until="load")
        # MathJax is on the pages that have a formula.
        self.page.evaluate("window.MathJax ? MathJax.startup.promise.then(() => 0) : 0")

    def widths(self):
        """Wide and narrow one after the other, the page being so; the present width first."""
        for width in (self.width, WIDE if self.width == NARROW else NARROW):
            if width != self.width:
                self.page.set_viewport_size({"width": width, "height": HEIGHT})
                self.boxes_marked()
                self.width = width
            yield width

    def boxes_marked(self):
        """Waits until the page has looked at what scrolls: a while after it was loaded, resized or unfolded."""
        # What has changed is told to the page with its next frame.
        self.page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
        )
        self.page.wait_for_selector("html[data-boxes=marked]", state="attached")

    def _request(self, request):
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob") and url.netloc != urlsplit(self.address).netloc:
            self.problems.append(f"request to another host: {request.url}")

    def _console(self, message):
        if message.type == "error":
            self.problems.append(f"console error: {message.text}")

    def _response(self, response):
        if response.status >= 400:
            self.problems.append(f"status {response.status}: {response.url}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()
