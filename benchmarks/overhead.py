"""What one sample of parameters and gradients costs: ours, what others do, and the least that one can do.

Run it on an otherwise idle machine: ``python -m benchmarks.overhead``. It prints tables, and writes them to
``benchmarks/results/overhead.md`` with ``--write``. All take their samples by turns, and medians are given; only
ratios mean something elsewhere. ``--torchlens`` takes one in (install it first: a sample takes it half a minute).
"""

import argparse
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import nn

from benchmarks.models import gpt2_small, thirty_million
from benchmarks.peers import Floor, HistogramLoop, HistogramLoopX, LikeWandb, Peer, TorchLens
from torchviz_tb import SummaryWriter
from torchviz_tb.capture.compilation import VARIABLE

RESULTS = Path(__file__).parent / "results" / "overhead.md"
THEIRS, FLOOR = "`add_histogram` for each tensor", "`torch.aminmax` of each, the floor"
OURS = "`add_parameters` and `add_gradients`, {}"
ENGINES = ("numpy", "numba")


class Ours:
    """The same tensors: statistics and distributions, measured by one engine."""

    def __init__(self, directory: Path, engine: str = "auto") -> None:
        self._writer, self._engine = SummaryWriter(directory), engine

    def sample(self, model: nn.Module, step: int) -> None:
        """See Peer."""
        os.environ[VARIABLE] = self._engine
        self._writer.add_parameters(model, step)
        self._writer.add_gradients(model, step)

    def flush(self) -> None:
        """See Peer."""
        self._writer.flush()

    def close(self) -> None:
        """See Peer."""
        self._writer.close()


Makers = Mapping[str, Callable[[Path], Peer]]
"""By what it is called in the table."""

MAKERS: Makers = {
    THEIRS: HistogramLoop,
    "tensorboardX's `add_histogram`": HistogramLoopX,
    "as `wandb.watch` counts (our rendering)": LikeWandb,
    **{OURS.format(engine): partial(Ours, engine=engine) for engine in ENGINES},
    FLOOR: Floor,
}


@dataclass(frozen=True)
class Cost:
    """What one sample took."""

    held_up: float  # seconds until the training loop goes on
    on_disk: float  # seconds until all is in the file
    processor: float  # seconds of all threads
    size: float  # bytes

    def __str__(self) -> str:
        times = " | ".join(f"{1000 * seconds:.0f} ms" for seconds in (self.held_up, self.on_disk, self.processor))
        return f"{times} | {self.size / 1000:.0f} kB"


class Contender:
    """A peer, and what its samples took."""

    def __init__(self, make: Callable[[Path], Peer], directory: Path) -> None:
        self.costs: list[Cost] = []
        self.fault: str | None = None
        self._peer, self._directory = make(directory), directory

    def run(self, model: nn.Module, step: int) -> None:
        """Takes a sample; one that fails is not asked again."""
        if self.fault is not None:
            return
        size, start, processor = self._size(), time.perf_counter(), time.process_time()
        try:
            self._peer.sample(model, step)
        except TypeError as error:  # what tensorboardX says to bfloat16
            self.fault = f"raises {type(error).__name__}"
            return
        held_up = time.perf_counter() - start
        self._peer.flush()
        on_disk, processor = time.perf_counter() - start, time.process_time() - processor
        self.costs.append(Cost(held_up, on_disk, processor, self._size() - size))

    def middle(self) -> Cost | None:
        """The medians; the first two samples are not counted, which also write what is written once."""
        columns = {each.name: [getattr(cost, each.name) for cost in self.costs[2:]] for each in fields(Cost)}
        return None if self.fault else Cost(**{name: median(column) for name, column in columns.items()})

    def close(self) -> None:
        """Closes its file."""
        self._peer.close()

    def _size(self) -> int:
        return sum(path.stat().st_size for path in self._directory.iterdir())


def costs(model: nn.Module, makers: Makers, rounds: int) -> dict[str, Cost | str]:
    """The costs of one sample by each way, or why there are none."""
    with tempfile.TemporaryDirectory() as directory:
        contenders = {
            name: Contender(make, Path(directory, str(place))) for place, (name, make) in enumerate(makers.items())
        }
        # By turns, so that whatever else the machine does meets all.
        for step, contender in itertools.product(range(rounds + 2), contenders.values()):
            contender.run(model, step)
        for contender in contenders.values():
            contender.close()
    return {name: contender.middle() or str(contender.fault) for name, contender in contenders.items()}


def compared(dtype: torch.dtype, makers: Makers, rounds: int) -> list[str]:
    """A row for each way; for ours, how many times less than the loop's it is, and how many times the floor."""
    found = costs(thirty_million(dtype), makers, rounds)
    theirs, floor = found[THEIRS], found[FLOOR]
    assert isinstance(theirs, Cost)
    assert isinstance(floor, Cost)
    name, rows = str(dtype).removeprefix("torch."), []
    for way, cost in found.items():
        if isinstance(cost, str):
            rows.append(f"| {name} | {way} | {cost} | | | |")
            continue
        rows.append(f"| {name} | {way} | {cost} |")
        if way in map(OURS.format, ENGINES):
            ratios = (getattr(theirs, each.name) / getattr(cost, each.name) for each in fields(Cost))
            rows.append(f"| {name} | **times less** | {' | '.join(f'**{ratio:.1f} ×**' for ratio in ratios)} |")
            rows.append(f"| {name} | times the floor | {cost.held_up / floor.held_up:.1f} × | | | |")
    return rows


def sizes(rounds: int) -> str:
    """A sentence on GPT-2 small."""
    found = costs(gpt2_small(), {THEIRS: HistogramLoop, "ours": Ours}, rounds)
    theirs, ours = found[THEIRS], found["ours"]
    assert isinstance(theirs, Cost)
    assert isinstance(ours, Cost)
    return (
        f"A sample of GPT-2 small's 148 parameters and their gradients takes {ours.size / 1000:.0f} kB in the file, "
        f"with `add_histogram` {theirs.size / 1000:.0f} kB."
    )


def report(makers: Makers, rounds: int) -> str:
    """The tables, in Markdown."""
    tensors = list(thirty_million(torch.float32).parameters())
    millions = sum(tensor.numel() for tensor in tensors) / 1e6
    return "\n".join(
        [
            "# What one sample costs",
            "",
            f"Parameters and gradients of a model of {millions:.1f} M parameters in {len(tensors)} tensors,",
            f"{torch.get_num_threads()} threads, torch {torch.__version__}; medians of {rounds} rounds of turns.",
            f"The machine's load when this began: {os.getloadavg()[0]:.1f}. Repeated by",
            "`python -m benchmarks.overhead --write`; only the ratios mean something elsewhere.",
            "",
            "| elements | how | the loop waits | until it is on disk | processor time | bytes in the file |",
            "|---|---|---|---|---|---|",
            *compared(torch.float32, makers, rounds),
            *compared(torch.bfloat16, makers, rounds),
            "",
            "`add_histogram` converts bfloat16 through float16, where gradients below 6e-8 become 0. The row on wandb",
            "is its way of counting, without its process. The floor looks at each element once and keeps nothing.",
            "",
            sizes(1),
            "",
        ]
    )


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", action="store_true", help=f"also write them to {RESULTS.name}")
    parser.add_argument("--torchlens", action="store_true", help="also torchlens, which must be installed")
    arguments = parser.parse_args()
    makers = {**MAKERS, "torchlens' watch": TorchLens} if arguments.torchlens else MAKERS
    text = report(makers, arguments.rounds)
    print(text)
    if arguments.write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
