"""How long after its address is opened the page shows each view's first picture, on the logs of the demo.

    python benchmarks/first_paint.py                    trains the demo's models first (a minute)
    python benchmarks/first_paint.py --log-dir runs     takes logs that are there
    python benchmarks/first_paint.py --write            writes benchmarks/results/first_paint.md, too

Milliseconds from the start of the navigation until two frames after the view's first canvas is in the document, in a
new page of our own document, whose browser is already running. TensorBoard has loaded the log; "new server" is the
first page that asks it for this view, which began to decode its records when it started. Without a GPU.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from browser_page import CHROMIUM_FLAGS
from page_tables import arguments, publish
from tensorboard_process import BACKENDS, PLUGIN, TensorBoard, serving

ROOT = Path(__file__).resolve().parents[1]
RUN_OF_VIEW = {
    "overview": "digits",
    "graph": "digits",
    "distributions": "digits",
    "gradients": "digits",
    "tensors": "attention",
}
REPEATS = 5
RESULT = Path(__file__).parent / "results" / "first_paint.md"
# Two frames on, the first picture has been drawn and composed.
WATCH = """new MutationObserver((_, observer) => {
  if (!document.querySelector("main canvas")) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.firstPaint = performance.now(); }));
}).observe(document, {childList: true, subtree: true});"""


def first_paint(browser: Browser, board: TensorBoard, view: str) -> float:
    """Milliseconds until a view's first picture, in a page of its own."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(WATCH)
    selection = f"p.torchviz_tb.view={view}&p.torchviz_tb.runs={RUN_OF_VIEW[view]}"
    page.goto(f"{board.url}data/plugin_entry.html?name=torchviz_tb#torchviz_tb&{selection}")
    page.wait_for_function("window.firstPaint !== undefined", polling=100)
    milliseconds = float(page.evaluate("window.firstPaint"))
    page.wait_for_load_state("networkidle")
    page.close()
    return milliseconds


def measure(log_dir: Path) -> dict[str, dict[str, list[float]]]:
    """By backend and view: milliseconds, the first of a new server."""
    found: dict[str, dict[str, list[float]]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        browser.new_page().goto("about:blank")
        for backend, flag in BACKENDS.items():
            found[backend] = {}
            for view in RUN_OF_VIEW:
                with serving(log_dir, flag) as board:
                    board.wait_for(
                        f"{PLUGIN}runs", lambda answer: len(answer["runs"]) >= len(set(RUN_OF_VIEW.values()))
                    )
                    found[backend][view] = [first_paint(browser, board, view) for _ in range(REPEATS)]
        browser.close()
    return found


def table_lines(found: dict[str, dict[str, list[float]]]) -> list[str]:
    """The table in Markdown."""
    rows = [
        f"| {backend} | {view} | {times[0]:.0f} | {statistics.median(times[1:]):.0f} | {max(times[1:]):.0f} |"
        for backend, views in found.items()
        for view, times in views.items()
    ]
    return ["| backend | view | new server, ms | median, ms | slowest, ms |", "|---|---|---|---|---|", *rows]


def main() -> None:
    """Measures every view and prints, or writes, the table."""
    wanted = arguments(__doc__, "logs with the runs digits and attention")
    with tempfile.TemporaryDirectory() as folder:
        log_dir = wanted.log_dir or Path(folder)
        if wanted.log_dir is None:
            for name in sorted(set(RUN_OF_VIEW.values())):
                command = [sys.executable, str(ROOT / "demo" / f"{name}.py"), "--log-dir", str(log_dir / name)]
                subprocess.run(command, check=True)
        lines = table_lines(measure(log_dir))
    publish(lines, RESULT if wanted.write else None, "First paint", __doc__)


if __name__ == "__main__":
    main()
