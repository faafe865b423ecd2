"""The numba engine's loops over what an optimizer's step did: value after it minus value before it, never written down.

Compiled as it is imported.
"""

from typing import Any

import numpy as np

from torchviz_tb.capture.compiled import array_at, compiled, take_number
from torchviz_tb.capture.engines.numba_kernels import (
    CHUNK,
    ENTRIES,
    FIRST_ENTRY,
    IS_COARSE,
    IS_WHOLE,
    KEYS,
    LENGTH,
    SORTED,
    counts_by_key,
    new_extremes,
    new_tables,
    put_entries,
    put_extremes,
    put_second_look,
    scan_chunk,
)
from torchviz_tb.capture.engines.numba_second_look import count_by_number, number_keys

_KEPT = 1 << 17  # elements: the differences of so many stay in a core's second cache for a second look

BEFORE, AFTER, GRADIENT = range(3)
"""What is given of a piece besides: the addresses of its values, float32 each."""

_float32s = array_at(np.float32)


@compiled("int32(float32[::1], float32[::1], float32[::1], float32[::1])")
def _subtract(before: Any, after: Any, gradient: Any, out: Any) -> Any:
    """The differences into ``out``; how many values are the same although their gradient is not zero."""
    lost = np.int32(0)
    for i in range(len(out)):
        out[i] = after[i] - before[i]
        lost += np.int32((after[i] == before[i]) & (gradient[i] != 0))
    return lost


@compiled("void(int64[:, ::1], int64[:, ::1], int64[::1], float64[:, ::1], int64[::1], uint32[::1], int32[::1])")
def scan_steps(
    pieces: Any, operands: Any, following: Any, results: Any, lost: Any, entries: Any, counts_of_entries: Any
) -> None:
    """As ``numba_kernels.scan``, of differences; how many updates of each piece were lost goes to ``lost``."""
    tables, found, differences = new_tables(), np.empty(5), np.empty(_KEPT, np.float32)
    numbers, known, counts = np.empty(KEYS, np.int32), np.empty(KEYS, np.uint32), np.zeros((4, 2 * KEYS), np.int32)
    while True:
        index: int = take_number(following.ctypes.data)
        if index >= len(pieces):
            return
        first, length = pieces[index, FIRST_ENTRY], pieces[index, LENGTH]
        result, extremes = results[index], new_extremes()
        before = _float32s(operands[index, BEFORE], length)
        after = _float32s(operands[index, AFTER], length)
        gradient = _float32s(operands[index, GRADIENT], length)
        by_key = first >= 0 and counts_by_key(length)
        for start in range(0, length, CHUNK):
            stop = min(start + CHUNK, length)
            at = start if length <= _KEPT else 0
            chunk = differences[at : at + stop - start]
            lost[index] += _subtract(before[start:stop], after[start:stop], gradient[start:stop], chunk)
            scan_chunk(chunk, tables, result, found, extremes, by_key)
        put_extremes(result, extremes)
        if first < 0:
            continue
        own_entries, own_counts = entries[first:], counts_of_entries[first:]
        sortable = differences.view(np.int32)[: length if length <= SORTED else 0]
        put_entries(sortable, pieces[index, IS_WHOLE] != 0, tables, result, own_entries, own_counts)
        if result[IS_COARSE] > 0:
            extra = number_keys(own_entries[: np.int64(result[ENTRIES])], numbers, known)
            for start in range(0, length, _KEPT):
                chunk = differences[: min(_KEPT, length - start)]
                if length > _KEPT:
                    stop = start + len(chunk)
                    _subtract(before[start:stop], after[start:stop], gradient[start:stop], chunk)
                count_by_number(chunk.view(np.uint32), numbers, extra, counts)
            put_second_look(result, extra, known, counts, own_entries, own_counts)
