"""The numba engine's loops. Importing this compiles them, or loads what an earlier process kept on disk.

They hold no interpreter lock, so that several threads run at once. Each thread makes one call for all
tensors of a kind and takes piece after piece, so that a model of a thousand small tensors costs a few calls.
"""

from typing import Any

import numpy as np

from torchviz_tb.capture.compiled import array_at, compiled, take_number
from torchviz_tb.capture.engines.numba_second_look import count_by_number, number_keys, put_numbered
from torchviz_tb.capture.engines.numba_tallies import (
    INFINITE,
    KEY_SHIFT,
    MAGNITUDE,
    is_coarse,
    put_by_key,
    put_distinct,
)
from torchviz_tb.capture.histograms import USUAL_BITS
from torchviz_tb.records.grid import MANTISSA_BITS

ADDRESS, LENGTH, FIRST_ENTRY, IS_WHOLE, COLUMNS_OF_PIECE = range(5)
"""What is given of a piece: where it lies, its elements, where its entries are put (-1: they are not asked for), and
whether it is all of its tensor.

Entries are float32 patterns and counts, ascending by value, of elements that are finite and not zero: there is one
for each key, or for each distinct value where keys tell too little of a whole tensor.
"""

(
    COUNT, NAN, POS_INF, NEG_INF, ZEROS, MINUS_ZEROS, MIN, MAX, MEAN, SQUARES, L1, ENTRIES, BITS, IS_COARSE,
    COLUMNS_OF_RESULT
) = range(15)  # fmt: skip
"""What is found of a piece: counts, sums over its finite elements as in Moments, how many entries were put, how many
mantissa bits these have, and whether they are too coarse.
"""

SORTED = 1 << 14
"""Elements: tensors of at most so many are sorted if keys tell too little of them."""

KEYS = 1 << 12
"""Elements are counted by a key of 12 leading bits: sign, exponent and 3 mantissa bits."""

CHUNK = 1 << 15
"""Elements: few enough to be read twice from a core's own cache."""

_SMALL = 1 << 9  # elements: so few are sorted at once, which is faster than to look through all keys
_TABLES = 4
# Not a multiple of a page: a core takes addresses that agree in their last 12 bits for one, at first.
_ROW = KEYS + 272
_HALF = KEYS // 2
_NOT_FINITE = _HALF // 256  # keys of one sign
_ONE = np.int32(1)
_ZERO = np.int32(0)
_MINUS_ZERO = np.int32(-(1 << 31))
_SIGN = np.int32(31)
_CANCELLATION = 1e-4  # as in moments.py

_float32s = array_at(np.float32)

# Sums may be split over the lanes of a vector; NaN and infinity keep their meaning.
_REORDERED = {"reassoc", "contract"}


@compiled("boolean(float32[::1], int32[::1], float64[::1])", fastmath=_REORDERED)
def sums(values: Any, patterns: Any, out: Any) -> bool:
    """Sum, sum of squares, sum of magnitudes, least and greatest, into ``out``; False where one is not finite.

    ``patterns`` are the bits of the values: as integers, turned round where negative, they are ordered as these
    are. The least and the greatest are given as such integers.
    """
    high, low, deep = _MINUS_ZERO, MAGNITUDE, np.uint32(0)
    total, squares, magnitudes = 0.0, 0.0, 0.0
    for i in range(len(patterns)):
        high, low, deep = max(high, patterns[i]), min(low, patterns[i]), max(deep, np.uint32(patterns[i]))
        value = np.float64(values[i])
        total += value
        squares += value * value
        magnitudes += abs(value)
    if high < 0:  # all are negative: the least has the greatest pattern
        low, high = high ^ MAGNITUDE, low ^ MAGNITUDE
    elif low < 0:  # of both signs: the least has the greatest pattern without sign
        low = np.int32(deep) ^ MAGNITUDE
    out[0], out[1], out[2], out[3], out[4] = total, squares, magnitudes, low, high
    is_finite: bool = bool(high < INFINITE) and bool(low > ~INFINITE)
    return is_finite


