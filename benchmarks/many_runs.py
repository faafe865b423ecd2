"""What 20 runs that are drawn at once ask of the page and of the plugin.

    python benchmarks/many_runs.py                   writes the log first (half a minute)
    python benchmarks/many_runs.py --log-dir DIR     keeps the log there, or takes the one that is
    python benchmarks/many_runs.py --write           writes benchmarks/results/many_runs.md, too

Each run has 240 sites and 300 steps; all are in the page's address. First picture: milliseconds from the start of the
navigation until two frames after the view's first canvas is in the document, in a new page of a server that has just
loaded the log; all: until the last answer has come; again: the median of three more pages. Hover, off or on:
milliseconds of CPU of the page's main thread (script, style, layout, painting) for a pointer event, or for a run that
is switched off or on, and what that leads to; 60 frames a second leave 16.7 for one. Without a GPU.
"""

import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import huge_runs
from huge_log import Work, new_page, open_view, spread
from page_tables import Row, arguments, loaded, of_both_backends, publish
from tensorboard_process import TensorBoard

RUNS = [f"run{number:02}" for number in range(20)]
SITES, STEPS = 240, range(0, 30_000, 100)
PICTURES = {"overview": ".overview-map canvas", "distributions": ".stage-canvas canvas", "gradients": ".flow canvas"}
EVENTS, TOGGLES = 60, 10
RESULT = Path(__file__).parent / "results" / "many_runs.md"


def open_all(page: Page, board: TensorBoard, view: str) -> tuple[float, float]:
    """Milliseconds until a view's first picture, and until all runs are in it."""
    first = open_view(page, board, view, RUNS)
    last = float(page.evaluate("Math.max(...performance.getEntriesByType('resource').map(each => each.responseEnd))"))
    return first, max(first, last)


def hover(page: Page, work: Work, view: str) -> Row:
    """The picture under the pointer."""
    box = page.locator(PICTURES[view]).first.bounding_box()
    assert box is not None

    def move(index: int) -> None:
        x, y = 0.2 + 0.6 * index / EVENTS, 0.2 + 0.6 * (7 * index % EVENTS) / EVENTS
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])

    return f"hover over {view}, ms: median, slowest", spread(work.of_each(move, EVENTS))


def toggle(page: Page, work: Work, view: str) -> Row:
    """One of the compared runs, off and on again."""
    page.get_by_role("button", name="Runs: ").click()
    item = page.get_by_role("menuitemcheckbox", name=RUNS[5])

    def switch(_: int) -> None:
        item.click()
        page.wait_for_load_state("networkidle")

    times = work.of_each(switch, TOGGLES)
    page.keyboard.press("Escape")
    return f"a run off or on in {view}, ms: median, slowest", spread(times)


def measure(backend: str, log_dir: Path, browser: Browser) -> list[Row]:
    """All of one backend."""
    rows: list[Row] = []
    for view in PICTURES:
        with loaded(backend, log_dir, runs=len(RUNS), steps=len(STEPS)) as board:
            page = new_page(browser)
            first, all_of_them = open_all(page, board, view)
            rows.append((f"{view}, ms: first picture, all", f"{first:.0f}, {all_of_them:.0f}"))
            again = [open_all(page, board, view) for _ in range(3)]
            times = ", ".join(f"{statistics.median(each):.0f}" for each in zip(*again, strict=True))
            rows.append((f"{view} again, ms: first picture, all", times))
            work = Work(page)
            rows += [hover(page, work, view), toggle(page, work, view)]
            page.close()
    return rows


def main() -> None:
    """Measures both backends and prints, or writes, the table."""
    wanted = arguments(__doc__, "where the log is, or is to be")
    with tempfile.TemporaryDirectory() as folder:
        log_dir = wanted.log_dir or Path(folder) / "log"
        for run in RUNS:
            if not (log_dir / run).exists():
                huge_runs.write(log_dir / run, SITES, STEPS, detailed=STEPS[::30])
        lines = of_both_backends(lambda backend, browser: measure(backend, log_dir, browser))
    publish(lines, RESULT if wanted.write else None, "Many runs", __doc__)


if __name__ == "__main__":
    main()
