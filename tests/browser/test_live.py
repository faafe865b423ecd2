"""TensorBoard's reload: only what is new is fetched, a resumed run is fetched anew, a hidden tab asks for nothing."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import huge_runs
import pytest
from browser_page import TorchVizPage
from playwright.sync_api import Browser, Response, expect
from tensorboard_process import BACKENDS, PLUGIN, TensorBoard, serving

pytestmark = pytest.mark.browser

SITES, STEPS = 300, range(0, 20000, 100)
VIEWS = ["overview", "distributions", "gradients"]
RUNS = f"{PLUGIN}runs"


class Traffic:
    """What our page has fetched since a moment."""

    def __init__(self, page: TorchVizPage) -> None:
        self._seen: list[Response] = []
        page.page.on("response", self._note)

    def _note(self, response: Response) -> None:
        if PLUGIN in response.url and "/static/" not in response.url:
            self._seen.append(response)

    def forget(self) -> None:
        self._seen.clear()

    def sizes(self) -> dict[str, int]:
        """Bytes of each answer's body as sent, by its address."""
        return {each.url.partition(PLUGIN)[2]: each.request.sizes()["responseBodySize"] for each in self._seen}


def newest(board: TensorBoard, step: int) -> None:
    """Waits until TensorBoard has a step."""
    board.wait_for(RUNS, lambda answer: step in answer["runs"][0]["groups"][0]["kinds"]["statistics"])


@contextmanager
def watching(chromium: Browser, board: TensorBoard, view: str) -> Iterator[tuple[TorchVizPage, Traffic]]:
    page = TorchVizPage(chromium.new_page(), board.url)
    traffic = Traffic(page)
    page.open(view)
    page.frame.locator("main canvas").first.wait_for()
    page.settle()
    yield page, traffic
    assert page.errors == []
    page.page.close()


def reload(page: TorchVizPage, shows: int) -> None:
    page.page.get_by_role("button", name="Last Updated").click()
    expect(page.frame.get_by_title("Type a step")).to_have_value(str(shows))
    page.settle()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_reload_with_one_new_step_moves_kilobytes(chromium: Browser, tmp_path: Path, backend: str) -> None:
    file = huge_runs.write(tmp_path / "runs" / "run", SITES, STEPS, detailed=STEPS[::50])
    with serving(tmp_path / "runs", BACKENDS[backend]) as board:
        newest(board, STEPS[-1])
        step = STEPS.stop
        for view in VIEWS:
            with watching(chromium, board, view) as (page, traffic):
                first = sum(traffic.sizes().values())
                huge_runs.write_step(file, SITES, step)
                newest(board, step)
                traffic.forget()
                reload(page, step)
                sizes = traffic.sizes()
                assert view != "overview" or first > 200_000, "the series would be kilobytes, too"
                assert "runs?" in sizes, sizes
                assert sum(sizes.values()) < 6_000, sizes
                step += 100


def test_a_reload_without_news_paints_no_map_anew(chromium: Browser, tmp_path: Path) -> None:
    file = huge_runs.write(tmp_path / "runs" / "run", 8, range(0, 1000, 100))
    with serving(tmp_path / "runs", BACKENDS["rust"]) as board:
        newest(board, 900)
        with watching(chromium, board, "overview") as (page, _):
            painted = "CanvasRenderingContext2D.prototype.putImageData = () => { window.painted = true; }"
            page.evaluate(painted)
            with page.page.expect_response(re.compile("/watch_cost")):
                reload(page, 900)
            page.settle()
            assert page.evaluate("window.painted ?? false") is False
            huge_runs.write_step(file, 8, 1000)
            newest(board, 1000)
            reload(page, 1000)
            assert page.evaluate("window.painted ?? false") is True


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_a_resumed_run_replaced_is_fetched_anew(chromium: Browser, tmp_path: Path, backend: str) -> None:
    run = tmp_path / "runs" / "run"
    huge_runs.write(run, 8, range(0, 1000, 100))
    with serving(tmp_path / "runs", BACKENDS[backend]) as board:
        newest(board, 900)
        with watching(chromium, board, "overview") as (page, _):
            resumed = huge_runs.start(run, 8, 500, name="events.out.tfevents.1800000000.sample.2.0", later=5000)
            for step in (500, 550, 600):
                huge_runs.write_step(resumed, 8, step)
            board.wait_for(RUNS, lambda answer: _statistics(answer) == [0, 100, 200, 300, 400, 500, 550, 600])
            reload(page, 600)
            map_ = page.frame.get_by_role("img", name=re.compile("^Map of"))
            expect(map_).to_have_attribute("aria-label", re.compile("8 sites by 8 steps"))
            shown = page.frame.get_by_role("treegrid", name=re.compile("^norm of the gradient"))
            expect(shown.get_by_role("columnheader")).to_have_text(["site", "step 0", "step 600", "not finite from"])


def _statistics(answer: dict) -> list[int]:
    return answer["runs"][0]["groups"][0]["kinds"]["statistics"]


def test_a_hidden_tab_asks_for_nothing_and_then_for_all_that_it_missed(chromium: Browser, tmp_path: Path) -> None:
    file = huge_runs.write(tmp_path / "runs" / "run", 8, range(0, 1000, 100))
    with serving(tmp_path / "runs", BACKENDS["rust"]) as board:
        newest(board, 900)
        with watching(chromium, board, "overview") as (page, traffic):
            page.page.get_by_role("tab", name="Scalars").click()
            expect(page.page.locator("iframe[src*='torchviz_tb']")).to_be_hidden()
            huge_runs.write_step(file, 8, 1000)
            newest(board, 1000)
            traffic.forget()
            page.page.get_by_role("button", name="Last Updated").click()
            page.page.wait_for_timeout(1500)
            assert traffic.sizes() == {}
            page.page.get_by_role("tab", name="TorchViz").click()
            expect(page.frame.get_by_title("Type a step")).to_have_value("1000")


def test_a_late_answer_is_dropped(chromium: Browser, tmp_path: Path) -> None:
    huge_runs.write(tmp_path / "runs" / "run", 8, range(0, 1000, 100))
    with serving(tmp_path / "runs", BACKENDS["rust"]) as board:
        newest(board, 900)
        with watching(chromium, board, "overview") as (page, _):
            held = []
            page.page.route("**/statistics?*column=mean*", lambda route: held.append(route))
            page.frame.get_by_role("button", name="Statistic: norm").click()
            page.frame.get_by_role("menuitemradio", name=re.compile("^mean")).click()
            expect(page.frame.get_by_role("button", name="Statistic: norm")).to_be_visible()  # the old one stays
            page.page.wait_for_timeout(300)
            page.page.evaluate("location.hash += '&p.torchviz_tb.column=std'")
            page.page.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
            expect(page.frame.get_by_role("button", name="Statistic: standard deviation")).to_be_visible()
            for route in held:
                route.continue_()
            page.page.wait_for_timeout(500)
            expect(page.frame.get_by_role("button", name="Statistic: standard deviation")).to_be_visible()
