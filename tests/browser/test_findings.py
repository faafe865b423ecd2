"""Findings on the page: the verdict, the cards, the way to the place, the reasons."""

import re

import pytest
from browser_page import OpenPage, TorchVizPage
from playwright.sync_api import Locator, Route, expect

pytestmark = pytest.mark.browser


def cards(page: TorchVizPage) -> Locator:
    return page.frame.get_by_role("region", name="Findings").get_by_role("article")


def test_the_answer_is_the_first_thing(open_page: OpenPage) -> None:
    page = open_page("sick")
    heading = page.frame.get_by_role("heading", level=2).first
    expect(heading).to_have_text("first: NaN starts in fc1.weight, step 2500")
    expect(page.frame.get_by_title("Type a step")).to_have_value("2950")
    expect(cards(page)).to_have_count(3)
    expect(cards(page).nth(1)).to_contain_text("conv2.weight stopped learning at step 1000")
    expect(cards(page).nth(1)).to_contain_text("from step 1000 to 2450")


def test_a_lost_run_is_shown_where_it_was_lost(open_page: OpenPage) -> None:
    page = open_page("all_nan")
    expect(page.frame.get_by_title("Type a step")).to_have_value("100")
    page.page.wait_for_url(re.compile(r"p\.torchviz_tb\.step=100"))


def test_a_card_goes_to_its_place(open_page: OpenPage) -> None:
    page = open_page("sick")
    cards(page).nth(1).get_by_role("button", name="conv2.weight · step 1,000").click()
    expect(page.frame.get_by_title("Type a step")).to_have_value("1000")
    panel = page.frame.get_by_role("complementary", name="Selection")
    expect(panel).to_contain_text("conv2.weight")
    expect(panel).to_contain_text("The gradient is exactly 0")
    page.page.wait_for_url(re.compile(r"p\.torchviz_tb\.site=conv2\.weight"))


def test_why_names_reasons_and_their_source(open_page: OpenPage) -> None:
    page = open_page("sick")
    cards(page).nth(0).get_by_role("button", name=re.compile(r"^Why\?")).click()
    panel = page.frame.get_by_role("complementary", name="Selection")
    expect(panel).to_contain_text("Why it matters")
    expect(panel).to_contain_text("What people do")
    expect(panel.get_by_role("link")).to_have_attribute("href", re.compile("^https://"))
    page.page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_what_comes_late_moves_nothing(open_page: OpenPage) -> None:
    page = open_page("sick", anew=True)
    held: list[Route] = []
    for late in ("findings", "losses"):
        page.page.route(f"**/torchviz_tb/{late}?*", lambda route: held.append(route))
    page.open_again()
    the_map = page.frame.get_by_role("img", name=re.compile("^Map of"))
    before = the_map.bounding_box()
    assert {route.request.url.rpartition("/")[2].partition("?")[0] for route in held} == {"findings", "losses"}
    for route in held:
        route.continue_()
    expect(cards(page)).to_have_count(3)
    expect(page.frame.get_by_role("img", name=re.compile("^loss: first"))).to_be_visible()
    assert the_map.bounding_box() == before


def test_all_findings_in_a_list(open_page: OpenPage) -> None:
    page = open_page("sick")
    page.frame.get_by_role("button", name="all 4 findings").click()
    items = page.frame.get_by_role("complementary", name="Selection").get_by_role("listitem")
    expect(items).to_have_count(4)
    expect(items.nth(3)).to_contain_text("fc2.bias never had a gradient")


def test_keys_go_from_finding_to_finding(open_page: OpenPage) -> None:
    page = open_page("sick", "distributions")
    expect(page.frame.locator(".pin-mark").first).to_be_visible()  # on the rail, once the findings are there
    page.press("n")
    panel = page.frame.get_by_role("complementary", name="Selection")
    expect(panel).to_contain_text("NaN starts in fc1.weight")
    page.page.keyboard.press("n")
    expect(panel).to_contain_text("conv2.weight stopped learning")
    page.page.keyboard.press("p")
    expect(panel).to_contain_text("NaN starts in fc1.weight")


@pytest.mark.parametrize("width", [800, 600])
def test_narrow_pages_show_two(open_page: OpenPage, width: int) -> None:
    page = open_page("sick", width=width)
    expect(cards(page)).to_have_count(2)  # the third is hidden, and the list has it
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_wrong_is_said(open_page: OpenPage) -> None:
    page = open_page("small")
    heading = page.frame.get_by_role("heading", level=2).first
    expect(heading).to_have_text("first: no problem found in 10 sites over 60 sampled steps")
    expect(cards(page)).to_have_count(0)
