"""A copied link opens the same picture: every setting that a reader can change is in it, and Back undoes it."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sample_logs
from browser_page import OpenPage, TorchVizPage
from PIL import Image
from playwright.sync_api import Browser, Locator, expect
from tensorboard_process import BACKENDS, PLUGIN, serving

pytestmark = pytest.mark.browser


def settle(page: TorchVizPage) -> None:
    page.frame.locator("main canvas").first.wait_for()
    page.page.mouse.move(0, 0)
    page.settle()


def choose(page: TorchVizPage, menu: str, item: str) -> None:
    page.frame.get_by_role("button", name=re.compile(f"^{menu}: ")).click()
    page.frame.get_by_role("menuitemradio", name=re.compile(f"^{item}")).click()


def link(page: TorchVizPage) -> str:
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.frame.get_by_role("button", name="Copy link").click()
    expect(page.frame.get_by_text("Link copied")).to_be_attached()
    return str(page.page.evaluate("navigator.clipboard.readText()"))


def picture(page: TorchVizPage) -> bytes:
    return page.frame.locator("main").screenshot(animations="disabled")


def levels(page: TorchVizPage) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture(page))).convert("RGB"), np.int16)


def opens_the_same(page: TorchVizPage, chromium: Browser) -> None:
    settle(page)
    address = link(page)
    expect(page.frame.get_by_text("Link copied")).not_to_be_attached()
    settle(page)
    other = TorchVizPage(
        chromium.new_context(viewport=page.page.viewport_size, reduced_motion="reduce").new_page(), page.url
    )
    other.page.goto(address)
    settle(other)
    assert other.errors == []
    # An edge at a fraction of a pixel may round by one of 255 levels, depending on what was painted before.
    assert np.abs(levels(other) - levels(page)).max() <= 1
    other.page.context.close()


def test_the_overview(open_page: OpenPage, chromium: Browser) -> None:
    page = open_page("two_runs")
    settle(page)
    page.frame.get_by_role("button", name="second").click()
    choose(page, "Stage", "update")
    choose(page, "Statistic", "standard deviation")
    choose(page, "Scale", "linear")
    choose(page, "Order of the rows", "order of size")
    page.frame.get_by_role("button", name="difference").click()
    page.frame.get_by_role("button", name="Previous step").click()
    map_ = page.frame.get_by_role("img", name=re.compile("^Map of"))
    map_.click(position={"x": 400, "y": 60})
    map_.focus()
    map_.press("+")
    opens_the_same(page, chromium)


def test_gradients(open_page: OpenPage, chromium: Browser) -> None:
    page = open_page("sick", "gradients")
    page.open("gradients", step=2350)
    settle(page)
    page.frame.get_by_role("button", name="Absolute max").click()
    page.frame.get_by_role("button", name="Own", exact=True).click()
    page.frame.get_by_role("button", name=re.compile("^conv1.weight")).click()
    opens_the_same(page, chromium)


def graph_settings(page: TorchVizPage) -> None:
    choose(page, "Colour", "parameters")
    page.frame.get_by_role("treeitem", name=re.compile("conv2")).first.click()


def tensor_settings(page: TorchVizPage) -> None:
    page.frame.get_by_role("searchbox", name=re.compile("^Filter")).fill("att")
    page.frame.locator(".tensor-entry").click()
    page.frame.locator(".slice-map canvas").click(position={"x": 100, "y": 60})


def distribution_settings(page: TorchVizPage) -> None:
    choose(page, "Stage", "update")
    choose(page, "Value axis", "linear")
    choose(page, "Order", "change since the step before")
    page.frame.get_by_role("button", name="Ridges").click()
    page.frame.get_by_role("button", name="Pin gradient for comparison").click()
    page.frame.get_by_role("searchbox", name=re.compile("^Sites")).fill("fc*")
    page.frame.get_by_role("complementary", name="Selection").get_by_role("button", name="Close").click()


def test_the_site_that_opens_by_itself_is_that_of_a_link(open_page: OpenPage, chromium: Browser) -> None:
    """The worst finding's, also where the view is there before the findings are."""
    page = open_page("sick")
    expect(page.frame.get_by_role("button", name=re.compile(r"^Why\?")).first).to_be_visible()
    page.tab("distributions").click()
    expect(page.frame.get_by_role("img", name=re.compile(": gradient over 60 steps"))).to_be_visible()
    title = page.frame.locator(".distributions-title h2")
    expect(title).not_to_have_text("conv1.weight")
    page.settle()
    address = link(page)
    other = TorchVizPage(chromium.new_page(viewport=page.page.viewport_size), page.url)
    other.page.goto(address)
    expect(other.frame.locator(".distributions-title h2")).to_have_text(title.inner_text())
    other.page.close()


def test_a_tensor_has_the_same_colours_whichever_steps_were_looked_at_before(open_page: OpenPage) -> None:
    page = open_page("tensor_views", "tensors")
    drawn = "canvas => new Promise(requestAnimationFrame).then(() => canvas.toDataURL())"

    def at_first() -> str:
        expect(page.frame.get_by_text("at step 0", exact=True)).to_be_visible()
        expect(page.frame.get_by_role("navigation", name="This slice at the saved steps")).to_contain_text("step 150")
        page.settle()
        return str(page.frame.locator(".slice-map canvas").evaluate(drawn))

    page.open("tensors", tensor="bias", step=0)
    alone = at_first()
    page.open("tensors", tensor="bias", step=150)
    for _ in range(3):
        page.frame.get_by_role("button", name="Previous step").click()
    assert at_first() == alone


