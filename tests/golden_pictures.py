"""Compares what is drawn with a picture that was looked at: small, without words, the same with any font."""

import io
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Locator

GOLDEN = Path(__file__).parent / "browser" / "pictures"
FAILURES = Path(__file__).parent / "browser" / "failures"
RENEW = "TORCHVIZ_TB_RENEW_PICTURES"
SHRINK = 4
"""Edges and the smoothing of lines differ a little between builds of Chromium; means of 4 × 4 pixels hardly."""
VISIBLE = 24
"""Of 255, in one of red, green and blue: half a step of the nine of a colour scale, and half an outline."""
ALLOWED = 0.002
"""Share of cells that may be visibly other: about a dozen of a whole view's, less than one row of a map."""

WORDLESS = """
for (const prototype of [CanvasRenderingContext2D.prototype, OffscreenCanvasRenderingContext2D.prototype]) {
    prototype.fillText = prototype.strokeText = () => {};
    prototype.measureText = (text) => ({ width: 6.5 * text.length });
}
const sheet = new CSSStyleSheet();
sheet.replaceSync(`
    * { color: transparent !important; white-space: nowrap !important; flex-wrap: nowrap !important }
    text { fill: transparent !important }`);
addEventListener("DOMContentLoaded", () => { document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]; });
"""
"""Before the page's own script: words are not drawn, not measured, and begin no new line, as fonts differ."""

Cells = npt.NDArray[np.float64]


def cells_of(picture: Image.Image) -> Cells:
    """Means of 4 × 4 pixels [rows, columns, 3]."""
    small = picture.convert("RGB").reduce(SHRINK)
    return np.asarray(small, np.float64)


def difference(seen: Cells, wanted: Cells) -> float:
    """Share of cells that a reader would see to be other; 1 where the sizes differ."""
    if seen.shape != wanted.shape:
        return 1.0
    return float((np.abs(seen - wanted).max(axis=-1) > VISIBLE).mean())


def golden(name: str) -> Cells:
    """The cells of the picture that was looked at."""
    return np.asarray(Image.open(GOLDEN / f"{name}.png").convert("RGB"), np.float64)


def picture_of(element: Locator) -> Image.Image:
    return Image.open(io.BytesIO(element.screenshot(animations="disabled")))


def check(element: Locator, name: str) -> None:
    """Fails where the element looks other than ``browser/pictures/NAME.png``; with ``RENEW`` set, renews that."""
    file = GOLDEN / f"{name}.png"
    seen = picture_of(element).convert("RGB").reduce(SHRINK)
    if os.environ.get(RENEW):
        GOLDEN.mkdir(exist_ok=True)
        seen.save(file, optimize=True)
        return
    assert file.exists(), f"{file} is missing; {RENEW}=1 makes it, then look at it and add it."
    share = difference(np.asarray(seen, np.float64), golden(name))
    if share > ALLOWED:
        FAILURES.mkdir(exist_ok=True)
        seen.save(FAILURES / f"{name}.png")
    assert share <= ALLOWED, (
        f"{share:.2%} of {name} looks other than {file}; compare it with {FAILURES / name}.png, and if it is meant so, "
        f"renew the picture with {RENEW}=1."
    )
