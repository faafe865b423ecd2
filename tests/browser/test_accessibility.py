"""axe-core finds no violation in any view and state, in light and dark; who asks for less motion gets none."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from browser_page import OpenPage, TorchVizPage
from playwright.sync_api import expect

from torchviz_tb.plugin.responses.meanings import MEANINGS

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "plugin_frontend" / "node_modules" / "axe-core" / "axe.min.js"
VIEWS = ["overview", "graph", "distributions", "gradients", "tensors"]


def violations(page: TorchVizPage) -> list[str]:
    """Rule and element of each, in light and in dark."""
    page.settle()  # what comes late, such as a picture, belongs to the page
    body = page.frame.locator("body")
    if not body.evaluate("() => 'axe' in window"):
        body.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = []
    for theme in ("light", "dark"):
        page.page.evaluate(f"document.body.classList.toggle('dark-mode', {str(theme == 'dark').lower()})")
        expect(page.frame.locator("html")).to_have_css("color-scheme", theme)
        answer = body.evaluate("async () => (await axe.run()).violations")
        found += [f"{theme}, {rule['id']}: {node['html']}" for rule in answer for node in rule["nodes"]]
    return found


def in_each_view(page: TorchVizPage) -> list[str]:
    """Of the five views, by their tabs."""
    found: list[str] = []
    for view in VIEWS:
        page.tab(view).click()
        found += [f"{view}, {each}" for each in violations(page)]
    return found


@pytest.mark.parametrize("width", [1280, 600])
def test_views_with_data(open_page: OpenPage, width: int) -> None:
    assert in_each_view(open_page("sick", width=width)) == []


def test_views_without_data(open_page: OpenPage) -> None:
    assert in_each_view(open_page("foreign")) == []


def test_views_of_two_runs(open_page: OpenPage) -> None:
    page = open_page("two_runs")
    page.open(runs="first,second")
    assert in_each_view(page) == []


@pytest.mark.parametrize("sample", ["empty", "one_step", "all_nan", "unmeasured", "damaged", "newer"])
def test_states_of_the_overview(open_page: OpenPage, sample: str) -> None:
    assert violations(open_page(sample)) == []


def why(page: TorchVizPage) -> None:
    page.frame.get_by_role("button", name=re.compile(r"^Why\?")).first.click()


def list_of_findings(page: TorchVizPage) -> None:
    page.frame.get_by_role("button", name="all 4 findings").click()


def word_menu(page: TorchVizPage) -> None:
    page.frame.get_by_role("button", name=re.compile("^(Statistic|Column)")).first.click()
    expect(page.frame.get_by_role("menu")).to_contain_text(MEANINGS["rms"].formula)
    page.page.keyboard.press("ArrowDown")
    expect(page.frame.get_by_role("tooltip")).to_contain_text(MEANINGS["rms"].says)


def help_sheet(page: TorchVizPage) -> None:
    page.frame.get_by_role("button", name="Help").click()
    expect(page.frame.get_by_role("dialog")).to_be_visible()


def search(page: TorchVizPage) -> None:
    page.frame.get_by_role("button", name="Search").click()
    page.page.keyboard.type("conv")
    expect(page.frame.get_by_role("menuitem").first).to_be_visible()


def site_panel(page: TorchVizPage) -> None:
    page.open("overview", site="conv2.weight")
    expect(page.frame.get_by_role("complementary", name="Selection")).to_contain_text("conv2.weight")


def graph_panel(page: TorchVizPage) -> None:
    page.open("graph", module="conv2")
    expect(page.frame.get_by_role("complementary", name="Selection")).to_be_visible()


def gradient_panel(page: TorchVizPage) -> None:
    page.open("gradients", site="conv2.weight")
    expect(page.frame.get_by_role("complementary", name="Selection")).to_be_visible()


def enlarged_map(page: TorchVizPage) -> None:
    gradient_panel(page)
    page.frame.get_by_role("complementary", name="Selection").get_by_role("button", name="Enlarge").click()


OPENED = [why, list_of_findings, word_menu, help_sheet, search, site_panel, graph_panel, gradient_panel, enlarged_map]


@pytest.mark.parametrize("opened", OPENED, ids=[each.__name__ for each in OPENED])
def test_what_opens(open_page: OpenPage, opened: Callable[[TorchVizPage], None]) -> None:
    page = open_page("sick")
    opened(page)
    assert violations(page) == []


def test_drawings_of_distributions(open_page: OpenPage) -> None:
    page = open_page("sick", "distributions")
    for drawing in ("Bands", "Ridges", "Overlay"):
        page.frame.get_by_role("button", name=drawing, exact=True).click()
        assert violations(page) == [], drawing


def test_saved_tensors(open_page: OpenPage) -> None:
    page = open_page("tensor_views", "tensors")
    expect(page.frame.locator(".lens")).to_be_visible()
    assert violations(page) == []
    page.frame.get_by_role("button", name="Values", exact=True).click()
    expect(page.frame.locator(".values-table")).to_be_visible()
    assert violations(page) == []


def test_the_menu_of_runs(open_page: OpenPage) -> None:
    page = open_page("two_runs", width=800)
    page.open(runs="first,second")
    page.frame.get_by_role("button", name=re.compile("^Runs: .*1$")).click()
    expect(page.frame.get_by_role("menu")).to_be_visible()
    assert violations(page) == []


def test_axe_would_say_so(open_page: OpenPage) -> None:
    """Two planted faults are found; a check that could not see into our frame would find nothing."""
    page = open_page("foreign")
    planted = '<p style="color: #888; background: #999">pale</p><button></button>'
    page.frame.get_by_role("main").evaluate("(main, html) => main.insertAdjacentHTML('beforeend', html)", planted)
    assert {re.findall(r", ([a-z-]+):", found)[0] for found in violations(page)} == {"button-name", "color-contrast"}


MOVING = """() => [...document.querySelectorAll("*")].map((element) => getComputedStyle(element)).filter((style) =>
    [style.animationDuration, style.transitionDuration].some((text) => /[1-9]/.test(text))).length"""


@pytest.mark.parametrize(("wish", "length"), [("reduce", "0s"), ("no-preference", "0.12s")])
def test_less_motion_is_respected(open_page: OpenPage, wish: str, length: str) -> None:
    page = open_page("sick", width=800, anew=True)  # there the panel comes in from the side
    page.page.emulate_media(reduced_motion=wish)
    why(page)
    panel = page.frame.get_by_role("complementary", name="Selection")
    expect(panel).to_have_css("animation-duration", length)
    moving = page.frame.locator("body").evaluate(MOVING)
    assert (moving > 0) is (wish == "no-preference")
