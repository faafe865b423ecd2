"""Seven pictures that were looked at once, of each view and both themes; and that they would tell."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import golden_pictures
import pytest
from browser_page import Board, TorchVizPage
from playwright.sync_api import Browser, Locator

pytestmark = pytest.mark.browser


@dataclass
class Golden:
    """A part of a view, by its CSS selector."""

    name: str
    sample: str
    view: str
    part: str
    dark: bool = False
    address: dict[str, object] = field(default_factory=dict)


GOLDENS = [
    Golden("map", "sick", "overview", ".overview-map > canvas", address={"step": 2000}),
    Golden("map-difference-dark", "two_runs", "overview", ".overview-map > canvas", True,
           {"runs": "first,second", "map": "difference", "step": 500}),
    Golden("rail", "sick", "overview", ".rail-drawing", address={"step": 2000}),
    Golden("graph-dark", "sick", "graph", ".graph-canvas > canvas", True, {"step": 2000}),
    Golden("densities", "sick", "distributions", ".stage-pictures", address={"step": 2000, "site": "fc1.weight"}),
    Golden("gallery-dark", "sick", "gradients", ".gallery", True, {"step": 2000}),
    Golden("slice", "tensor_views", "tensors", ".slice-map > canvas", address={"tensor": "attention.probs"}),
]  # fmt: skip


class Shower:
    """Opens pages that show no words."""

    def __init__(self, browser: Browser, board: Board) -> None:
        self._board = board
        self._context = browser.new_context(
            viewport={"width": 1280, "height": 864}, reduced_motion="reduce", device_scale_factor=1
        )
        self._context.add_init_script(golden_pictures.WORDLESS)
        self._pages: dict[tuple[str, bool], TorchVizPage] = {}

    def part(self, golden: Golden, **changed: object) -> Locator:
        key, address = (golden.sample, golden.dark), {**golden.address, **changed}
        if key in self._pages:
            page = self._pages[key]
            page.open_again(golden.view, dark=golden.dark, **address)
        else:
            page = self._pages[key] = TorchVizPage(self._context.new_page(), self._board(golden.sample).url)
            page.open(golden.view, dark=golden.dark, **address)
        part = page.frame.locator(golden.part).first
        part.wait_for()
        page.settle()
        return part

    def close(self) -> None:
        self._context.close()


@pytest.fixture(scope="module")
def shower(chromium: Browser, board: Board) -> Iterator[Shower]:
    made = Shower(chromium, board)
    yield made
    made.close()


@pytest.mark.parametrize("golden", GOLDENS, ids=[golden.name for golden in GOLDENS])
def test_it_looks_as_it_did(shower: Shower, golden: Golden) -> None:
    golden_pictures.check(shower.part(golden), golden.name)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("map", {"step": 1950}),  # the line of the current step, one sample further left
        ("rail", {"step": 1950}),
        ("densities", {"step": 1950}),
        ("gallery-dark", {"step": 950}),  # before a layer died
        ("slice", {"slice": "2,3,0.1.0.0"}),
    ],
)
def test_it_would_tell(shower: Shower, name: str, changed: dict[str, object]) -> None:
    golden = next(each for each in GOLDENS if each.name == name)
    seen = golden_pictures.cells_of(golden_pictures.picture_of(shower.part(golden, **changed)))
    assert golden_pictures.difference(seen, golden_pictures.golden(name)) > 2 * golden_pictures.ALLOWED
