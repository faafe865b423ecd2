"""What the Graph view costs in the real page: script time of the first picture, of opening and closing, and of moving.

    python benchmarks/graph_page.py               prints a table
    python benchmarks/graph_page.py --write       writes benchmarks/results/graph_page.md, too

Two graphs of 50,000 operations: one of repeated blocks, which fold, and one in which no module is like another.
Script time is what the browser's main thread spends in scripts, as Chromium's own counter has it; a frame is a
turn of requestAnimationFrame while the picture is dragged. Without a GPU: all drawing is done by the processor.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import CDPSession, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import sample_graphs
from browser_page import CHROMIUM_FLAGS
from sample_logs import EventFile
from tensorboard_process import BACKENDS, serving

from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

OPERATIONS = 50_000
MODULES = 1_000
FRAMES = 60
RESULT = Path(__file__).parent / "results" / "graph_page.md"
_OPERATION_KINDS = ("addmm", "relu", "mul", "add", "sin", "softmax", "cat", "tanh")


def unalike(operations: int = OPERATIONS, modules: int = MODULES) -> pb.Graph:
    """Modules of a class each, whose operations read their predecessor and one at random."""
    random = np.random.default_rng(0)
    graph = pb.Graph(model_type="Unalike", mode=pb.CAPTURE_MODE_ADD_GRAPH, torch_version="2.13.0")
    graph.types.add(shape=[8, 128, 64], dtype="float32", device="cpu")
    graph.scopes.add(type="Unalike", training=True)
    graph.inputs.add(name="x", type=0)
    for index in range(operations):
        if index % (operations // modules) == 0:
            number = len(graph.scopes)
            graph.scopes.add(path=f"module{number}", type=f"Module{number}", training=True)
        sources = [pb.Source(operation=index) if index else pb.Source(input=1)]
        if index > 1:
            sources.append(pb.Source(operation=int(random.integers(max(0, index - 40), index)) + 1))
        name = f"aten.{_OPERATION_KINDS[int(random.integers(len(_OPERATION_KINDS)))]}"
        graph.operations.add(name=name, scope=len(graph.scopes) - 1, sources=sources, outputs=[0])
    graph.outputs.add(name="output", type=0, source=pb.Source(operation=operations))
    return graph


class Meter:
    """Main-thread script time of a page, in milliseconds."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Performance.enable")

    def total(self) -> float:
        """Since the page was opened."""
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return 1000 * float(next(metric["value"] for metric in metrics if metric["name"] == "ScriptDuration"))

    def spent(self, action: Callable[[], object]) -> float:
        """While the action runs."""
        before = self.total()
        action()
        return self.total() - before


def measure(page: Page, url: str, run: str) -> dict[str, float]:
    """The numbers of one run's graph."""
    # Our own document, without TensorBoard's page around it, whose scripts would count as well.
    address = f"{url}data/plugin_entry.html?name=torchviz_tb#torchviz_tb&p.torchviz_tb.view="
    page.goto(f"{address}tensors&p.torchviz_tb.runs={run}")
    page.get_by_role("button", name="Graph", exact=True).wait_for()
    page.wait_for_timeout(500)
    meter = Meter(page)

    def open_graph() -> None:
        page.get_by_role("button", name="Graph", exact=True).click()
        page.locator(".graph-totals").wait_for()
        page.wait_for_timeout(3000)

    numbers = {"first picture, ms": meter.spent(open_graph)}
    tree = page.get_by_role("tree", name="Modules")
    tree.get_by_role("treeitem").nth(3).click()
    page.wait_for_timeout(300)
    canvas = page.get_by_role("application")
    canvas.focus()

    def open_and_close() -> None:
        canvas.press("Enter")
        page.wait_for_timeout(400)
        canvas.press("Escape")

    numbers["opening or closing, ms"] = statistics.median(meter.spent(open_and_close) / 2 for _ in range(5))
    canvas.press("Escape")
    while (deeper := page.get_by_role("button", name="Deeper", exact=True)).is_enabled():
        deeper.click()
        page.wait_for_timeout(1500)
    numbers["items in the picture"] = float(shown(page))
    numbers["moving, ms of script a frame"] = frame_cost(page, meter)
    page.get_by_role("button", name="Fit the graph to the window").click()
    page.wait_for_timeout(500)
    numbers["moving with all in view, ms of script a frame"] = frame_cost(page, meter)
    return numbers


def shown(page: Page) -> int:
    """Boxes, pills and hexagons, as the page counts them."""
    words = page.locator(".graph-totals").inner_text().split()
    return int(words[words.index("shown") - 1].replace(",", "").replace("\u202f", ""))


def frame_cost(page: Page, meter: Meter) -> float:
    """Drags the picture to and fro, a step a frame."""
    script = f"""async () => {{
      const canvas = document.querySelector(".graph-canvas");
      const box = canvas.getBoundingClientRect();
      const send = (type, x, y) => canvas.dispatchEvent(new WheelEvent(type, {{deltaX: x, deltaY: y, bubbles: true,
        cancelable: true, clientX: box.left + 200, clientY: box.top + 200}}));
      for (let frame = 0; frame < {FRAMES}; frame += 1) {{
        send("wheel", frame % 2 ? 9 : -9, frame % 2 ? 17 : -17);
        await new Promise(requestAnimationFrame);
      }}
    }}"""
    return meter.spent(lambda: page.evaluate(script)) / FRAMES


def main() -> None:
    """Measures both graphs and prints, or writes, the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/results")
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser's program")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log_dir = Path(folder)
        for name, graph in {"alike": sample_graphs.large(OPERATIONS), "unalike": unalike()}.items():
            EventFile(log_dir / name).record("model", Kind.GRAPH, graph, 0)
        with serving(log_dir, BACKENDS["rust"]) as board, sync_playwright() as playwright:
            board.wait_for("data/plugin/torchviz_tb/runs", lambda answer: len(answer["runs"]) == 2)
            browser = playwright.chromium.launch(executable_path=arguments.chromium, args=CHROMIUM_FLAGS)
            results = {
                run: measure(browser.new_page(viewport={"width": 1280, "height": 800}), board.url, run)
                for run in ("alike", "unalike")
            }
            browser.close()
    table = "\n".join(table_lines(results))
    print(table)
    if arguments.write:
        RESULT.write_text(
            f"# The Graph view with 50,000 operations\n\n{__doc__.split(chr(10), 1)[1].strip()}\n\n{table}\n"
        )


def table_lines(results: dict[str, dict[str, float]]) -> list[str]:
    """The table in Markdown."""
    rows = [
        f"| {row} | " + " | ".join(f"{results[run][row]:,.1f}" for run in results) + " |"
        for row in next(iter(results.values()))
    ]
    return ["| | repeated blocks | no two modules alike |", "|---|---|---|", *rows]


if __name__ == "__main__":
    main()
