"""What measuring on a GPU costs, and that nothing waits for it.

Run it on an otherwise idle GPU: ``python -m benchmarks.gpu``. It prints its findings, and writes them to
``benchmarks/results/gpu.md`` with ``--write``. ``--sweep`` looks for the kernels' best sizes. Takes two minutes and
6 GB of memory. ``--smoke`` runs all of it that needs no GPU, on few elements, to see that it runs.
"""

import argparse
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from torchviz_tb import SummaryWriter, colorize
from torchviz_tb.capture.compilation import VARIABLE
from torchviz_tb.capture.engines import DeviceEngine, Measurement
from torchviz_tb.capture.engines.numpy import NumpyEngine
from torchviz_tb.capture.engines.torch import TorchEngine
from torchviz_tb.capture.tensors import FlatTensor
from torchviz_tb.watching import Watch

RESULTS = Path(__file__).parent / "results" / "gpu.md"
REPETITIONS, STEPS = 9, 200
WAITS = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize", "cudaMemcpy")
PARTS = ["parameters", "gradients", "updates", "heatmaps"]


@dataclass(frozen=True)
class Place:
    """Where it runs, and on how much."""

    device: torch.device
    parameters: int
    width: int  # of the transformer that is trained
    side: int  # of the picture
    steps: int

    @property
    def is_gpu(self) -> bool:
        """Whether there is anything to be found out about a GPU."""
        return self.device.type == "cuda"

    def finish(self) -> None:
        """Returns when the device has done everything."""
        if self.is_gpu:
            torch.cuda.synchronize()

    def seconds(self, work: Callable[[], object], repetitions: int = REPETITIONS) -> float:
        """The shortest of several repetitions but the first, the device's part included."""
        times: list[float] = []
        for _ in range(repetitions):
            with self.timed(times):
                work()
        return min(times[1:])

    @contextmanager
    def timed(self, times: list[float]) -> Iterator[None]:
        """Adds the seconds that the block takes, the device's part included."""
        self.finish()
        start = time.perf_counter()
        yield
        self.finish()
        times.append(time.perf_counter() - start)


def engines() -> dict[str, DeviceEngine]:
    """Those that measure where the tensors are."""
    found: dict[str, DeviceEngine] = {"torch": TorchEngine()}
    try:
        from torchviz_tb.capture.engines.triton import TritonEngine
    except ImportError:
        return found
    return {"triton": TritonEngine(), **found}


def billion(place: Place, dtype: torch.dtype) -> list[FlatTensor]:
    """Parameters and gradients of a model of so many parameters: matrices with some vectors between them."""
    tensors: list[torch.Tensor] = []
    side = max(96, int((place.parameters / 60) ** 0.5))
    while sum(tensor.numel() for tensor in tensors) < place.parameters:
        tensors += [torch.randn(side, side, device=place.device).mul_(0.02).to(dtype)]
        tensors += [torch.ones(side, device=place.device, dtype=dtype)]
    gradients = [torch.randn_like(tensor).mul_(1e-4) for tensor in tensors]
    return [FlatTensor(tensor.view(-1)) for tensor in tensors + gradients]


