"""The Tensors view shows the saved numbers, of the slice and step that are asked for."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from browser_page import Board, OpenPage
from playwright.sync_api import expect

from torchviz_tb.reading import load

pytestmark = pytest.mark.browser


ViewAt = Callable[[int], np.ndarray]


@pytest.fixture
def view_at(board: Board, tmp_path_factory: pytest.TempPathFactory) -> ViewAt:
    board("tensor_views")
    log_dir = next(tmp_path_factory.getbasetemp().glob("tensor_views_rust*")) / "runs"
    run = load(log_dir)["first"]
    return lambda step: run.tensor_view("attention.probs", step).values


@pytest.fixture
def saved(view_at: ViewAt) -> np.ndarray:
    return view_at(150)


def test_values_are_those_of_the_picked_slice(open_page: OpenPage, saved: np.ndarray) -> None:
    page = open_page("tensor_views", "tensors")
    page.frame.locator(".tensor-entry", has_text="attention.probs").click()
    page.frame.get_by_role("button", name="Next head").click()
    page.frame.get_by_role("button", name="Values", exact=True).click()
    cell = page.frame.locator(".values-table tbody tr").nth(2).locator("td").nth(3)
    assert float(cell.get_attribute("title").replace("−", "-")) == pytest.approx(saved[0, 1, 2, 3], rel=1e-6)


def test_statistics_are_those_of_the_tensor(open_page: OpenPage, saved: np.ndarray) -> None:
    page = open_page("tensor_views", "tensors")
    page.frame.locator(".tensor-entry", has_text="attention.probs").click()
    table = page.frame.get_by_role("table", name="Statistics of the slice and of the whole tensor")
    maximum = table.locator("tr", has_text="maximum").locator("td").last
    assert float(maximum.inner_text()) == pytest.approx(saved.max(), rel=0.01)


def test_an_earlier_step_is_shown_and_said(open_page: OpenPage) -> None:
    page = open_page("tensor_views", "tensors")
    page.frame.get_by_role("button", name="Previous step").click()
    page.frame.get_by_text("at step 100").wait_for()


def test_arrow_keys_read_the_values(open_page: OpenPage, saved: np.ndarray) -> None:
    page = open_page("tensor_views", "tensors")
    page.frame.locator(".tensor-entry", has_text="attention.probs").click()
    canvas = page.frame.locator(".slice-map canvas")
    canvas.focus()
    canvas.press("ArrowDown")
    canvas.press("ArrowRight")
    title = page.frame.get_by_role("tooltip").inner_text()
    assert "[0, 0, 1, 1]" in title
    assert f"{saved[0, 0, 1, 1]:.8g}"[:6] in title


def test_a_run_without_tensors_says_what_to_write(open_page: OpenPage) -> None:
    page = open_page("small", "tensors")
    page.frame.get_by_text("No tensor was saved in this run").wait_for()
    assert "writer.add_tensor_view(" in page.text()


def test_a_thumbnail_picks_its_slice_and_the_address_keeps_it(open_page: OpenPage, saved: np.ndarray) -> None:
    page = open_page("tensor_views", "tensors", width=800)
    page.frame.locator(".tensor-entry", has_text="attention.probs").click()
    page.frame.get_by_role("navigation", name="Slices along head").get_by_role("button", name="head 3").click()
    expect(page.frame.get_by_role("spinbutton", name="head, from 0 to 3")).to_have_value("3")
    maximum = page.frame.locator(".tensor-panel tr", has_text="maximum").first.locator("td").first
    assert float(maximum.inner_text()) == pytest.approx(saved[0, 3].max(), rel=0.06)  # two digits are shown
    page.page.wait_for_url(re.compile(r"p\.torchviz_tb\.slice=2%2C3%2C0\.3\.0\.0"))
    page.page.reload()
    expect(page.frame.get_by_role("spinbutton", name="head, from 0 to 3")).to_have_value("3")


def test_statistics_are_shown_over_the_saved_steps(open_page: OpenPage, saved: np.ndarray) -> None:
    page = open_page("tensor_views", "tensors")
    page.frame.locator(".tensor-entry", has_text="attention.probs").click()
    table = page.frame.get_by_role("table", name="Statistics over steps")
    expect(table.get_by_role("img", name=re.compile("^std from"))).to_be_visible()
    now = table.locator("tr", has_text="std").locator("td").last.inner_text()
    assert float(now) == pytest.approx(saved[0, 0].std(), rel=0.06)  # two digits are shown


def test_the_same_slice_is_followed_over_the_saved_steps(open_page: OpenPage, view_at: ViewAt) -> None:
    page = open_page("tensor_views", "tensors")
    page.frame.locator(".tensor-entry", has_text="attention.probs").click()
    page.frame.get_by_role("navigation", name="Slices along head").get_by_role("button", name="head 2").click()
    steps = page.frame.get_by_role("navigation", name="This slice at the saved steps")
    expect(steps.get_by_role("button")).to_have_text(["step 0", "step 50", "step 100", "step 150"])
    expect(steps.get_by_role("button", pressed=True)).to_have_text("step 150")
    steps.get_by_role("button", name="step 50").click()
    expect(page.frame.get_by_title("Type a step")).to_have_value("50")
    expect(page.frame.get_by_role("spinbutton", name="head, from 0 to 3")).to_have_value("2")
    first = page.frame.get_by_role("table", name="Values around the cell that is read out").locator("td").first
    expect(first).to_have_attribute("title", re.compile(re.escape(f"{view_at(50)[0, 2, 0, 0]:.8g}"[:7])))


def test_the_lens_reads_where_the_pointer_is(open_page: OpenPage, saved: np.ndarray) -> None:
    page = open_page("tensor_views", "tensors")
    page.frame.locator(".tensor-entry", has_text="attention.probs").click()
    canvas = page.frame.locator(".slice-map canvas")
    box = canvas.bounding_box()
    side = min(box["width"], box["height"]) // 16  # whole pixels a cell, 16 x 16 of them
    canvas.hover(position={"x": 9.5 * side, "y": 5.5 * side})
    lens = page.frame.get_by_role("table", name="Values around the cell that is read out")
    read = lens.locator("td[aria-current=true]").get_attribute("title")
    assert float(read) == pytest.approx(saved[0, 0, 5, 9], rel=1e-6)
    expect(page.frame.locator(".lens")).to_contain_text("query: 2–8, key: 7–11")
