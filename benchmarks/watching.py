"""What watching adds to each step of a training: samples, the look for NaN, the flight recorder, activations.

``python -m benchmarks.watching`` prints two tables, and writes them to ``benchmarks/results/watching.md`` with
``--write``. Each way to train has a model of its own; they make their steps by turns, with one thread, and what counts
is the processor time of that thread, so that other programs on the machine disturb little. The clock of a watch stands
still while the others take their turns: what may take a share of the time has no more of it than alone.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.transformer import Training
from torchviz_tb import SummaryWriter

RESULTS = Path(__file__).parent / "results" / "watching.md"
NEVER = 10**9
WARMING_UP = 2  # steps that are not counted; the first one is always sampled
HEATMAPS_EVERY = 5  # samples, by default
FREE_SECONDS = 0.25  # that the flight recorder may take besides its share

SMALL = {"vocabulary": 65, "width": 128, "blocks": 4, "length": 64}
LARGE = {"vocabulary": 4900, "width": 512, "blocks": 8, "length": 64}
SIZES = [
    # Model, its size, sequences a step, steps that are counted: a multiple of those between heatmaps.
    ("0.8 M", SMALL, 4, 60),
    ("0.8 M", SMALL, 16, 30),
    ("0.8 M", SMALL, 64, 15),
    ("30 M", LARGE, 4, 10),
    ("30 M", LARGE, 16, 5),
    ("30 M", LARGE, 64, 5),
]
KINDS = {"all but activations, the default": "all", "gradients": "gradients"}

QUIET: dict[str, Any] = {"log": "gradients", "log_freq": NEVER, "flight_recorder": 0, "nan": "off"}
PIECES: dict[str, Mapping[str, Any]] = {
    "watched, and never sampled": QUIET,
    "+ look for NaN as by default: one sum of what the model returns": {**QUIET, "nan": None},
    '+ `nan="origin"`: one sum of what each module returns': {**QUIET, "nan": "origin"},
    "+ flight recorder, its first quarter of a second": {**QUIET, "flight_recorder": 32},
    "+ flight recorder, afterwards": {**QUIET, "flight_recorder": 32},
    "sampled at every step: gradients and activations": {**QUIET, "log": ["gradients", "activations"], "log_freq": 1},
}


class Way:
    """One way to train, and the seconds of its steps."""

    def __init__(self, size: Mapping[str, int], options: Mapping[str, Any] | None, directory: Path) -> None:
        self.seconds: list[float] = []
        self._training = Training(heads=4, **size)
        self._watch: Any = None
        self._left: float | None = None  # when its last turn ended
        if options is not None:
            self._writer = SummaryWriter(directory)
            self._watch = self._writer.watch(self._training.model, self._training.optimizer, **options)

    def step(self) -> None:
        """Makes a step."""
        if self._watch is not None and self._left is not None:
            self._watch._cost._began += time.perf_counter() - self._left
        start = time.thread_time()
        self._training.step()
        self.seconds.append(time.thread_time() - start)
        self._left = time.perf_counter()

    def spend_what_is_free(self) -> None:
        """As if the flight recorder had taken before what it may take besides its share of the time."""
        if self._watch._lookout._flight is not None:
            self._watch._lookout._flight.cost.seconds += FREE_SECONDS

    @property
    def gave_way(self) -> bool:
        """Whether it looks for NaN no more, since that took more than its share."""
        origin = None if self._watch is None else self._watch._lookout._origin
        return origin is not None and not origin.is_looking

    def added(self, bare: "Way") -> float:
        """Seconds more than the same step without us: medians of steps with heatmaps and without, by their number."""
        pairs = enumerate(zip(self.seconds, bare.seconds, strict=True))
        more = [(step % HEATMAPS_EVERY == 0, own - other) for step, (own, other) in pairs if step >= WARMING_UP]
        groups = [[seconds for with_heatmaps, seconds in more if with_heatmaps == wanted] for wanted in (False, True)]
        return sum(len(group) * statistics.median(group) for group in groups if group) / len(more)

    @property
    def usual(self) -> float:
        """Seconds of a step."""
        return statistics.median(self.seconds[WARMING_UP:])


def trained(
    size: Mapping[str, int], ways: Mapping[str, Mapping[str, Any] | None], steps: int, directory: Path
) -> dict[str, Way]:
    """All ways, after so many steps by turns."""
    made = {name: Way(size, options, directory / str(place)) for place, (name, options) in enumerate(ways.items())}
    for name, way in made.items():
        if name in ("unsampled", "+ flight recorder, afterwards"):
            way.spend_what_is_free()
    for _ in range(WARMING_UP + steps):
        for way in made.values():
            way.step()
    return made


def sampled(name: str, size: Mapping[str, int], sequences: int, steps: int, directory: Path) -> list[str]:
    """A row for each choice of what is watched."""
    ways = {kind: {"log": log, "log_freq": 1, "flight_recorder": 0, "nan": "off"} for kind, log in KINDS.items()}
    all_ways = {"bare": None, "unsampled": {"log_freq": NEVER}, **ways}
    made = trained({**size, "batch": sequences}, all_ways, steps, directory)
    step, looks = made["bare"].usual, made["unsampled"].added(made["bare"])
    start = f"| {name} | {sequences * size['length']} | {1000 * step:.0f} ms"
    return [
        f"{start} | {kind} | {one(made[kind].added(made['bare']), step, 10)}"
        f" | {one(max(looks, 0.0) + made[kind].added(made['bare']) / 100, step, 1)} |"
        for kind in ways
    ]


def one(seconds: float, step: float, bound: float) -> str:
    """Milliseconds, and the share of a step beside its bound in per cent."""
    share = 100 * seconds / step
    return f"{1000 * seconds:.2f} ms | {share:.1f} %, {'meets' if share < bound else '**misses**'} it"


def pieces(steps: int, directory: Path) -> list[str]:
    """A row for each thing that a watch does."""
    made = trained({**SMALL, "batch": 12}, {"bare": None, **PIECES}, steps, directory)
    step, rows = made["bare"].usual, []
    for name in PIECES:
        added = made[name].added(made["bare"])
        note = ", until it gave way" if made[name].gave_way else ""
        rows.append(f"| {name}{note} | {1000 * added:+.2f} ms | {100 * added / step:+.1f} % |")
    return [f"| without us | {1000 * step:.1f} ms | |", *rows]


def report(sizes: Sequence[tuple[str, Mapping[str, int], int, int]], steps: int) -> str:
    """The tables, in Markdown."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as directory:
        table = [
            row for place, size in enumerate(sizes) for row in sampled(*size, Path(directory, "sampled", str(place)))
        ]
        return "\n".join([*HEAD, *table, *MIDDLE, *pieces(steps, Path(directory, "pieces")), ""])


