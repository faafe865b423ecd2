"""The engine for any device, by torch's own operations."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch

from torchviz_tb.capture.engines import Begun, DeviceEngine
from torchviz_tb.capture.engines.device_layout import CELLS, KEYS, NO_PATTERN, REST_BITS, Buffer, Cells, Layout
from torchviz_tb.capture.engines.device_plan import Plan, plan
from torchviz_tb.capture.engines.device_results import Results
from torchviz_tb.capture.moments import LARGE, SMALL
from torchviz_tb.capture.tensors import FlatTensor, accumulates_in
from torchviz_tb.records.grid import MANTISSA_BITS, TOP_EXPONENT

_LEAST_PIECE, _MOST_PIECE = 1 << 15, 1 << 22  # elements
_SCRATCH = 96  # bytes for each element of a piece while it is looked at; twice as many in float64

_NOT_FINITE_KEY = (TOP_EXPONENT + 1) << (MANTISSA_BITS - REST_BITS)
_LARGEST = ((TOP_EXPONENT + 1) << MANTISSA_BITS) - 1  # the pattern of the largest finite float32
_REST = (1 << REST_BITS) - 1


class TorchEngine(DeviceEngine):
    """Measures where the tensors are, a piece at a time, and never waits.

    Two passes, of which the second is for histograms alone; about 60 operations for a piece of up to 4 million
    elements. Sums are in float64, those of squares around the mean of their piece; on Apple's GPU, which has no
    float64, in float32, good to 6 digits, and types that float32 can't hold are copied to be measured on the CPU.
    Extra memory: that of the largest tensor or 7 MiB, and the results.
    """

    def begin(self, tensors: Sequence[FlatTensor], *, histograms: bool) -> Begun:
        """See DeviceEngine."""
        device = tensors[0].values.device
        floats = accumulates_in(device)
        layout = Layout.of(tensors, [piece(tensors)] * len(tensors), histograms=histograms, floats=floats)
        parts = range(len(layout.parts))
        buffer = Buffer(layout, device)
        buffer.copy_raw(layout, tensors)
        scan(layout, buffer, tensors, parts)
        if histograms and parts:
            chosen, cells = plan(layout, buffer), Cells(layout, device)
            refine(layout, cells, tensors, parts, chosen)
            cells.give(buffer)
        return Begun(buffer.results, lambda packed: Results(layout, packed).measurements())


@dataclass(frozen=True)
class Chunk:
    """The elements of one piece."""

    values: torch.Tensor  # float32 or float64
    finite: torch.Tensor
    magnitudes: torch.Tensor  # int32: float32 patterns without the sign, as ``float32_patterns`` gives them
    negative: torch.Tensor

    @classmethod
    def of(cls, elements: torch.Tensor, floats: torch.dtype) -> "Chunk":
        """From elements of any type."""
        values = _real_floats(elements, floats)
        finite = values.isfinite()
        if values.dtype == torch.float32:
            patterns = values.view(torch.int32)
            return cls(values, finite, patterns & NO_PATTERN, patterns < 0)
        return cls(values, finite, _patterns(values.where(finite, 0).abs()), values.signbit())

    @property
    def keys(self) -> torch.Tensor:
        """Entries of the table, int32; an entry that is not read for what is not finite."""
        keys = (self.magnitudes >> REST_BITS) + self.negative.to(torch.int32) * (KEYS // 2)
        return keys.where(self.finite, _NOT_FINITE_KEY)

    @property
    def is_counted(self) -> torch.Tensor:
        """Which elements the histogram is of."""
        return self.finite & (self.magnitudes > 0)

    def counts(self) -> torch.Tensor:
        """A row of Counts."""
        zeros, counted = self.finite & (self.magnitudes == 0), self.is_counted
        magnitudes = self.magnitudes.where(counted, 0)
        infinite = self.values.isinf()
        row = [
            zeros.sum(),
            (zeros & self.negative).sum(),
            self.values.isnan().sum(),
            (infinite & ~self.negative).sum(),
            (infinite & self.negative).sum(),
            self.magnitudes.where(counted, NO_PATTERN).amin(),
            magnitudes.amax(),
        ]
        return torch.stack([each.to(torch.int64) for each in row])

    def sums(self, floats: torch.dtype) -> torch.Tensor:
        """A row of Sums."""
        count = self.finite.sum().to(floats)
        low = self.values.where(self.finite, torch.inf).amin()
        high = self.values.where(self.finite, -torch.inf).amax()
        wide = self.values.to(floats).where(self.finite, 0)
        scale = torch.ones_like(count)
        if self.values.dtype == torch.float64:
            scale = _scale(wide.abs().amax())
            wide = wide / scale
        mean = wide.sum() / count.clamp(min=1)
        l1 = wide.abs().sum()
        squares = wide.sub_(mean).square_().where(self.finite, 0).sum()
        return torch.stack([each.to(floats) for each in (count, low, high, mean, squares, l1, scale)])


def scan(layout: Layout, buffer: Buffer, tensors: Sequence[FlatTensor], parts: Iterable[int]) -> None:
    """The first pass over these parts: sums, counts and tables."""
    sums, counts, tables = buffer["sums"], buffer["counts"], buffer["tables"]
    for part, number, elements in _pieces(layout, tensors, parts):
        chunk = Chunk.of(elements, layout.floats)
        sums[number] = chunk.sums(layout.floats)
        counts[number] = chunk.counts()
        if layout.histograms:
            keys = chunk.keys
            tables[part].index_add_(0, keys, _ones(keys))


def refine(layout: Layout, cells: Cells, tensors: Sequence[FlatTensor], parts: Iterable[int], chosen: Plan) -> None:
    """The second pass: counts of those of these parts that have a slot. All others fall into the last one."""
    counts, least, greatest = cells.counts.view(-1), cells.least.view(-1), cells.greatest.view(-1)
    for part, _, elements in _pieces(layout, tensors, parts):
        chunk, slot = Chunk.of(elements, layout.floats), chosen.slot_of_part[part : part + 1]
        shift, starts = chosen.shifts.index_select(0, slot), chosen.starts.index_select(0, slot).view(-1)
        rests = chunk.magnitudes & _REST
        places = starts.index_select(0, chunk.keys) + (rests >> shift) + slot * CELLS
        places = places.where(chunk.is_counted & (slot < cells.slots), cells.slots * CELLS).to(torch.int64)
        counts.index_add_(0, places, _ones(rests))
        rests &= (1 << shift) - 1
        least.scatter_reduce_(0, places, rests, "amin")
        greatest.scatter_reduce_(0, places, rests, "amax")


def piece(tensors: Sequence[FlatTensor]) -> int:
    """Elements that are looked at together: what takes no more memory than the largest tensor."""
    is_wide = any(not _fits_float32(tensor.values.dtype) for tensor in tensors)
    largest = max((tensor.values.nbytes for tensor in tensors), default=0) // (2 * _SCRATCH if is_wide else _SCRATCH)
    return max(_LEAST_PIECE, min(_MOST_PIECE, largest))


def _fits_float32(dtype: torch.dtype) -> bool:
    return dtype.is_floating_point and dtype != torch.float64


def _pieces(
    layout: Layout, tensors: Sequence[FlatTensor], parts: Iterable[int]
) -> Iterator[tuple[int, int, torch.Tensor]]:
    """Part, number and elements of each piece."""
    for number in parts:
        tensor, start, length = layout.parts[number]
        pieces = tensors[tensor].values[start : start + length].split(layout.blocks[tensor].piece)
        first = layout.pieces[number].start
        yield from ((number, first + i, elements) for i, elements in enumerate(pieces))


def _ones(like: torch.Tensor) -> torch.Tensor:
    return torch.ones(1, dtype=torch.int32, device=like.device).expand(like.shape)


def _real_floats(elements: torch.Tensor, floats: torch.dtype) -> torch.Tensor:
    """float32 or float64, exact but for integers beyond 2^53."""
    if elements.is_complex():
        # In float64, so that the magnitude of large complex64 numbers does not overflow.
        return torch.hypot(elements.real.to(floats), elements.imag.to(floats))
    return elements.to(torch.float32 if _fits_float32(elements.dtype) else floats)


def _patterns(magnitudes: torch.Tensor) -> torch.Tensor:
    """As ``float32_patterns``, of finite float64 magnitudes."""
    patterns = (magnitudes.view(torch.int64) >> 29) - (896 << MANTISSA_BITS)
    denormal = patterns < 1 << MANTISSA_BITS
    small = magnitudes.where(denormal, 0)
    cut = (small * 2.0**149).to(torch.int64).clamp_(min=0).maximum((small > 0).to(torch.int64))
    return patterns.where(~denormal, cut).clamp_(max=_LARGEST).to(torch.int32)


def _scale(largest: torch.Tensor) -> torch.Tensor:
    """As ``scale_for``, of a float64 on the device."""
    exponent = largest.view(torch.int64) >> 52
    power = (exponent.clamp(min=2) << 52).view(torch.float64)
    return torch.where((largest > SMALL) & (largest < LARGE), 1.0, power)
