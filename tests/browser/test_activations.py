"""Activations on the page: a stage with sites of its own, which the other stages don't show."""

import re

import pytest
from browser_page import OpenPage, TorchVizPage
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def choose(page: TorchVizPage, label: str, option: str) -> None:
    page.frame.get_by_role("button", name=re.compile(f"^{label}\\b")).first.click()
    page.frame.get_by_role("menuitemradio", name=option).click()


def test_the_map_shows_the_sites_of_its_stage(open_page: OpenPage) -> None:
    page = open_page("activations")
    expect(page.frame.get_by_role("img", name=re.compile("^Map of 10 sites"))).to_be_visible()
    choose(page, "Stage", "activation")
    expect(page.frame.get_by_role("img", name=re.compile("^Map of 3 sites"))).to_be_visible()
    choose(page, "Statistic", "share of dead units")
    expect(page.frame.get_by_text("share of dead units").first).to_be_visible()


def test_distributions_show_outputs_under_their_stage_alone(open_page: OpenPage) -> None:
    page = open_page("activations", "distributions")
    expect(page.frame.get_by_text(re.compile(r"All sites"))).to_be_visible()
    choose(page, "Stage", "activation")
    page.frame.get_by_role("button", name=re.compile("relu1")).first.click()
    expect(page.frame.get_by_role("heading", name="Activation", level=3)).to_be_visible()
    expect(page.frame.get_by_role("heading", name="Gradient", level=3)).to_have_count(0)


def test_gradients_leave_outputs_out(open_page: OpenPage) -> None:
    page = open_page("activations", "gradients")
    expect(page.frame.get_by_text("conv1").first).to_be_visible()
    expect(page.frame.get_by_text("relu1")).to_have_count(0)
