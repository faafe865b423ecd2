"""Keys without a click into the page, the help sheet's switches, and the header's search."""

import re

import pytest
from browser_page import OpenPage, TorchVizPage
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

STEP = "Type a step"


def ready(page: TorchVizPage) -> None:
    page.frame.locator("main canvas").first.wait_for()
    page.settle()


def test_keys_work_as_soon_as_the_tab_is_opened(open_page: OpenPage) -> None:
    page = open_page("small", anew=True)
    ready(page)
    page.page.keyboard.press(",")
    expect(page.frame.get_by_title(STEP)).to_have_value("2900")
    page.page.get_by_role("tab", name="Scalars").click()
    page.page.get_by_role("tab", name="TorchViz").click()
    ready(page)
    page.page.keyboard.press(",")
    expect(page.frame.get_by_title(STEP)).to_have_value("2850")


def test_the_focus_is_not_taken_from_someone_who_is_elsewhere_with_the_keyboard(open_page: OpenPage) -> None:
    page = open_page("small", anew=True)
    ready(page)
    page.page.get_by_role("tab", name="Scalars").click()
    page.page.keyboard.press("Tab")
    button = page.page.get_by_role("button", name="Last Updated")
    button.focus()
    # As by the address, not by a click.
    page.page.evaluate("location.hash = '#torchviz_tb'")
    expect(page.page.locator("iframe[src*='torchviz_tb']")).to_be_visible()
    page.page.wait_for_timeout(500)
    expect(button).to_be_focused()


def test_every_key_of_the_sheet_does_something_and_can_be_switched_off(open_page: OpenPage) -> None:
    page = open_page("sick", anew=True)
    ready(page)
    field = page.frame.get_by_title(STEP)
    page.page.keyboard.press("?")
    sheet = page.frame.get_by_role("dialog")
    expect(sheet).to_be_visible()
    labels = sheet.locator("kbd").all_text_contents()
    assert labels[:12] == ["1 – 5", "/", ",", ".", "Shift ,", "Shift .", "Space", "n", "p", "c", "Esc", "?"]
    sheet.get_by_role("checkbox", name="Key , on").uncheck()
    page.page.keyboard.press("Escape")
    page.page.keyboard.press(",")
    expect(field).to_have_value("2950")
    page.page.keyboard.press("Shift+Comma")
    expect(field).to_have_value("2450")
    page.page.keyboard.press("Shift+Period")
    expect(field).to_have_value("2950")
    page.open("overview")
    page.page.reload()
    ready(page)
    page.page.keyboard.press(",")
    expect(field).to_have_value("2950")
    page.page.keyboard.press("n")
    expect(page.frame.get_by_role("complementary", name="Selection")).to_contain_text("Why it matters")
    page.page.keyboard.press("Escape")
    expect(page.frame.get_by_role("complementary", name="Selection")).to_contain_text("fc1.weight")
    page.page.keyboard.press("Escape")
    expect(page.frame.get_by_role("complementary", name="Selection")).to_have_count(0)
    page.page.keyboard.press("p")
    expect(page.frame.get_by_role("complementary", name="Selection")).to_contain_text("Why it matters")
    page.page.keyboard.press(" ")
    expect(page.frame.get_by_role("button", name="Stop", exact=True)).to_be_visible()


def test_the_search_goes_to_sites_and_to_the_graph(open_page: OpenPage) -> None:
    page = open_page("small")
    ready(page)
    page.page.keyboard.press("/")
    field = page.frame.get_by_role("searchbox")
    expect(field).to_be_focused()
    page.page.keyboard.type("fc1 64x128")
    expect(page.frame.get_by_role("menuitem")).to_have_count(2)  # the site and its module
    page.page.keyboard.press("Enter")
    expect(page.frame.get_by_role("complementary", name="Selection")).to_contain_text("fc1.weight")
    page.page.wait_for_url(re.compile(r"p\.torchviz_tb\.site=fc1\.weight"))
    page.page.keyboard.press("/")
    expect(field).to_be_focused()
    page.page.keyboard.type("convolution")
    expect(page.frame.get_by_role("menuitem").first).to_contain_text("in conv1")
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Enter")
    expect(page.tab("graph")).to_have_attribute("aria-current", "page")
    expect(page.frame.get_by_role("complementary", name="Selection")).to_contain_text("convolution")
    page.page.wait_for_url(re.compile(r"p\.torchviz_tb\.node=conv2"))


def test_escape_closes_the_search_and_gives_the_focus_back(open_page: OpenPage) -> None:
    page = open_page("small")
    ready(page)
    page.page.keyboard.press("/")
    expect(page.frame.get_by_role("searchbox")).to_be_focused()
    page.page.keyboard.type("zzz")
    expect(page.frame.get_by_text("Nothing found")).to_be_visible()
    page.page.keyboard.press("Escape")
    expect(page.frame.get_by_text("Nothing found")).to_have_count(0)
    expect(page.frame.get_by_role("button", name="Search")).to_be_focused()