HEAD = [
    "# What watching adds to a step",
    "",
    f"AdamW, one of {os.cpu_count()} cores, torch {torch.__version__}, by turns with the same training without us;",
    "medians. Processor time of the training thread; the writer's thread makes, compresses and writes records beside",
    "it. Written by `python -m benchmarks.watching --write`. Only the shares mean something elsewhere.",
    "",
    "What a sample costs depends mostly on the parameters, a step on the symbols in it, too: the fewer there are, the",
    "greater the share. The bounds are 10 % at `log_freq=1` and 1 % at `log_freq=100`, where a step pays a hundredth",
    "of a sample, as computed from it, and what is done at every step: the look for NaN and the flight recorder, once",
    "that has taken the quarter of a second that it may take besides 0.5 % of the time: in a minute 0.4 % more.",
    "",
    "| parameters | symbols a step | a step | watched | at `log_freq=1` | bound 10 % | at `log_freq=100` | bound 1 % |",
    "|---|---|---|---|---|---|---|---|",
]
MIDDLE = [
    "",
    "What each thing adds to a step of the 0.8 M parameters with 12 × 64 symbols:",
    "",
    "| what | adds | share |",
    "|---|---|---|",
]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=60, help="for the second table")
    parser.add_argument("--only", default="", help="only models whose name begins so, for a quick look")
    parser.add_argument("--write", action="store_true", help=f"also write it to {RESULTS.name}")
    arguments = parser.parse_args()
    table = report([size for size in SIZES if size[0].startswith(arguments.only)], arguments.steps)
    print(table)
    if arguments.write:
        RESULTS.write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()
