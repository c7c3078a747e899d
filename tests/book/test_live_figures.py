"""The live figures on bare pages, in a real browser: operated by keyboard and by finger, held against symlib.

A figure is tested by a case in CASES; what is the same for all is written once, below them.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from symlib import circles, circulant_loo_error, mlp_kernel, plots, points, rbf
from tests.book.accessibility import AXE, FLAWS
from tests.book.visits import NARROW, WIDE

pytestmark = pytest.mark.browser


@dataclass(eq=False)
class Case:
    """A live figure, how it is operated, and what it should then show."""

    figure: Callable[[], plots.HTMLFigure]
    # What the keyboard does: (role, name of the control, key, how often).
    keys: list[tuple[str, str, str, int]]
    # What a finger does, to a page that has the figure alone.
    touch: Callable[[Any], None]
    # Rows of its table, by the name of the row: what they should hold, computed from what other rows hold.
    wanted: Callable[[Mapping[str, list[float]]], Mapping[str, Any]]
    rtol: float = 1e-10
    # Words that its sentence holds after the keyboard, and after the finger.
    said: tuple[str, str] = ("", "")

    @functools.cached_property
    def markup(self):
        return self.figure().markup


def static():
    """A picture that stands without scripts."""
    fig, ax = plots.figure(width=3.0, height=2.0)
    ax.plot([0, 1])
    return fig


def swipe(page, *path):
    """A finger goes along places in pixels of the window."""
    session = page.context.new_cdp_session(page)

    def send(kind, points):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    send("touchStart", path[:1])
    for place in path[1:]:
        send("touchMove", [place])
    # The finger rests before it leaves: Chromium sees a fling otherwise, and the next tap only ends that, on any page.
    page.wait_for_timeout(200)
    send("touchMove", path[-1:])
    send("touchEnd", [])
    page.evaluate("new Promise(requestAnimationFrame)")


def centre(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def pull(panel, across, up):
    """Drags the handle of a panel, the drawing of that number, by so many pixels."""

    def touch(page):
        handle = page.locator(".panel").nth(panel).locator(".handle").first
        handle.scroll_into_view_if_needed()
        x, y = centre(handle)
        swipe(page, (x, y), (x + across / 2, y + up / 2), (x + across, y + up))

    return touch


def two_circles_by_symlib(shown):
    n, delta, scale, ridge = (shown[name][0] for name in ("poses N", "separation Δ", "length scale ℓ", "ridge σ²"))
    gram = rbf(points(circles(int(n), delta), ndim=1), length_scale=scale)
    values = np.linalg.eigvalsh(gram + ridge * np.eye(len(gram)))
    error = circulant_loo_error(gram, ridge)
    noise = 1 / np.mean(1 / values)
    return {"error ε": error, "noise 1/⟨λ⁻¹⟩": noise, "signal λ_N": noise / error, "mean of λ": values.mean()}


def networks_by_symlib(shown):
    theta = np.radians(shown["angle θ"][0])
    pair = 2**0.5 * np.array([[1.0, 0.0], [np.cos(theta), np.sin(theta)]])
    return {"limit R (arc-cosine)": mlp_kernel(pair, depth=1, w_std=1.0, b_std=0.0).nngp[0, 1]}


COUNTS = np.arange(2, 33)
CURVE = np.array([circulant_loo_error(rbf(points(circles(n, 0.05), ndim=1), length_scale=0.4), 1e-8) for n in COUNTS])


def sweep_and_compare(page):
    """Draws from the upper left to the lower right of the plot, and commits to it."""
    sheet = page.locator(".surface")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    left, right = box["x"] + 2, box["x"] + box["width"] - 2
    top, bottom = box["y"] + 20, box["y"] + box["height"] - 20
    swipe(page, (left, top), ((left + right) / 2, (top + bottom) / 2), (right, bottom))
    assert "computed" not in page.locator("table").text_content()
    page.get_by_role("button", name="Compare").tap()


CASES = {
    "two circles": Case(
        lambda: plots.live_two_circles(static(), ridge=1e-2, alt="two circles", caption="Drag.", number="6.9"),
        keys=[("slider", "separation Δ", "ArrowRight", 3), ("slider", "poses N", "ArrowLeft", 2)]
        + [("slider", "length scale ℓ", "ArrowRight", 1), ("slider", "ridge σ²", "ArrowLeft", 1)],
        touch=pull(1, 30, -60),
        wanted=two_circles_by_symlib,
        said=("6 poses at separation", "label"),
    ),
    "networks": Case(
        lambda: plots.live_networks(static(), alt="networks", caption="Draw."),
        keys=[("slider", "units m", "ArrowRight", 1), ("slider", "angle θ", "ArrowLeft", 5)]
        + [("button", "Draw other networks", "Enter", 1)],
        touch=pull(0, 40, 0),
        wanted=networks_by_symlib,
        said=("200 networks of 32 units at 55°", "units"),
    ),
    "prediction": Case(
        lambda: plots.live_prediction(
            static(),
            COUNTS,
            CURVE,
            xlabel="N",
            ylabel="error ε",
            ylim=(1e-5, 100),
            log=True,
            alt="axes",
            caption="Draw.",
        ),
        keys=[("slider", "Your error ε at N 2", "ArrowUp", 3), ("slider", "Your error ε at N 8", "PageUp", 2)]
        + [("button", "Compare with the computed curve", "Enter", 1)],
        touch=sweep_and_compare,
        wanted=lambda shown: {name: [None, CURVE[int(name) - 2]] for name in shown},
        said=("the computed one rises, then falls", "Yours falls"),
    ),
}
of_all_cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


@pytest.fixture
def bare(browser):
    """A function that opens a figure alone on a page; what scripts complain of fails the test."""
    contexts, problems = [], []

    def open_page(case, *, width=WIDE, dark=False, scripts=True, figures=1, **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, reduced_motion="reduce", java_script_enabled=scripts, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: message.type in ("error", "warning") and problems.append(message.text))
        # An address of its own, so that storage works; nothing is fetched beyond it.
        page.route("**/*", lambda route: route.fulfill(body=_page(case, dark, figures), content_type="text/html"))
        page.goto("http://figures.test/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def _page(case, dark, figures):
    look = "background:#14181e;color:#ced6dd" if dark else "background:#fff;color:#323232"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>A live figure</title>'
        f'<meta name="viewport" content="width=device-width"><style>body{{{look};margin:1rem}}</style>'
        # The page has shortcuts of its own, as JupyterLab has.
        "<script>document.addEventListener('keydown', event => event.preventDefault())</script>"
        f"<main><h1>A live figure</h1>{case.markup * figures}</main></html>"
    )


def numbers(page):
    """The table's rows by name, each number in full."""
    rows = page.locator("tbody tr").evaluate_all(
        "rows => rows.map(r => [r.cells[0].textContent, [...r.cells].slice(1).map(c => c.dataset.value)])"
    )
    return {name: [float(value) for value in values] for name, values in rows}


