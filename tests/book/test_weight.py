"""What a first visit to a chapter costs: bytes as they travel, and seconds on a slow line until formulas are set."""

import functools
import gzip
import http.server
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from book.builder.build import ROOT, chapter_names

pytestmark = pytest.mark.browser

CHAPTERS = [f"notebooks/{name}.html" for name in chapter_names(ROOT)]
MEGABYTE = 1_000_000
# A phone on a poor line: 1.6 Mbit/s, 150 ms there and back.
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 1.6e6 / 8}
SECONDS = 7
# Kinds that GitHub Pages packs; images of dots and fonts are packed in themselves.
PACKED = (".html", ".css", ".js", ".svg", ".json", ".xml")


packed = functools.cache(functools.partial(gzip.compress, mtime=0))


class _Packing(http.server.SimpleHTTPRequestHandler):
    """Serves a folder as GitHub Pages does, packed with gzip, and counts what it sends."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments, sent, **options):
        self.sent = sent
        super().__init__(*arguments, **options)

    def do_GET(self):
        path = self.translate_path(self.path)
        try:
            content = Path(path).read_bytes()
        except OSError:
            self.send_error(404)
            return
        self.send_response(200)
        if path.endswith(PACKED):
            content = packed(content)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.sent[urlsplit(self.path).path] = len(content)
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """Say nothing of a browser that leaves early."""


@pytest.fixture(scope="module")
def packing(site):
    """Address of a server of the site, and the bytes that it sent, by path."""
    sent = {}
    server = _Server(("127.0.0.1", 0), functools.partial(_Packing, directory=str(site), sent=sent))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", sent
    server.shutdown()
    server.server_close()


def first_visit(browser, address, path, line=None):
    """Opens a page in a fresh browser profile, reads it to its end; gives the seconds until its formulas were set."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    if line:
        page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", line)
    start = time.perf_counter()
    page.goto(f"{address}/{path}", wait_until="domcontentloaded")
    page.evaluate("MathJax.startup.promise.then(() => 0)")
    seconds = time.perf_counter() - start
    page.wait_for_load_state("networkidle")
    context.close()
    return seconds


@pytest.mark.parametrize("path", CHAPTERS)
def test_a_first_visit_fetches_less_than_a_megabyte(browser, packing, path):
    address, sent = packing
    sent.clear()
    first_visit(browser, address, path)
    heaviest = sorted(sent.items(), key=lambda item: -item[1])[:8]
    assert sum(sent.values()) < MEGABYTE, f"{sum(sent.values()):,} bytes, the heaviest {heaviest}"


def test_formulas_are_set_in_seconds_on_a_slow_line(site, browser, packing):
    address, _ = packing
    heaviest = max(CHAPTERS, key=lambda path: (site / path).stat().st_size)
    # The line is what is measured: a machine busy with other tests has three tries.
    visits = (first_visit(browser, address, heaviest, SLOW) for _ in range(3))
    seconds = []
    assert any(seconds.append(visit) or visit < SECONDS for visit in visits), f"{heaviest}: formulas after {seconds} s"
