"""Every picture can be taken along: as PNG and SVG, its numbers as CSV, and by the clipboard."""

import csv
import io
import xml.etree.ElementTree as ElementTree
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
import sample_logs
from browser_page import OpenPage, TorchVizPage
from PIL import Image
from playwright.sync_api import Locator, expect

pytestmark = pytest.mark.browser

SVG = "{http://www.w3.org/2000/svg}"
# What fills each view's pictures; the map's cells are larger than pixels, or smoothing would blur them.
VIEWS = {
    "overview": ("sick", {"site": "fc1.weight"}),
    "distributions": ("sick", {"site": "fc1.weight"}),
    "gradients": ("sick", {"site": "conv1.weight", "step": 1500}),
    "tensors": ("tensor_views", {}),
}


def pictures(page: TorchVizPage) -> list[Locator]:
    page.frame.locator("main .picture").first.wait_for()
    page.settle()
    return page.frame.locator("main .picture:not(.lattice)").all()


def opened(open_page: OpenPage, view: str, *, dark: bool = False) -> TorchVizPage:
    sample, selection = VIEWS[view]
    page = open_page(sample, view, dark=dark, width=1400)
    page.open(view, dark=dark, **selection)
    return page


def download(page: TorchVizPage, picture: Locator, form: str) -> Path:
    picture.hover()
    button = picture.get_by_role("button", name=f"as {form}")
    button.focus()  # the menu stays, also when the picture moves away under the pointer
    with page.page.expect_download() as waiting:
        button.click()
    assert waiting.value.suggested_filename.endswith(f".{form.lower()}")
    return Path(waiting.value.path())


@pytest.mark.parametrize("view", VIEWS)
def test_every_picture_gives_svg_and_csv(open_page: OpenPage, view: str) -> None:
    page = opened(open_page, view)
    found = pictures(page)
    assert len(found) >= 2
    for picture in found:
        root = ElementTree.parse(download(page, picture, "SVG")).getroot()
        assert root.tag == f"{SVG}svg"
        drawn = [*root.iter(f"{SVG}path"), *root.iter(f"{SVG}image"), *root.iter(f"{SVG}circle")]
        assert drawn
        assert not list(root.iter(f"{SVG}script"))
        box = picture.locator("canvas, svg").first.bounding_box()
        assert abs(float(root.attrib["width"]) - box["width"]) <= 1
        table = list(csv.reader(io.StringIO(download(page, picture, "CSV").read_text("utf-8-sig"))))
        assert len(table) >= 2
        assert len({len(line) for line in table}) == 1


def test_the_gallery_gives_a_map_of_each_site(open_page: OpenPage) -> None:
    page = opened(open_page, "gradients")
    foot = page.frame.locator(".gallery-foot")
    expect(page.frame.locator(".map-tile").first).to_be_visible()
    page.settle()
    root = ElementTree.parse(download(page, foot, "SVG")).getroot()
    measured = [name for name in sample_logs.SMALL_SHAPES if name not in ("norm.bias", "fc2.bias")]
    assert len(list(root.iter(f"{SVG}image"))) >= len(measured)
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert {"conv1", "fc2", "weight", "bias"} <= set(words)
    assert float(root.attrib["height"]) > 300
    table = list(csv.DictReader(io.StringIO(download(page, foot, "CSV").read_text("utf-8-sig"))))
    assert [line["site"] for line in table] == list(sample_logs.SMALL_SHAPES)
    assert next(line for line in table if line["site"] == "conv2.weight")["rows exactly 0"] == "32"


def test_statistics_over_steps_come_as_one_picture(open_page: OpenPage) -> None:
    page = opened(open_page, "tensors")
    lines = page.frame.locator(".over-steps")
    root = ElementTree.parse(download(page, lines, "SVG")).getroot()
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert words[::2] == ["maximum", "mean", "std", "NaN, Inf"]
    assert list(root.iter(f"{SVG}path"))
    with Image.open(download(page, lines, "PNG")) as image:
        assert image.width >= float(root.attrib["width"])
    table = list(csv.DictReader(io.StringIO(download(page, lines, "CSV").read_text("utf-8-sig"))))
    assert len(table) >= 2
    assert list(table[0]) == ["step", "maximum", "mean", "std", "NaN, Inf"]
    rows = page.frame.get_by_role("table", name="Statistics over steps").get_by_role("row")
    shown = {
        name: rows.filter(has_text=name).get_by_role("cell").last.inner_text() for name in ("maximum", "mean", "std")
    }
    assert float(table[-1]["maximum"]) == pytest.approx(float(shown["maximum"]), rel=0.01)
    for name in ("mean", "std"):  # the page rounds to two digits
        assert float(f"{float(table[-1][name]):.2g}") == float(shown[name].replace("−", "-"))


# Not of distributions: thin lines over a fine image are smoothed so differently that the comparison says nothing.
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("view", ["overview", "gradients", "tensors"])
def test_the_png_is_what_is_on_the_screen(open_page: OpenPage, view: str, dark: bool) -> None:
    page = opened(open_page, view, dark=dark)
    for picture in pictures(page):
        canvas = picture.locator("canvas")
        if canvas.count() == 0:
            continue
        exported = Image.open(download(page, picture, "PNG")).convert("RGB")
        shown = on_ground(canvas, dark)
        assert abs(exported.width - 2 * shown.width) <= 2
        # Letters, and cells that share a pixel, are smoothed otherwise: what remains is looked at from afar.
        size = (shown.width // 6, shown.height // 6)
        one, other = (np.asarray(image.resize(size, Image.Resampling.BOX), int) for image in (exported, shown))
        label = canvas.get_attribute("aria-label")
        assert np.abs(one - other).mean() < 2, label
        assert (np.abs(one - other).max(axis=2) > 48).mean() < 0.01, label


def on_ground(canvas: Locator, dark: bool) -> Image.Image:
    """The pixels of a canvas over the page's ground."""
    data = canvas.evaluate("canvas => canvas.toDataURL()").partition(",")[2]
    image = Image.open(io.BytesIO(b64decode(data))).convert("RGBA")
    ground = Image.new("RGBA", image.size, (38, 38, 38, 255) if dark else (255, 255, 255, 255))
    return Image.alpha_composite(ground, image).convert("RGB")


def test_a_picture_goes_to_the_clipboard(open_page: OpenPage) -> None:
    page = opened(open_page, "overview")
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    map_ = page.frame.locator(".overview-map")
    map_.hover()
    map_.get_by_role("button", name="Copy").click()
    expect(map_.get_by_role("button", name="Copy")).to_have_text("Copied")
    kinds = page.page.evaluate("navigator.clipboard.read().then(items => items.flatMap(item => item.types))")
    assert kinds == ["image/png"]
