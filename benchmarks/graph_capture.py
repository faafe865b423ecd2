"""What capturing a graph costs beside a plain forward, on toy widths and on real ones.

Run it on an otherwise idle machine: ``python -m benchmarks.graph_capture``. It prints a table, and
writes it to ``benchmarks/results/graph_capture.md`` with ``--write``. Times are the best of several repetitions,
and only their ratios mean something elsewhere.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import zoo_networks

from torchviz_tb.capture.graph import capture_graph, watch_first_forward
from torchviz_tb.records import records_pb2 as pb

RESULTS = Path(__file__).parent / "results" / "graph_capture.md"


@dataclass(frozen=True)
class Case:
    """A model and its input."""

    name: str
    width: str
    build: Callable[[], tuple[nn.Module, Tensor]]
    repetitions: int


def _image(batch: int, size: int) -> Tensor:
    return torch.randn(batch, 3, size, size)


def _ids(batch: int, length: int) -> Tensor:
    return torch.randint(0, 32, (batch, length))


CASES = (
    Case("ResNet-18", "toy", lambda: (zoo_networks.ResNet(), _image(2, 32)), 20),
    Case("U-Net", "toy", lambda: (zoo_networks.DeepUNet(), _image(2, 32)), 20),
    Case("BERT, 12 layers", "toy", lambda: (zoo_networks.Bert(), _ids(2, 8)), 20),
    Case("Llama, 16 layers", "toy", lambda: (zoo_networks.Llama(), _ids(2, 8)), 20),
    Case("ResNet-18", "64 channels", lambda: (zoo_networks.ResNet(width=64), _image(8, 128)), 5),
    Case("U-Net", "32 channels", lambda: (zoo_networks.DeepUNet(width=32), _image(4, 128)), 5),
    Case("BERT, 12 layers", "768", lambda: (zoo_networks.Bert(width=768, heads=12), _ids(8, 64)), 5),
    Case("Llama, 16 layers", "1024", lambda: (zoo_networks.Llama(16, 1024, 16, 8, 2816), _ids(4, 128)), 5),
)


@dataclass(frozen=True)
class Row:
    """Seconds of one case."""

    case: Case
    operations: int
    forward: float
    captured: float
    step: float
    watched: float


def measure(case: Case) -> Row:
    """A plain forward and one by add_graph; a plain step and one that is watched."""
    torch.manual_seed(0)
    model, given = case.build()
    graph = capture_graph(model, (given,), {})
    return Row(
        case,
        len(graph.operations),
        _best(case.repetitions, lambda: _discard(model(given))),
        _best(case.repetitions, lambda: _discard(capture_graph(model, (given,), {}))),
        _best(case.repetitions, lambda: _step(model, given)),
        _best(case.repetitions, lambda: _watched_step(model, given)),
    )


def _discard(_: object) -> None:
    """So that no result outlives its measurement."""


def _step(model: nn.Module, given: Tensor) -> None:
    result = model(given)
    (result if isinstance(result, Tensor) else next(iter(result.values()))).sum().backward()


def _watched_step(model: nn.Module, given: Tensor) -> None:
    graphs: list[pb.Graph] = []
    watch_first_forward(model, graphs.append, _fail)
    _step(model, given)
    if len(graphs) != 1:
        raise AssertionError("the step was not captured")


def _fail(error: Exception) -> None:
    raise error


def _best(repetitions: int, run: Callable[[], None]) -> float:
    def seconds() -> float:
        began = time.perf_counter()
        run()
        return time.perf_counter() - began

    return min(seconds() for _ in range(repetitions))


def table(rows: list[Row]) -> str:
    """The rows in Markdown."""
    head = "# What capturing a graph costs\n\nBest of several, "
    head += f"{torch.get_num_threads()} threads. Written by `python -m benchmarks.graph_capture --write`.\n"
    head += "A graph is captured once in a run; only the ratios mean something elsewhere.\n\n"
    head += "| model | width | operations | forward | `add_graph` | times | step | captured step | times |\n"
    head += "|---|---|---|---|---|---|---|---|---|\n"
    return head + "".join(
        f"| {row.case.name} | {row.case.width} | {row.operations} | {1000 * row.forward:.0f} ms | "
        f"{1000 * row.captured:.0f} ms | {row.captured / row.forward:.1f} × | {1000 * row.step:.0f} ms | "
        f"{1000 * row.watched:.0f} ms | {row.watched / row.step:.1f} × |\n"
        for row in rows
    )


def main() -> None:
    """Measures all cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write the table to {RESULTS.name}")
    text = table([measure(case) for case in CASES])
    sys.stdout.write(text)
    if parser.parse_args().write:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