def state(page: TorchVizPage) -> list[object]:
    """What the page says, what is pressed or selected in it, and its address."""
    chosen = "[aria-pressed=true], [aria-selected=true], [aria-checked=true], [aria-current]"
    texts = page.frame.locator(chosen).evaluate_all("all => all.map(one => one.ariaLabel ?? one.textContent)")
    return [page.frame.locator("main").inner_text(), texts, page.page.evaluate("location.hash")]


@pytest.mark.parametrize(
    ("sample", "view", "set_all"),
    [
        ("sick", "graph", graph_settings),
        ("tensor_views", "tensors", tensor_settings),
        ("two_runs", "distributions", distribution_settings),
    ],
)
def test_the_other_views(
    open_page: OpenPage, chromium: Browser, sample: str, view: str, set_all: Callable[[TorchVizPage], None]
) -> None:
    page = open_page(sample, view)
    settle(page)
    before = state(page)
    set_all(page)
    settle(page)
    other = TorchVizPage(chromium.new_page(viewport=page.page.viewport_size, reduced_motion="reduce"), page.url)
    other.page.goto(page.page.url)
    settle(other)
    assert other.errors == []
    assert state(other) == state(page) != before
    other.page.close()


def test_back_and_forward_go_through_places(open_page: OpenPage) -> None:
    page = open_page("two_runs", anew=True)
    settle(page)
    map_ = page.frame.get_by_role("img", name=re.compile("^Map of"))
    map_.click(position={"x": 400, "y": 60})
    panel: Locator = page.frame.get_by_role("complementary", name="Selection")
    expect(panel).to_be_visible()
    page.page.wait_for_url(re.compile("site="))
    # With both on, the map has a button of that name, too.
    second = page.frame.get_by_role("group", name="Runs").get_by_role("button", name="second")
    second.click()
    page.page.wait_for_url(re.compile("runs=first%2Csecond|runs=first,second|runs="))
    page.tab("gradients").click()
    page.page.wait_for_url(re.compile("view=gradients"))
    page.page.go_back()
    expect(page.tab("overview")).to_have_attribute("aria-current", "page")
    expect(second).to_have_attribute("aria-pressed", "true")
    page.page.go_back()
    expect(second).to_have_attribute("aria-pressed", "false")
    expect(panel).to_be_visible()
    page.page.go_back()
    expect(panel).to_have_count(0)
    page.page.go_forward()
    expect(panel).to_be_visible()


def test_twenty_runs_stay_usable(chromium: Browser, tmp_path: Path) -> None:
    names = [f"{'wide' if number % 2 else 'deep'}_{number:02}" for number in range(20)]
    for number, name in enumerate(names):
        sample_logs.write_run(tmp_path / "runs" / name, range(0, 300, 50), seed=number)
    with serving(tmp_path / "runs", BACKENDS["rust"]) as board:
        board.wait_for(f"{PLUGIN}runs", lambda answer: len(answer["runs"]) == len(names))
        page = TorchVizPage(chromium.new_page(viewport={"width": 1280, "height": 800}), board.url)
        page.open("overview")
        menu = page.frame.get_by_role("button", name=re.compile("^Runs: "))
        menu.click()
        page.frame.get_by_role("menuitem", name="Compare all of these").click()
        page.page.keyboard.press("Escape")
        settle(page)
        asked: list[str] = []
        page.page.on("request", lambda request: asked.append(request.url) if PLUGIN in request.url else None)
        expect(menu).to_contain_text("+19")
        menu.click()
        page.frame.get_by_label("Filter runs by a regular expression").fill("^wide_0[13]$")
        rows = page.frame.get_by_role("menuitemcheckbox")
        expect(rows).to_have_count(2)
        rows.first.click()
        page.frame.get_by_label("Filter runs by a regular expression").fill("")
        page.page.keyboard.press("Escape")
        expect(menu).to_contain_text("+18")
        page.settle()
        head = page.frame.locator(".overview-head").bounding_box()
        map_ = page.frame.locator(".overview-map").bounding_box()
        assert head is not None
        assert map_ is not None
        assert head["height"] < 260, "the runs push the map out of the page"
        assert map_["y"] + 150 < 800
        menu.click()
        dots = "[...document.querySelectorAll('.menu-item[aria-checked=true] .run-dot')]"
        colours = page.evaluate(f"{dots}.map(dot => getComputedStyle(dot).backgroundColor)")
        page.page.keyboard.press("Escape")
        assert isinstance(colours, list)
        assert len(set(colours)) == len(colours) == 19, "two runs have one colour"
        for view in ("gradients", "distributions", "graph"):
            page.tab(view).click()
            settle(page)
        assert page.errors == []
        assert len(asked) < 400
        page.page.close()


def test_pictures_differ_where_a_setting_does(open_page: OpenPage) -> None:
    page = open_page("two_runs")
    settle(page)
    before = np.frombuffer(picture(page), np.uint8)
    choose(page, "Scale", "linear")
    settle(page)
    after = np.frombuffer(picture(page), np.uint8)
    assert before.tobytes() != after.tobytes()
