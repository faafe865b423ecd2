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

_CHUNK = 1 << 15  # elements: few enough to be read twice from a core's own cache
_HALF = KEYS // 2
_NOT_FINITE = _HALF // 256  # keys of one sign
_BLOCK = 64
_ONE = np.int32(1)
_INFINITE = np.int32(0x7F800000)
_MAGNITUDE = np.int32(0x7FFFFFFF)
_ZERO = np.int32(0)
_MINUS_ZERO = np.int32(-(1 << 31))
_SIGN = np.int32(31)
_KEY_SHIFT = np.uint32(20)
_DIGIT = np.uint32(11)
_DIGITS = np.uint32((1 << 11) - 1)
_CANCELLATION = 1e-4  # as in moments.py

_float32s, _int32s, _uint32s = array_at(np.float32), array_at(np.int32), array_at(np.uint32)
_uint8s, _uint16s = array_at(np.uint8), array_at(np.uint16)

# Sums may be split over the lanes of a vector; NaN and infinity keep their meaning.
_REORDERED = {"reassoc", "contract"}


@compiled("UniTuple(int32, 2)(int32[::1])")
def _extremes(patterns: Any) -> tuple[Any, Any]:
    low, high = _MAGNITUDE, _MINUS_ZERO
    for i in range(len(patterns)):
        key = patterns[i] ^ ((patterns[i] >> _SIGN) & _MAGNITUDE)
        low, high = min(low, key), max(high, key)
    return low, high


@compiled("boolean(float32[::1], int32[::1], float64[::1])", fastmath=_REORDERED)
def sums(values: Any, patterns: Any, out: Any) -> bool:
    """Sum, sum of squares, sum of magnitudes, least and greatest, into ``out``; False where one is not finite.

    ``patterns`` are the bits of the values: as integers, turned round where negative, they are ordered as these
    are. The least and the greatest are given as such integers.
    """
    high, deep = _MINUS_ZERO, np.uint32(0)
    total, squares, magnitudes = 0.0, 0.0, 0.0
    for i in range(len(patterns)):
        # Of values of both signs the greatest has the greatest pattern, and the least the greatest one without sign.
        high, deep = max(high, patterns[i]), max(deep, np.uint32(patterns[i]))
        value = np.float64(values[i])
        total += value
        squares += value * value
        magnitudes += abs(value)
    low = np.int32(deep) ^ _MAGNITUDE
    if high < 0 or low >= 0:  # all are of one sign, so that one of them is not known yet
        low, high = _extremes(patterns)
    out[0], out[1], out[2], out[3], out[4] = total, squares, magnitudes, low, high
    is_finite: bool = bool(high < _INFINITE) and bool(low > ~_INFINITE)
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


@compiled("void(uint32[::1], int32[::1], int32[::1])", boundscheck=False)
def _count_keys(patterns: Any, counts: Any, others: Any) -> None:
    """Counts by leading bits, into two tables in turn: an entry is not waited for twice."""
    pairs = len(patterns) // 2 * 2
    for i in range(0, pairs, 2):
        counts[patterns[i] >> _KEY_SHIFT] += _ONE
        others[patterns[i + 1] >> _KEY_SHIFT] += _ONE
    for i in range(pairs, len(patterns)):
        counts[patterns[i] >> _KEY_SHIFT] += _ONE


@compiled("void(int32[::1], int32[::1], float64[::1], uint32[::1], int32[::1])", boundscheck=False)
def _put_keys(counts: Any, others: Any, result: Any, entries: Any, counts_of_entries: Any) -> None:
    """Both tables as entries; then both are empty again."""
    counts[0] -= np.int32(result[ZEROS] - result[MINUS_ZEROS])
    counts[_HALF] -= np.int32(result[MINUS_ZEROS])
    size = 0
    for place in range(_NOT_FINITE, KEYS - _NOT_FINITE):
        key = place - _HALF if place >= _HALF else KEYS - 1 - place
        count = counts[key] + others[key]
        if count > 0:
            entries[size], counts_of_entries[size] = np.uint32(key) << _KEY_SHIFT, count
            size += 1
    counts[:] = 0
    others[:] = 0
    result[ENTRIES] = size


