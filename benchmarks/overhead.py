"""What one sample of parameters and gradients costs: ours against a loop of torch's add_histogram.

Run it on an otherwise idle machine: ``python -m benchmarks.overhead``. It prints a table, and writes it to
``benchmarks/results/overhead.md`` with ``--write``. Times are the best of several repetitions, and only their
ratios mean something elsewhere.
"""

import argparse
import itertools
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter as TorchSummaryWriter

from torchviz_tb import SummaryWriter
from torchviz_tb.capture.compilation import VARIABLE

RESULTS = Path(__file__).parent / "results" / "overhead.md"
ENGINES = ("numpy", "numba")
WIDTH, BLOCKS, VOCABULARY = 512, 8, 4900


class Block(nn.Module):
    """The parameters of one transformer block, 12 tensors. It is never run."""

    def __init__(self) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.projection = nn.Linear(WIDTH, WIDTH)
        self.norm_2 = nn.LayerNorm(WIDTH)
        self.up = nn.Linear(WIDTH, 4 * WIDTH)
        self.down = nn.Linear(4 * WIDTH, WIDTH)


def build_model(dtype: torch.dtype) -> nn.Module:
    """About 30 million parameters in 100 tensors, as after some training, with gradients."""
    torch.manual_seed(0)
    embedding, head = nn.Embedding(VOCABULARY, WIDTH), nn.Linear(WIDTH, VOCABULARY, bias=False)
    model = nn.Sequential(embedding, *(Block() for _ in range(BLOCKS)), nn.LayerNorm(WIDTH), head)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(float(parameter.dim() == 1), 0.02)
    model.to(dtype)
    for parameter in model.parameters():
        # Each row has a scale of its own, as units have that learn at different speeds.
        scale = torch.exp(torch.randn(parameter.shape[:1])).reshape(-1, *[1] * (parameter.dim() - 1))
        parameter.grad = (1e-4 * scale * torch.randn(parameter.shape)).to(dtype)
    return model


def sample_by_torch(writer: TorchSummaryWriter, model: nn.Module, step: int) -> None:
    """The loop that everyone pastes."""
    for name, parameter in model.named_parameters():
        writer.add_histogram(name, parameter, step)
        writer.add_histogram(f"{name}.grad", parameter.grad, step)


def sample_by_us(writer: TorchSummaryWriter, model: nn.Module, step: int) -> None:
    """The same tensors: statistics and distributions."""
    assert isinstance(writer, SummaryWriter)
    writer.add_parameters(model, step)
    writer.add_gradients(model, step)


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


def best(costs: list[Cost]) -> Cost:
    """The best of each; the first sample is not counted, since it also writes what is written once."""
    return Cost(*(min(getattr(cost, field.name) for cost in costs[1:]) for field in fields(Cost)))


class Contender:
    """One way to log a model, with an event file of its own."""

    def __init__(
        self, writer: TorchSummaryWriter, sample: Callable[[TorchSummaryWriter, nn.Module, int], None]
    ) -> None:
        self.costs: list[Cost] = []
        self._writer, self._sample = writer, sample
        self._directory = Path(writer.get_logdir())

    def run(self, model: nn.Module, step: int) -> None:
        """Takes a sample."""
        size, start, processor = self._size(), time.perf_counter(), time.process_time()
        self._sample(self._writer, model, step)
        held_up = time.perf_counter() - start
        self._writer.flush()
        on_disk, processor = time.perf_counter() - start, time.process_time() - processor
        self.costs.append(Cost(held_up, on_disk, processor, self._size() - size))

    def close(self) -> None:
        """Closes the event file."""
        self._writer.close()

    def _size(self) -> int:
        return sum(path.stat().st_size for path in self._directory.iterdir())


def compared(dtype: torch.dtype, repetitions: int) -> list[str]:
    """Torch's loop, ours by each engine and how many times less that is, and the floor."""
    model = build_model(dtype)
    with tempfile.TemporaryDirectory() as directory:
        contenders = [
            Contender(TorchSummaryWriter(f"{directory}/theirs"), sample_by_torch),
            *(Contender(SummaryWriter(f"{directory}/{engine}"), by_engine(engine)) for engine in ENGINES),
        ]
        # By turns, so that whatever else the machine does meets both.
        for step, contender in itertools.product(range(repetitions + 1), contenders):
            contender.run(model, step)
        for contender in contenders:
            contender.close()
    theirs, *ours = (best(contender.costs) for contender in contenders)
    name = str(dtype).removeprefix("torch.")
    rows = [f"| {name} | `add_histogram` for each tensor | {theirs} |"]
    for engine, cost in zip(ENGINES, ours, strict=True):
        ratios = (getattr(theirs, field.name) / getattr(cost, field.name) for field in fields(Cost))
        rows.append(f"| {name} | `add_parameters` and `add_gradients`, {engine} | {cost} |")
        rows.append(f"| {name} | **times less** | {' | '.join(f'**{ratio:.1f} ×**' for ratio in ratios)} |")
    return [*rows, f"| {name} | `torch.aminmax` of each, the floor | {floor(model, repetitions)} |"]


def by_engine(engine: str) -> Callable[[TorchSummaryWriter, nn.Module, int], None]:
    """Our sample, measured by one engine."""

    def sample(writer: TorchSummaryWriter, model: nn.Module, step: int) -> None:
        os.environ[VARIABLE] = engine
        sample_by_us(writer, model, step)

    return sample


def floor(model: nn.Module, repetitions: int) -> str:
    """One look at each element: least and greatest, and nothing recorded."""
    costs = []
    for _ in range(repetitions + 1):
        start, processor = time.perf_counter(), time.process_time()
        for parameter in model.parameters():
            torch.aminmax(parameter.detach())
            torch.aminmax(parameter if parameter.grad is None else parameter.grad)
        costs.append((time.perf_counter() - start, time.process_time() - processor))
    wall, busy = (1000 * min(column) for column in zip(*costs, strict=True))
    return f"{wall:.0f} ms | | {busy:.0f} ms | |"


def report(repetitions: int) -> str:
    """The table, in Markdown."""
    tensors = list(build_model(torch.float32).parameters())
    millions = sum(tensor.numel() for tensor in tensors) / 1e6
    return "\n".join(
        [
            "# What one sample costs",
            "",
            f"Parameters and gradients of a model of {millions:.1f} M parameters in {len(tensors)} tensors,",
            f"{os.cpu_count()} cores, best of {repetitions}. Written by `python -m benchmarks.overhead --write`.",
            "Only the ratios mean something elsewhere.",
            "",
            "| elements | how | the loop waits | until it is on disk | processor time | bytes in the file |",
            "|---|---|---|---|---|---|",
            *compared(torch.float32, repetitions),
            *compared(torch.bfloat16, repetitions),
            "",
            "`add_histogram` converts bfloat16 through float16, where gradients below 6e-8 become 0.",
            "",
        ]
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"also write it to {RESULTS.name}")
    arguments = parser.parse_args()
    table = report(arguments.repetitions)
    print(table)
    if arguments.write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()
