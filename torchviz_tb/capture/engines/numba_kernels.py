"""The numba engine's loops. Importing this compiles them, or loads what an earlier process kept on disk.

They hold no interpreter lock, so that several threads run at once. Each thread makes one call for all
tensors of a kind and takes piece after piece, so that a model of a thousand small tensors costs a few calls.
"""

from typing import Any

import numpy as np

from torchviz_tb.capture.compiled import array_at, compiled, take_number

ADDRESS, LENGTH, FIRST_ENTRY, FIRST_DISTINCT, COLUMNS_OF_PIECE = range(5)
"""What is given of a piece: where it lies, its elements, and where its entries and distinct values are put.

Entries are float32 patterns and counts, ascending by value, of elements that are finite and not zero: there is one
for each key, or for each distinct value. -1: they are not asked for.
"""

(
    COUNT, NAN, POS_INF, NEG_INF, ZEROS, MINUS_ZEROS, MIN, MAX, MEAN, SQUARES, L1, ENTRIES, DISTINCT, COLUMNS_OF_RESULT
) = range(14)  # fmt: skip
"""What is found of a piece: counts, sums over its finite elements as in Moments, and how much was put."""

KEYS = 1 << 12
"""Elements are counted by a key of 12 leading bits: sign, exponent and 3 mantissa bits."""

CHUNK = 1 << 15
"""Elements: few enough to be read twice from a core's own cache."""

INFINITE = np.int32(0x7F800000)
MAGNITUDE = np.int32(0x7FFFFFFF)
KEY_SHIFT = np.uint32(20)

_TABLES = 4
# Not a multiple of a page: a core takes addresses that agree in their last 12 bits for one, at first.
_ROW = KEYS + 272
_HALF = KEYS // 2
_NOT_FINITE = _HALF // 256  # keys of one sign
_ONE = np.int32(1)
_ZERO = np.int32(0)
_MINUS_ZERO = np.int32(-(1 << 31))
_SIGN = np.int32(31)
_DIGIT = np.uint32(11)
_DIGITS = np.uint32((1 << 11) - 1)
_CANCELLATION = 1e-4  # as in moments.py

_float32s, _int32s = array_at(np.float32), array_at(np.int32)

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


@compiled("void(int32[:, ::1], float64[::1], uint32[::1], int32[::1])", boundscheck=False)
def put_keys(tables: Any, result: Any, entries: Any, counts_of_entries: Any) -> None:
    """What the tables hold as entries; then they are empty again."""
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
    result[ENTRIES] = size


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


@compiled("void(uint32[::1], uint32[::1], int64[::1], uint32)", boundscheck=False)
def _sort_by_digit(source: Any, target: Any, starts: Any, shift: Any) -> None:
    """One round of a radix sort; ``starts`` is memory for it."""
    starts[:] = 0
    for key in source:
        starts[(key >> shift) & _DIGITS] += 1
    total = 0
    for digit in range(len(starts)):
        size = starts[digit]
        starts[digit] = total
        total += size
    for key in source:
        digit = (key >> shift) & _DIGITS
        target[starts[digit]] = key
        starts[digit] += 1


@compiled("int64(int32[::1], uint32[::1], int32[::1])")
def _sort_distinct(patterns: Any, distinct: Any, counts: Any) -> int:
    """The distinct finite patterns ascending by value, without zeros, and how often each occurs."""
    one, other = np.empty(len(patterns), np.uint32), np.empty(len(patterns), np.uint32)
    for i in range(len(patterns)):
        one[i] = np.uint32(patterns[i] ^ ((patterns[i] >> _SIGN) & MAGNITUDE)) ^ np.uint32(1 << 31)
    starts = np.empty(1 << 11, np.int64)
    _sort_by_digit(one, other, starts, np.uint32(0))
    _sort_by_digit(other, one, starts, _DIGIT)
    _sort_by_digit(one, other, starts, np.uint32(2) * _DIGIT)
    size = 0
    for key in other:
        turned = np.int32(key ^ np.uint32(1 << 31))
        pattern = np.uint32(turned ^ ((turned >> _SIGN) & MAGNITUDE))
        magnitude = pattern & np.uint32(MAGNITUDE)
        if magnitude == 0 or magnitude >= np.uint32(INFINITE):
            continue
        if size == 0 or distinct[size - 1] != pattern:
            distinct[size], counts[size] = pattern, 0
            size += 1
        counts[size - 1] += _ONE
    return size


@compiled("void(int64[:, ::1], int64[::1], float64[:, ::1], uint32[::1], int32[::1])")
def scan(pieces: Any, following: Any, results: Any, entries: Any, counts_of_entries: Any) -> None:
    """Measures pieces of float32 arrays, from the one that ``following`` says on, until none is left."""
    tables, found = new_tables(), np.empty(5)
    while True:
        index: int = take_number(following.ctypes.data)
        if index >= len(pieces):
            return
        first, result, extremes = pieces[index, FIRST_ENTRY], results[index], new_extremes()
        values = _float32s(pieces[index, ADDRESS], pieces[index, LENGTH])
        for start in range(0, len(values), CHUNK):
            scan_chunk(values[start : start + CHUNK], tables, result, found, extremes, first >= 0)
        put_extremes(result, extremes)
        if first >= 0:
            put_keys(tables, result, entries[first:], counts_of_entries[first:])


@compiled("void(int64[:, ::1], int64[::1], float64[:, ::1], uint32[::1], int32[::1])")
def distinguish(pieces: Any, following: Any, results: Any, entries: Any, counts_of_entries: Any) -> None:
    """Puts the distinct values of such pieces, by sorting: for pieces that are not long."""
    while True:
        index: int = take_number(following.ctypes.data)
        if index >= len(pieces):
            return
        first = pieces[index, FIRST_DISTINCT]
        patterns = _int32s(pieces[index, ADDRESS], pieces[index, LENGTH])
        results[index, DISTINCT] = _sort_distinct(patterns, entries[first:], counts_of_entries[first:])


@compiled("void(uint32[::1], int32[::1], int64, int32[:, ::1])", boundscheck=False)
def count_by_number(patterns: Any, numbers: Any, extra: Any, counts: Any) -> None:
    """Counts by the number of an element's key, and by ``extra`` further bits, into two tables in turn."""
    one, two = counts[0], counts[1]
    further, digits, mask = KEY_SHIFT - np.uint32(extra), np.uint32(extra), np.uint32((1 << extra) - 1)
    pairs = len(patterns) // 2 * 2
    for i in range(0, pairs, 2):
        number, other = np.uint32(numbers[patterns[i] >> KEY_SHIFT]), np.uint32(numbers[patterns[i + 1] >> KEY_SHIFT])
        one[(number << digits) | ((patterns[i] >> further) & mask)] += _ONE
        two[(other << digits) | ((patterns[i + 1] >> further) & mask)] += _ONE
    for i in range(pairs, len(patterns)):
        one[(np.uint32(numbers[patterns[i] >> KEY_SHIFT]) << digits) | ((patterns[i] >> further) & mask)] += _ONE


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
