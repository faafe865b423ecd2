"""What a run of 1,000 sites and 1,000 steps asks of the page and of the plugin.

    python benchmarks/huge_log.py                   writes the log first (a quarter of a minute)
    python benchmarks/huge_log.py --log-dir DIR     keeps the log there, or takes the one that is
    python benchmarks/huge_log.py --write           writes benchmarks/results/huge_log.md, too

First paint: milliseconds from the start of the navigation until two frames after the view's first canvas is in the
document, TensorBoard having loaded the log; "at once" is the first page that asks a new server, opened the moment it
has loaded the log; "first" is one that asks it some seconds later, when it has read ahead. Hover, zoom, step:
milliseconds of CPU of the page's main thread (script, style, layout, painting) for a pointer event, a notch of
the wheel or a key, and the two frames after it; 60 frames a second leave 16.7 for one. Page memory: of the process of
a page that was opened once and has shown all views, as the browser leaves it, and once it has collected garbage; beside
it that of TensorBoard's own page without a log. Server memory: what the Python process of TensorBoard has grown by
since it had loaded the log, before any page and after all; 512 MiB of it is the bound of the cache of decoded records.
Reload: what the page fetches when one step is new, while TensorBoard keeps 1,000 and so drops another. Without a GPU.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, Response

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import huge_runs
from event_file import EventFile
from first_paint import WATCH
from page_tables import Row, arguments, loaded, of_both_backends, publish
from tensorboard_process import BACKENDS, PLUGIN, TensorBoard, serving

SITES, STEPS = 1000, range(0, 100_000, 100)
DETAILED = STEPS[::100]
VIEWS = ("overview", "gradients", "distributions")
EVENTS = 60
READ_AHEAD_SECONDS = 6
RESULT = Path(__file__).parent / "results" / "huge_log.md"
_MIB = 2**20


def open_view(page: Page, board: TensorBoard, view: str, runs: Sequence[str] = ()) -> float:
    """Milliseconds until its first picture, of these runs or of those that the page chooses."""
    page.goto("about:blank")
    chosen = f"p.torchviz_tb.view={view}" + (f"&p.torchviz_tb.runs={','.join(runs)}" if runs else "")
    page.goto(f"{board.url}data/plugin_entry.html?name=torchviz_tb#torchviz_tb&{chosen}")
    page.wait_for_function("window.firstPaint !== undefined", polling=50, timeout=120_000)
    milliseconds = float(page.evaluate("window.firstPaint"))
    page.wait_for_load_state("networkidle")
    return milliseconds


class Work:
    """What the page's main thread does, as the browser counts it."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def seconds(self) -> float:
        """Of all its tasks so far."""
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return float({metric["name"]: metric["value"] for metric in metrics}["TaskDuration"])

    def of_each(self, act: Callable[[int], None], count: int = EVENTS) -> list[float]:
        """Milliseconds of each of some acts, with the frame that it leads to."""
        found = []
        for index in range(count):
            before = self.seconds()
            act(index)
            self._page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            found.append(1000 * (self.seconds() - before))
        return found


def interaction(page: Page, work: Work) -> list[Row]:
    """The map under the pointer, the wheel, and the step keys."""
    box = page.locator(".overview-map canvas").bounding_box()
    assert box is not None

    def hover(index: int) -> None:
        x, y = 200 + 12 * index, 30 + (7 * index) % (box["height"] - 60)
        page.mouse.move(box["x"] + x, box["y"] + y)

    def zoom(index: int) -> None:
        page.mouse.wheel(0, -100 if index % 20 < 10 else 100)

    def step(index: int) -> None:
        page.keyboard.press("," if index % 2 else ".")

    idle = statistics.median(work.of_each(lambda _: None))
    hovered = work.of_each(hover)
    page.keyboard.down("Control")
    zoomed = work.of_each(zoom)
    page.keyboard.up("Control")
    stepped = work.of_each(step)
    return [
        ("a frame of nothing, ms", f"{idle:.1f}"),
        *(
            (f"{name}, ms: median, slowest", spread(times))
            for name, times in (("hover", hovered), ("zoom", zoomed), ("step", stepped))
        ),
    ]


def spread(times: list[float]) -> str:
    """Median and slowest."""
    return f"{statistics.median(times):.1f}, {max(times):.1f}"


