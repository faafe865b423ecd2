"""The numba engine's loops that turn counts into what a histogram is made of, and find what they can't tell apart.

Compiled as they are imported. Entries are float32 patterns and counts, ascending by value, of elements that are finite
and not zero.
"""

from typing import Any

import numpy as np

from torchviz_tb.capture.compiled import compiled
from torchviz_tb.capture.histograms import FEWEST_BINS, USUAL_BITS
from torchviz_tb.records.grid import BINADES, MANTISSA_BITS, TOP_EXPONENT

INFINITE = np.int32(0x7F800000)
MAGNITUDE = np.int32(0x7FFFFFFF)
KEY_SHIFT = np.uint32(MANTISSA_BITS - USUAL_BITS)

_ONE = np.int32(1)
_SIGN = np.int32(31)
_SIGN_BIT = np.uint32(1 << 31)
_MANTISSA = np.uint32(MANTISSA_BITS)
_UNSIGNED_MAGNITUDE = np.uint32(MAGNITUDE)
_FEW = 1 << 10  # elements: up to here short digits sort faster


@compiled("void(uint32[::1], uint32[::1], int64[::1], uint32)", boundscheck=False)
def _sort_by_digit(source: Any, target: Any, starts: Any, shift: Any) -> None:
    """One round of a radix sort; ``starts`` is memory for it, with a place for each digit."""
    mask = np.uint32(len(starts) - 1)
    starts[:] = 0
    for key in source:
        starts[(key >> shift) & mask] += 1
    total = 0
    for digit in range(len(starts)):
        size = starts[digit]
        starts[digit] = total
        total += size
    for key in source:
        digit = (key >> shift) & mask
        target[starts[digit]] = key
        starts[digit] += 1


@compiled("int64(int32[::1], uint32[::1], int32[::1])")
def put_distinct(patterns: Any, entries: Any, counts: Any) -> int:
    """Sorts float32 patterns; puts an entry for each distinct value, and says how many."""
    one, other = np.empty(len(patterns), np.uint32), np.empty(len(patterns), np.uint32)
    for i in range(len(patterns)):
        one[i] = np.uint32(patterns[i] ^ ((patterns[i] >> _SIGN) & MAGNITUDE)) ^ _SIGN_BIT
    bits = 8 if len(patterns) <= _FEW else 11
    starts = np.empty(1 << bits, np.int64)
    for shift in range(0, 32, bits):
        _sort_by_digit(one, other, starts, np.uint32(shift))
        one, other = other, one
    size = 0
    for key in one:
        turned = np.int32(key ^ _SIGN_BIT)
        pattern = np.uint32(turned ^ ((turned >> _SIGN) & MAGNITUDE))
        magnitude = pattern & _UNSIGNED_MAGNITUDE
        if magnitude == 0 or magnitude >= np.uint32(INFINITE):
            continue
        if size == 0 or entries[size - 1] != pattern:
            entries[size], counts[size] = pattern, 0
            size += 1
        counts[size - 1] += _ONE
    return size


@compiled("int64(uint32[::1], int32[::1], uint32[::1], int32[::1])")
def put_by_key(distinct: Any, counts: Any, entries: Any, counts_of_entries: Any) -> int:
    """Puts entries of distinct values together that have the same key, and says how many there are then."""
    size = 0
    for i in range(len(distinct)):
        pattern = distinct[i] >> KEY_SHIFT << KEY_SHIFT
        if size == 0 or entries[size - 1] != pattern:
            entries[size], counts_of_entries[size] = pattern, 0
            size += 1
        counts_of_entries[size - 1] += counts[i]
    return size


@compiled("int64(int64[::1], int64)")
def _taper_exponent(mass: Any, total: Any) -> int:
    """Where the grid of so many elements by binade starts to taper, as ``choose_grids`` has it."""
    below, quarter, sixteenth = 0, 0, 0
    for binade in range(BINADES):
        if 4 * below <= total:
            quarter = binade
        if 16 * below <= total:
            sixteenth = binade
        below += mass[binade]
    return min(quarter, sixteenth + 3, TOP_EXPONENT)


@compiled("boolean(uint32[::1], int32[::1], int64)")
def is_coarse(entries: Any, counts: Any, bits: Any) -> bool:
    """As ``histograms.are_too_coarse``, of entries by so many mantissa bits: whether more could tell more."""
    if len(entries) <= FEWEST_BINS:
        return len(entries) > 0
    mass, total = np.zeros(BINADES, np.int64), 0
    for i in range(len(entries)):
        mass[(entries[i] & _UNSIGNED_MAGNITUDE) >> _MANTISSA] += counts[i]
        total += counts[i]
    taper, occupied = _taper_exponent(mass, total), 1
    for i in range(1, len(entries)):
        difference = (entries[i] ^ entries[i - 1]) >> np.uint32(MANTISSA_BITS - bits)
        exponent = np.int64((entries[i] & _UNSIGNED_MAGNITUDE) >> _MANTISSA)
        needed = bits  # to tell the two apart
        while difference > 1 and needed > 0:
            difference >>= np.uint32(1)
            needed -= 1
        occupied += needed == 0 or needed + max(taper - exponent, 0) <= bits
    return occupied < FEWEST_BINS
