"""What ``add_histogram`` costs: ours, torch's and tensorboardX's on the same tensors.

    python benchmarks/add_histogram.py            writes benchmarks/results/add_histogram.md

The call is what the training loop waits for; with ``flush()`` it is all the work there is. Each number is the
median of interleaved rounds, so that a busy machine hurts all writers alike: read the ratios.
"""

import argparse
import platform
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tensorboardX import SummaryWriter as TensorboardXWriter
from torch.utils.tensorboard import SummaryWriter as TorchWriter

from torchviz_tb import SummaryWriter

WRITERS: dict[str, Callable[[str], Any]] = {
    "torch": TorchWriter,
    "tensorboardX": TensorboardXWriter,
    "torchviz_tb": SummaryWriter,
}
CASES = {
    "float32, 16 M": (1 << 24, torch.float32),
    "float32, 4 M": (1 << 22, torch.float32),
    "float32, 1 M": (1 << 20, torch.float32),
    "float32, 64 k": (1 << 16, torch.float32),
    "float32, 4 k": (1 << 12, torch.float32),
    "float64, 4 M": (1 << 22, torch.float64),
    "bfloat16, 4 M": (1 << 22, torch.bfloat16),
}
RESULT = Path(__file__).parent / "results" / "add_histogram.md"

Times = tuple[float, float]

_QUIET = 0.02  # seconds: the threads of the writer before are done by then


def main() -> None:
    """Measures every case and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--out", type=Path, default=RESULT)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = [row(name, measured(size, dtype, arguments.rounds)) for name, (size, dtype) in CASES.items()]
    text = table(rows, arguments.rounds)
    print(text)
    arguments.out.write_text(text, encoding="utf-8")


def measured(size: int, dtype: torch.dtype, rounds: int) -> dict[str, Times | None]:
    """Median seconds of the call, and of the call with its flush, by writer; None where it raises."""
    values = torch.randn(size, generator=torch.Generator().manual_seed(0)).to(dtype)
    times: dict[str, list[Times]] = {name: [] for name in WRITERS}
    with tempfile.TemporaryDirectory() as folder:
        writers = {name: make(f"{folder}/{name}") for name, make in WRITERS.items()}
        for step in range(rounds):
            # Each goes first in turn.
            for name in list(writers)[step % len(writers) :] + list(writers)[: step % len(writers)]:
                seconds = one_call(writers[name], values, step)
                if seconds is not None:
                    times[name].append(seconds)
        for writer in writers.values():
            writer.close()
    return {name: median(found) if found else None for name, found in times.items()}


def one_call(writer: Any, values: torch.Tensor, step: int) -> Times | None:
    """Seconds of one call, and of it with its flush."""
    time.sleep(_QUIET)
    start = time.perf_counter()
    try:
        writer.add_histogram("values", values, step)
    except (TypeError, ValueError, NotImplementedError):
        return None
    called = time.perf_counter()
    writer.flush()
    return called - start, time.perf_counter() - start


def median(times: list[Times]) -> Times:
    """Of each of the two by itself."""
    call, total = zip(*times, strict=True)
    return statistics.median(call), statistics.median(total)


def row(name: str, times: dict[str, Times | None]) -> str:
    """One line: milliseconds of each writer, and how many times as long torch's takes as ours."""
    ours, torchs = times["torchviz_tb"], times["torch"]
    assert ours is not None
    assert torchs is not None
    cells = [shown(times[writer]) for writer in WRITERS]
    return f"| {name} | {' | '.join(cells)} | **{torchs[0] / ours[0]:.1f}** | {torchs[1] / ours[1]:.1f} |"


def shown(times: Times | None) -> str:
    """Call and total in milliseconds."""
    return "raises" if times is None else f"{times[0] * 1e3:.2f} / {times[1] * 1e3:.2f}"


def table(rows: list[str], rounds: int) -> str:
    """The whole result."""
    heads = " | ".join(f"{name}, ms" for name in WRITERS)
    versions = f"torch {torch.__version__}, numpy {np.__version__}, {torch.get_num_threads()} threads"
    return "\n".join(
        [
            "# What add_histogram costs",
            "",
            f"Made by `python benchmarks/add_histogram.py` on {platform.machine()}, {versions}; medians of {rounds}",
            "interleaved rounds on a busy machine, so read the ratios. First number: the call; second: the call and",
            "`flush()`. Values of N(0, 1), torch's default bins. Of a million elements on we count in the background.",
            "",
            f"| values | {heads} | call, torch ÷ ours | with flush, torch ÷ ours |",
            f"|---|{'---|' * len(WRITERS)}---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
