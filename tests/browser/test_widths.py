"""From a notebook's 600 pixels to a wall's 3,000: nothing hangs over the edge, and every control can be reached."""

import pytest
from browser_page import OpenPage, TorchVizPage

pytestmark = pytest.mark.browser

WIDTHS = [600, 800, 1280, 1920, 3000]

# What a reader has to see whole and can't: cut by an ancestor that doesn't scroll, or by the page's edge.
CUT = """() => {
    const scrolls = (style, axis) => /auto|scroll/.test(style[`overflow${axis}`]);
    const hides = (style, axis) => /hidden|clip/.test(style[`overflow${axis}`]);
    const name = (element) => element.getAttribute("aria-label") || element.textContent.trim() || element.className;
    const isMeantToHide = (element) => element.closest(".hidden-visually, [hidden], [inert]") !== null;
    const isCut = (element) => {
        const box = element.getBoundingClientRect();
        let [inX, inY] = [false, false];  // whether an ancestor scrolls there
        for (let outer = element.parentElement; outer; outer = outer.parentElement) {
            const style = getComputedStyle(outer);
            const around = outer === document.body
                ? { left: 0, top: 0, right: innerWidth, bottom: innerHeight } : outer.getBoundingClientRect();
            inX ||= scrolls(style, "X") && outer.scrollWidth > outer.clientWidth;
            inY ||= scrolls(style, "Y") && outer.scrollHeight > outer.clientHeight;
            if (!inX && hides(style, "X") && (box.left < around.left - 1 || box.right > around.right + 1)) return true;
            if (!inY && hides(style, "Y") && (box.top < around.top - 1 || box.bottom > around.bottom + 1)) return true;
            if (style.position === "fixed") return false;
        }
        return false;
    };
    return [...document.querySelectorAll("button, input, select, summary, a[href], h2, h3, td, dd")]
        .filter((element) => element.checkVisibility({ opacityProperty: false }) && element.getClientRects().length > 0)
        .filter((element) => !isMeantToHide(element) && isCut(element)).map(name);
}"""

# Boxes that scroll sideways, but for those that are made to: rows of pictures and lattices of them.
SIDEWAYS = """() => [...document.querySelectorAll("*")]
    .filter((box) => /auto|scroll/.test(getComputedStyle(box).overflowX) && box.scrollWidth > box.clientWidth + 1)
    .filter((box) => !box.matches(".gallery-scroll, .neighbours, .values, .lattice-scroll"))
    .map((box) => box.className || box.tagName)"""


def check(page: TorchVizPage, width: int) -> None:
    page.page.set_viewport_size({"width": width, "height": 864})  # 800 for us, 64 for TensorBoard's header
    page.settle()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    body = page.frame.locator("body")
    assert (width, body.evaluate(CUT)) == (width, [])
    assert (width, body.evaluate(SIDEWAYS)) == (width, [])


@pytest.mark.parametrize("view", ["overview", "graph", "distributions", "gradients", "tensors"])
def test_every_width(open_page: OpenPage, view: str) -> None:
    page = open_page("tensor_views" if view == "tensors" else "sick", view)
    for width in WIDTHS:
        check(page, width)


@pytest.mark.parametrize(("view", "key", "value"), [
    ("overview", "site", "conv2.weight"),
    ("gradients", "site", "conv2.weight"),
    ("distributions", "site", "conv2.weight"),
    ("graph", "module", "conv2"),
])  # fmt: skip
def test_every_width_with_the_panel(open_page: OpenPage, view: str, key: str, value: str) -> None:
    page = open_page("sick", view)
    page.open(view, **{key: value})
    for width in WIDTHS:
        check(page, width)


def test_two_runs_and_many_words(open_page: OpenPage) -> None:
    page = open_page("two_runs")
    page.open(runs="first,second")
    for width in WIDTHS:
        check(page, width)


def test_the_checks_see_what_is_planted(open_page: OpenPage) -> None:
    page = open_page("foreign", width=600)
    planted = (
        '<div style="overflow: hidden; width: 60px; white-space: nowrap"><button>planted and cut</button></div>'
        '<div class="planted" style="overflow-x: auto; width: 60px"><p style="width: 90px">wide</p></div>'
    )
    body = page.frame.locator("body")
    assert (body.evaluate(CUT), body.evaluate(SIDEWAYS)) == ([], [])
    page.frame.get_by_role("main").evaluate("(main, html) => main.insertAdjacentHTML('beforeend', html)", planted)
    assert (body.evaluate(CUT), body.evaluate(SIDEWAYS)) == (["planted and cut"], ["planted"])
