"""Run as a program: how much memory it takes to look at tensors, by each engine of the CPU. Prints a line of JSON.

Counted is what the system gives, whoever asks for it: numpy, torch, or compiled code. Tensors are far larger than what
glibc keeps for itself if the environment says MALLOC_MMAP_THRESHOLD_=1048576.
"""

import gc
import json
import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch

from torchviz_tb.capture import device_heatmaps
from torchviz_tb.capture.compilation import VARIABLE
from torchviz_tb.capture.device_heatmaps import begin_heatmaps
from torchviz_tb.capture.engines import Begun, DeviceEngine, Engine, Measurement
from torchviz_tb.capture.engines.numba import NumbaEngine
from torchviz_tb.capture.engines.numpy import NumpyEngine
from torchviz_tb.capture.moments import Moments
from torchviz_tb.capture.statistics import begin_stage
from torchviz_tb.capture.tensors import FlatTensor
from torchviz_tb.capture.transfer import Transfer, is_on_host
from torchviz_tb.records import records_pb2 as pb

ROWS, COLUMNS, TENSORS = 2048, 2048, 2
LARGEST = 4 * ROWS * COLUMNS

Look = Callable[[list[torch.Tensor]], None]


class Blind(DeviceEngine):
    """Looks at nothing: what is left are the copies that are made for an engine of a device."""

    def begin(self, tensors: Sequence[FlatTensor], *, histograms: bool) -> Begun:
        measured = [Measurement(0, 0, 0, 0, Moments(), None) for _ in tensors]
        return Begun(torch.zeros(1, dtype=torch.uint8), lambda _: measured)


def sample(engine: Engine | DeviceEngine, tensors: list[torch.Tensor]) -> None:
    transfer = Transfer()
    begin_stage(pb.STAGE_GRADIENT, tensors, transfer, engine=engine)
    transfer.settle()


def heatmaps(engine: str, tensors: list[torch.Tensor]) -> None:
    os.environ[VARIABLE] = engine
    device_heatmaps.is_on_host = is_on_host if engine != "torch" else lambda _: False
    transfer = Transfer()
    begin_heatmaps(enumerate(tensors), transfer, lambda _: None, stage=pb.STAGE_GRADIENT)
    transfer.settle()


WAYS: dict[str, Look] = {
    "numpy": partial(sample, NumpyEngine(2)),
    "numba": partial(sample, NumbaEngine(2)),
    "a device's": partial(sample, Blind()),
    "heatmaps by numpy": partial(heatmaps, "numpy"),
    "heatmaps by numba": partial(heatmaps, "numba"),
    "heatmaps on a device": partial(heatmaps, "torch"),
}


def contiguous(number: int) -> torch.Tensor:
    return torch.randn(ROWS, COLUMNS, generator=torch.Generator().manual_seed(number))


def of_16_bits(number: int) -> torch.Tensor:
    """As many bytes."""
    return torch.cat([contiguous(number), contiguous(number)]).bfloat16()


def with_gaps(number: int) -> torch.Tensor:
    return torch.randn(ROWS, 2 * COLUMNS, generator=torch.Generator().manual_seed(number))[:, :COLUMNS]


def narrow(number: int) -> torch.Tensor:
    """Looked at twice."""
    return 1 + 1e-3 * contiguous(number)


MAKERS = {"contiguous": contiguous, "with gaps": with_gaps, "narrow": narrow, "of 16 bits": of_16_bits}


def bytes_of(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return 1024 * int(found.group(1))


def used(call: Callable[[], object]) -> tuple[int, int]:
    """The most bytes that it takes beyond those that were there, and what it leaves."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = bytes_of("VmRSS")
    call()
    most = bytes_of("VmHWM") - before
    gc.collect()
    return most, bytes_of("VmRSS") - before


def main() -> None:
    found = {}
    for kind, make in MAKERS.items():
        tensors = [make(number) for number in range(TENSORS)]
        for name, look in WAYS.items():
            look(tensors[:1])  # what is made once, such as compiled code
            found[f"{name}, {kind}"] = used(partial(look, tensors))
    found["two copies"] = used(lambda: [each.clone() for each in tensors[:2]])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