def copy_bandwidth(place: Place) -> float:
    """Bytes a second, those read and those written, of one large copy."""
    source = torch.empty(place.parameters, dtype=torch.bfloat16, device=place.device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / place.seconds(lambda: target.copy_(source))


def bandwidth_rows(place: Place) -> list[str]:
    """A line for each type of element and engine."""
    copied = copy_bandwidth(place)
    rows = [
        f"A copy moves {copied / 1e9:.0f} GB/s, read and written together.",
        "",
        "| elements | engine | time | read | share of the copy's |",
        "|---|---|---|---|---|",
    ]
    for dtype in (torch.bfloat16, torch.float32):
        tensors = billion(place, dtype)
        size = sum(tensor.values.nbytes for tensor in tensors)
        for name, engine in engines().items():
            repetitions = REPETITIONS if name == "triton" else 3  # torch takes seconds
            seconds = place.seconds(partial(engine.begin, tensors, histograms=True), repetitions)
            kind = str(dtype).removeprefix("torch.")
            share = size / seconds / copied
            rows.append(
                f"| {kind} | {name} | {1000 * seconds:.2f} ms | {size / seconds / 1e9:.0f} GB/s | {share:.2f} |"
            )
        del tensors
    return rows


def memory_rows(place: Place) -> list[str]:
    """What a sample takes up besides the tensors, while it is taken and afterwards."""
    tensors = billion(place, torch.bfloat16)
    largest = max(tensor.values.nbytes for tensor in tensors)
    rows = []
    for name, engine in engines().items():
        place.finish()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        begun = engine.begin(tensors, histograms=True)
        place.finish()
        most = torch.cuda.max_memory_allocated() - before - begun.results.nbytes
        results = begun.results.nbytes
        del begun
        left = torch.cuda.memory_allocated() - before
        rows.append(
            f"- {name}: {most / 2**20:.1f} MiB of scratch (the largest tensor has {largest / 2**20:.1f}), "
            f"{results / 2**20:.1f} MiB of results, {left} bytes left afterwards"
        )
    return rows


def counts_rows(place: Place) -> list[str]:
    """Whether all engines count what numpy counts."""
    random = np.random.default_rng(0)
    kinds = {
        "N(0, 0.02)": random.normal(0, 0.02, 300_000),
        "N(1, 0.001)": random.normal(1, 1e-3, 300_000),
        "N(1, 1e-5)": random.normal(1, 1e-5, 300_000),
        "two peaks": random.choice([-1.0, 1.0], 300_000) * random.normal(1, 1e-4, 300_000),
        "12 decades": 10 ** random.normal(0, 2, 300_000),
        "with NaN and infinities": np.tile([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, 1.0, 3.0], 40_000),
    }
    dtypes = (torch.float32, torch.bfloat16, torch.float16, torch.float64, torch.float8_e4m3fn, torch.int32)
    rows = []
    for name, engine in engines().items():
        differing = [
            f"{kind} in {dtype}"
            for (kind, values), dtype in itertools.product(kinds.items(), dtypes)
            if not _agree(
                engine, torch.from_numpy(np.nan_to_num(values) if dtype == torch.int32 else values).to(dtype), place
            )
        ]
        rows.append(
            f"- {name}: " + ("as numpy, everywhere" if not differing else "DIFFERS for " + ", ".join(differing))
        )
    return rows


def _agree(engine: DeviceEngine, tensor: torch.Tensor, place: Place) -> bool:
    [mine] = engine.measure([FlatTensor(tensor.to(place.device))], histograms=True)
    [numpys] = NumpyEngine().measure([FlatTensor(tensor)], histograms=True)
    return _counts(mine, numpys) == _counts(numpys, mine)


def _counts(one: Measurement, other: Measurement) -> tuple[object, ...]:
    assert one.tally is not None
    assert other.tally is not None
    tally = one.tally.cut(other.tally.bits)
    alone = one.count, one.zeros, one.nan, one.pos_inf, one.neg_inf
    return (*alone, tally.signs.tolist(), tally.patterns.tolist(), tally.counts.tolist())


def network(place: Place) -> tuple[nn.Module, torch.optim.Optimizer, torch.Tensor]:
    """A transformer, its optimizer and an input."""
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(place.width, place.width // 64, 4 * place.width, batch_first=True)
    model = nn.TransformerEncoder(layer, 4, enable_nested_tensor=False).to(place.device)
    return model, torch.optim.AdamW(model.parameters(), 1e-4), torch.randn(8, 128, place.width, device=place.device)


def train(model: nn.Module, optimizer: torch.optim.Optimizer, batch: torch.Tensor, steps: int) -> None:
    """Training steps."""
    for _ in range(steps):
        optimizer.zero_grad()
        model(batch).square().mean().backward()
        optimizer.step()


@contextmanager
def watched(place: Place, **options: int) -> Iterator[tuple[nn.Module, torch.optim.Optimizer, torch.Tensor, Watch]]:
    """A network that is watched, warm."""
    model, optimizer, batch = network(place)
    with tempfile.TemporaryDirectory() as directory, SummaryWriter(directory) as writer:
        watch = writer.watch(model, optimizer, log=PARTS, **options)
        train(model, optimizer, batch, 3)
        place.finish()
        yield model, optimizer, batch, watch


def training_rows(place: Place) -> list[str]:
    """A step with a watch and without one, by turns."""
    bare = network(place)
    train(*bare, 3)
    times: dict[str, list[float]] = {"bare": [], "watched": []}
    with watched(place, log_freq=100) as (model, optimizer, batch, _):
        for name, trained in 5 * [("bare", bare), ("watched", (model, optimizer, batch))]:
            with place.timed(times[name]):
                train(*trained, place.steps)
    without, with_us = (statistics.median(times[name]) / place.steps for name in ("bare", "watched"))
    more = 100 * (with_us / without - 1)
    return [
        f"- {1000 * without:.3f} ms a step without a watch, {1000 * with_us:.3f} ms with log_freq=100: {more:+.2f} %"
    ]


def waiting_rows(place: Place) -> list[str]:
    """What sampled steps wait for: by the profiler's account, and by CUDA's own alarm."""
    with watched(place, log_freq=1) as (model, optimizer, batch, watch):
        torch.cuda.set_sync_debug_mode("error")
        try:
            train(model, optimizer, batch, 3)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        alarms = watch.report().not_recorded
        seen = _waits(lambda: train(model, optimizer, batch, 3))
    bare = network(place)
    train(*bare, 3)
    unseen = _waits(lambda: train(*bare, 3))
    return [
        f"- 3 sampled steps wait {seen} times, as many without a watch {unseen} times",
        f"- with torch.cuda.set_sync_debug_mode('error'): {dict(alarms) or 'no alarm'}",
    ]


def _waits(work: Callable[[], object]) -> int:
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiled:
        work()
    # The profiler itself waits once, when it ends.
    return sum(event.count for event in profiled.key_averages() if event.key in WAITS)


def color_rows(place: Place) -> list[str]:
    """A picture in colours, beside reading it and writing its pixels at a copy's speed."""
    tensor = torch.rand(place.side, place.side, device=place.device)
    least = (tensor.nbytes + 3 * tensor.numel()) / copy_bandwidth(place)
    given = place.seconds(lambda: colorize(tensor, vmin=0, vmax=1))
    found = place.seconds(lambda: colorize(tensor))
    return [
        f"- {place.side} × {place.side} float32: {1e6 * given:.0f} µs with limits, {1e6 * found:.0f} µs without",
        f"- read and written once: {1e6 * least:.0f} µs, of which that is {given / least:.1f} and {found / least:.1f}",
    ]


def sweep_rows(place: Place) -> list[str]:
    """The kernels' speed by size of block and warps."""
    from torchviz_tb.capture.engines.triton import TritonEngine

    tensors = billion(place, torch.bfloat16)
    size = sum(tensor.values.nbytes for tensor in tensors)
    rows = ["| elements together | warps | read |", "|---|---|---|"]
    for block, warps in itertools.product((1024, 2048, 4096, 8192), (4, 8, 16)):
        engine = TritonEngine(block, warps)
        seconds = place.seconds(partial(engine.begin, tensors, histograms=True))
        rows.append(f"| {block} | {warps} | {size / seconds / 1e9:.0f} GB/s |")
    return rows


def report(place: Place, *, sweep: bool) -> Iterator[str]:
    """All findings, in Markdown, one after the other."""
    name = torch.cuda.get_device_name() if place.is_gpu else "no GPU: only to see that it runs"
    millions = place.parameters / 1e6
    sections: dict[str, Callable[[Place], list[str]]] = {
        "All engines count the same": counts_rows,
        f"Statistics and histograms of {millions:.0f} M parameters and their gradients": bandwidth_rows,
        "A training step": training_rows,
        "colorize": color_rows,
    }
    if place.is_gpu:
        sections |= {"Memory": memory_rows, "Waiting": waiting_rows}
    if sweep:
        sections["Sizes"] = sweep_rows
    yield f"# On a GPU: {name}\n"
    yield f"torch {torch.__version__}. Written by `python -m benchmarks.gpu --write`.\n"
    for title, rows in sections.items():
        yield "\n".join([f"## {title}", "", *rows(place), ""])


def main() -> None:
    """Prints the findings."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help=f"also write them to {RESULTS.name}")
    parser.add_argument("--sweep", action="store_true", help="also look for the kernels' best sizes")
    parser.add_argument("--smoke", action="store_true", help="run on the CPU, on few elements")
    arguments = parser.parse_args()
    if not torch.cuda.is_available() and not arguments.smoke:
        parser.exit(1, "benchmarks.gpu needs CUDA, and torch sees none here: --smoke runs what needs no GPU\n")
    if arguments.smoke:
        place = Place(torch.device("cpu"), parameters=50_000, width=64, side=64, steps=2)
        os.environ[VARIABLE] = "torch"
    else:
        place = Place(torch.device("cuda"), parameters=1_000_000_000, width=1024, side=4096, steps=STEPS)
    findings = []
    for finding in report(place, sweep=arguments.sweep):
        print(finding, flush=True)
        findings.append(finding)
    if arguments.write:
        RESULTS.write_text("\n".join(findings), encoding="utf-8")


if __name__ == "__main__":
    main()
