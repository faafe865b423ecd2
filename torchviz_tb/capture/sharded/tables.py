"""Histograms of a tensor's parts as entries of one vector, so that a SUM over ranks adds them.

A tally is sparse and each rank has other keys, so ranks first agree, from what the MAX told all of
them, on what each entry of the vector means:

- ``Slots``: each rank has room of its own for its longest list of (key, count); for few distinct values.
- ``Span``: one entry for each key between the least and the greatest, at as many mantissa bits as fit.
- ``Within``: one entry for each finer key within the keys known to occur; a further SUM, only where a span
  did not tell the values apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from torchviz_tb.capture.histograms import USUAL_BITS, Tally, are_too_coarse
from torchviz_tb.records.grid import MANTISSA_BITS

Float64s = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

MOST_ENTRIES = 1 << 13
"""Entries of one table: 64 KiB. All keys of 4 mantissa bits, the widest span there is, are 8161."""


def signed_keys(tally: Tally, bits: int = MANTISSA_BITS) -> Int64s:
    """Keys that ascend with the values: patterns cut to their leading mantissa bits, plus 1, with the sign."""
    return tally.signs * ((tally.patterns >> (MANTISSA_BITS - bits)) + 1)


def tally_of_keys(keys: Int64s, counts: npt.NDArray[np.number], bits: int) -> Tally:
    """The tally of keys that may come in any order and more than once; counts of 0 are left out."""
    occupied = counts > 0
    distinct, places = np.unique(keys[occupied], return_inverse=True)
    sums = np.bincount(places, weights=counts[occupied], minlength=len(distinct)).astype(np.int64)
    return Tally(np.sign(distinct), (np.abs(distinct) - 1) << (MANTISSA_BITS - bits), sums, bits)


@dataclass(frozen=True)
class Slots:
    """Room for ``length`` keys and counts of each rank."""

    ranks: int
    length: int
    bits: int  # the fewest of all ranks

    @property
    def size(self) -> int:
        """Entries of the vector."""
        return 2 * self.ranks * self.length

    def fill(self, tally: Tally, place: int) -> Float64s:
        """One rank's part of the sum."""
        room = np.zeros((self.ranks, 2, self.length))
        room[place, 0, : len(tally)] = signed_keys(tally)
        room[place, 1, : len(tally)] = tally.counts
        return room.reshape(-1)

    def read(self, total: Float64s) -> Tally:
        """The tally of all ranks."""
        room = total.reshape(self.ranks, 2, self.length)
        keys, counts = room[:, 0].reshape(-1).astype(np.int64), room[:, 1].reshape(-1)
        cut = np.sign(keys) * (((np.abs(keys) - 1) >> (MANTISSA_BITS - self.bits)) + 1)
        return tally_of_keys(cut, counts, self.bits)


@dataclass(frozen=True)
class Span:
    """All keys from ``first`` on, at ``bits`` mantissa bits."""

    first: int
    size: int
    bits: int

    def fill(self, tally: Tally, place: int) -> Float64s:  # noqa: ARG002 (a span has no places)
        """One rank's part of the sum."""
        return _counted(signed_keys(tally, self.bits) - self.first, tally, self.size)

    def read(self, total: Float64s) -> Tally:
        """The tally of all ranks."""
        return tally_of_keys(self.first + np.arange(self.size), total, self.bits)


@dataclass(frozen=True)
class Within:
    """The keys of ``extra`` more mantissa bits within those of a tally that all ranks know."""

    known: Tally
    extra: int

    @property
    def size(self) -> int:
        """Entries of the vector."""
        return len(self.known) << self.extra

    @property
    def bits(self) -> int:
        """Mantissa bits of the finer keys."""
        return self.known.bits + self.extra

    def fill(self, tally: Tally, place: int) -> Float64s:  # noqa: ARG002 (as in a span)
        """One rank's part of the sum."""
        outer = np.searchsorted(signed_keys(self.known, self.known.bits), signed_keys(tally, self.known.bits))
        inner = (tally.patterns >> (MANTISSA_BITS - self.bits)) & ((1 << self.extra) - 1)
        return _counted((outer << self.extra) | inner, tally, self.size)

    def read(self, total: Float64s) -> Tally:
        """The tally of all ranks."""
        numbers = (self.known.patterns >> (MANTISSA_BITS - self.known.bits)) << self.extra
        finer = (numbers[:, np.newaxis] + np.arange(1 << self.extra)).reshape(-1)
        return tally_of_keys(np.repeat(self.known.signs, 1 << self.extra) * (finer + 1), total, self.bits)


Table = Slots | Span | Within


def first_table(lowest: int, highest: int, bits: int, longest: int, ranks: int) -> Table:
    """How ranks add up a tally of which they know the extreme keys, the fewest bits and the longest part."""
    span = _span(lowest, highest, bits)
    slots = Slots(ranks, longest, bits)
    is_better = slots.size <= span.size or (span.bits < bits and slots.size <= MOST_ENTRIES)
    return slots if is_better else span


def next_table(known: Tally, bits: int) -> Table | None:
    """The table that tells values further apart, where that could give a better histogram and ranks have the bits."""
    if known.bits >= bits or not are_too_coarse([known])[0]:
        return None
    room = (MOST_ENTRIES // len(known)).bit_length() - 1
    return Within(known, min(bits - known.bits, max(room, 1)))


def packed(tables: Sequence[Table], tallies: Sequence[Tally | None], place: int) -> Float64s:
    """One rank's parts of all sums, one after the other; None where it measures nothing."""
    parts = [
        np.zeros(table.size) if tally is None else table.fill(tally, place)
        for table, tally in zip(tables, tallies, strict=True)
    ]
    return np.concatenate([np.zeros(0), *parts])


def unpacked(tables: Sequence[Table], total: Float64s) -> list[Tally]:
    """The tallies of all ranks."""
    ends = np.cumsum([table.size for table in tables])[:-1]
    return [table.read(part) for table, part in zip(tables, np.split(total, ends), strict=True)] if tables else []


def _counted(places: Int64s, tally: Tally, size: int) -> Float64s:
    counts: Float64s = np.bincount(places, tally.counts, minlength=size).astype(np.float64)
    return counts


def _span(lowest: int, highest: int, bits: int) -> Span:
    """The finest span that fits; extreme keys are given at all mantissa bits."""
    for kept in range(bits, USUAL_BITS, -1):
        span = _span_at(lowest, highest, kept)
        if span.size <= MOST_ENTRIES:
            return span
    return _span_at(lowest, highest, min(bits, USUAL_BITS))


def _span_at(lowest: int, highest: int, bits: int) -> Span:
    first, last = (_cut(key, bits) for key in (lowest, highest))
    return Span(first, last - first + 1, bits)


def _cut(key: int, bits: int) -> int:
    number = ((abs(key) - 1) >> (MANTISSA_BITS - bits)) + 1
    return number if key > 0 else -number