@compiled("void(float32[::1], int32[::1], uint32[::1], int32[::1], int32[::1], float64[::1], boolean)")
def _scan_piece(values: Any, patterns: Any, keys: Any, counts: Any, others: Any, result: Any, counted: Any) -> None:
    found, extremes = np.empty(5), np.empty(2, np.int32)
    extremes[0], extremes[1] = _MAGNITUDE, np.int32(-_MAGNITUDE - 1)
    for start in range(0, len(values), _CHUNK):
        stop = min(start + _CHUNK, len(values))
        near_zeros = counts[0] + counts[_HALF] + others[0] + others[_HALF]
        _add_moments(values[start:stop], patterns[start:stop], result, found, extremes)
        if counted:
            _count_keys(keys[start:stop], counts, others)
        # Zeros share a key with small denormals; mostly there are none of either, and nothing to look for.
        if not counted or counts[0] + counts[_HALF] + others[0] + others[_HALF] > near_zeros:
            _count_zeros(patterns[start:stop], result)
    if result[COUNT] > 0:
        for i in range(2):
            extremes[i] ^= (extremes[i] >> _SIGN) & _MAGNITUDE
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
        one[i] = np.uint32(patterns[i] ^ ((patterns[i] >> _SIGN) & _MAGNITUDE)) ^ np.uint32(1 << 31)
    starts = np.empty(1 << 11, np.int64)
    _sort_by_digit(one, other, starts, np.uint32(0))
    _sort_by_digit(other, one, starts, _DIGIT)
    _sort_by_digit(one, other, starts, np.uint32(2) * _DIGIT)
    size = 0
    for key in other:
        turned = np.int32(key ^ np.uint32(1 << 31))
        pattern = np.uint32(turned ^ ((turned >> _SIGN) & _MAGNITUDE))
        magnitude = pattern & np.uint32(_MAGNITUDE)
        if magnitude == 0 or magnitude >= np.uint32(_INFINITE):
            continue
        if size == 0 or distinct[size - 1] != pattern:
            distinct[size], counts[size] = pattern, 0
            size += 1
        counts[size - 1] += _ONE
    return size


@compiled("void(int64[:, ::1], int64[::1], float64[:, ::1], uint32[::1], int32[::1])")
def scan(pieces: Any, following: Any, results: Any, entries: Any, counts_of_entries: Any) -> None:
    """Measures pieces of float32 arrays, from the one that ``following`` says on, until none is left."""
    counts, others = np.zeros(KEYS, np.int32), np.zeros(KEYS, np.int32)
    while True:
        index: int = take_number(following.ctypes.data)
        if index >= len(pieces):
            return
        address, length, result = pieces[index, ADDRESS], pieces[index, LENGTH], results[index]
        values, patterns, keys = _float32s(address, length), _int32s(address, length), _uint32s(address, length)
        first = pieces[index, FIRST_ENTRY]
        _scan_piece(values, patterns, keys, counts, others, result, first >= 0)
        if first >= 0:
            _put_keys(counts, others, result, entries[first:], counts_of_entries[first:])


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


@compiled("void(uint8[::1], int32[::1])", "void(uint16[::1], int32[::1])", boundscheck=False)
def _count_codes(codes: Any, counts: Any) -> None:
    for code in codes:
        counts[code] += _ONE


@compiled("boolean(int32[::1])")
def _is_any(counts: Any) -> bool:
    """Whether one is not 0; looks at all, which is several at a time."""
    occupied = 0
    for i in range(len(counts)):
        occupied |= counts[i]
    return occupied != 0


@compiled("int64(int32[::1], int32[:, ::1], uint32[::1], float64[::1], uint32[::1], int32[::1])")
def _collect_codes(counts: Any, order: Any, meanings: Any, result: Any, distinct: Any, counts_of_distinct: Any) -> int:
    """The patterns of the codes that occur, ascending; counts what is zero or not finite. Empties ``counts``."""
    size = 0
    for part in range(len(order)):
        start, length, step = order[part]
        for block in range(0, length, _BLOCK):
            lowest = start + block if step > 0 else start - block - _BLOCK + 1
            if not _is_any(counts[lowest : lowest + _BLOCK]):
                continue
            for i in range(_BLOCK):
                code = start + step * (block + i)
                count = counts[code]
                if count == 0:
                    continue
                counts[code] = 0
                pattern = meanings[code]
                magnitude = np.int32(pattern & np.uint32(_MAGNITUDE))
                if magnitude == 0:
                    result[ZEROS] += count
                elif magnitude > _INFINITE:
                    result[NAN] += count
                elif magnitude == _INFINITE:
                    result[NEG_INF if pattern >> np.uint32(31) else POS_INF] += count
                else:
                    distinct[size], counts_of_distinct[size] = pattern, count
                    size += 1
    return size


