"""Serialized histograms → columns, many at once: 10 µs each, where one parsed by itself takes 60."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from google.protobuf.message import DecodeError

from torchviz_tb.reading.histograms import MAX_BINS, MAX_COUNT, Histograms, Int64s
from torchviz_tb.reading.message_fields import MARGIN, Bools, Bytes, Fields, Uint64s, fields, numbers_in, wire_types
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.grid import BINADES, MANTISSA_BITS, TOP_EXPONENT, Grid, grid

_NUMBER_OF = {name: each.number for name, each in pb.Histogram.DESCRIPTOR.fields_by_name.items()}
_WIRE_TYPE = wire_types(pb.Histogram)
_MOST_BYTES = 32 * MAX_BINS
_UNREADABLE = "its payload can't be parsed"
_NO_MESSAGE = b"\xff"


def read_histograms(messages: Sequence[bytes]) -> Histograms:
    """Serialized messages ``Histogram`` in their order. It never raises: what can't be read is in ``faults``."""
    data = np.frombuffer(b"".join([*messages, bytes(MARGIN)]), np.uint8)
    size = np.fromiter(map(len, messages), np.int64, len(messages))
    end = np.cumsum(size)
    walked = fields(data, end - size, end, _WIRE_TYPE)
    if walked.irregular.any():
        plain = [_plain(each) if odd else each for each, odd in zip(messages, walked.irregular, strict=True)]
        return read_histograms(plain)
    return _Decoding(data, walked).histograms()


def _plain(message: bytes) -> bytes:
    """A message as our writers serialize it: each field once, numbers packed, none that we do not know."""
    parsed = pb.Histogram()
    try:
        parsed.ParseFromString(message if len(message) <= _MOST_BYTES else _NO_MESSAGE)
    except DecodeError:
        return _NO_MESSAGE
    parsed.DiscardUnknownFields()
    return parsed.SerializeToString()


@dataclass(eq=False)
class _Decoding:
    """Messages whose fields are known, on the way to columns; what records.proto does not allow is marked bad."""

    data: Bytes
    walked: Fields
    faults: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bad = np.zeros(self.walked.unreadable.size, np.bool_)
        self.require(~self.walked.unreadable, _UNREADABLE)

    def histograms(self) -> Histograms:
        grids, grid_of = self.grids()
        counts, length = self.numbers("counts")
        self.require(length <= MAX_BINS, lambda row: _too_many(int(length[row])))
        bins_of_grid = np.asarray([int(each.offsets[TOP_EXPONENT + 1]) for each in grids], np.int64)
        index = self.indices(length, bins_of_grid[grid_of])
        apart = self.apart(counts, length)
        kept = np.repeat(~self.bad, length)
        starts = np.concatenate([[0], np.cumsum(np.where(self.bad, 0, length))])
        return Histograms(grids, grid_of, starts, index[kept], counts[kept].astype(np.int64), apart, self.faults)

    def require(self, holds: Bools, fault: str | Callable[[int], str]) -> None:
        """Marks those for which it does not hold, with the first reason that is found."""
        for row in np.flatnonzero(~holds & ~self.bad).tolist():
            self.faults[row] = fault if isinstance(fault, str) else fault(row)
        self.bad |= ~holds

    def value(self, name: str) -> Uint64s:
        return self.walked[_NUMBER_OF[name]].value

    def numbers(self, name: str) -> tuple[Uint64s, Int64s]:
        """The numbers of a packed field, and how many each histogram has."""
        packed = self.walked[_NUMBER_OF[name]]
        values, length, unreadable = numbers_in(self.data, packed.begin, packed.end)
        self.require(~unreadable, _UNREADABLE)
        return values, length

    def grids(self) -> tuple[tuple[Grid, ...], Int64s]:
        bits, taper = self.value("mantissa_bits"), self.value("taper_exponent")
        self.require((bits <= MANTISSA_BITS) & (taper < BINADES), "a histogram's grid is impossible")
        key = np.where(self.bad, 0, bits * np.uint64(BINADES) + taper)
        known, grid_of = np.unique(key, return_inverse=True)
        return tuple(grid(*divmod(int(each), BINADES)) for each in known), grid_of.astype(np.int64)

    def indices(self, length: Int64s, bins: Int64s) -> Int64s:
        """Signed indices of all bins; ``bins`` says how many of each sign the grid of each histogram has."""
        steps, step_length = self.numbers("steps")
        self.require(step_length == np.maximum(length - 1, 0), "a histogram has not as many steps as counts")
        first = _zigzag(self.value("first"))
        self.require((first == 0) == (length == 0), "a histogram's first bin is impossible")
        # With each step and the start within the grid, the sums can't overflow.
        most = np.repeat((2 * bins).astype(np.uint64), step_length)
        leaves = self.any_of((steps == 0) | (steps > most), step_length)
        self.require((np.abs(first) <= bins) & ~leaves, "a histogram leaves its grid")
        good = np.repeat(~self.bad, length)
        index = np.ones(good.size, np.int64)
        sound_steps = steps[np.repeat(~self.bad, step_length)].astype(np.int64)
        index[good] = _running(first[~self.bad], sound_steps, length[~self.bad])
        outside = (index == 0) | (np.abs(index) > np.repeat(bins, length))
        self.require(~self.any_of(outside, length), "a histogram leaves its grid")
        return index

    def apart(self, counts: Uint64s, length: Int64s) -> Int64s:
        """Elements in no bin, [4, n]: zeros, NaN, −Inf, +Inf; 0 where a histogram can't be read."""
        infinities, pairs = self.numbers("infinities")
        self.require((pairs == 0) | (pairs == 2), "its infinities are not two numbers")
        both = np.zeros((2, pairs.size), np.uint64)
        ends = np.cumsum(pairs)
        paired = pairs == 2
        both[:, paired] = infinities[ends[paired] - 2], infinities[ends[paired] - 1]
        columns = np.stack([self.value("zeros"), self.value("nan"), *both])
        # In float64, because hostile counts could overflow the sum of integers.
        rows = np.repeat(np.arange(length.size), length)
        total = np.bincount(rows, counts.astype(np.float64), minlength=length.size) + columns.sum(
            axis=0, dtype=np.float64
        )
        possible = (total <= MAX_COUNT) & ~self.any_of(counts == 0, length)
        self.require(possible, "a count in a histogram is impossible")
        return np.where(self.bad, 0, columns).astype(np.int64)

    def any_of(self, holds: Bools, length: Int64s) -> Bools:
        """For each histogram whether it holds for any of its numbers."""
        return np.bincount(np.repeat(np.arange(length.size), length)[holds], minlength=length.size) > 0


def _too_many(bins: int) -> str:
    return f"a histogram claims {bins} bins, more than the bound of {MAX_BINS}"


def _zigzag(number: Uint64s) -> Int64s:
    """Signed numbers as protobuf's sint64 keeps them; one that is beyond every grid as a number that is, too."""
    half = np.minimum(number >> np.uint64(1), np.uint64(2**62)).astype(np.int64)
    signed: Int64s = np.where(number & np.uint64(1), -half - 1, half)
    return signed


def _running(first: Int64s, steps: Int64s, length: Int64s) -> Int64s:
    """Of each histogram its first index and the sums of the steps from there."""
    begins = np.zeros(int(length.sum()), np.bool_)
    starts = (np.cumsum(length) - length)[length > 0]
    begins[starts] = True
    moves = np.zeros(begins.size, np.int64)
    moves[begins], moves[~begins] = first[length > 0], steps
    sums = np.cumsum(moves)
    index: Int64s = sums - np.repeat(sums[starts] - first[length > 0], length[length > 0])
    return index
