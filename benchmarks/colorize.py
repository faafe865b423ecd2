"""What colorize costs on the CPU: ours against matplotlib's colormap on the same array.

Run it on an otherwise idle machine: ``python -m benchmarks.colorize``. It prints a table, and writes it to
``benchmarks/results/colorize.md`` with ``--write``. Both make uint8 of the same float32; matplotlib's has an
alpha channel besides. "given" are limits that both are told, "found" those that both look for themselves.
"""

import argparse
import itertools
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

import matplotlib
import numpy as np
import torch
from matplotlib.colors import Normalize

from torchviz_tb import colorize
from torchviz_tb.capture.compilation import VARIABLE

RESULTS = Path(__file__).parent / "results" / "colorize.md"
SIDE, REPETITIONS = 4096, 9
FORMATS: tuple[Literal["CHW", "HWC"], ...] = ("CHW", "HWC")


def best_ms(work: Callable[[], object]) -> float:
    """The shortest of several repetitions, in milliseconds."""
    times = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def largest_difference(tensor: torch.Tensor) -> int:
    """Of any channel of any pixel, between ours and matplotlib's."""
    theirs = matplotlib.colormaps["viridis"](Normalize()(tensor.numpy()), bytes=True)[..., :3]
    ours = colorize(tensor, dataformats="HWC").numpy()
    return int(np.abs(ours.astype(np.int16) - theirs).max())


def rows(tensor: torch.Tensor) -> list[str]:
    """A line of the table for each engine, layout and kind of limits."""
    array, viridis = tensor.numpy(), matplotlib.colormaps["viridis"]
    given = best_ms(lambda: viridis(array, bytes=True))
    found = best_ms(lambda: viridis(Normalize()(array), bytes=True))
    lines = []
    for engine, dataformats in itertools.product(("numpy", "numba"), FORMATS):
        os.environ[VARIABLE] = engine
        ours_given = best_ms(partial(colorize, tensor, vmin=0, vmax=1, dataformats=dataformats))
        ours_found = best_ms(partial(colorize, tensor, dataformats=dataformats))
        for limits, theirs, ours in (("given", given, ours_given), ("found", found, ours_found)):
            times = f"{theirs:.0f} ms | {ours:.0f} ms | {theirs / ours:.1f} ×"
            lines.append(f"| {engine} | {dataformats} | {limits} | {times} |")
    return lines


def main() -> None:
    """Measures, prints, and writes with ``--write``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    tensor = torch.rand(SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    load = os.getloadavg()[0]
    lines = [
        f"# colorize, {SIDE} × {SIDE} float32 on the CPU",
        "",
        (
            f"{torch.get_num_threads()} threads, torch {torch.__version__}, matplotlib {matplotlib.__version__}; "
            f"the machine's load when this began was {load:.1f}. Best of {REPETITIONS}. "
            "`python -m benchmarks.colorize --write` repeats it."
        ),
        f"The largest difference between any two colours is {largest_difference(tensor)} of 255.",
        "",
        "| engine | layout | limits | matplotlib | colorize | times faster |",
        "|---|---|---|---|---|---|",
        *rows(tensor),
    ]
    print("\n".join(lines))
    if parser.parse_args().write:
        RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