@compiled("float64(float32[::1], float64)", fastmath=_REORDERED)
def _squared_differences(values: Any, mean: Any) -> float:
    total = 0.0
    for value in values:
        difference = np.float64(value) - mean
        total += difference * difference
    return total


@compiled("int64(float32[::1], float32[::1], float64[::1])")
def _keep_finite(values: Any, kept: Any, result: Any) -> int:
    """Copies the finite values, counts the others, and says how many there are of the first."""
    size = 0
    for value in values:
        if value - value == 0:
            kept[size] = value
            size += 1
        elif value != value:
            result[NAN] += 1
        elif value > 0:
            result[POS_INF] += 1
        else:
            result[NEG_INF] += 1
    return size


@compiled("void(float64[::1], float64, float64, float64, float64)")
def _merge(result: Any, count: Any, mean: Any, squares: Any, l1: Any) -> None:
    """Takes in the sums of further elements, as Moments.merged does."""
    before = result[COUNT]
    together = before + count
    difference = mean - result[MEAN]
    result[COUNT] = together
    result[MEAN] += difference * (count / together)
    result[SQUARES] += squares + difference * difference * (before * (count / together))
    result[L1] += l1


@compiled("void(float32[::1], int32[::1], float64[::1], float64[::1], int32[::1])")
def _add_moments(values: Any, patterns: Any, result: Any, found: Any, extremes: Any) -> None:
    """Takes a chunk in; ``extremes`` are kept as ordered integers."""
    if not sums(values, patterns, found):
        kept = np.empty(len(values), np.float32)
        values = kept[: _keep_finite(values, kept, result)]
        if len(values) == 0:
            return
        sums(values, values.view(np.int32), found)
    count, total, squares = len(values), found[0], found[1]
    mean = total / count
    around = squares - mean * total
    if around < _CANCELLATION * squares:  # what is left of the digits is too little
        around = _squared_differences(values, mean)
    _merge(result, count, mean, around, found[2])
    extremes[0], extremes[1] = min(extremes[0], np.int32(found[3])), max(extremes[1], np.int32(found[4]))


@compiled("void(int32[::1], float64[::1])")
def _count_zeros(patterns: Any, result: Any) -> None:
    zeros, minus_zeros = 0, 0
    for i in range(len(patterns)):
        zeros += patterns[i] == _ZERO
        minus_zeros += patterns[i] == _MINUS_ZERO
    result[ZEROS] += zeros + minus_zeros
    result[MINUS_ZEROS] += minus_zeros


@compiled("void(uint32[::1], int32[:, ::1])", boundscheck=False)
def _count_keys(patterns: Any, tables: Any) -> None:
    """Counts by leading bits, into four tables in turn: an entry that was just counted is not waited for."""
    one, two, three, four = tables[0], tables[1], tables[2], tables[3]
    whole = len(patterns) // _TABLES * _TABLES
    for i in range(0, whole, _TABLES):
        one[patterns[i] >> KEY_SHIFT] += _ONE
        two[patterns[i + 1] >> KEY_SHIFT] += _ONE
        three[patterns[i + 2] >> KEY_SHIFT] += _ONE
        four[patterns[i + 3] >> KEY_SHIFT] += _ONE
    for i in range(whole, len(patterns)):
        one[patterns[i] >> KEY_SHIFT] += _ONE


@compiled("int64(int32[:, ::1])")
def _near_zeros(tables: Any) -> int:
    """How many were counted by the keys that zeros and the smallest denormals have."""
    total = 0
    for table in range(_TABLES):
        total += tables[table, 0] + tables[table, _HALF]
    return total


@compiled("void(int32[:, ::1])")
def _join(tables: Any) -> None:
    """Adds all tables to the first, and empties the others."""
    one, two, three, four = tables[0], tables[1], tables[2], tables[3]
    for key in range(KEYS):
        one[key] += two[key] + three[key] + four[key]
    tables[1:] = 0


