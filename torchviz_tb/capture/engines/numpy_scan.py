"""How numpy measures a large array of wide elements: one pass in chunks that stay in the cache.

The leading bits of a float32 pattern (sign, exponent, 3 mantissa bits) index a table of
counts that stays in the cache, too: what most distributions are stored with. Where values
share few of its entries, such as N(1, 0.001), a second pass counts by further mantissa bits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from torchviz_tb.capture.engines import Measurement
from torchviz_tb.capture.engines.numpy_jobs import CHUNK, Array, Counter, Int64s, cut
from torchviz_tb.capture.histograms import USUAL_BITS, Tally, are_too_coarse, float32_patterns, tally_of_distinct
from torchviz_tb.capture.moments import Moments, moments_of_chunk
from torchviz_tb.records.grid import MANTISSA_BITS

UInt32s = npt.NDArray[np.uint32]

_PATTERN_BITS = 32
KEY_BITS = 1 + 8 + USUAL_BITS
"""Leading bits of a float32 pattern by which elements are counted."""

SIGN_KEY = 1 << (KEY_BITS - 1)
"""The key of minus zero."""

_MINUS_ZERO = np.uint32(1 << 31)


class FiniteChunk(NamedTuple):
    """The finite values of a chunk, float32 or float64, and what was beside them."""

    values: Array
    low: float
    high: float
    nan: int = 0
    pos_inf: int = 0
    neg_inf: int = 0


class Buffers:
    """Memory that the chunks of a piece share: taking it anew costs the system as much as filling it."""

    def __init__(self, size: int) -> None:
        self.values = np.empty(size)
        self.keys = np.empty(size, np.int64)
        self.counter = Counter(1 << KEY_BITS, size)

    @property
    def near_zeros(self) -> int:
        """How many have been counted by the keys that zeros and the smallest denormals have."""
        return int(self.counter.counts[0]) + int(self.counter.counts[SIGN_KEY])


@dataclass
class Scan:
    """What has been seen of an array so far."""

    table: Int64s | None  # finite elements, zeros included, by key; None: not asked for
    moments: Moments = field(default_factory=Moments)
    zeros: int = 0
    minus_zeros: int = 0  # how many of the zeros have the sign bit
    nan: int = 0
    pos_inf: int = 0
    neg_inf: int = 0

    def add(self, chunk: FiniteChunk, buffers: Buffers) -> None:
        """Takes one chunk in."""
        self.nan += chunk.nan
        self.pos_inf += chunk.pos_inf
        self.neg_inf += chunk.neg_inf
        size = len(chunk.values)
        if size:
            self._count(chunk, buffers)
            values = buffers.values[:size]
            np.copyto(values, chunk.values)
            self.moments = self.moments.merged(moments_of_chunk(values, chunk.low, chunk.high))

    def _count(self, chunk: FiniteChunk, buffers: Buffers) -> None:
        if self.table is None:
            self.zeros += int(np.count_nonzero(chunk.values == 0))
            return
        patterns = signed_patterns(chunk.values)
        keys = _prefixes(patterns, KEY_BITS, buffers.keys[: len(patterns)])
        near_zeros = buffers.near_zeros
        buffers.counter.add(keys)
        # Zeros share a key with denormals; mostly there are none of either, and nothing to look for.
        if buffers.near_zeros > near_zeros:
            self.add_zeros(patterns)

    def add_zeros(self, patterns: UInt32s) -> None:
        """Counts the zeros among float32 bit patterns."""
        minus_zeros = int(np.count_nonzero(patterns == _MINUS_ZERO))
        self.minus_zeros += minus_zeros
        self.zeros += minus_zeros + int(np.count_nonzero(patterns == 0))

    def merge(self, other: "Scan") -> None:
        """Takes in what was seen of another piece of the same array."""
        if self.table is not None and other.table is not None:
            self.table += other.table
        self.moments = self.moments.merged(other.moments)
        self.zeros += other.zeros
        self.minus_zeros += other.minus_zeros
        self.nan += other.nan
        self.pos_inf += other.pos_inf
        self.neg_inf += other.neg_inf

    def measurement(self, tally: Tally | None) -> Measurement:
        """The measurement, with that tally."""
        return Measurement(self.zeros, self.nan, self.pos_inf, self.neg_inf, self.moments, tally)

    def tally(self, prefixes: Int64s, counts: Int64s, prefix_bits: int) -> Tally:
        """The tally of counts by leading bits of the pattern, from which the zeros are still to be taken."""
        counts = counts - np.where(prefixes == 0, self.zeros - self.minus_zeros, 0)
        counts -= np.where(prefixes == 1 << (prefix_bits - 1), self.minus_zeros, 0)
        occupied = np.flatnonzero(counts)
        patterns = prefixes[occupied] << (_PATTERN_BITS - prefix_bits)
        magnitudes = patterns & 0x7FFFFFFF
        signs = np.where(patterns == magnitudes, 1, -1)
        order = np.argsort(signs * (magnitudes + 1), kind="stable")
        bits = MANTISSA_BITS - (_PATTERN_BITS - prefix_bits)
        return Tally(signs[order], magnitudes[order], counts[occupied][order], bits)


@dataclass(frozen=True)
class ScanJob:
    """The pass over the whole array."""

    array: Array
    histograms: bool

    def pieces(self) -> Sequence[Array]:
        """The array, cut."""
        return cut(self.array)

    def part(self, piece: Array) -> Scan:
        """What one piece says."""
        scan = Scan(np.zeros(1 << KEY_BITS, np.int64) if self.histograms else None)
        buffers = Buffers(min(CHUNK, len(piece)))
        for chunk in finite_chunks(piece):
            scan.add(chunk, buffers)
        if scan.table is not None:
            scan.table += buffers.counter.counts
        return scan

    def joined(self, parts: Sequence[Scan]) -> "Measurement | RefineJob":
        """The measurement, or the second pass where the keys do not tell the values apart."""
        scan = parts[0]
        for part in parts[1:]:
            scan.merge(part)
        if scan.table is None:
            return scan.measurement(None)
        if scan.moments.count == 0 or scan.moments.min == scan.moments.max:
            return scan.measurement(tally_of_constant(scan.moments))
        tally = scan.tally(np.arange(len(scan.table)), scan.table, KEY_BITS)
        return RefineJob(self.array, scan, tally) if are_too_coarse([tally])[0] else scan.measurement(tally)


@dataclass(frozen=True)
class RefineJob:
    """One more pass: occupied prefixes are numbered, so that there is room to count by further bits."""

    table_bits: ClassVar[int] = 16
    """Of the number of counts: half a MiB, since a further pass is dear."""

    array: Array
    scan: Scan
    coarse: Tally

    def pieces(self) -> Sequence[Array]:
        """The array, cut."""
        return cut(self.array)

    def part(self, piece: Array) -> Int64s:
        """Counts by number of the prefix and further bits."""
        known, extra = self.occupied(), self.extra_bits
        counts = np.zeros((len(known) + 1) << extra, np.int64)
        for chunk in finite_chunks(piece):
            patterns = signed_patterns(chunk.values)
            numbers = _numbered(_prefixes(patterns, self.prefix_bits), known, self.prefix_bits)
            further = _prefixes(patterns, self.prefix_bits + extra) & ((1 << extra) - 1)
            counts += np.bincount((numbers << extra) | further, minlength=len(counts))
        return counts

    def joined(self, parts: Sequence[Int64s]) -> "Measurement | RefineJob":
        """The measurement, or one more pass."""
        known, extra = self.occupied(), self.extra_bits
        counts = np.sum(parts, axis=0)[: len(known) << extra]  # without the zeros that have no prefix here
        prefixes = ((known << extra)[:, np.newaxis] + np.arange(1 << extra)).reshape(-1)
        tally = self.scan.tally(prefixes, counts, self.prefix_bits + extra)
        return replace(self, coarse=tally) if are_too_coarse([tally])[0] else self.scan.measurement(tally)

    @property
    def prefix_bits(self) -> int:
        """Leading bits of the pattern by which it is counted already."""
        return _PATTERN_BITS - MANTISSA_BITS + self.coarse.bits

    @property
    def extra_bits(self) -> int:
        """Further bits to count by."""
        room = self.table_bits - (len(self.coarse) - 1).bit_length()
        return min(_PATTERN_BITS - self.prefix_bits, room)

    def occupied(self) -> Int64s:
        """The prefixes that occur, ascending."""
        patterns = np.where(self.coarse.signs < 0, 1 << 31, 0) + self.coarse.patterns
        return np.sort(patterns >> (_PATTERN_BITS - self.prefix_bits))


def _numbered(prefixes: Int64s, known: Int64s, prefix_bits: int) -> Int64s:
    """The place of each prefix among the known ones, or their number for one that is not known."""
    if prefix_bits <= KEY_BITS:
        places = np.full(1 << prefix_bits, len(known), np.int64)
        places[known] = np.arange(len(known))
        return places[prefixes]
    places = np.minimum(np.searchsorted(known, prefixes), len(known) - 1)
    return np.where(known[places] == prefixes, places, len(known))


def tally_of_constant(moments: Moments) -> Tally:
    """The tally of one value throughout, or of none."""
    values = np.full(1 if moments.count else 0, moments.min)
    return tally_of_distinct(values, np.full(len(values), moments.count))


def finite_chunks(piece: Array) -> Iterator[FiniteChunk]:
    """The finite values of an array, a chunk at a time. Complex numbers turn into magnitudes, integers into float64."""
    for start in range(0, len(piece), CHUNK):
        yield finite_chunk(real_floats(piece[start : start + CHUNK]))


def real_floats(array: Array) -> Array:
    """float32 and float64 as they are, everything else as float64."""
    if array.dtype.kind == "c":
        # In float64, so that the magnitude of large complex64 numbers does not overflow.
        return np.hypot(array.real.astype(np.float64), array.imag.astype(np.float64))
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def signed_patterns(values: Array) -> UInt32s:
    """The float32 bit patterns of finite values, sign included."""
    if values.dtype == np.float32:
        return values.view(np.uint32)
    return float32_patterns(values).astype(np.uint32) | (np.signbit(values).astype(np.uint32) << np.uint32(31))


def _prefixes(patterns: UInt32s, bits: int, out: Int64s | None = None) -> Int64s:
    """The leading bits, in the type that bincount works on: anything else it would copy once more."""
    out = np.empty(len(patterns), np.int64) if out is None else out
    return np.right_shift(patterns, np.uint32(_PATTERN_BITS - bits), out=out, casting="unsafe")


def finite_chunk(values: Array) -> FiniteChunk:
    """The finite ones of float32 or float64 values."""
    low, high = _extremes(values)
    if np.isfinite(low) and np.isfinite(high):
        return FiniteChunk(values, low, high)
    kept = values[np.isfinite(values)]
    pos_inf, neg_inf = int(np.count_nonzero(values == np.inf)), int(np.count_nonzero(values == -np.inf))
    nan = len(values) - len(kept) - pos_inf - neg_inf
    low, high = _extremes(kept) if len(kept) else (np.nan, np.nan)
    return FiniteChunk(kept, low, high, nan, pos_inf, neg_inf)


def _extremes(values: Array) -> tuple[float, float]:
    with np.errstate(invalid="ignore"):  # a signalling NaN
        return float(values.min()), float(values.max())
