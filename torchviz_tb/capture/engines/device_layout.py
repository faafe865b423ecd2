"""How the results of many tensors lie in one buffer on their device: what its engines write and the host reads.

Few elements are copied as they are, and measured when they have come: that is less than what would be said of
them. Of more, each *piece* gives a row of sums and counts, and each *part* (a tensor, or 2^30 elements of a
larger one) a table of counts by the leading bits of the float32 pattern. Where these do not tell the values of a
part apart, such as N(1, 0.001), a second pass counts its elements in the *cells* of a slot (``device_plan``).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from torchviz_tb.capture.histograms import USUAL_BITS
from torchviz_tb.capture.tensors import FlatTensor
from torchviz_tb.records.grid import MANTISSA_BITS

Int64s = npt.NDArray[np.int64]

RAW = 1 << 12
"""Elements up to which they themselves are copied."""

REST_BITS = MANTISSA_BITS - USUAL_BITS
"""Bits of a pattern that the tables do not tell apart."""

KEYS = 1 << (32 - REST_BITS)
"""Entries of a table: sign, exponent and leading mantissa bits."""

CELLS = 1 << 16
"""Counts of a slot."""

MOST_SLOTS = 8
"""Parts that are looked at again, of one batch; of further ones the tables remain."""

_PART = 1 << 30  # elements: fewer than what a count of 32 bits holds
_SLOT_BYTES = 12 * 4 * CELLS  # of the largest tensor for each slot: it takes up to half of it while it is filled


class Sums(IntEnum):
    """Columns of a piece's floats, over its finite elements; sums as in ``Moments``."""

    COUNT = 0
    MIN = 1
    MAX = 2
    MEAN = 3
    SQUARES = 4
    L1 = 5
    SCALE = 6


class Counts(IntEnum):
    """Columns of a piece's integers."""

    ZEROS = 0
    MINUS_ZEROS = 1  # those of the zeros that have the sign bit
    NAN = 2
    POS_INF = 3
    NEG_INF = 4
    LOWEST = 5  # pattern of the least magnitude that is not 0; NO_PATTERN if there is none
    HIGHEST = 6  # that of the greatest; 0 if there is none


NO_PATTERN = (1 << 31) - 1


class Choice(IntEnum):
    """Columns of what the plan says of a slot."""

    PART = 0
    IS_USED = 1
    SHIFT = 2  # bits of the pattern that its cells do not tell apart
    IS_WINDOW = 3  # whether cells are numbered from the least magnitude on; otherwise prefix by prefix
    BASE = 4  # of a window: the least magnitude, shifted
    HALF = 5  # of a window: cells of positive values, where there are negative ones, too; otherwise 0


class Part(NamedTuple):
    """Elements that have a table of their own."""

    tensor: int
    start: int
    length: int


class Block(NamedTuple):
    """What is known of a tensor without it."""

    elements: int
    dtype: torch.dtype
    repeats: int
    piece: int  # elements of each piece, at most

    @property
    def bytes(self) -> int:
        """Of its elements."""
        return self.elements * self.dtype.itemsize


