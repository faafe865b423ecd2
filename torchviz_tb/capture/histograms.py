"""Counts of float32 bit patterns → the stored histogram on the grid that suits them."""

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


def choose_grid(tally: Tally) -> Grid:
    """The grid on which a distribution is stored.

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
    if len(tally) <= FEWEST_BINS:
        return grid(tally.bits, 0)
    taper_exponent = _taper_exponent(tally)
    occupied = _occupied_by_bits(tally, taper_exponent)
    if occupied[USUAL_BITS] > MOST_BINS:
        # Even a lone bin per octave would do: both signs have 255 binades each.
        bits = int(np.searchsorted(occupied, MOST_BINS, side="right")) - 1
    else:
        enough = max(int(np.searchsorted(occupied, FEWEST_BINS)), USUAL_BITS)
        bits = min(enough, tally.bits)
        # One more bit can split a few peaks into thousands of bins.
        bits -= int(occupied[bits] > MOST_BINS)
    return grid(bits, taper_exponent)


def is_too_coarse(tally: Tally) -> bool:
    """Whether counting by more of the pattern's bits could give a better histogram."""
    if tally.bits == MANTISSA_BITS:
        return False
    return int(_occupied_by_bits(tally, _taper_exponent(tally))[-1]) < FEWEST_BINS


def histogram(tally: Tally, *, zeros: int, nan: int, pos_inf: int, neg_inf: int) -> pb.Histogram:
    """The stored form of a tally and of what has counts of its own."""
    chosen = choose_grid(tally)
    record = pb.Histogram(
        mantissa_bits=chosen.mantissa_bits,
        taper_exponent=chosen.taper_exponent,
        zeros=zeros,
        nan=nan,
        infinities=[neg_inf, pos_inf] if neg_inf or pos_inf else [],
    )
    if len(tally):
        index = tally.signs * (chosen.number(tally.patterns) + 1)
        starts = _group_starts(index)
        occupied = index[starts]
        record.first = int(occupied[0])
        record.steps.extend(np.diff(occupied).tolist())
        record.counts.extend(np.add.reduceat(tally.counts, starts).tolist())
    return record


def _group_starts(ascending: Int64s) -> Int64s:
    """Positions where a run of equal entries starts."""
    return np.concatenate([[0], np.flatnonzero(ascending[1:] != ascending[:-1]) + 1]).astype(np.int64)


def _taper_exponent(tally: Tally) -> int:
    mass = np.bincount(tally.patterns >> MANTISSA_BITS, weights=tally.counts, minlength=BINADES)
    below = np.cumsum(mass) - mass
    total = below[-1] + mass[-1]
    quarter = int(np.searchsorted(below, total / 4, side="right")) - 1
    sixteenth = int(np.searchsorted(below, total / 16, side="right")) - 1
    return min(quarter, sixteenth + 3, TOP_EXPONENT)


def _occupied_by_bits(tally: Tally, taper_exponent: int) -> Int64s:
    """How many bins are occupied with 0, 1, … ``tally.bits`` mantissa bits: 24 or fewer numbers.

    Two neighbours part where their patterns first differ, and in a tapered binade as many
    bits later as it has lost: so one pass over neighbours answers for every grid.
    """
    exponents = tally.patterns >> MANTISSA_BITS
    lost = np.maximum(taper_exponent - exponents[1:], 0)
    difference = tally.patterns[1:] ^ tally.patterns[:-1]
    bit_length = np.frexp(difference.astype(np.float64))[1]
    needed = np.maximum(MANTISSA_BITS + 1 - bit_length + lost, 0)
    needed[(exponents[1:] != exponents[:-1]) | (tally.signs[1:] != tally.signs[:-1])] = 0
    parted = np.bincount(needed, minlength=tally.bits + 1)[: tally.bits + 1]
    return 1 + np.cumsum(parted)
