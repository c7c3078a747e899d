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

from book.builder.browser import ARGUMENTS, find_chromium

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def site():
    """Folder of the built site, brought up to date at its own tier: smoke where there is none.

    Processes of pytest-xdist that ask at once wait for each other: the build holds a lock.
    """
    record = ROOT / "_build" / "site.json"
    tier = json.loads(record.read_text())["tier"] if record.exists() else "smoke"
    command = [sys.executable, "-m", "book.builder.build", "--tier", tier]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
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

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, headless=True, args=ARGUMENTS)
        yield chromium
        chromium.close()