@compiled("void(uint32[::1], int32[::1], float64[::1])")
def _distinct_moments(distinct: Any, counts: Any, result: Any) -> None:
    """The moments of distinct values, ascending, and of zeros that were counted before."""
    values = distinct.view(np.float32)
    total, count = 0.0, result[ZEROS]
    for i in range(len(values)):
        count += counts[i]
        total += np.float64(values[i]) * counts[i]
        result[L1] += abs(np.float64(values[i])) * counts[i]
    if count == 0:
        return
    mean = total / count
    squares = mean * mean * result[ZEROS]
    for i in range(len(values)):
        difference = np.float64(values[i]) - mean
        squares += difference * difference * counts[i]
    result[COUNT], result[MEAN], result[SQUARES] = count, mean, squares
    if len(values) > 0:
        result[MIN], result[MAX] = values[0], values[len(values) - 1]
    if result[ZEROS] > 0:
        result[MIN], result[MAX] = min(result[MIN], 0.0), max(result[MAX], 0.0)


@compiled("void(uint32[::1], int32[::1], float64[::1], uint32[::1], int32[::1])")
def _put_distinct(distinct: Any, counts: Any, result: Any, entries: Any, counts_of_entries: Any) -> None:
    """Distinct values as entries by key."""
    size = 0
    for i in range(len(distinct)):
        pattern = distinct[i] >> _KEY_SHIFT << _KEY_SHIFT
        if size == 0 or entries[size - 1] != pattern:
            entries[size], counts_of_entries[size] = pattern, 0
            size += 1
        counts_of_entries[size - 1] += counts[i]
    result[ENTRIES], result[DISTINCT] = size, len(distinct)


@compiled("void(int64[:, ::1], int64[::1], float64[:, ::1], uint32[::1], int32[::1], int32[:, ::1], uint32[::1])")
def scan_codes(
    pieces: Any, following: Any, results: Any, entries: Any, counts_of_entries: Any, order: Any, meanings: Any
) -> None:
    """As ``scan``, for pieces of arrays of 8 or 16 bits an element; their distinct values are always asked for.

    ``meanings`` has the float32 pattern of each code, and ``order`` rows of first code, length and step that go
    through all codes in ascending order of what they mean.
    """
    counts = np.zeros(len(meanings), np.int32)
    while True:
        index: int = take_number(following.ctypes.data)
        if index >= len(pieces):
            return
        address, length, result = pieces[index, ADDRESS], pieces[index, LENGTH], results[index]
        first, distinct = pieces[index, FIRST_ENTRY], pieces[index, FIRST_DISTINCT]
        if len(meanings) == 256:
            _count_codes(_uint8s(address, length), counts)
        else:
            _count_codes(_uint16s(address, length), counts)
        found, times = entries[distinct:], counts_of_entries[distinct:]
        size = _collect_codes(counts, order, meanings, result, found, times)
        _distinct_moments(found[:size], times[:size], result)
        if first >= 0:
            _put_distinct(found[:size], times[:size], result, entries[first:], counts_of_entries[first:])


@compiled("void(uint32[::1], int64[::1], int64[::1], int64, int64, int64[::1])", boundscheck=False)
def count_further(patterns: Any, known: Any, starts: Any, prefix_bits: Any, extra: Any, counts: Any) -> None:
    """Counts by number of the prefix among the known ones, and by ``extra`` further bits.

    Of the prefixes that share their leading 12 bits, k, the known ones are ``known[starts[k]:starts[k + 1]]``. Those
    that are not known are not counted.
    """
    shift, further = np.uint32(32 - prefix_bits), np.uint32(32 - prefix_bits - extra)
    mask = np.uint32((1 << extra) - 1)
    for pattern in patterns:
        prefix = np.int64(pattern >> shift)
        first, stop = starts[pattern >> _KEY_SHIFT], starts[(pattern >> _KEY_SHIFT) + np.uint32(1)]
        while stop - first > 1:
            middle = (first + stop) >> 1
            if known[middle] <= prefix:
                first = middle
            else:
                stop = middle
        if first < stop and known[first] == prefix:
            counts[(first << extra) | np.int64((pattern >> further) & mask)] += 1
