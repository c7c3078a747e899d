"""The built site, a server for it on the loopback, and a browser that can reach nothing else."""

import functools
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from book.builder.browser import ARGUMENTS, find_chromium
from tests.book.visits import PackingHandler

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Folder of the built site, brought up to date at its own tier: smoke where there is none.

    Of the processes of pytest-xdist one looks, and the others wait for what it says.
    """
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    said = shared / "site.txt"
    with FileLock(shared / "site.lock"):
        if not said.exists():
            record = ROOT / "_build" / "site.json"
            tier = json.loads(record.read_text())["tier"] if record.exists() else "smoke"
            command = [sys.executable, "-m", "book.builder.build", "--tier", tier]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            said.write_text("" if done.returncode == 0 else done.stdout + done.stderr)
    assert said.read_text() == ""
    return ROOT / "_build" / "html"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """Say nothing: a browser that leaves a page before all of it came is no error of ours."""


@pytest.fixture(scope="session")
def serve():
    """A function that serves a folder on the loopback and gives its address."""
    servers = []

    def start(folder):
        handler = functools.partial(_Quiet, directory=str(folder))
        server = _Server(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def packing(site):
    """Address of a server that packs the site as GitHub Pages does, and the bytes that it sent, by path."""
    sent = {}
    server = _Server(("127.0.0.1", 0), functools.partial(PackingHandler, directory=str(site), sent=sent))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", sent
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium, the system's own or $CHROMIUM; without one the test is skipped.

    With SYMLIB_REQUIRE_BROWSER=1, as in CI, it fails instead.
    """
    found = find_chromium()
    if found is None:
        words = "no Chromium on this machine: install the package chromium, or set CHROMIUM to its path"
        if os.environ.get("SYMLIB_REQUIRE_BROWSER") == "1":
            pytest.fail(words)
        pytest.skip(words)
    from playwright.sync_api import sync_playwright

    # Cheaper than to stop every request of a page and ask for its host.
    alone = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, headless=True, args=[*ARGUMENTS, alone])
        yield chromium
        chromium.close()