class Section(NamedTuple):
    """A place in the buffer."""

    start: int  # bytes, a multiple of 16
    shape: tuple[int, ...]
    dtype: torch.dtype

    @property
    def end(self) -> int:
        """Where the next one can begin."""
        size = self.start + math.prod(self.shape) * self.dtype.itemsize
        return -(-size // 16) * 16


@dataclass(frozen=True)
class Layout:
    """Which tensors are cut how, and what lies where. Keeps no tensor alive."""

    blocks: Sequence[Block]  # one a tensor
    histograms: bool
    floats: torch.dtype = torch.float64  # in which the device adds up

    @classmethod
    def of(
        cls,
        tensors: Sequence[FlatTensor],
        pieces: Sequence[int],
        *,
        histograms: bool,
        floats: torch.dtype = torch.float64,
    ) -> "Layout":
        """The layout for these tensors, of which each is cut into pieces of so many elements."""
        blocks = [
            Block(tensor.values.numel(), tensor.values.dtype, tensor.repeats, piece)
            for tensor, piece in zip(tensors, pieces, strict=True)
        ]
        return cls(blocks, histograms, floats)

    @cached_property
    def raw(self) -> list[int]:
        """The tensors that are copied as they are."""
        return [i for i, block in enumerate(self.blocks) if self._is_raw(block)]

    @cached_property
    def parts(self) -> list[Part]:
        """All others, cut."""
        raw = set(self.raw)
        return [
            Part(i, start, min(_PART, block.elements - start))
            for i, block in enumerate(self.blocks)
            if i not in raw
            for start in range(0, block.elements, _PART)
        ]

    @cached_property
    def part_of_piece(self) -> Int64s:
        """The part to which each piece belongs, ascending."""
        counts = [-(-part.length // self.blocks[part.tensor].piece) for part in self.parts]
        return np.repeat(np.arange(len(counts)), counts)

    @cached_property
    def pieces(self) -> list[slice]:
        """For each part, its pieces."""
        ends = np.searchsorted(self.part_of_piece, np.arange(len(self.parts)), side="right").tolist()
        return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]

    @cached_property
    def slots(self) -> int:
        """Parts that can be looked at again, in as much memory as the largest tensor takes, or a MiB."""
        if not self.histograms or not self.parts:
            return 0
        largest = max(block.bytes for block in self.blocks)
        return max(1, min(MOST_SLOTS, len(self.parts), largest // _SLOT_BYTES))

    @cached_property
    def sections(self) -> dict[str, Section]:
        """The places in the buffer, by name."""
        pieces, parts = len(self.part_of_piece), len(self.parts)
        shapes: dict[str, tuple[tuple[int, ...], torch.dtype]] = {
            "raw": ((sum(self.blocks[i].bytes for i in self.raw),), torch.uint8),
            "sums": ((pieces, len(Sums)), self.floats),
            "counts": ((pieces, len(Counts)), torch.int64),
            "tables": ((parts if self.histograms else 0, KEYS), torch.int32),
            "choices": ((self.slots, len(Choice)), torch.int64),
            "cells": ((self.slots, CELLS), torch.int32),
            "rests": ((self.slots, CELLS), torch.int32),
        }
        sections, end = {}, 0
        for name, (shape, dtype) in shapes.items():
            sections[name] = Section(end, shape, dtype)
            end = sections[name].end
        return sections

    @property
    def size(self) -> int:
        """Bytes of the buffer."""
        return max(section.end for section in self.sections.values())

    def _is_raw(self, block: Block) -> bool:
        dtype = block.dtype
        # Of a device without float64 the others would not be exact.
        is_exact = self.floats == torch.float64 or dtype.itemsize < 4 or dtype == torch.float32
        return block.elements <= RAW or not is_exact or dtype == torch.complex32


class Buffer:
    """The buffer, on the device."""

    def __init__(self, layout: Layout, device: torch.device) -> None:
        self.results = torch.zeros(layout.size, dtype=torch.uint8, device=device)
        self._sections = layout.sections

    def __getitem__(self, name: str) -> torch.Tensor:
        section = self._sections[name]
        size = math.prod(section.shape) * section.dtype.itemsize
        return self.results[section.start : section.start + size].view(section.dtype).view(section.shape)

    def copy_raw(self, layout: Layout, tensors: Sequence[FlatTensor]) -> None:
        """Copies those tensors that are copied as they are, in one go."""
        raw = [as_bytes(tensors[i].values) for i in layout.raw if layout.blocks[i].elements]
        if raw:
            torch.cat(raw, out=self["raw"])


class Cells:
    """What the second pass counts; the last slot is for what is not to be counted."""

    def __init__(self, layout: Layout, device: torch.device) -> None:
        self.slots = layout.slots
        self.counts = torch.zeros(self.slots + 1, CELLS, dtype=torch.int32, device=device)
        self.least = torch.full_like(self.counts, NO_PATTERN)  # of what the cells do not tell apart
        self.greatest = torch.zeros_like(self.counts)

    def give(self, buffer: Buffer) -> None:
        """Puts them where the host reads them: -1 for what differs within a cell."""
        buffer["cells"].copy_(self.counts[: self.slots])
        buffer["rests"].copy_(torch.where(self.least == self.greatest, self.least, -1)[: self.slots])


def as_bytes(values: torch.Tensor) -> torch.Tensor:
    """A view of elements of any type, of which there are some, as uint8."""
    return (torch.view_as_real(values).view(-1) if values.is_complex() else values).view(torch.uint8)
