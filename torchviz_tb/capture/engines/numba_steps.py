"""The numba engine's loops over what an optimizer's step did: value after it minus value before it, never written down.

Compiled as it is imported.
"""

from typing import Any

import numpy as np

from torchviz_tb.capture.compiled import array_at, compiled, take_number
from torchviz_tb.capture.engines.numba_kernels import (
    CHUNK,
    FIRST_ENTRY,
    LENGTH,
    new_extremes,
    new_tables,
    put_extremes,
    put_keys,
    scan_chunk,
)

BEFORE, AFTER, GRADIENT = range(3)
"""What is given of a piece besides: the addresses of its values, float32 each."""

_float32s = array_at(np.float32)


@compiled("int64(float32[::1], float32[::1], float32[::1], float32[::1])")
def _subtract(before: Any, after: Any, gradient: Any, out: Any) -> int:
    """The differences into ``out``; how many values are the same although their gradient is not zero."""
    lost = 0
    for i in range(len(out)):
        out[i] = after[i] - before[i]
        lost += (after[i] == before[i]) & (gradient[i] != 0)
    return lost


@compiled("void(int64[:, ::1], int64[:, ::1], int64[::1], float64[:, ::1], int64[::1], uint32[::1], int32[::1])")
def scan_steps(
    pieces: Any, operands: Any, following: Any, results: Any, lost: Any, entries: Any, counts_of_entries: Any
) -> None:
    """As ``numba_kernels.scan``, of differences; how many updates of each piece were lost goes to ``lost``."""
    tables, found, differences = new_tables(), np.empty(5), np.empty(CHUNK, np.float32)
    while True:
        index: int = take_number(following.ctypes.data)
        if index >= len(pieces):
            return
        first, length = pieces[index, FIRST_ENTRY], pieces[index, LENGTH]
        result, extremes = results[index], new_extremes()
        before = _float32s(operands[index, BEFORE], length)
        after = _float32s(operands[index, AFTER], length)
        gradient = _float32s(operands[index, GRADIENT], length)
        for start in range(0, length, CHUNK):
            stop = min(start + CHUNK, length)
            chunk = differences[: stop - start]
            lost[index] += _subtract(before[start:stop], after[start:stop], gradient[start:stop], chunk)
            scan_chunk(chunk, tables, result, found, extremes, first >= 0)
        put_extremes(result, extremes)
        if first >= 0:
            put_keys(tables, result, entries[first:], counts_of_entries[first:])
