"""The numba engine's loops over elements of 8 and 16 bits: each code is counted. Compiled as it is imported."""

from typing import Any

import numpy as np

from torchviz_tb.capture.compiled import array_at, compiled, take_number
from torchviz_tb.capture.engines.numba_kernels import (
    ADDRESS,
    BITS,
    COUNT,
    ENTRIES,
    FIRST_ENTRY,
    IS_WHOLE,
    KEYS,
    L1,
    LENGTH,
    MAX,
    MEAN,
    MIN,
    NAN,
    NEG_INF,
    POS_INF,
    SQUARES,
    ZEROS,
)
from torchviz_tb.capture.engines.numba_tallies import INFINITE, MAGNITUDE, is_coarse, put_by_key
from torchviz_tb.capture.histograms import USUAL_BITS
from torchviz_tb.records.grid import MANTISSA_BITS

_BLOCK = 64
_ONE = np.int32(1)

_uint8s, _uint16s = array_at(np.uint8), array_at(np.uint16)


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
                magnitude = np.int32(pattern & np.uint32(MAGNITUDE))
                if magnitude == 0:
                    result[ZEROS] += count
                elif magnitude > INFINITE:
                    result[NAN] += count
                elif magnitude == INFINITE:
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


@compiled("void(uint32[::1], int32[::1], boolean, float64[::1], uint32[::1], int32[::1])")
def _put_entries(distinct: Any, counts: Any, is_whole: Any, result: Any, entries: Any, counts_of_entries: Any) -> None:
    """By key, or by distinct value where keys tell too little, or where it depends on other pieces whether they do."""
    size = 0
    if is_whole:
        keys, counts_of_keys = np.empty(KEYS, np.uint32), np.empty(KEYS, np.int32)
        size = put_by_key(distinct, counts, keys, counts_of_keys)
        if not is_coarse(keys[:size], counts_of_keys[:size], USUAL_BITS):
            result[BITS], result[ENTRIES] = USUAL_BITS, size
            entries[:size], counts_of_entries[:size] = keys[:size], counts_of_keys[:size]
            return
    size = len(distinct)
    result[BITS], result[ENTRIES] = MANTISSA_BITS, size
    entries[:size], counts_of_entries[:size] = distinct, counts


@compiled("void(int64[:, ::1], int64[::1], float64[:, ::1], uint32[::1], int32[::1], int32[:, ::1], uint32[::1])")
def scan_codes(
    pieces: Any, following: Any, results: Any, entries: Any, counts_of_entries: Any, order: Any, meanings: Any
) -> None:
    """As ``scan``, for pieces of arrays of 8 or 16 bits an element.

    ``meanings`` has the float32 pattern of each code, and ``order`` rows of first code, length and step that go
    through all codes in ascending order of what they mean.
    """
    counts, found = np.zeros(len(meanings), np.int32), np.empty(len(meanings), np.uint32)
    times = np.empty(len(meanings), np.int32)
    while True:
        index: int = take_number(following.ctypes.data)
        if index >= len(pieces):
            return
        address, length, result = pieces[index, ADDRESS], pieces[index, LENGTH], results[index]
        if len(meanings) == 256:
            _count_codes(_uint8s(address, length), counts)
        else:
            _count_codes(_uint16s(address, length), counts)
        size = _collect_codes(counts, order, meanings, result, found, times)
        _distinct_moments(found[:size], times[:size], result)
        first, whole = pieces[index, FIRST_ENTRY], pieces[index, IS_WHOLE] != 0
        if first >= 0:
            _put_entries(found[:size], times[:size], whole, result, entries[first:], counts_of_entries[first:])
