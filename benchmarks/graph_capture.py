"""What capturing a graph costs beside a plain forward and a plain training step, on toy widths and on real ones.

Run it on an otherwise idle machine, where it takes four minutes: ``python -m benchmarks.graph_capture``. It prints a
table, and writes it to ``benchmarks/results/graph_capture.md`` with ``--write``. Only ratios mean something elsewhere.
What is compared is run in turns, so that a machine that slows down slows down all of it, and each capture is compared
with the plain run just before it; what the background does is waited for between the turns, and told by itself.
On a machine that is shared, ``--cpu`` counts the processor time of the waiting thread instead, with one thread of
torch's.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import zoo_networks

from torchviz_tb import SummaryWriter
from torchviz_tb.capture.graph import capture_graph

RESULTS = Path(__file__).parent / "results" / "graph_capture.md"
ROUNDS = 3  # at least, of each case
BUDGET = 20.0  # seconds for each case, after which no further round begins


@dataclass(frozen=True)
class Case:
    """A model and its input."""

    name: str
    width: str
    build: Callable[[], tuple[nn.Module, Tensor]]
    rounds: int


def _image(batch: int, size: int) -> Tensor:
    return torch.randn(batch, 3, size, size)


def _ids(batch: int, length: int) -> Tensor:
    return torch.randint(0, 32, (batch, length))


CASES = (
    Case("ResNet-18", "toy", lambda: (zoo_networks.ResNet(), _image(2, 32)), 20),
    Case("U-Net", "toy", lambda: (zoo_networks.DeepUNet(), _image(2, 32)), 20),
    Case("BERT, 12 layers", "toy", lambda: (zoo_networks.Bert(), _ids(2, 8)), 20),
    Case("Llama, 16 layers", "toy", lambda: (zoo_networks.Llama(), _ids(2, 8)), 20),
    Case("ResNet-18", "64 channels", lambda: (zoo_networks.ResNet(width=64), _image(8, 128)), 9),
    Case("U-Net", "32 channels", lambda: (zoo_networks.DeepUNet(width=32), _image(4, 128)), 5),
    Case("BERT, 12 layers", "768", lambda: (zoo_networks.Bert(width=768, heads=12), _ids(8, 64)), 5),
    Case("Llama, 16 layers", "1024", lambda: (zoo_networks.Llama(16, 1024, 16, 8, 2816), _ids(4, 128)), 3),
)


@dataclass
class Pairs:
    """Seconds of a plain run, of the one with a capture just after it, and of the one after that."""

    plain: list[float] = field(default_factory=list)
    captured: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)
    background: list[float] = field(default_factory=list)

    def ratio(self) -> float:
        """How many times as long a capture takes: the median of all pairs."""
        return statistics.median(c / p for c, p in zip(self.captured, self.plain, strict=True))

    def best(self) -> float:
        """The same of the shortest of each kind, which a busy machine disturbs least."""
        return min(self.captured) / min(self.plain)

    def after(self) -> float:
        """How many times as long a run takes after the capture, median of all pairs."""
        return statistics.median(c / p for c, p in zip(self.later, self.plain, strict=True))


@dataclass(frozen=True)
class Row:
    """What was measured of one case."""

    case: Case
    operations: int
    forward: Pairs
    step: Pairs


@dataclass(frozen=True)
class Clock:
    """Seconds of the thread that waits, and of what goes on beside it."""

    waiting: Callable[[], float]
    beside: Callable[[], float]
    says: str

    def of_waiting(self, run: Callable[[], None]) -> float:
        """Seconds for which the program waits."""
        return _difference(self.waiting, run)

    def of_background(self, run: Callable[[], None]) -> float:
        """Seconds until what was left to the background is done."""
        return _difference(self.beside, run)


WALL = Clock(time.perf_counter, time.perf_counter, "time as it passes")
CPU = Clock(
    time.thread_time, time.process_time, "processor time of the waiting thread, the background's of all threads"
)


def _difference(clock: Callable[[], float], run: Callable[[], None]) -> float:
    began = clock()
    run()
    return clock() - began


def measure(case: Case, folder: Path, clock: Clock) -> Row:
    """Plain forwards and calls of add_graph, plain steps and those that a watch records, in turns."""
    torch.manual_seed(0)
    model, given = case.build()
    operations = len(capture_graph(model, (given,), {}).operations)
    forward, step = Pairs(), Pairs()
    _step(model, given)
    began = time.perf_counter()
    for number in range(case.rounds):
        if number >= ROUNDS and time.perf_counter() - began > BUDGET:
            break
        with SummaryWriter(folder / f"{case.name} {case.width} {number}") as writer:
            _measure_forward(forward, model, given, writer, clock)
        with SummaryWriter(folder / f"{case.name} {case.width} {number} step") as writer:
            _measure_step(step, model, given, writer, clock)
    return Row(case, operations, forward, step)


def _measure_forward(pairs: Pairs, model: nn.Module, given: Tensor, writer: SummaryWriter, clock: Clock) -> None:
    pairs.plain.append(clock.of_waiting(lambda: _discard(model(given))))
    pairs.captured.append(clock.of_waiting(lambda: writer.add_graph(model, given)))
    pairs.background.append(clock.of_background(writer.flush))
    pairs.later.append(clock.of_waiting(lambda: _discard(model(given))))


def _measure_step(pairs: Pairs, model: nn.Module, given: Tensor, writer: SummaryWriter, clock: Clock) -> None:
    pairs.plain.append(clock.of_waiting(lambda: _step(model, given)))
    watch = writer.watch(model, log="graph")
    pairs.captured.append(clock.of_waiting(lambda: _step(model, given)))
    pairs.background.append(clock.of_background(writer.flush))
    pairs.later.append(clock.of_waiting(lambda: _step(model, given)))
    if watch.report().not_recorded:
        raise AssertionError("the step was not captured")
    watch.unwatch()


def _discard(_: object) -> None:
    """So that no result outlives its measurement."""


def _step(model: nn.Module, given: Tensor) -> None:
    result = model(given)
    (result if isinstance(result, Tensor) else next(iter(result.values()))).sum().backward()


def table(rows: list[Row], clock: Clock) -> str:
    """The rows in Markdown."""
    return _HEAD.format(threads=torch.get_num_threads(), load=os.getloadavg()[0], clock=clock.says) + "".join(
        f"| {row.case.name} | {row.case.width} | {row.operations} | {_cells(row.forward)} | {_cells(row.step)} |\n"
        for row in rows
    )


def _cells(pairs: Pairs) -> str:
    shortest, background = 1000 * min(pairs.plain), 1000 * statistics.median(pairs.background)
    return (
        f"{shortest:.0f} ms | **{pairs.ratio():.1f} ×** | {pairs.best():.1f} × | {background:.0f} ms | "
        f"{pairs.after():.2f} ×"
    )


_HEAD = """# What capturing a graph costs

Written by `python -m benchmarks.graph_capture --write`: {clock}; threads of torch's: {threads};
load of the machine at the end: {load:.1f}.
A graph is captured once in a run; only the ratios mean something elsewhere.

The first five columns after the operations are about `add_graph` beside a plain forward, the other five about the
training step that a watch records beside a plain step. Of both: the shortest plain run; **how many times as long the
program waits for one with a capture** (median of pairs run in turns); the same of the shortest of each; how long
after that the background needs until the record is in the file, which shares the interpreter with the steps that
follow; and how long a run takes after the capture, in plain runs.

| model | width | operations | forward | times | of shortest | background | after | step | times | of shortest \
| background | after |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
"""


def main() -> None:
    """Measures all cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write the table to {RESULTS.name}")
    parser.add_argument("--only", default="", help="cases whose width holds this text, such as toy")
    parser.add_argument("--cpu", action="store_true", help="count processor time, on a machine that is shared")
    given = parser.parse_args()
    clock = CPU if given.cpu else WALL
    if given.cpu:
        torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        text = table([measure(case, Path(folder), clock) for case in CASES if given.only in case.width], clock)
    sys.stdout.write(text)
    if given.write:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
