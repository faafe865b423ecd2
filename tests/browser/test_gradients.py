"""The Gradients view: what clipping did, which site a finding is about, one map at full size, steps that are played."""

import re
from collections.abc import Iterator

import handmade
import numpy as np
import pytest
from browser_page import OpenPage, TorchVizPage
from event_file import EventFile
from playwright.sync_api import Browser, expect
from sample_logs import training, write_step
from tensorboard_process import serving

from torchviz_tb.records.metadata import Kind

pytestmark = pytest.mark.browser

SHAPES = {f"h.{block}.{name}": shape for block in range(3) for name, shape in {"fc": (4, 6), "ln": (6,)}.items()}
LARGEST_NORM = 0.01
STEPS = range(0, 50, 10)


@pytest.fixture(scope="module")
def norms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, float]]]:
    """A TensorBoard on a run that clips, and the largest norm of each block before clipping at the last step."""
    log_dir = tmp_path_factory.mktemp("clipped")
    file = EventFile(log_dir / "first")
    file.record("model", Kind.SITES, handmade.sites(SHAPES), 0)
    largest: dict[str, float] = {}
    for step, tensors in training(SHAPES, STEPS):
        raw = [np.asarray(gradient) for gradient in tensors["gradient"]]
        total = np.sqrt(sum((gradient**2).sum() for gradient in raw))
        clipped = [gradient * LARGEST_NORM / total for gradient in raw]
        write_step(file, "model", list(SHAPES), step, {**tensors, "raw_gradient": raw, "gradient": clipped})
        by_site = dict(zip(SHAPES, (float(np.linalg.norm(gradient)) for gradient in raw), strict=True))
        largest = {block: max(by_site[f"{block}.fc"], by_site[f"{block}.ln"]) for block in ("h.0", "h.1", "h.2")}
    with serving(log_dir) as board:
        board.wait_for("data/plugin/torchviz_tb/runs", lambda answer: answer["runs"])
        yield board.url, largest


@pytest.fixture
def clipped(chromium: Browser, norms: tuple[str, dict[str, float]]) -> Iterator[TorchVizPage]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = TorchVizPage(context.new_page(), norms[0])
    page.open("gradients")
    yield page
    context.close()
    assert page.errors == []


def test_flow_is_shown_before_and_after_clipping(clipped: TorchVizPage, norms: tuple[str, dict[str, float]]) -> None:
    table = clipped.frame.get_by_role("table", name="Gradient norm of each part at the step")
    expect(table).to_contain_text("before clipping")
    for block, largest in norms[1].items():
        expect(table.locator("tr", has_text=block).locator("td")).to_have_count(2)
        before, after = table.locator("tr", has_text=block).locator("td").all_inner_texts()
        assert float(before) == pytest.approx(largest, rel=0.06)  # two digits are shown
        assert float(after.replace("−", "-")) < LARGEST_NORM
    expect(clipped.frame.get_by_text("after clipping", exact=True)).to_be_visible()


def test_the_measure_is_chosen_and_kept_in_the_address(clipped: TorchVizPage) -> None:
    clipped.frame.get_by_role("button", name="Measure: norm").click()
    clipped.frame.get_by_role("menuitemradio", name="quantiles").click()
    table = clipped.frame.get_by_role("table", name="Quantiles of the gradient's values at the step")
    cells = table.locator("tr", has_text="h.1.fc").locator("td")
    expect(cells).to_have_count(5)
    values = [float(text.replace("−", "-")) for text in cells.all_inner_texts()]
    assert values == sorted(values)
    clipped.page.wait_for_url(re.compile(r"p\.torchviz_tb\.flow=quantiles"))


def test_a_map_takes_the_whole_stage_and_gives_it_back(clipped: TorchVizPage) -> None:
    frame = clipped.frame
    frame.get_by_role("button", name=re.compile(r"^h\.1\.fc, gradient norm")).click()
    panel = frame.get_by_role("complementary", name="Selection")
    small = panel.locator("canvas").first.bounding_box()
    panel.get_by_role("button", name="Enlarge").click()
    canvas = frame.get_by_role("img", name=re.compile(r"^Gradient of h\.1\.fc"))
    large = canvas.bounding_box()
    assert small is not None
    assert large is not None
    assert large["width"] > 2 * small["width"]
    canvas.press("Home")
    canvas.press("PageUp")
    expect(panel).to_contain_text("out 0, in 0")
    canvas.press("ArrowRight")
    expect(panel).to_contain_text("out 0, in 1")
    clipped.page.keyboard.press("Escape")
    expect(frame.get_by_role("button", name=re.compile(r"^h\.2\.fc, gradient norm"))).to_be_visible()