@compiled("int64(int32[:, ::1], float64[::1], uint32[::1], int32[::1])", boundscheck=False)
def _put_keys(tables: Any, result: Any, entries: Any, counts_of_entries: Any) -> int:
    """What the tables hold as entries, and how many these are; then the tables are empty again."""
    _join(tables)
    counts = tables[0]
    counts[0] -= np.int32(result[ZEROS] - result[MINUS_ZEROS])
    counts[_HALF] -= np.int32(result[MINUS_ZEROS])
    size = 0
    for place in range(_NOT_FINITE, KEYS - _NOT_FINITE):
        key = place - _HALF if place >= _HALF else KEYS - 1 - place
        if counts[key] > 0:
            entries[size], counts_of_entries[size] = np.uint32(key) << KEY_SHIFT, counts[key]
            size += 1
    counts[:] = 0
    return size


@compiled("boolean(int64)")
def counts_by_key(length: Any) -> bool:
    """Whether a piece of so many elements goes through the tables."""
    is_large: bool = length > _SMALL
    return is_large


@compiled("void(int32[::1], float64[::1], uint32[::1], int32[::1])")
def _put_small(patterns: Any, result: Any, entries: Any, counts_of_entries: Any) -> None:
    """Sorts at once; puts entries by distinct value where keys would tell too little."""
    keys, counts_of_keys = np.empty(len(patterns), np.uint32), np.empty(len(patterns), np.int32)
    distinct = put_distinct(patterns, entries, counts_of_entries)
    size = put_by_key(entries[:distinct], counts_of_entries[:distinct], keys, counts_of_keys)
    if is_coarse(keys[:size], counts_of_keys[:size], USUAL_BITS):
        result[ENTRIES], result[BITS] = distinct, MANTISSA_BITS
    else:
        entries[:size], counts_of_entries[:size] = keys[:size], counts_of_keys[:size]
        result[ENTRIES], result[BITS] = size, USUAL_BITS


@compiled("void(int32[::1], boolean, int32[:, ::1], float64[::1], uint32[::1], int32[::1])")
def put_entries(patterns: Any, is_whole: Any, tables: Any, result: Any, entries: Any, counts_of_entries: Any) -> None:
    """Puts the entries of a piece; ``patterns`` are its own, or none if they are more than SORTED."""
    if 0 < len(patterns) <= _SMALL:
        _put_small(patterns, result, entries, counts_of_entries)
        return
    size = _put_keys(tables, result, entries, counts_of_entries)
    result[ENTRIES], result[BITS] = size, USUAL_BITS
    if is_whole and is_coarse(entries[:size], counts_of_entries[:size], USUAL_BITS):
        if result[MIN] == result[MAX]:
            entries.view(np.float32)[0], result[BITS] = result[MIN], MANTISSA_BITS
        elif len(patterns) > 0:
            result[ENTRIES], result[BITS] = put_distinct(patterns, entries, counts_of_entries), MANTISSA_BITS
        else:
            result[IS_COARSE] = 1


@compiled("void(float64[::1], int64, uint32[::1], int32[:, ::1], uint32[::1], int32[::1])")
def put_second_look(result: Any, extra: Any, known: Any, counts: Any, entries: Any, counts_of_entries: Any) -> None:
    """Puts what was counted by further bits in the place of the entries by key."""
    zeros, minus_zeros = np.int64(result[ZEROS]), np.int64(result[MINUS_ZEROS])
    known = known[: np.int64(result[ENTRIES])]
    size = put_numbered(known, extra, zeros, minus_zeros, counts, entries, counts_of_entries)
    result[ENTRIES], result[BITS] = size, USUAL_BITS + extra
    result[IS_COARSE] = is_coarse(entries[:size], counts_of_entries[:size], USUAL_BITS + extra)


@compiled("int32[:, ::1]()")
def new_tables() -> Any:
    """Empty tables for ``scan_chunk``."""
    return np.zeros((_TABLES, _ROW), np.int32)


