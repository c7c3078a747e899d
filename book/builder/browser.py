"""The Chromium of this machine, for the printed pages and for the tests: nothing is downloaded."""

import os
import shutil

# The first is Chromium without a window that nobody sees: pages are the same, and the browser's own process takes a
# quarter of the time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
# Nothing that asks another host, and no sandbox, which containers do not grant.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium():
    """Path of the browser that $CHROMIUM names, else of the system's own; None where there is neither."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
