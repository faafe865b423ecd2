"""Every view in every state: it says what is so, draws it in the colours of the theme, and nothing fails."""

import re
from dataclasses import dataclass, field

import pytest
from browser_page import OpenPage, TorchVizPage
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

VIEWS = ["overview", "graph", "distributions", "gradients", "tensors"]
NO_TENSOR = "No tensor was saved in this run"

# The colours that the first canvases of the view hold; pixels that are not opaque don't count.
DRAWN = """() => {
    const canvases = [...document.querySelectorAll("main canvas")].filter((canvas) => canvas.width * canvas.height > 0);
    const colours = new Set();
    for (const canvas of canvases.slice(0, 40)) {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        for (let i = 0; i < data.length; i += 4)
            if (data[i + 3] === 255) colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
    }
    return [...colours].sort((a, b) => a - b);
}"""


@dataclass
class State:
    """A sample log and what each view says of it; a view that draws nothing is named."""

    sample: str
    says: dict[str, str]
    undrawn: tuple[str, ...] = ("tensors",)
    address: dict[str, object] = field(default_factory=dict)


STATES = [
    State("empty", dict.fromkeys(VIEWS, "The log directory is empty"), undrawn=tuple(VIEWS)),
    State(
        "one_step",
        {
            "overview": "no problem found in 10 sites over 1 sampled step",
            "graph": "10 ops|5 ops",
            "distributions": "at step 0",
            "gradients": "at step 0",
            "tensors": NO_TENSOR,
        },
    ),
    State(
        "one_site",
        {
            "overview": "no problem found in 1 site over 20 sampled steps",
            "graph": "1 op",
            "distributions": "12 × 10",
            "gradients": "weight, 12 × 10",
            "tensors": NO_TENSOR,
        },
    ),
    State(
        "all_nan",
        {
            "overview": "NaN starts in conv1.weight, step 100",
            "graph": "No graph was recorded",
            "distributions": "NaN",
            "gradients": "NaN",
            "tensors": NO_TENSOR,
        },
        undrawn=("graph", "tensors"),
    ),
    State(
        "many_sites",
        {
            "overview": "no problem found in 1,000 sites over 50 sampled steps",
            "graph": "1,000 ops",
            "distributions": r"layers\.0\.block0\.weight",
            "gradients": "step 2,500 is shown",
            "tensors": NO_TENSOR,
        },
    ),
    State(
        "two_runs",
        {
            "overview": "no findings in second",
            "graph": "ops",
            "distributions": "second",
            "gradients": "second",
            "tensors": NO_TENSOR,
        },
        address={"runs": "first,second"},
    ),
]


def colours(page: TorchVizPage, *, dark: bool) -> list[int]:
    page.page.evaluate(f"document.body.classList.toggle('dark-mode', {str(dark).lower()})")
    expect(page.frame.locator("html")).to_have_css("color-scheme", "dark" if dark else "light")
    page.page.wait_for_timeout(200)
    found = page.frame.locator("body").evaluate(DRAWN)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("state", STATES, ids=[state.sample for state in STATES])
def test_every_view_says_and_draws_it(open_page: OpenPage, state: State) -> None:
    page = open_page(state.sample)
    page.open(**state.address)
    for view in VIEWS:
        page.tab(view).click()
        main = page.frame.get_by_role("main")
        expect(main, view).to_contain_text(re.compile(state.says[view]))
        expect(page.frame.get_by_role("alert"), view).to_have_count(0)
        if view in state.undrawn:
            continue
        expect(main.locator("canvas").first, view).to_be_visible()
        page.settle()
        light, dark = colours(page, dark=False), colours(page, dark=True)
        assert min(len(light), len(dark)) >= 3, view
        assert set(light) != set(dark), view
