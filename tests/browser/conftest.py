"""A real Chromium before a real TensorBoard, on logs of every kind."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sample_logs
from browser_page import CHROMIUM_FLAGS, Board, OpenPage, TorchVizPage
from kept_pages import KeptPages
from playwright.sync_api import Browser, sync_playwright
from tensorboard_process import BACKENDS, TensorBoard, serving

FAILURES = Path(__file__).parent / "failures"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests. ``TORCHVIZ_TB_CHROMIUM`` names another program than the one on the PATH."""
    program = os.environ.get("TORCHVIZ_TB_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.fail(
            "No Chromium was found: install Debian's package chromium or set TORCHVIZ_TB_CHROMIUM to a browser's path; "
            "PYTEST='-m \"not browser\"' leaves these tests out."
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    running: dict[tuple[str, str], TensorBoard] = {}
    with ExitStack() as stack:

        def board_for(sample: str, backend: str = "rust") -> TensorBoard:
            key = (sample, backend)
            if key not in running:
                log_dir = tmp_path_factory.mktemp(f"{sample}_{backend}") / "runs"
                sample_logs.SAMPLES[sample](log_dir)
                running[key] = stack.enter_context(serving(log_dir, BACKENDS[backend]))
                running[key].wait_for(
                    "data/plugin/torchviz_tb/runs", lambda answer: answer["runs"] or sample == "empty"
                )
            return running[key]

        yield board_for


@pytest.fixture(scope="session")
def kept_pages(chromium: Browser) -> KeptPages:
    return KeptPages(chromium)


@pytest.fixture
def open_page(kept_pages: KeptPages, board: Board, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Pages of one test; in the end each must have run without an error and without a request to elsewhere."""
    kept: list[TorchVizPage] = []
    own: list[TorchVizPage] = []

    def open_page(
        sample: str,
        view: str = "overview",
        *,
        dark: bool = False,
        width: int = 1280,
        backend: str = "rust",
        anew: bool = False,
    ) -> TorchVizPage:
        url = board(sample, backend).url
        if anew or dark:
            own.append(kept_pages.new(url, view, width, dark=dark))
            return own[-1]
        kept.append(kept_pages.any(url, view, width))
        return kept[-1]

    yield open_page
    for index, page in enumerate([*kept, *own]):
        if request.session.testsfailed:
            FAILURES.mkdir(exist_ok=True)
            page.page.screenshot(path=FAILURES / f"{request.node.name}_{index}.png")
        if page in own:
            page.page.context.close()
        else:
            kept_pages.give_back(page)
        assert page.errors == []
        assert page.foreign_requests == []
