"""What the benchmarks of the page share: a server that has just loaded a log, both backends, and the table of them."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from browser_page import CHROMIUM_FLAGS
from tensorboard_process import BACKENDS, PLUGIN, TensorBoard, serving

Row = tuple[str, str]


def arguments(doc: str | None, log_dir: str) -> argparse.Namespace:
    """Of the command line: where the log is, and whether to write the table."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--log-dir", type=Path, help=log_dir)
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/results")
    return parser.parse_args()


@contextmanager
def loaded(backend: str, log_dir: Path, *, runs: int, steps: int) -> Iterator[TensorBoard]:
    """A new server that has loaded so many runs of so many steps of statistics, and nothing more."""

    def is_there(answer: Any) -> bool:
        found = [len(group["kinds"].get("statistics", [])) for run in answer["runs"] for group in run["groups"]]
        return len(found) == runs and min(found) >= steps

    with serving(log_dir, BACKENDS[backend]) as board:
        board.wait_for(f"{PLUGIN}runs", is_there, patience=600)
        yield board


def of_both_backends(measure: Callable[[str, Browser], list[Row]]) -> list[str]:
    """The table in Markdown, a column a backend, each measured in a browser of its own."""
    found: dict[str, list[Row]] = {}
    with sync_playwright() as playwright:
        for backend in BACKENDS:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
            found[backend] = measure(backend, browser)
            browser.close()
    lines = [f"| | {' | '.join(found)} |", f"|---{'|---' * len(found)}|"]
    for cells in zip(*found.values(), strict=True):
        lines.append(f"| {cells[0][0]} | {' | '.join(value for _, value in cells)} |")
    return lines


def publish(lines: Sequence[str], result: Path | None, title: str, doc: str | None) -> None:
    """Prints the table; writes it, too, with what the benchmark's first and last paragraph say of it."""
    table = "\n".join(lines)
    print(table)
    if result is not None:
        first, last = (doc or "").partition("\n\n    ")[0], (doc or "").rpartition("\n\n")[2].strip()
        result.write_text(f"# {title}\n\n{first}\n\n{last}\n\n{table}\n")
