"""The engine for CUDA: one launch for all tensors. Importing this compiles its kernels, if there is a CUDA device."""

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from torchviz_tb.capture.engines import Begun, DeviceEngine, triton_kernels
from torchviz_tb.capture.engines import torch as by_torch
from torchviz_tb.capture.engines.device_layout import MOST_SLOTS, Block, Buffer, Cells, Layout
from torchviz_tb.capture.engines.device_plan import Plan, plan
from torchviz_tb.capture.engines.device_results import Results
from torchviz_tb.capture.tensors import NARROW_DTYPES, FlatTensor
from torchviz_tb.capture.transfer import to_device

Int64s = npt.NDArray[np.int64]

_PIECE = 1 << 16  # elements of one program
_ALIGNMENT = 16  # bytes, with which elements are read fastest

_EIGHT_BITS = sorted((dtype for dtype in NARROW_DTYPES if dtype.itemsize == 1), key=str)
_TYPES = {
    dtype: number
    for number, dtype in enumerate([torch.float32, torch.bfloat16, torch.float16, torch.float64, *_EIGHT_BITS])
}
"""Those that the kernels read, by the numbers that these have for them."""


@dataclass(frozen=True)
class TritonEngine(DeviceEngine):
    """Measures all tensors of a device in one launch, and never waits.

    One pass over memory; tensors whose distribution is too narrow for its table, at most 8, are read once more by
    a second launch, which is over at once for all others. float64 has a launch of its own, with one pass more for
    its scale, and so have tensors whose elements are not aligned. Sums are in float64, of differences from
    the mean of each piece's first block. Integers of 16 bits and more and complex numbers are measured as TorchEngine
    does. Extra memory: up to 9 MiB, and the results.
    """

    block: int = 1 << 11  # elements that a program looks at together
    warps: int = 8

    def begin(self, tensors: Sequence[FlatTensor], *, histograms: bool) -> Begun:
        """See DeviceEngine."""
        device = tensors[0].values.device
        layout = Layout.of(tensors, _pieces(tensors), histograms=histograms)
        buffer = Buffer(layout, device)
        buffer.copy_raw(layout, tensors)
        others = [number for number, part in enumerate(layout.parts) if not _is_ours(layout.blocks[part.tensor])]
        by_torch.scan(layout, buffer, tensors, others)
        with _current(device):
            launches = list(_launches(layout, tensors, device))
            for launch in launches:
                launch.scan(self, buffer, histograms=histograms)
            if histograms and layout.parts:
                chosen, cells = plan(layout, buffer), Cells(layout, device)
                by_torch.refine(layout, cells, tensors, others, chosen)
                for launch in launches:
                    launch.refine(self, cells, chosen)
                cells.give(buffer)
        return Begun(buffer.results, lambda packed: Results(layout, packed).measurements())


@dataclass(frozen=True)
class _Launch:
    """Pieces that one launch can measure."""

    pieces: torch.Tensor
    values_of_codes: torch.Tensor
    is_wide: bool
    is_aligned: bool

    def scan(self, engine: TritonEngine, buffer: Buffer, *, histograms: bool) -> None:
        """The first pass."""
        triton_kernels.scan[(len(self.pieces),)](
            self.pieces,
            self.values_of_codes,
            buffer["sums"],
            buffer["counts"],
            buffer["tables"] if histograms else buffer["counts"],  # not touched without histograms
            block=engine.block,
            histograms=histograms,
            wide=self.is_wide,
            aligned=self.is_aligned,
            num_warps=engine.warps,
        )

    def refine(self, engine: TritonEngine, cells: Cells, chosen: Plan) -> None:
        """The second pass."""
        triton_kernels.refine[(len(self.pieces),)](
            self.pieces,
            self.values_of_codes,
            chosen.slot_of_part,
            chosen.starts,
            chosen.shifts,
            cells.counts,
            cells.least,
            cells.greatest,
            cells.slots,
            block=engine.block,
            wide=self.is_wide,
            aligned=self.is_aligned,
            num_warps=engine.warps,
        )


def _launches(layout: Layout, tensors: Sequence[FlatTensor], device: torch.device) -> Iterator[_Launch]:
    """Mostly one: all of one width, aligned."""
    values_of_codes = None
    for is_wide, is_aligned in itertools.product((False, True), (True, False)):
        tables = [
            _table(layout, number, tensors[part.tensor].values)
            for number, part in enumerate(layout.parts)
            if _is_ours(layout.blocks[part.tensor])
            and (layout.blocks[part.tensor].dtype == torch.float64) == is_wide
            and (tensors[part.tensor].values.data_ptr() % _ALIGNMENT == 0) == is_aligned
        ]
        if tables:
            values_of_codes = _values_of_codes(device) if values_of_codes is None else values_of_codes
            yield _Launch(to_device(np.concatenate(tables), device), values_of_codes, is_wide, is_aligned)


def _table(layout: Layout, number: int, values: torch.Tensor) -> Int64s:
    """The rows of a part's pieces."""
    part, rows = layout.parts[number], layout.pieces[number]
    starts = part.start + _PIECE * np.arange(rows.stop - rows.start)
    return np.stack(
        [
            values.data_ptr() + starts * values.itemsize,
            np.minimum(part.start + part.length - starts, _PIECE),
            np.full(len(starts), number),
            np.full(len(starts), _TYPES[values.dtype]),
            np.arange(rows.start, rows.stop),
        ],
        axis=1,
    )


def _is_ours(block: Block) -> bool:
    return block.dtype in _TYPES


def _pieces(tensors: Sequence[FlatTensor]) -> list[int]:
    others = by_torch.piece([tensor for tensor in tensors if tensor.values.dtype not in _TYPES])
    return [_PIECE if tensor.values.dtype in _TYPES else others for tensor in tensors]


def _values_of_codes(device: torch.device) -> torch.Tensor:
    """What each code of each type of 8 bits means, float32 [types, 256]."""
    codes = torch.arange(256, dtype=torch.int16, device=device).to(torch.uint8)
    return torch.stack([_meaning(codes, dtype) for dtype in _EIGHT_BITS])


def _meaning(codes: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    # Of a bool only 0 and 1 occur.
    return codes.ne(0).to(torch.float32) if dtype == torch.bool else codes.view(dtype).to(torch.float32)


def _current(device: torch.device) -> AbstractContextManager[object]:
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def _compile() -> None:
    """Compiles what nearly all tensors need; the first launch for others, such as float64, compiles its own."""
    int32, int64, float32, float64 = torch.int32, torch.int64, torch.float32, torch.float64
    engine = TritonEngine()
    fixed = {"block": engine.block, "wide": False, "aligned": True, "num_warps": engine.warps, "grid": (1,)}
    triton_kernels.scan.warmup(int64, float32, float64, int64, int32, histograms=True, **fixed)
    triton_kernels.refine.warmup(int64, float32, *[int32] * 6, MOST_SLOTS, **fixed)


if torch.cuda.is_available() and os.environ.get("TRITON_INTERPRET") != "1":
    _compile()
