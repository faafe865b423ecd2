"""What a Visualizer costs a forward outside of sampled steps: on a small CNN, beside the bare model.

Run it on an otherwise idle machine: ``python -m benchmarks.visualizer``. It prints a table, and writes it to
``benchmarks/results/visualizer.md`` with ``--write``. The two are timed in turns, and the medians compared, since
the difference is smaller than what a machine's clock varies from one second to the next.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from torch import nn

from torchviz_tb import Visualizer

RESULTS = Path(__file__).parent / "results" / "visualizer.md"
BATCH, TURNS = 32, 2000
CALLS = 200_000


def small_cnn() -> nn.Module:
    """Two convolutions and two linear layers for pictures of 32 × 32."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def train_one_step(visualizer: Visualizer, x: torch.Tensor) -> None:
    """After this the graph is recorded, and no step is sampled before the next hundredth."""
    optimizer = torch.optim.SGD(visualizer.parameters(), lr=0.01)
    visualizer(x).sum().backward()
    optimizer.step()
    optimizer.zero_grad()


def medians(bare: nn.Module, wrapped: nn.Module, x: torch.Tensor) -> tuple[float, float]:
    """Seconds of one forward of each, with gradient."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(2 * TURNS):
        model = (bare, wrapped)[turn % 2]
        start = time.perf_counter()
        model(x)
        times[turn % 2].append(time.perf_counter() - start)
    return median(times[0]), median(times[1])


def wrapper_seconds(log_dir: str) -> float:
    """What the wrapper alone adds to a call: that of a module that does nothing."""
    bare = nn.Identity()
    wrapped = Visualizer(bare, log_dir=log_dir)
    x = torch.zeros(1)
    seconds = []
    for model in (bare, wrapped):
        start = time.perf_counter()
        for _ in range(CALLS):
            model(x)
        seconds.append((time.perf_counter() - start) / CALLS)
    return seconds[1] - seconds[0]


def main() -> None:
    """Measures, prints, and writes with ``--write``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    bare, x = small_cnn(), torch.randn(BATCH, 3, 32, 32)
    with tempfile.TemporaryDirectory() as log_dir:
        wrapped = Visualizer(bare, log_dir=f"{log_dir}/cnn")
        train_one_step(wrapped, x)
        forward, with_visualizer = medians(bare, wrapped, x)
        added = wrapper_seconds(f"{log_dir}/identity")
        wrapped.close()
    lines = [
        f"# A forward of a small CNN, batch of {BATCH}, in a Visualizer, outside of sampled steps",
        "",
        (
            f"{torch.get_num_threads()} threads, torch {torch.__version__}; the machine's load when this began was "
            f"{load:.1f}. `python -m benchmarks.visualizer --write` repeats it."
        ),
        "",
        "| what | time | of the forward |",
        "|---|---|---|",
        f"| the bare model, median of {TURNS} | {1e6 * forward:.0f} µs | |",
        (
            f"| in a Visualizer, in turns with it | {1e6 * with_visualizer:.0f} µs | "
            f"{100 * (with_visualizer / forward - 1):+.2f} % |"
        ),
        (
            f"| what the wrapper adds to a module that does nothing, mean of {CALLS:,} | {1e6 * added:.2f} µs | "
            f"{100 * added / forward:.2f} % |"
        ),
    ]
    print("\n".join(lines))
    if arguments.write:
        RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