def resident(pid: int) -> float:
    """MiB of a process in memory that no other process shares."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    lines = dict(line.split(":") for line in text.splitlines()[1:])
    return sum(int(lines[name].split()[0]) for name in ("Private_Clean", "Private_Dirty")) / 1024


def renderer_of(browser: Browser) -> int:
    """The process of the only page."""
    info = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return int(max((each for each in info if each["type"] == "renderer"), key=lambda each: each["cpuTime"])["id"])


def page_memory(browser: Browser, page: Page, board: TensorBoard) -> list[Row]:
    """Of a new page, which is on the Overview in the end."""
    open_view(page, board, "overview")
    for number in (3, 4, 1):
        page.keyboard.press(str(number))
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(500)
    used = resident(renderer_of(browser))
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    page.wait_for_timeout(500)
    return [("page memory, MiB: as it is, without garbage", f"{used:.0f}, {resident(renderer_of(browser)):.0f}")]


def empty_memory(backend: str, browser: Browser, folder: Path) -> Row:
    """Of TensorBoard's own page, which has nothing to show."""
    page = browser.new_page()
    with serving(folder, BACKENDS[backend]) as board:
        page.goto(board.url)
        page.wait_for_load_state("networkidle")
        used = resident(renderer_of(browser))
    page.close()
    return "memory of an empty TensorBoard's page, MiB", f"{used:.0f}"


def reload_bytes(page: Page, board: TensorBoard, append: Callable[[], int]) -> int:
    """Bytes of all answers after TensorBoard has one step more."""
    seen: list[Response] = []
    page.on("response", lambda response: seen.append(response) if PLUGIN in response.url else None)
    step = append()
    board.wait_for(f"{PLUGIN}runs", lambda answer: step in _statistics(answer))
    # What TensorBoard's own page would say: a page that is seen again asks for what is new.
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(500)
    page.wait_for_load_state("networkidle")
    return sum(int(response.request.sizes()["responseBodySize"]) for response in seen)


def _statistics(answer: Any) -> list[int]:
    runs = answer["runs"]
    return list(runs[0]["groups"][0]["kinds"]["statistics"]) if runs and runs[0]["groups"] else []


def new_page(browser: Browser) -> Page:
    """A page that notes its first paint, in a browser that runs."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(WATCH)
    page.goto("about:blank")
    return page


def first_at_once(backend: str, log_dir: Path, browser: Browser, view: str) -> Row:
    """The first page of a server that has just loaded the log."""
    page = new_page(browser)
    with loaded(backend, log_dir, runs=1, steps=len(STEPS)) as board:
        milliseconds = open_view(page, board, view)
    page.close()
    return f"first paint of {view}, ms: at once", f"{milliseconds:.0f}"


def measure(backend: str, log_dir: Path, browser: Browser) -> list[Row]:
    """All of one backend, on a copy of the log that it may append to."""
    rows = [first_at_once(backend, log_dir, browser, view) for view in VIEWS]
    with tempfile.TemporaryDirectory() as nothing:
        empty = empty_memory(backend, browser, Path(nothing))
    with loaded(backend, log_dir, runs=1, steps=len(STEPS)) as board:
        before = resident(board.pid)
        page = new_page(browser)
        time.sleep(READ_AHEAD_SECONDS)
        unasked = resident(board.pid) - before
        for view in VIEWS:
            first, *others = [open_view(page, board, view) for _ in range(4)]
            times = f"{first:.0f}, {statistics.median(others):.0f}"
            rows.append((f"first paint of {view}, ms: first, then", times))
        open_view(page, board, "overview")
        rows += interaction(page, Work(page))
        page.close()
        page = new_page(browser)
        rows += [*page_memory(browser, page, board), empty]

        def append() -> int:
            later = EventFile(log_dir / "huge", "events.out.tfevents.1800000000.later.2.0", later=1)
            huge_runs.write_step(later, SITES, STEPS.stop)
            return STEPS.stop

        rows.append(("reload with one new step, kB", f"{reload_bytes(page, board, append) / 1000:.1f}"))
        grown = f"{unasked:.0f}, {resident(board.pid) - before:.0f}"
        rows.append(("server memory, MiB more: before any page, in the end", grown))
        page.close()
        return rows


def main() -> None:
    """Measures both backends and prints, or writes, the table."""
    wanted = arguments(__doc__, "where the log is, or is to be")
    with tempfile.TemporaryDirectory() as folder:
        log_dir = wanted.log_dir or Path(folder) / "log"
        if not (log_dir / "huge").exists():
            huge_runs.write(log_dir / "huge", SITES, STEPS, detailed=DETAILED)

        def on_a_copy(backend: str, browser: Browser) -> list[Row]:
            copied = Path(shutil.copytree(log_dir, Path(folder) / backend))
            rows = measure(backend, copied, browser)
            shutil.rmtree(copied)
            return rows

        lines = of_both_backends(on_a_copy)
    publish(lines, RESULT if wanted.write else None, "A huge log", __doc__)


if __name__ == "__main__":
    main()
