"""Distributions in a browser: which sites, in which order, and that a link keeps both."""

import csv
import io
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import pytest
import sample_logs
from browser_page import OpenPage, TorchVizPage
from playwright.sync_api import Locator, expect

pytestmark = pytest.mark.browser

BOTH = "first,second"
COLOUR_OF_SECOND = (147, 52, 230)


def tiles(page: TorchVizPage) -> Locator:
    return page.frame.locator(".tile")


def names(found: Locator) -> list[str]:
    return [text.partition(",")[0] for text in found.evaluate_all("all => all.map(one => one.ariaLabel)")]


def expect_first(page: TorchVizPage, *wanted: str) -> None:
    """The first tiles are those of these sites, once the ranking is there."""
    expect(tiles(page).first).to_have_attribute("aria-label", re.compile(rf"^{re.escape(wanted[0])},"))
    assert names(tiles(page))[: len(wanted)] == list(wanted)


def choose(page: TorchVizPage, label: str, option: str) -> None:
    page.frame.get_by_role("button", name=re.compile(f"^{label}\\b")).first.click()
    page.frame.get_by_role("menuitemradio", name=option).click()


def test_what_differs_most_between_the_runs_comes_first(open_page: OpenPage) -> None:
    page = open_page("blocks", "distributions")
    page.open("distributions", runs=BOTH, step=150)
    expect(tiles(page).first).to_be_visible()
    choose(page, "Order", "difference between the runs")
    expect_first(page, "h.7.mlp.weight", "h.41.attn.weight")
    expect(page.frame.locator(".tile-name").first).to_contain_text("1.00")
    panel = page.frame.get_by_role("complementary", name="Selection")
    listed = panel.locator(".apart")
    expect(listed).to_have_count(6)
    assert listed.all_inner_texts()[0].replace("\n", "") == "h.7.mlp.weight1.00"
    listed.nth(1).click()
    expect(page.frame.get_by_role("heading", name="h.41.attn.weight", level=2)).to_be_visible()
    page.page.wait_for_function("location.hash.includes('sort=runs')")


