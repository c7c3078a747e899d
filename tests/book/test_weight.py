"""How long a first visit takes on a slow line; what it weighs is in test_pages."""

import time

import pytest

from book.builder.build import ROOT, chapter_names

pytestmark = pytest.mark.browser

CHAPTERS = [f"notebooks/{name}.html" for name in chapter_names(ROOT)]
# A phone on a poor line: 1.6 Mbit/s, 150 ms there and back.
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 1.6e6 / 8}
SECONDS = 7


def first_visit(browser, address, path):
    """Opens a page in a fresh browser profile; gives the seconds until its formulas were set."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
    start = time.perf_counter()
    page.goto(f"{address}/{path}", wait_until="domcontentloaded")
    page.evaluate("MathJax.startup.promise.then(() => 0)")
    seconds = time.perf_counter() - start
    context.close()
    return seconds


def test_formulas_are_set_in_seconds_on_a_slow_line(site, browser, packing):
    address, _ = packing
    heaviest = max(CHAPTERS, key=lambda path: (site / path).stat().st_size)
    # The line is what is measured: a machine busy with other tests has three tries.
    visits = (first_visit(browser, address, heaviest) for _ in range(3))
    seconds = []
    assert any(seconds.append(visit) or visit < SECONDS for visit in visits), f"{heaviest}: formulas after {seconds} s"
