"""The bytes of a buffer (``device_layout``), once they are on the host → measurements."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from torchviz_tb.capture.engines import Measurement
from torchviz_tb.capture.engines.device_layout import KEYS, REST_BITS, Choice, Counts, Layout, Sums, as_bytes
from torchviz_tb.capture.engines.numpy import NumpyEngine
from torchviz_tb.capture.histograms import USUAL_BITS, Tally
from torchviz_tb.capture.moments import Moments, moments_of_parts
from torchviz_tb.capture.tensors import FlatTensor
from torchviz_tb.capture.transfer import Bytes
from torchviz_tb.records.grid import MANTISSA_BITS, TOP_EXPONENT

Array = npt.NDArray[np.generic]
Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Float64s = npt.NDArray[np.float64]

_SIGN = KEYS // 2
_FINITE = (np.arange(KEYS) % _SIGN < (TOP_EXPONENT + 1) << USUAL_BITS).astype(np.int32)


class Results:
    """What a device has said of a batch."""

    def __init__(self, layout: Layout, packed: Bytes) -> None:
        self._layout = layout
        self._packed = packed
        self._sums = self._section("sums", np.float64 if layout.floats == torch.float64 else np.float32)
        self._counts = self._section("counts", np.int64).astype(np.int64)
        self._tables = self._section("tables", np.int32).astype(np.int32) * _FINITE
        self._cells, self._rests = self._section("cells", np.int32), self._section("rests", np.int32)
        choices = self._section("choices", np.int64)
        used = range(int(choices[:, Choice.IS_USED].sum()))
        self._slots = {int(choices[slot, Choice.PART]): (slot, choices[slot]) for slot in used}

    def measurements(self) -> list[Measurement]:
        """One measurement a tensor, in order."""
        measured = dict(zip(self._layout.raw, self._of_raw(), strict=True))
        for number, part in enumerate(self._layout.parts):
            own = self._of_part(number)
            known = measured.get(part.tensor)
            measured[part.tensor] = own if known is None else known.merged(own)
        return [
            measured[i] if block.repeats == 1 else measured[i].repeated(block.repeats)
            for i, block in enumerate(self._layout.blocks)
        ]

    def _section(self, name: str, dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
        section = self._layout.sections[name]
        size = int(np.prod(section.shape)) * section.dtype.itemsize
        return self._packed[section.start : section.start + size].view(dtype).reshape(section.shape)

    def _of_raw(self) -> Sequence[Measurement]:
        values = [FlatTensor(each) for each in self._raw()]
        return NumpyEngine().measure(values, histograms=self._layout.histograms)

    def _raw(self) -> Iterator[torch.Tensor]:
        end = self._layout.sections["raw"].start
        for i in self._layout.raw:
            block = self._layout.blocks[i]
            start, end = end, end + block.bytes
            # Into memory of its own, so that it lies where its type may lie.
            elements = torch.empty(block.elements, dtype=block.dtype, device="cpu")
            if block.elements:
                as_bytes(elements).copy_(torch.from_numpy(self._packed[start:end]))
            yield elements

    def _of_part(self, part: int) -> Measurement:
        pieces = self._layout.pieces[part]
        sums, counts = self._sums[pieces].astype(np.float64), self._counts[pieces]
        totals = counts.sum(axis=0)
        return Measurement(
            zeros=int(totals[Counts.ZEROS]),
            nan=int(totals[Counts.NAN]),
            pos_inf=int(totals[Counts.POS_INF]),
            neg_inf=int(totals[Counts.NEG_INF]),
            moments=_moments(sums),
            tally=self._tally(part, counts) if self._layout.histograms else None,
        )

    def _tally(self, part: int, counts: Int64s) -> Tally:
        table = self._tables[part]
        keys = np.flatnonzero(table)
        entries = table[keys].astype(np.int64)
        lowest, highest = int(counts[:, Counts.LOWEST].min()), int(counts[:, Counts.HIGHEST].max())
        if lowest >= highest:  # one magnitude, or none
            return tally_of_patterns(keys >= _SIGN, np.full(len(keys), lowest), entries, MANTISSA_BITS)
        if part in self._slots:
            return self._tally_of_cells(keys, *self._slots[part])
        return tally_of_patterns(keys >= _SIGN, keys % _SIGN << REST_BITS, entries, USUAL_BITS)

    def _tally_of_cells(self, keys: Int64s, slot: int, choice: Int64s) -> Tally:
        cells = np.flatnonzero(self._cells[slot])
        counts, rests = self._cells[slot, cells].astype(np.int64), self._rests[slot, cells].astype(np.int64)
        shift, half = int(choice[Choice.SHIFT]), int(choice[Choice.HALF])
        if choice[Choice.IS_WINDOW]:
            negative = cells >= half if half else np.full(len(cells), bool(keys[0] >= _SIGN))
            patterns = (cells - half * (cells >= half) + int(choice[Choice.BASE])) << shift
        else:
            further = REST_BITS - shift
            of_cells = keys[cells >> further]
            negative = of_cells >= _SIGN
            patterns = (of_cells % _SIGN << REST_BITS) + ((cells & ((1 << further) - 1)) << shift)
        if (rests >= 0).all():  # of each cell all elements are the same
            return tally_of_patterns(negative, patterns + rests, counts, MANTISSA_BITS)
        return tally_of_patterns(negative, patterns, counts, MANTISSA_BITS - shift)


def tally_of_patterns(negative: npt.NDArray[np.bool_], patterns: Int64s, counts: Int64s, bits: int) -> Tally:
    """The tally of magnitudes' patterns in any order, each with its sign once."""
    signs = np.where(negative, -1, 1)
    order = np.argsort(signs * (patterns + 1), kind="stable")
    return Tally(signs[order], patterns[order], counts[order], bits)


def _moments(sums: Float64s) -> Moments:
    return moments_of_parts(
        counts=sums[:, Sums.COUNT],
        lows=sums[:, Sums.MIN],
        highs=sums[:, Sums.MAX],
        means=sums[:, Sums.MEAN],
        squares=sums[:, Sums.SQUARES],
        l1s=sums[:, Sums.L1],
        scales=sums[:, Sums.SCALE],
    )