def test_a_link_opens_the_same_order_filter_and_axis(open_page: OpenPage) -> None:
    page = open_page("blocks", "distributions")
    page.open(
        "distributions",
        runs=BOTH,
        step=150,
        sort="runs",
        filter="*.bias",
        values="log",
        drawing="bands",
        group="model",
    )
    expect(page.frame.get_by_role("button", name="Value axis: log |x|")).to_be_visible()
    quantiles = page.frame.get_by_role("table", name=re.compile("^Quantiles of .*: gradient, magnitude$"))
    expect(quantiles.locator("td")).not_to_have_count(0)
    assert not any("−" in number for number in quantiles.locator("td").all_inner_texts() if "e" not in number)
    expect(page.frame.get_by_role("button", name="Bands", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.frame.get_by_text("120 sites")).to_be_visible()
    assert all(name.endswith(".bias") for name in names(tiles(page)))


def test_change_since_the_first_step(open_page: OpenPage) -> None:
    page = open_page("blocks", "distributions")
    page.open("distributions", runs="second", step=100, sort="first")
    expect_first(page, "h.7.mlp.weight", "h.41.attn.weight")
    page.open("distributions", runs="first", step=100, sort="first")
    expect(tiles(page).first).not_to_have_attribute("aria-label", re.compile(r"^h\.(7\.mlp|41\.attn)\.weight"))


def test_without_another_run_nothing_is_said_to_differ_from_it(open_page: OpenPage) -> None:
    """The address may still ask for the order of two runs."""
    page = open_page("blocks", "distributions")
    page.open("distributions", runs="second", step=150, sort="runs")
    expect_first(page, "h.7.mlp.weight", "h.41.attn.weight")
    head = page.frame.locator(".all-sites-head")
    expect(head).to_contain_text("by change since the start, from step 0 to 150")
    panel = page.frame.get_by_role("complementary", name="Selection")
    expect(panel).to_contain_text("Changed most from step 0 to 150")


def test_of_one_step_no_change_is_listed(open_page: OpenPage) -> None:
    page = open_page("one_step", "distributions")
    panel = page.frame.get_by_role("complementary", name="Selection")
    expect(panel).to_contain_text("at step 0")
    page.settle()
    expect(panel).not_to_contain_text("Changed most")


def test_a_step_without_distributions_shows_the_one_before_and_says_so(open_page: OpenPage) -> None:
    """The numbers of the table are of that step, too, whether they come from histograms or from statistics."""
    page = open_page("many_sites", "distributions")
    page.open("distributions", site="layers.3.block0.weight", step=2500)
    table = page.frame.get_by_role("table", name="Quantiles at step 2500")
    expect(table).to_be_visible()
    page.settle()
    exact = table.inner_text()
    expect(page.frame.get_by_text("is shown, the last")).to_have_count(0)
    page.open("distributions", site="layers.3.block0.weight", step=4900)
    expect(
        page.frame.get_by_text("Step 2,500 is shown, the last one with distributions before step 4,900")
    ).to_be_visible()
    page.settle()
    assert table.inner_text() == exact


ASH, CRIMSON = (185, 185, 185), (213, 0, 50)


def test_ridges_show_what_is_exactly_0_and_what_is_not_a_number(open_page: OpenPage) -> None:
    page = open_page("sick", "distributions")
    for site, is_zero in (("conv2.weight", True), ("fc1.weight", False)):
        page.open("distributions", site=site, drawing="ridges", step=1500)
        for picture in (f"^{site}: gradient over", "^Histograms over steps"):
            drawn = page.frame.get_by_role("img", name=re.compile(picture))
            expect(drawn).to_be_visible()
            page.settle()
            assert (pixels_of(drawn, ASH) > 20) is is_zero
            assert pixels_of(drawn, CRIMSON) > 100


def test_histograms_are_taken_along_of_all_steps_and_runs(open_page: OpenPage) -> None:
    page = open_page("two_runs", "distributions")
    page.open("distributions", runs=BOTH, site="fc1.bias")
    picture = page.frame.locator(".picture", has=page.frame.get_by_role("img", name=re.compile("^fc1.bias: gradient")))
    picture.hover()
    with page.page.expect_download() as waiting:
        picture.get_by_role("button", name="as CSV").click()
    lines = csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8-sig")))
    totals: Counter[tuple[str, float]] = Counter()
    for line in lines:
        totals[line["of"], float(line["step"])] += float(line["count"])
    wanted = {("first", step) for step in range(0, 1000, 50)} | {("second", step) for step in range(0, 1500, 50)}
    assert totals == dict.fromkeys(wanted, 64)


def test_pins_of_any_run_are_compared_and_a_link_has_them(open_page: OpenPage) -> None:
    page = open_page("blocks", "distributions")
    for run, site in (("first", "h.7.mlp.weight"), ("second", "h.41.attn.weight")):
        page.open("distributions", runs=run, site=site, step=100, sort="previous", pins=pins_in_the_address(page))
        page.frame.get_by_role("button", name="Pin gradient for comparison").click()
        page.page.wait_for_function(f'decodeURIComponent(location.hash).includes(\'["{run}","model","{site}"\')')
    page.open("distributions", runs="first", step=100, sort="previous", pins=pins_in_the_address(page))
    expect(page.frame.get_by_role("img", name=re.compile("^2 pinned over 4 steps"))).to_be_visible()
    listed = page.frame.locator(".pinned li")
    expect(listed).to_have_text(
        [re.compile(r"^h\.7\.mlp\..*first.*median"), re.compile(r"^h\.41\.attn\..*second.*median")]
    )
    expect(page.frame.locator(".all-sites-head")).to_contain_text("from step 50 to 100")
    listed.first.get_by_role("button", name=re.compile("^Unpin")).click()
    expect(listed).to_have_count(1)


def pins_in_the_address(page: TorchVizPage) -> str:
    found = re.search(r"\.pins=([^&]*)", page.page.url)
    return found[1] if found else ""


def test_the_lattice_is_read_and_taken_along(open_page: OpenPage) -> None:
    page = open_page("blocks", "distributions")
    tile = page.frame.get_by_role("button", name=re.compile(r"^h\.2\.attn\.weight,"))
    tile.hover(position={"x": 3, "y": 8})
    read = page.frame.get_by_role("tooltip")
    expect(read).to_contain_text("step 0")
    (median,) = re.findall(r"(\S+)\s+median", read.inner_text())
    forms = {}
    for form in ("SVG", "CSV"):
        with page.page.expect_download() as waiting:
            page.frame.locator(".lattice").get_by_role("button", name=f"as {form}").click()
        forms[form] = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    root = ElementTree.fromstring(forms["SVG"])
    words = {text.text: text.attrib["font-size"] for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert words["attn.weight"] == words["h.59"] == "11"
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) == 3 * 300  # two bands and a median of each site
    lines = list(csv.reader(io.StringIO(forms["CSV"])))
    assert len(lines) == 1 + 300 * 4
    (at_first,) = (line for line in lines if line[:2] == ["h.2.attn.weight", "0"])
    assert float(median.replace("−", "-")) == pytest.approx(float(at_first[4]), rel=0.05)


def test_a_lattice_wider_than_the_page_is_taken_along_whole(open_page: OpenPage) -> None:
    page = open_page("blocks", "distributions", width=400)
    lattice = page.frame.locator(".lattice")
    expect(tiles(page).first).to_be_visible()
    assert lattice.evaluate("it => it.firstChild.scrollWidth > it.firstChild.clientWidth")
    lattice.get_by_role("button", name="as SVG").focus()
    with page.page.expect_download() as waiting:
        lattice.get_by_role("button", name="as SVG").click()
    root = ElementTree.parse(Path(waiting.value.path())).getroot()
    heads = [text for text in root.iter("{http://www.w3.org/2000/svg}text") if text.text in sample_logs.BLOCK]
    places = [float(head.attrib["x"]) for head in heads]
    ends = [*places[1:], float(root.attrib["width"])]
    assert [head.text for head in heads] == list(sample_logs.BLOCK)
    for head, place, end in zip(heads, places, ends, strict=True):
        assert place + 5 * len(head.text or "") < end, "a name runs into the next column, or out of the picture"


def test_the_keyboard_reaches_the_tiles_that_a_filter_leaves(open_page: OpenPage) -> None:
    page = open_page("small", "distributions")
    page.open("distributions", site="conv1.weight", filter="*.bias")
    expect(tiles(page)).to_have_count(5)
    reached = page.frame.locator(".tile[tabindex='0']")
    expect(reached).to_have_count(1)
    expect(reached).to_have_attribute("aria-label", re.compile(r"^conv1\.bias,"))
    page.frame.get_by_role("searchbox", name=re.compile("^Sites")).fill("")
    expect(reached).to_have_attribute("aria-label", re.compile(r"^conv1\.weight,"))


def test_regular_expressions_globs_and_what_is_neither(open_page: OpenPage) -> None:
    page = open_page("blocks", "distributions")
    box = page.frame.get_by_role("searchbox", name=re.compile("Sites whose names fit"))
    box.fill(r"/h\.(4|9)\.mlp/")
    expect(tiles(page)).to_have_count(4)
    assert sorted(names(tiles(page))) == [f"h.{block}.mlp.{kind}" for block in (4, 9) for kind in ("bias", "weight")]
    box.fill("/h.(4|9/")
    expect(page.frame.get_by_text("No site fits")).to_be_visible()
    box.fill("h.12.*")
    expect(tiles(page)).to_have_count(5)


def drawn(page: TorchVizPage) -> list[str]:
    """Names of the tiles that have a picture."""
    return names(tiles(page).filter(has=page.frame.locator("canvas")))


def test_only_tiles_in_view_are_drawn(open_page: OpenPage) -> None:
    page = open_page("blocks", "distributions")
    expect(tiles(page)).to_have_count(300)
    expect(tiles(page).first.locator("canvas")).to_be_visible()
    assert 0 < len(drawn(page)) < 150
    assert "h.59.mlp.bias" not in drawn(page)
    page.frame.locator(".split-main").evaluate("main => main.scrollTo(0, main.scrollHeight)")
    expect(page.frame.get_by_role("button", name=re.compile(r"^h\.59\.mlp\.bias,")).locator("canvas")).to_be_visible()
    expect(tiles(page).first.locator("canvas")).to_have_count(0)
    assert 0 < len(drawn(page)) < 150


def test_arrows_walk_through_the_tiles_beyond_what_was_in_view(open_page: OpenPage) -> None:
    page = open_page("blocks", "distributions")
    page.page.set_viewport_size({"width": 1280, "height": 640})
    page.frame.get_by_role("button", name=re.compile(r"^h\.0\.attn\.weight,")).focus()
    for _ in range(30):
        page.page.keyboard.press("ArrowDown")
    focused = page.frame.locator(":focus")
    expect(focused).to_have_attribute("aria-label", re.compile(r"^h\.30\.attn\.weight,"))
    expect(focused.locator("canvas")).to_be_visible()
    page.page.keyboard.press("ArrowRight")
    expect(focused).to_have_attribute("aria-label", re.compile(r"^h\.30\.attn\.bias,"))
    page.page.keyboard.press("Enter")
    expect(page.frame.get_by_role("heading", name="h.30.attn.bias", level=2)).to_be_visible()


@pytest.mark.parametrize("drawing", ["density", "bands", "ridges", "overlay"])
def test_the_other_run_is_a_line_of_its_colour(open_page: OpenPage, drawing: str) -> None:
    page = open_page("two_runs", "distributions")
    for runs, is_there in (("first", False), (BOTH, True)):
        page.open("distributions", runs=runs, site="fc1.weight", drawing=drawing)
        picture = page.frame.get_by_role("img", name=re.compile("^fc1.weight: gradient over 20 steps"))
        expect(picture).to_be_visible()
        expect(page.frame.get_by_text("median |g|").first).to_be_visible()
        for _ in range(50 if is_there else 3):
            page.page.wait_for_timeout(100)
            if pixels_of(picture, COLOUR_OF_SECOND) > 100:
                break
        assert (pixels_of(picture, COLOUR_OF_SECOND) > 100) is is_there


def pixels_of(canvas: Locator, colour: tuple[int, int, int]) -> int:
    """In the left 70 %: the histogram at the right of the picture has lines of its own."""
    return int(
        canvas.evaluate(
            """(canvas, colour) => {
              const width = Math.floor(0.7 * canvas.width);
              const { data } = canvas.getContext("2d").getImageData(0, 0, width, canvas.height);
              let count = 0;
              for (let at = 0; at < data.length; at += 4)
                count += colour.every((part, channel) => Math.abs(data[at + channel] - part) < 12) ? 1 : 0;
              return count;
            }""",
            list(colour),
        )
    )
