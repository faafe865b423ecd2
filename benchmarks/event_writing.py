"""What writing events costs: our file writer beside TensorBoard's, large events and small ones.

Run: python -m benchmarks.event_writing [--write]
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tensorboard.compat.proto.event_pb2 import Event
from torch.utils.tensorboard import FileWriter

from torchviz_tb.summaries.file_writer import OurFileWriter

ROUNDS = 7
RESULT = Path(__file__).parent / "results" / "event_writing.md"
Make = Callable[[str], FileWriter]


@contextmanager
def opened(make: Make) -> Iterator[FileWriter]:
    """A writer in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        writer = make(folder)
        yield writer
        writer.close()


def large(make: Make) -> float:
    """Seconds until an event of 10 MB is in the file."""
    event = Event(graph_def=bytes(range(256)) * 40_000)
    with opened(make) as writer:
        begun = time.perf_counter()
        writer.add_event(event)
        writer.flush()
        return time.perf_counter() - begun


def small(make: Make) -> float:
    """Seconds until 10,000 scalars are in the file."""
    with opened(make) as writer:
        begun = time.perf_counter()
        for step in range(10_000):
            event = Event()
            event.summary.value.add(tag="loss", simple_value=step)
            writer.add_event(event, step)
        writer.flush()
        return time.perf_counter() - begun


def table() -> str:
    """Both cases, both writers, in turns."""
    makes: dict[str, Make] = {
        "TensorBoard's": lambda folder: FileWriter(folder),
        "ours": lambda folder: OurFileWriter(folder, 120, ""),
    }
    lines = []
    for name, case in (("one event of 10 MB", large), ("10,000 scalars", small)):
        seconds: dict[str, list[float]] = {writer: [] for writer in makes}
        for _ in range(ROUNDS):
            for writer, make in makes.items():
                seconds[writer].append(case(make))
        stock, ours = median(seconds["TensorBoard's"]), median(seconds["ours"])
        lines.append(f"| {name} | {stock * 1e3:.0f} | {ours * 1e3:.0f} | **{stock / ours:.0f}** |")
    head = "| until it is in the file | TensorBoard's writer, ms | ours, ms | ratio |\n|---|---|---|---|\n"
    return head + "\n".join(lines) + "\n"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"also into {RESULT.name}")
    found = table()
    print(found)
    if parser.parse_args().write:
        made = f"Made by `python -m benchmarks.event_writing --write`; medians of {ROUNDS} turns."
        RESULT.write_text(f"# What writing events costs\n\n{made}\n\n{found}")


if __name__ == "__main__":
    main()
