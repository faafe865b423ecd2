"""Counts of float32 bit patterns → the stored histogram on the grid that suits them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.grid import BINADES, MANTISSA_BITS, TOP_EXPONENT, Grid, grid

Float64s = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

FEWEST_BINS = 64
"""A histogram gets at least so many occupied bins where there are so many distinct values."""

MOST_BINS = 512
"""Never more occupied bins than this."""

USUAL_BITS = 3
"""Eight bins per octave: what a spread-out distribution such as N(0, σ) gets."""

_FLOAT32_TOP = (TOP_EXPONENT << MANTISSA_BITS) | ((1 << MANTISSA_BITS) - 1)


@dataclass(frozen=True)
class Tally:
    """How many non-zero finite elements have each leading part of the float32 bit pattern.

    ``patterns`` are magnitudes without the sign, of which all but the leading ``bits``
    mantissa bits are cut to zero; ``signs`` are 1 or -1. Ascending by value, no count is 0.
    """

    signs: Int64s
    patterns: Int64s
    counts: Int64s
    bits: int = MANTISSA_BITS

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.signs.nbytes + self.patterns.nbytes + self.counts.nbytes

    def repeated(self, times: int) -> "Tally":
        """The tally where each element occurs that many times as often."""
        return Tally(self.signs, self.patterns, self.counts * times, self.bits)

    def cut(self, bits: int) -> "Tally":
        """The tally by fewer mantissa bits; itself where it has no more."""
        if bits >= self.bits:
            return self
        if not len(self):
            return Tally(self.signs, self.patterns, self.counts, bits)
        patterns = self.patterns & -(1 << (MANTISSA_BITS - bits))
        starts = _group_starts(self.signs * (patterns + 1))
        return Tally(self.signs[starts], patterns[starts], np.add.reduceat(self.counts, starts), bits)

    def merged(self, other: "Tally") -> "Tally":
        """The tally of both sets of elements, by as many bits as both have."""
        bits = min(self.bits, other.bits)
        one, two = self.cut(bits), other.cut(bits)
        signs, patterns = np.concatenate([one.signs, two.signs]), np.concatenate([one.patterns, two.patterns])
        _, first, places = np.unique(signs * (patterns + 1), return_index=True, return_inverse=True)
        counts = np.zeros(len(first), np.int64)
        np.add.at(counts, places, np.concatenate([one.counts, two.counts]))
        return Tally(signs[first], patterns[first], counts, bits)

    def within(self, entries: int) -> "Tally":
        """The tally by as many bits as leave so many entries at most, two for each binade if need be."""
        tally = self
        while len(tally) > entries and tally.bits:
            tally = tally.cut(tally.bits - 1)
        return tally


def tally_of_distinct(values: Float64s, counts: Int64s) -> Tally:
    """The tally of finite values, ascending, of which each occurs ``counts`` times. Zeros are left out."""
    kept = values != 0
    values, counts = values[kept], counts[kept]
    signs = np.where(values < 0, -1, 1)
    patterns = float32_patterns(values)
    if not len(values):
        return Tally(signs, patterns, counts)
    starts = _group_starts(signs * patterns)
    return Tally(signs[starts], patterns[starts], np.add.reduceat(counts, starts))


def float32_patterns(values: Float64s) -> Int64s:
    """The float32 bit patterns of finite magnitudes, cut towards zero instead of rounded.

    Beyond float32's range it is the pattern of the largest finite one, and for a non-zero
    value below the smallest denormal that of the smallest denormal.
    """
    magnitudes = np.abs(values)
    # float64 has 29 more mantissa bits and an exponent bias that is 896 larger.
    patterns = (magnitudes.view(np.int64) >> 29) - (896 << MANTISSA_BITS)
    denormal = patterns < 1 << MANTISSA_BITS
    if denormal.any():
        small = magnitudes[denormal]
        patterns[denormal] = np.maximum(np.ldexp(small, 149).astype(np.int64), small > 0)
    patterns[patterns > _FLOAT32_TOP] = _FLOAT32_TOP
    return patterns


@dataclass(frozen=True)
class Beside:
    """Elements that a histogram counts by themselves."""

    zeros: int = 0
    nan: int = 0
    pos_inf: int = 0
    neg_inf: int = 0


def choose_grids(tallies: Sequence[Tally]) -> list[Grid]:
    """The grids on which distributions are stored.

    Up to 64 distinct values are kept as they are, on the tally's own grid: a constant tensor
    (every norm layer's weight at step 0) then never coarsens what steps have in common.
    Otherwise it has the fewest mantissa bits, eight bins per octave or more, that give 64
    occupied bins, and fewer where that would exceed 512.

    The taper starts at the highest binade that leaves at most a quarter of the non-zero
    elements in binades that lose mantissa bits, and at most a sixteenth in those that lose
    three or more. For N(0, σ), whose density is flat around zero, that is about two binades
    below σ: from there tapered bins have one constant width, σ/25 to σ/50, and finer ones
    would only split the same mass. A log-normal has no flat part, its mass falls off
    slowly, and the second condition keeps its lower flank at eight bins per octave.
    """
    if not tallies:
        return []
    return _chosen_grids(tallies, _Joined.of(tallies))


def _chosen_grids(tallies: Sequence[Tally], joined: "_Joined") -> list[Grid]:
    tapers = joined.taper_exponents()
    occupied = joined.occupied_by_bits(tapers)
    # Even a lone bin per octave would do: both signs have 255 binades each.
    fewer = (occupied <= MOST_BINS).sum(axis=1) - 1
    enough = np.minimum(np.maximum((occupied < FEWEST_BINS).sum(axis=1), USUAL_BITS), joined.bits)
    # One more bit can split a few peaks into thousands of bins.
    enough -= occupied[np.arange(len(tallies)), enough] > MOST_BINS
    bits = np.where(occupied[:, USUAL_BITS] > MOST_BINS, fewer, enough)
    return [
        grid(tally.bits, 0) if len(tally) <= FEWEST_BINS else grid(*chosen)
        for tally, chosen in zip(tallies, zip(bits.tolist(), tapers.tolist(), strict=True), strict=True)
    ]


def are_too_coarse(tallies: Sequence[Tally]) -> list[bool]:
    """Of each tally, whether counting by more of the pattern's bits could give a better histogram."""
    if not tallies:
        return []
    joined = _Joined.of(tallies)
    occupied = joined.occupied_by_bits(joined.taper_exponents())[:, -1]
    # As many entries are kept as they are, not on the grid that the values' own bits would get.
    is_few = np.minimum(occupied, joined.lengths - 1) < FEWEST_BINS
    coarse: list[bool] = (is_few & (joined.bits < MANTISSA_BITS) & (joined.lengths > 0)).tolist()
    return coarse


def histograms(tallies: Sequence[Tally], beside: Sequence[Beside]) -> list[pb.Histogram]:
    """The stored forms of tallies and of what has counts of its own. All in one go costs a few µs each."""
    if not tallies:
        return []
    joined = _Joined.of(tallies)
    chosen = _chosen_grids(tallies, joined)
    index = joined.signs * (joined.bin_numbers(chosen) + 1)
    starts = joined.starts_of_runs(index)
    occupied, counts = index[starts], joined.sums_of_runs(starts).tolist()
    steps = np.diff(occupied).tolist()
    bounds = np.searchsorted(joined.rows[starts], np.arange(len(tallies) + 1)).tolist()
    records = [_specials(each, alone) for each, alone in zip(chosen, beside, strict=True)]
    for record, first, stop in zip(records, bounds, bounds[1:], strict=False):
        if first < stop:
            record.first = int(occupied[first])
            record.steps.extend(steps[first : stop - 1])
            record.counts.extend(counts[first:stop])
    return records


def _specials(chosen: Grid, beside: Beside) -> pb.Histogram:
    return pb.Histogram(
        mantissa_bits=chosen.mantissa_bits,
        taper_exponent=chosen.taper_exponent,
        zeros=beside.zeros,
        nan=beside.nan,
        infinities=[beside.neg_inf, beside.pos_inf] if beside.neg_inf or beside.pos_inf else [],
    )


def _group_starts(ascending: Int64s) -> Int64s:
    """Positions where a run of equal entries starts."""
    return np.concatenate([[0], np.flatnonzero(ascending[1:] != ascending[:-1]) + 1]).astype(np.int64)


@dataclass(frozen=True)
class _Joined:
    """The entries of many tallies, one after the other: NumPy's calls cost more than what they do to one tally."""

    lengths: Int64s  # by tally
    bits: Int64s  # by tally
    rows: Int64s  # by entry: its tally
    signs: Int64s
    patterns: Int64s
    counts: Int64s

    @classmethod
    def of(cls, tallies: Sequence[Tally]) -> "_Joined":
        """Of one tally or more."""
        lengths = np.array([len(tally) for tally in tallies], np.int64)
        columns = zip(*((tally.signs, tally.patterns, tally.counts) for tally in tallies), strict=True)
        bits = np.array([tally.bits for tally in tallies], np.int64)
        return cls(lengths, bits, np.repeat(np.arange(len(tallies)), lengths), *map(np.concatenate, columns))

    @property
    def exponents(self) -> Int64s:
        """The binade of each entry."""
        return self.patterns >> MANTISSA_BITS

    def taper_exponents(self) -> Int64s:
        """Of each tally, where its grid starts to taper."""
        places = self.rows * BINADES + self.exponents
        mass = np.bincount(places, weights=self.counts, minlength=len(self.lengths) * BINADES).reshape(-1, BINADES)
        below = np.cumsum(mass, axis=1) - mass
        total = (below[:, -1] + mass[:, -1])[:, np.newaxis]
        quarter = (below <= total / 4).sum(axis=1) - 1
        sixteenth = (below <= total / 16).sum(axis=1) - 1
        exponents: Int64s = np.minimum(np.minimum(quarter, sixteenth + 3), TOP_EXPONENT)
        return exponents

    def occupied_by_bits(self, taper_exponents: Int64s) -> Int64s:
        """How many bins are occupied with 0, 1, … 23 mantissa bits: 24 numbers for each tally.

        Two neighbours part where their patterns first differ, and in a tapered binade as many
        bits later as it has lost: so one pass over neighbours answers for every grid. With more bits than a
        tally has there are no more.
        """
        exponents, rows = self.exponents, self.rows[1:]
        lost = np.maximum(taper_exponents[rows] - exponents[1:], 0)
        difference = self.patterns[1:] ^ self.patterns[:-1]
        bit_length = np.frexp(difference.astype(np.float64))[1]
        needed = np.maximum(MANTISSA_BITS + 1 - bit_length + lost, 0)
        needed[(exponents[1:] != exponents[:-1]) | (self.signs[1:] != self.signs[:-1])] = 0
        parted = (rows == self.rows[:-1]) & (needed <= self.bits[rows])
        width = MANTISSA_BITS + 1
        counted = np.bincount(rows[parted] * width + needed[parted], minlength=len(self.lengths) * width)
        return 1 + np.cumsum(counted.reshape(-1, width), axis=1)

    def bin_numbers(self, grids: Sequence[Grid]) -> Int64s:
        """Of each entry, the number of its bin on its tally's grid."""
        distinct = list(dict.fromkeys(grids))
        places = {each: place for place, each in enumerate(distinct)}
        by_row = np.array([places[each] for each in grids], np.int64)
        offsets = np.array([each.offsets[:-1] for each in distinct]).reshape(-1, BINADES)
        bits = np.array([each.bits for each in distinct]).reshape(-1, BINADES)
        chosen, exponents = by_row[self.rows], self.exponents
        mantissas = self.patterns & ((1 << MANTISSA_BITS) - 1)
        numbers: Int64s = offsets[chosen, exponents] + (mantissas >> (MANTISSA_BITS - bits[chosen, exponents]))
        return numbers

    def starts_of_runs(self, index: Int64s) -> Int64s:
        """Positions where another bin starts, or another tally."""
        starts = np.ones(len(index), bool)
        starts[1:] = (index[1:] != index[:-1]) | (self.rows[1:] != self.rows[:-1])
        return np.flatnonzero(starts)

    def sums_of_runs(self, starts: Int64s) -> Int64s:
        """The counts of each run."""
        sums: Int64s = np.add.reduceat(self.counts, starts) if len(starts) else np.zeros(0, np.int64)
        return sums