def test_playing_starts_again_at_the_first_step_and_asks_for_maps_up_to_the_last(clipped: TorchVizPage) -> None:
    asked: list[str] = []
    clipped.page.on("request", lambda request: asked.append(request.url) if "/heatmaps?" in request.url else None)
    at_the_last = clipped.frame.get_by_role("heading", name="Gradient flow by depth at step 40")
    expect(at_the_last).to_be_visible()
    with clipped.page.expect_request(re.compile(r"/heatmaps\?.*\bstep=0\b")):
        clipped.press(" ")
    expect(at_the_last).to_be_visible()
    assert any(re.search(r"\bstep=40\b", url) for url in asked)


def test_a_link_has_the_same_colours_whichever_steps_were_looked_at_before(open_page: OpenPage) -> None:
    page = open_page("small", "gradients")
    tile = page.frame.get_by_role("button", name=re.compile(r"^fc1\.weight, gradient norm")).locator("canvas")
    legend = page.frame.locator(".gallery-foot").get_by_role("img", name=re.compile("^Colours from"))
    step = page.frame.get_by_title("Type a step")

    def colours_at(wanted: int) -> tuple[str, str]:
        with page.page.expect_response(re.compile(rf"/heatmaps\?.*\bstep={wanted}\b")):
            step.fill(str(wanted))
            step.press("Enter")
        expect(step).to_have_value(str(wanted))
        page.settle()
        drawn = "canvas => new Promise(requestAnimationFrame).then(() => canvas.toDataURL())"
        return str(legend.get_attribute("aria-label")), str(tile.evaluate(drawn))

    expect(tile).to_be_visible()
    late = colours_at(2000)
    early = colours_at(0)
    assert early[0] == late[0]
    assert early[1] != late[1]
    assert colours_at(2000) == late
    page.page.reload()
    expect(tile).to_be_visible()
    page.settle()  # what comes late would take the place of what is typed
    assert colours_at(0) == early


def test_arrows_go_from_map_to_map_and_one_is_in_the_tab_order(open_page: OpenPage) -> None:
    page = open_page("small", "gradients")
    maps = page.frame.locator(".map-tile")
    expect(maps).to_have_count(10)
    assert maps.evaluate_all("all => all.filter(each => each.tabIndex === 0).length") == 1
    maps.first.focus()
    focused = page.frame.locator(":focus")
    for key, site in (("ArrowRight", "conv2.weight"), ("ArrowDown", "conv2.bias"), ("ArrowLeft", "conv1.bias")):
        page.page.keyboard.press(key)
        expect(focused).to_have_attribute("aria-label", re.compile(rf"^{re.escape(site)}, gradient norm"))
    page.page.keyboard.press("Enter")
    expect(page.frame.get_by_role("complementary", name="Selection")).to_contain_text("conv1, 16, float32")
    assert focused.get_attribute("tabindex") == "0"


def test_a_finding_has_its_pin_on_its_tile_and_its_words_in_the_panel(open_page: OpenPage) -> None:
    page = open_page("sick", "gradients")
    tile = page.frame.get_by_role("button", name=re.compile(r"^conv2\.weight, gradient norm .*, finding \d"))
    expect(tile.locator(".pin")).to_be_visible()
    tile.click()
    panel = page.frame.get_by_role("complementary", name="Selection")
    expect(panel.locator(".finding-note").first).to_contain_text("step")


def test_all_nan_is_drawn_as_it_is(open_page: OpenPage) -> None:
    page = open_page("all_nan", "gradients", width=800)
    expect(page.frame.get_by_role("img", name=re.compile("^Gradient norm of"))).to_be_visible()
    expect(page.frame.get_by_role("button", name=re.compile("gradient norm NaN")).first).to_be_visible()
    expect(page.frame.get_by_role("alert")).to_have_count(0)


def test_the_step_before_the_end_is_one_click_away(open_page: OpenPage) -> None:
    page = open_page("all_nan", "gradients")
    expect(page.frame.get_by_text("Not finite since step 100.")).to_be_visible()
    page.frame.get_by_role("button", name="Go to step 50, the last before it").click()
    expect(page.frame.get_by_title("Type a step")).to_have_value("50")
    expect(page.frame.get_by_text("Not finite since")).to_have_count(0)