def check_against_symlib(case, page):
    shown = numbers(page)
    for name, value in case.wanted(shown).items():
        for wanted, found in zip(np.atleast_1d(np.array(value, object)), shown[name]):
            if wanted is not None:
                assert found == pytest.approx(float(wanted), rel=case.rtol), name


def blue(page):
    return page.locator("figure").evaluate("figure => getComputedStyle(figure).getPropertyValue('--blue')")


def check_with_axe(page):
    page.evaluate(AXE)
    assert page.evaluate(FLAWS, [None, None]) == []


@of_all_cases
def test_by_keyboard_it_says_and_shows_what_symlib_computes_and_prints_its_picture(case, bare):
    page = bare(case, dark=True)
    page.locator("summary").press("Enter")
    check_against_symlib(case, page)
    for role, name, key, times in case.keys:
        control, state = page.get_by_role(role, name=name, exact=True), page.locator(".state")
        before = control.get_attribute("aria-valuetext"), state.inner_text()
        control.focus()
        assert control.evaluate("e => getComputedStyle(e).outlineStyle") != "none", name
        for _ in range(times):
            page.keyboard.press(key)
        page.evaluate("new Promise(requestAnimationFrame)")
        assert state.inner_text() != before[1], name
        assert role != "slider" or control.get_attribute("aria-valuetext") != before[0], name
    check_against_symlib(case, page)
    assert case.said[0] in state.inner_text()
    # Read aloud once it has come to rest.
    expect(page.locator("[aria-live=polite]")).to_have_text(state.inner_text())
    # The colours are those for a dark page, since the text is bright.
    assert blue(page) == "#56a8e0"
    check_with_axe(page)
    picture, live = page.locator(".static img"), page.locator(".stage")
    assert live.is_visible() and not picture.is_visible()
    page.emulate_media(media="print")
    assert picture.is_visible() and not live.is_visible()