@compiled("void(float32[::1], int32[:, ::1], float64[::1], float64[::1], int32[::1], boolean)")
def scan_chunk(values: Any, tables: Any, result: Any, found: Any, extremes: Any, counted: Any) -> None:
    """Takes in a chunk of a piece; ``found`` is memory for it, ``extremes`` what ``new_extremes`` gave."""
    patterns = values.view(np.int32)
    near_zeros = _near_zeros(tables)
    _add_moments(values, patterns, result, found, extremes)
    if counted:
        _count_keys(values.view(np.uint32), tables)
    # Zeros share a key with small denormals; mostly there are none of either, and nothing to look for.
    if not counted or _near_zeros(tables) > near_zeros:
        _count_zeros(patterns, result)


@compiled("int32[::1]()")
def new_extremes() -> Any:
    """Least and greatest of nothing, as ordered integers."""
    extremes = np.empty(2, np.int32)
    extremes[0], extremes[1] = MAGNITUDE, _MINUS_ZERO
    return extremes


@compiled("void(float64[::1], int32[::1])")
def put_extremes(result: Any, extremes: Any) -> None:
    """The least and greatest value of a piece into its result."""
    if result[COUNT] > 0:
        for i in range(2):
            extremes[i] ^= (extremes[i] >> _SIGN) & MAGNITUDE
        result[MIN], result[MAX] = extremes.view(np.float32)[0], extremes.view(np.float32)[1]


@compiled("void(int64[:, ::1], int64[::1], float64[:, ::1], uint32[::1], int32[::1])")
def scan(pieces: Any, following: Any, results: Any, entries: Any, counts_of_entries: Any) -> None:
    """Measures pieces of float32 arrays, from the one that ``following`` says on, until none is left."""
    tables, found = new_tables(), np.empty(5)
    numbers, known, counts = np.empty(KEYS, np.int32), np.empty(KEYS, np.uint32), np.zeros((4, 2 * KEYS), np.int32)
    while True:
        index: int = take_number(following.ctypes.data)
        if index >= len(pieces):
            return
        first, result, extremes = pieces[index, FIRST_ENTRY], results[index], new_extremes()
        values = _float32s(pieces[index, ADDRESS], pieces[index, LENGTH])
        by_key = first >= 0 and counts_by_key(len(values))
        for start in range(0, len(values), CHUNK):
            scan_chunk(values[start : start + CHUNK], tables, result, found, extremes, by_key)
        put_extremes(result, extremes)
        if first < 0:
            continue
        own_entries, own_counts = entries[first:], counts_of_entries[first:]
        sortable = values.view(np.int32)[: len(values) if len(values) <= SORTED else 0]
        put_entries(sortable, pieces[index, IS_WHOLE] != 0, tables, result, own_entries, own_counts)
        if result[IS_COARSE] > 0:
            extra = number_keys(own_entries[: np.int64(result[ENTRIES])], numbers, known)
            count_by_number(values.view(np.uint32), numbers, extra, counts)
            put_second_look(result, extra, known, counts, own_entries, own_counts)


@compiled("void(uint32[::1], int64[::1], int64[::1], int64, int64, int32[::1])", boundscheck=False)
def count_further(patterns: Any, known: Any, starts: Any, prefix_bits: Any, extra: Any, counts: Any) -> None:
    """Counts by number of the prefix among the known ones, and by ``extra`` further bits.

    Of the prefixes that share their leading 12 bits, k, the known ones are ``known[starts[k]:starts[k + 1]]``. Those
    that are not known are not counted.
    """
    shift, further = np.uint32(32 - prefix_bits), np.uint32(32 - prefix_bits - extra)
    mask = np.uint32((1 << extra) - 1)
    for pattern in patterns:
        prefix = np.int64(pattern >> shift)
        first, stop = starts[pattern >> KEY_SHIFT], starts[(pattern >> KEY_SHIFT) + np.uint32(1)]
        while stop - first > 1:
            middle = (first + stop) >> 1
            if known[middle] <= prefix:
                first = middle
            else:
                stop = middle
        if first < stop and known[first] == prefix:
            counts[(first << extra) | np.int64((pattern >> further) & mask)] += _ONE
