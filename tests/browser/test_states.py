"""Logs that are empty, odd or broken: the page says which run, what, and what to do; everything else is shown."""

import os
import time
from pathlib import Path

import pytest
import sample_logs
from browser_page import OpenPage, TorchVizPage
from playwright.sync_api import Browser, expect
from tensorboard_process import serving

from torchviz_tb.records.metadata import SCHEMA_VERSION

pytestmark = pytest.mark.browser

BACKENDS = ["rust", "python"]
WATCH = "writer.watch(model, optimizer)"


@pytest.mark.parametrize("backend", BACKENDS)
def test_empty_log_directory(open_page: OpenPage, backend: str) -> None:
    page = open_page("empty", backend=backend)
    expect(page.frame.get_by_text("The log directory is empty")).to_be_visible()
    assert WATCH in page.text()


def test_missing_log_directory(chromium: Browser, tmp_path: Path) -> None:
    with serving(tmp_path / "nowhere") as board:
        page = TorchVizPage(chromium.new_page(), board.url)
        page.open()
        expect(page.frame.get_by_text("The log directory does not exist")).to_be_visible()
        assert WATCH in page.text()
        page.page.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_runs_without_our_data(open_page: OpenPage, backend: str) -> None:
    page = open_page("foreign", backend=backend)
    expect(page.frame.get_by_text("No TorchViz data in these runs yet")).to_be_visible()
    assert "scalars_only" in page.text()
    assert WATCH in page.text()


def test_one_step(open_page: OpenPage) -> None:
    page = open_page("one_step")
    expect(page.frame.get_by_text("trends are judged from 8 sampled steps on")).to_be_visible()
    for view in ("graph", "distributions", "gradients"):
        page.tab(view).click()
        expect(page.frame.get_by_role("alert")).to_have_count(0)
        expect(page.frame.get_by_role("main").locator("canvas").first).to_be_visible()


def test_all_nan_says_where_and_since_when(open_page: OpenPage) -> None:
    page = open_page("all_nan")
    expect(page.frame.get_by_role("heading", name="nan: NaN starts in conv1.weight, step 100")).to_be_visible()
    expect(page.frame.get_by_text("at step 100 in 10 of 10 sites").first).to_be_visible()


def test_what_was_not_measured_is_never_a_number(open_page: OpenPage) -> None:
    page = open_page("unmeasured")
    page.open(open="conv1,conv2")
    twin = page.frame.locator("table", has_text="not finite from").locator("tr")
    expect(twin.filter(has_text="conv1.weight")).to_contain_text("frozen")
    expect(twin.filter(has_text="conv2.weight")).to_contain_text("no gradient")
    expect(twin.filter(has_text="conv2.bias")).to_contain_text("not measured")
    expect(page.frame.get_by_text("2 sites frozen")).to_be_visible()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_flipped_byte_is_named_and_the_rest_is_shown(open_page: OpenPage, backend: str) -> None:
    page = open_page("damaged", backend=backend)
    page.open("distributions", runs="flipped", site="fc1.weight")
    # The line names the first one met, which may be the file that is cut off: the list has them all.
    page.frame.get_by_role("region", name="What can’t be read").locator("summary").click()
    expect(
        page.frame.get_by_role("listitem").filter(has_text="its payload can't be decompressed").first
    ).to_be_visible()
    assert "flipped" in page.text()
    expect(page.frame.get_by_role("main")).to_contain_text("fc1.weight")
    expect(page.frame.get_by_role("main").locator("canvas").first).to_be_visible()


def test_a_file_that_is_cut_off_is_named(chromium: Browser, tmp_path: Path) -> None:
    log_dir = tmp_path / "runs"
    sample_logs.damaged(log_dir)
    hour_ago = time.time() - 3600  # a file that was written just now may still grow
    for file in log_dir.rglob("events*"):
        os.utime(file, (hour_ago, hour_ago))
    with serving(log_dir) as board:
        page = TorchVizPage(chromium.new_page(), board.url)
        page.open()
        expect(page.frame.get_by_role("region", name="What can’t be read")).to_contain_text("cut")
        assert "in the middle of a record" in page.text()
        page.page.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_records_of_a_newer_version_say_to_upgrade(open_page: OpenPage, backend: str) -> None:
    page = open_page("newer", backend=backend)
    expect(page.frame.get_by_text(f"schema version {SCHEMA_VERSION + 1}").first).to_be_visible()
    assert "upgrade torchviz_tb" in page.text()
    expect(page.frame.get_by_role("heading", name="newer")).to_contain_text("10 sites")
