"""Makes the pictures of the README from the demos' logs: ``python docs/pictures.py [LOG_DIR]``.

``make pictures`` trains the demos first. Needs Chromium; the type is Roboto where it is installed.
"""

import io
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from browser_page import CHROMIUM_FLAGS, TorchVizPage  # noqa: E402  (the tests' own helpers)
from tensorboard_process import serving  # noqa: E402

IMAGES = ROOT / "docs" / "images"
SIZE = {"width": 1280, "height": 800}
SETTLED_MS = 2500
PICTURES: dict[str, dict[str, str]] = {
    "overview": {"runs": "dead_layer"},
    "graph": {"runs": "digits", "module": "stage1.0"},
    "distributions": {"runs": "digits"},
    "gradients": {"runs": "digits", "site": "stage1.1.conv2.weight"},
    "tensors": {"runs": "attention"},
}


def main(arguments: Sequence[str]) -> None:
    """Opens each view in light and dark and keeps what is seen of the page, without TensorBoard's own header.

    The Overview shows a run that broke: what the page says of it is what it is for.
    """
    log_dir = Path(arguments[0]) if arguments else ROOT / "runs" / "demo"
    IMAGES.mkdir(exist_ok=True)
    with serving(log_dir.resolve()) as board, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        for theme in ("light", "dark"):
            for view, selection in PICTURES.items():
                page = TorchVizPage(browser.new_page(viewport=SIZE, reduced_motion="reduce"), board.url)
                page.open(view, dark=theme == "dark", **selection)
                page.page.wait_for_timeout(SETTLED_MS)
                target = IMAGES / f"{view}-{theme}.png"
                save(page.frame.locator(".app").screenshot(), target)
                page.page.close()
                print(target.relative_to(ROOT))
        browser.close()


def save(screenshot: bytes, target: Path) -> None:
    """Packed as well as PNG can. No palette: rare colours, such as NaN's, would be lost in it."""
    Image.open(io.BytesIO(screenshot)).convert("RGB").save(target, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
