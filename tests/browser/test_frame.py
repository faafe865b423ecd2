"""What all views share: tabs, keys, the address, the theme, and TensorBoard's reload."""

import re
from pathlib import Path

import pytest
import sample_logs
from browser_page import OpenPage, TorchVizPage
from playwright.sync_api import Browser, expect
from tensorboard_process import BACKENDS, serving

pytestmark = pytest.mark.browser

VIEWS = ["overview", "graph", "distributions", "gradients", "tensors"]
STEP = "Type a step"


def expect_view(page: TorchVizPage, view: str) -> None:
    expect(page.tab(view)).to_have_attribute("aria-current", "page")


def test_views_open_by_click_and_by_key(open_page: OpenPage) -> None:
    page = open_page("small")
    for view in reversed(VIEWS):
        page.tab(view).click()
        expect_view(page, view)
    for number, view in enumerate(VIEWS, start=1):
        page.press(str(number))
        expect_view(page, view)


def test_a_link_restores_the_picture(open_page: OpenPage) -> None:
    page = open_page("small", anew=True)
    page.open("distributions", step=1000, site="fc1.weight", stage="parameter")
    expect_view(page, "distributions")
    expect(page.frame.get_by_title(STEP)).to_have_value("1000")
    expect(page.frame.get_by_role("main")).to_contain_text("fc1.weight")


def test_the_address_follows_and_back_goes_back(open_page: OpenPage) -> None:
    page = open_page("small", anew=True)
    page.tab("gradients").click()
    page.page.wait_for_url(re.compile("p.torchviz_tb.view=gradients"))
    page.frame.get_by_role("button", name="Previous step").click()
    page.page.wait_for_url(re.compile("p.torchviz_tb.step=2900"))
    page.tab("tensors").click()
    page.page.wait_for_url(re.compile("p.torchviz_tb.view=tensors"))
    page.page.go_back()
    expect_view(page, "gradients")
    expect(page.frame.get_by_title(STEP)).to_have_value("2900")


def test_step_keys_move_by_samples(open_page: OpenPage) -> None:
    page = open_page("small")
    field = page.frame.get_by_title(STEP)
    expect(field).to_have_value("2950")
    page.press(",")
    expect(field).to_have_value("2900")
    page.press(".")
    expect(field).to_have_value("2950")


def test_dark_mode_follows_the_host(open_page: OpenPage) -> None:
    page = open_page("small")
    root = page.frame.locator("html")
    expect(root).to_have_css("background-color", "rgb(255, 255, 255)")
    page.page.evaluate("document.body.classList.add('dark-mode')")
    expect(root).to_have_css("background-color", "rgb(38, 38, 38)")
    page.page.evaluate("document.body.classList.remove('dark-mode')")
    expect(root).to_have_css("background-color", "rgb(255, 255, 255)")


def test_help_lists_the_keys_and_closes(open_page: OpenPage) -> None:
    page = open_page("small")
    page.press("?")
    sheet = page.frame.get_by_role("dialog")
    expect(sheet).to_contain_text("Space")
    expect(sheet).to_contain_text("Pick a range of steps")  # of the map, which listens to it itself
    sheet.press("Escape")
    expect(sheet).to_be_hidden()
    page.tab("gradients").click()
    page.press("?")
    expect(sheet).to_contain_text("among tiles")


@pytest.mark.parametrize("backend", BACKENDS)
def test_reload_shows_new_steps(chromium: Browser, tmp_path: Path, backend: str) -> None:
    log_dir = tmp_path / "runs"
    file = sample_logs.write_run(log_dir / "first", range(0, 500, 50))
    with serving(log_dir, BACKENDS[backend]) as board:
        runs = "data/plugin/torchviz_tb/runs"
        board.wait_for(runs, lambda answer: answer["runs"])
        page = TorchVizPage(chromium.new_page(), board.url)
        page.open()
        field = page.frame.get_by_title(STEP)
        expect(field).to_have_value("450")
        names = list(sample_logs.SMALL_SHAPES)
        for step, tensors in sample_logs.training(sample_logs.SMALL_SHAPES, range(500, 600, 50)):
            sample_logs.write_step(file, "model", names, step, tensors)
        board.wait_for(runs, lambda answer: 550 in answer["runs"][0]["groups"][0]["kinds"]["statistics"])
        page.page.get_by_role("button", name="Last Updated").click()
        expect(field).to_have_value("550")
        assert page.errors == []
        page.page.close()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("width", [600, 800])
def test_nothing_is_wider_than_the_page(open_page: OpenPage, view: str, width: int) -> None:
    page = open_page("tensor_views" if view == "tensors" else "small", view, width=width)
    page.settle()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    header = page.frame.get_by_role("banner").bounding_box()
    assert header["width"] <= width
    expect(page.frame.get_by_role("button", name="Help")).to_be_in_viewport()