@of_all_cases
def test_by_finger_it_does_so_too_and_fits_a_phone(case, bare):
    page = bare(case, width=NARROW, has_touch=True, is_mobile=True)
    before = page.locator(".state").inner_text()
    case.touch(page)
    page.evaluate("new Promise(requestAnimationFrame)")
    # A tap is heard in its own time.
    expect(page.locator(".state")).to_contain_text(case.said[1])
    assert page.locator(".state").inner_text() != before
    check_against_symlib(case, page)
    page.locator("summary").press("Enter")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert blue(page) == "#0072b2"
    check_with_axe(page)


@of_all_cases
def test_without_scripts_its_picture_stands(case, bare):
    page = bare(case, scripts=False)
    assert page.locator(".static img").is_visible() and not page.locator(".stage").is_visible()
    assert page.locator("figcaption").is_visible()


def test_two_figures_on_a_page_share_nothing(bare):
    page = bare(CASES["two circles"], figures=2)
    own = page.evaluate("Object.keys(window).length")
    first, second = page.locator("figure").all()
    untouched = second.locator(".state").inner_text()
    first.get_by_role("slider", name="poses N").press("ArrowRight")
    expect(first.locator(".state")).not_to_have_text(untouched)
    assert second.locator(".state").inner_text() == untouched
    page.evaluate("document.querySelectorAll('figure').forEach(figure => figure.remove())")
    assert page.evaluate("Object.keys(window).length") == own


def test_it_begins_where_a_notebook_runs_the_scripts_of_an_output_by_itself(bare):
    page = bare(CASES["networks"])
    page.evaluate(
        """markup => {
            const outputs = ['clone', 'evaluated'].map(id => Object.assign(document.createElement('div'), {id}));
            document.body.replaceChildren(...outputs);
            outputs.forEach(output => { output.innerHTML = markup; });
            const [first, second] = outputs.map(output => output.querySelector('script:not([type])'));
            first.replaceWith(Object.assign(document.createElement('script'), {textContent: first.textContent}));
            (0, eval)(second.textContent);
        }""",
        CASES["networks"].markup,
    )
    for output in ("#clone", "#evaluated"):
        assert page.locator(f"{output} .controls").count() == 1
        assert "200 networks" in page.locator(f"{output} .state").inner_text()


def test_a_prediction_is_found_again_and_shows_nothing_before_the_commitment(bare):
    page = bare(CASES["prediction"])
    assert page.get_by_role("button", name="Compare").is_disabled()
    page.get_by_role("slider", name="Your error ε at N 5").press("End")
    curve = page.locator("svg [stroke='var(--blue)'], svg [fill='var(--blue)']")
    before = numbers(page)
    assert curve.count() == 0
    assert before["5"] == [pytest.approx(100)] and len(before) == 11
    page.reload()
    assert numbers(page) == before
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("thead")).to_contain_text("computed")
    assert curve.count() > 0
    page.reload()
    assert page.get_by_role("button", name="Change my curve").is_enabled()
    page.get_by_role("button", name="Start afresh").click()
    expect(page.locator("thead")).not_to_contain_text("computed")
    assert curve.count() == 0


def test_a_figure_whose_script_fails_leaves_its_picture(browser):
    context = browser.new_context()
    page = context.new_page()
    markup = CASES["networks"].markup.replace('"networks":200', '"networks":-1')
    with page.expect_event("pageerror"):
        page.set_content(markup)
    assert page.locator(".static img").is_visible() and not page.locator(".stage").is_visible()
    context.close()
