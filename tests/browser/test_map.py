"""The map of the Overview: opening groups, zooming in steps, another run, the difference of two."""

import re

import pytest
from browser_page import OpenPage, TorchVizPage
from playwright.sync_api import Locator, expect

pytestmark = pytest.mark.browser


def the_map(page: TorchVizPage) -> Locator:
    return page.frame.get_by_role("img", name=re.compile("^Map of"))


def drag_with_shift(page: TorchVizPage, start: float, end: float) -> None:
    """From one share of the map's width to another."""
    box = the_map(page).bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.page.keyboard.down("Shift")
    page.page.mouse.move(box["x"] + start * box["width"], y)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + end * box["width"], y, steps=4)
    page.page.mouse.up()
    page.page.keyboard.up("Shift")


def test_a_stretch_of_steps_is_picked_shown_kept_in_the_address_and_given_up(open_page: OpenPage) -> None:
    page = open_page("sick")
    expect(the_map(page)).to_have_attribute("aria-label", re.compile("10 sites by 60 steps"))
    drag_with_shift(page, 0.4, 0.6)
    note = page.frame.get_by_text(re.compile(r"steps [\d,]+ to [\d,]+"))
    expect(note).to_be_visible()
    label = the_map(page).get_attribute("aria-label") or ""
    assert 10 <= int(re.search(r"by (\d+) steps", label)[1]) <= 20
    expect(page.frame.get_by_role("complementary", name="Selection")).to_have_count(0)  # dragging is no click
    page.page.wait_for_url(re.compile(r"p\.torchviz_tb\.range=\d+"))
    page.frame.get_by_role("button", name="show all").click()
    expect(the_map(page)).to_have_attribute("aria-label", re.compile("by 60 steps"))


def test_wheel_and_keys_zoom(open_page: OpenPage) -> None:
    page = open_page("sick")
    box = the_map(page).bounding_box()
    assert box is not None
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.page.keyboard.down("Control")
    page.page.mouse.wheel(0, -300)
    page.page.keyboard.up("Control")
    expect(the_map(page)).to_have_attribute("aria-label", re.compile("by 30 steps"))
    the_map(page).focus()
    page.page.keyboard.press("+")
    expect(the_map(page)).to_have_attribute("aria-label", re.compile("by 19 steps"))
    page.page.keyboard.press("0")
    expect(the_map(page)).to_have_attribute("aria-label", re.compile("by 60 steps"))


def test_a_link_opens_the_same_map(open_page: OpenPage) -> None:
    page = open_page("two_runs")
    page.open(runs="first,second", map="difference", range="100..500", order="size", scale="linear", open="conv1")
    expect(the_map(page)).to_have_attribute("aria-label", re.compile("by 9 steps"))
    expect(page.frame.get_by_role("button", name="difference")).to_have_attribute("aria-pressed", "true")
    expect(page.frame.get_by_role("button", name="Order of the rows")).to_contain_text("order of size")


def test_a_module_opens_by_its_label_and_closes_by_key(open_page: OpenPage) -> None:
    page = open_page("sick")
    the_map(page).click(position={"x": 130, "y": 30})
    page.page.wait_for_url(re.compile(r"p\.torchviz_tb\.open=conv1"))
    the_map(page).focus()
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("o")
    page.page.wait_for_url(re.compile(r"p\.torchviz_tb\.open=%3Aconv1"))


def test_modules_open_within_one_another_and_close_to_the_site_that_is_seen(open_page: OpenPage) -> None:
    page = open_page("blocks")
    page.open(runs="second", open="h.7")
    tree = page.frame.get_by_role("treegrid")

    def row(module: str) -> Locator:
        return tree.locator("tr", has=page.frame.get_by_role("button", name=module, exact=True))

    expect(row("h.7")).to_have_attribute("aria-expanded", "true")
    expect(row("h.7.attn")).to_have_attribute("aria-expanded", "false")
    expect(row("h.7.attn")).to_have_attribute("aria-level", "2")
    row("h.7.attn").get_by_role("button").dispatch_event("click")
    expect(tree.get_by_role("row", name=re.compile("^h.7.attn.bias"))).to_have_attribute("aria-level", "3")
    page.page.wait_for_url(re.compile("open=h.7%2Ch.7.attn"))
    the_map(page).focus()
    for _ in range(9):  # six blocks, the one site of h.7 itself, its attention, its MLP
        page.page.keyboard.press("PageDown")
    tooltip = page.frame.get_by_role("tooltip")
    expect(tooltip).to_contain_text("h.7.mlp")
    page.page.keyboard.press("O")
    expect(row("h.7")).to_have_attribute("aria-expanded", "false")
    expect(tooltip).to_contain_text("1 of 5sites in h.7")
    page.page.keyboard.press("o")
    expect(row("h.7.attn")).to_have_attribute("aria-expanded", "true")  # as it was


def test_the_difference_reads_out_both_numbers(open_page: OpenPage) -> None:
    page = open_page("two_runs")
    page.open(runs="first,second")
    page.frame.get_by_role("button", name="difference").click()
    the_map(page).focus()
    page.page.keyboard.press("ArrowRight")
    tooltip = page.frame.get_by_role("tooltip")
    expect(tooltip).to_contain_text("first against second")
    expect(tooltip).to_contain_text(re.compile(r"[×÷]\d"))


def test_the_other_run_can_be_shown(open_page: OpenPage) -> None:
    page = open_page("two_runs")
    page.open(runs="first,second")
    expect(the_map(page)).to_have_attribute("aria-label", re.compile("by 20 steps"))
    page.frame.get_by_role("group", name="What the map shows").get_by_text("second").click()
    expect(the_map(page)).to_have_attribute("aria-label", re.compile("by 30 steps"))
    expect(page.frame.get_by_text("no findings in second")).to_be_visible()
