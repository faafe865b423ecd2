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

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import huge_runs
from browser_page import CHROMIUM_FLAGS
from huge_log import Row, Work, new_page, spread, table_lines
from tensorboard_process import BACKENDS, PLUGIN, TensorBoard, serving

RUNS = [f"run{number:02}" for number in range(20)]
SITES, STEPS = 240, range(0, 30_000, 100)
PICTURES = {"overview": ".overview-map canvas", "distributions": ".stage-canvas canvas", "gradients": ".flow canvas"}
EVENTS, TOGGLES = 60, 10
RESULT = Path(__file__).parent / "results" / "many_runs.md"


def open_all(page: Page, board: TensorBoard, view: str) -> tuple[float, float]:
    """Milliseconds until a view's first picture, and until all runs are in it."""
    page.goto("about:blank")
    chosen = f"p.torchviz_tb.view={view}&p.torchviz_tb.runs={','.join(RUNS)}"
    page.goto(f"{board.url}data/plugin_entry.html?name=torchviz_tb#torchviz_tb&{chosen}")
    page.wait_for_function("window.firstPaint !== undefined", polling=50, timeout=120_000)
    first = float(page.evaluate("window.firstPaint"))
    answered = "Math.max(...performance.getEntriesByType('resource').map(each => each.responseEnd))"
    page.wait_for_load_state("networkidle")
    last = float(page.evaluate(answered))
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


@contextmanager
def loaded(backend: str, log_dir: Path) -> Iterator[TensorBoard]:
    """A new server that has loaded all runs, and nothing more."""

    def steps(answer: object) -> list[int]:
        assert isinstance(answer, dict)
        return [len(group["kinds"].get("statistics", [])) for run in answer["runs"] for group in run["groups"]]

    with serving(log_dir, BACKENDS[backend]) as board:
        board.wait_for(f"{PLUGIN}runs", lambda answer: steps(answer) == [len(STEPS)] * len(RUNS), patience=600)
        yield board


def measure(backend: str, log_dir: Path, browser: Browser) -> list[Row]:
    """All of one backend."""
    rows: list[Row] = []
    for view in PICTURES:
        with loaded(backend, log_dir) as board:
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log-dir", type=Path, help="where the log is, or is to be")
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/results")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        log_dir = arguments.log_dir or Path(folder) / "log"
        for run in RUNS:
            if not (log_dir / run).exists():
                huge_runs.write(log_dir / run, SITES, STEPS, detailed=STEPS[::30])
        found = {}
        for backend in BACKENDS:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
            found[backend] = measure(backend, log_dir, browser)
            browser.close()
    table = "\n".join(table_lines(found))
    print(table)
    if arguments.write:
        about = (__doc__ or "").partition("\n\n    ")[0], (__doc__ or "").rpartition("\n\n")[2].strip()
        RESULT.write_text(f"# Many runs\n\n{about[0]}\n\n{about[1]}\n\n{table}\n")


if __name__ == "__main__":
    main()
