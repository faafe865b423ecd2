"""What watching adds to each step of a training: the look for NaN, the flight recorder, samples, activations.

``python -m benchmarks.watching`` prints a table, and writes it to ``benchmarks/results/watching.md`` with ``--write``.
Each way to train has a model of its own; they make their steps by turns, with one thread, and what counts is the
processor time of that thread, so that other programs on the machine disturb little.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from benchmarks.transformer import Training
from torchviz_tb import SummaryWriter

RESULTS = Path(__file__).parent / "results" / "watching.md"
NEVER = 10**9
WARMING_UP = 5  # steps that are not counted: the first one is always sampled

MODELS = {
    "0.8 M parameters, 12 × 64 symbols": {"vocabulary": 65, "width": 128, "blocks": 4, "length": 64, "batch": 12},
    "30 M parameters, 4 × 64 symbols": {"vocabulary": 4900, "width": 512, "blocks": 8, "length": 64, "batch": 4},
}
QUIET: dict[str, Any] = {"log": ["gradients"], "log_freq": NEVER, "flight_recorder": 0, "nan": "off"}
WAYS: dict[str, Mapping[str, Any] | None] = {
    "without us": None,
    "watched, and never sampled": QUIET,
    "+ look for NaN as by default: one sum of what the model returns": {**QUIET, "nan": None},
    '+ `nan="origin"`: one sum of what each module returns': {**QUIET, "nan": "origin"},
    "+ flight recorder": {**QUIET, "flight_recorder": 32},
    "sampled at every step: gradients": {**QUIET, "log_freq": 1},
    "sampled at every step: gradients and activations": {**QUIET, "log": ["gradients", "activations"], "log_freq": 1},
    "all defaults but `log_freq=1`": {"log_freq": 1},
    "all defaults": {},
}


class Way:
    """One way to train, and the seconds of its steps."""

    def __init__(self, size: Mapping[str, int], options: Mapping[str, Any] | None, directory: Path) -> None:
        self.seconds: list[float] = []
        self._training = Training(heads=4, **size)
        if options is not None:
            self._writer = SummaryWriter(directory)
            self._writer.watch(self._training.model, self._training.optimizer, **options)

    def step(self) -> None:
        """Makes a step."""
        start = time.thread_time()
        self._training.step()
        self.seconds.append(time.thread_time() - start)


def rows(name: str, size: Mapping[str, int], steps: int, directory: Path) -> list[str]:
    """A row for each way: the median step, and the median of what it takes more than the same step without us."""
    ways = {label: Way(size, options, directory / str(i)) for i, (label, options) in enumerate(WAYS.items())}
    for _ in range(WARMING_UP + steps):
        for way in ways.values():
            way.step()
    bare = ways["without us"].seconds[WARMING_UP:]
    table = []
    for label, way in ways.items():
        own = way.seconds[WARMING_UP:]
        added = statistics.median(one - other for one, other in zip(own, bare, strict=True))
        share = 100 * added / statistics.median(bare)
        more = "" if own is bare else f"{1000 * added:+.2f} ms | {share:+.1f} %"
        table.append(f"| {name} | {label} | {1000 * statistics.median(own):.1f} ms | {more or '|'} |")
    return table


def report(steps: int) -> str:
    """The table, in Markdown."""
    torch.set_num_threads(1)
    lines = [
        "# What watching adds to a step",
        "",
        f"AdamW, one of {os.cpu_count()} cores, {steps} steps each by turns, medians. Processor time of the",
        'training thread; "all defaults" has none of its samples among the steps, which come at every 100th.',
        "In these first steps the flight recorder spends the quarter of a second that it has besides 0.5 % of",
        "the time; and as its time goes on while the other ways take their turns, it may spend nine times what",
        "it may spend alone: the rows with it say the most that it takes, not what a long run pays.",
        "Written by `python -m benchmarks.watching --write`. Only the shares mean something elsewhere.",
        "",
        "| model | how | a step | more than without us | share |",
        "|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as directory:
        for index, (name, size) in enumerate(MODELS.items()):
            lines += rows(name, size, max(10, steps // (1 if index == 0 else 8)), Path(directory) / str(index))
    return "\n".join([*lines, ""])


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=90)
    parser.add_argument("--write", action="store_true", help=f"also write it to {RESULTS.name}")
    arguments = parser.parse_args()
    table = report(arguments.steps)
    print(table)
    if arguments.write:
        RESULTS.write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()
