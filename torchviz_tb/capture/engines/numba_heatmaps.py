"""The numba engine's loop over a matrix that becomes a heatmap: one pass over memory. Compiled as it is imported."""

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from torchviz_tb.capture.compiled import compiled, take_number
from torchviz_tb.capture.engines import Cells
from torchviz_tb.capture.engines.numba_batch import in_threads
from torchviz_tb.capture.engines.numba_kernels import INFINITE, MAGNITUDE

Float32s = npt.NDArray[np.float32]
Int64s = npt.NDArray[np.int64]

_BLOCK = 1 << 12  # columns: their sums and maxima stay in a core's own cache
_PIECE = 1 << 20  # elements
_NOTHING = np.int32(0)


def reduced(matrix: Float32s, row_starts: Int64s, column_starts: Int64s, workers: int) -> Cells:
    """A matrix of float32, not empty, by cells whose first rows and columns are given."""
    rows, columns = matrix.shape
    bands = len(row_starts)
    jobs = min(bands, max(1, matrix.size // _PIECE))
    maxima = (
        np.zeros((bands, len(column_starts)), np.int32),
        np.zeros(rows, np.int32),
        np.zeros((jobs, columns), np.int32),
    )
    sums = np.zeros((2, bands, len(column_starts)))
    ends = np.append(row_starts, rows), np.append(column_starts, columns)
    cuts = np.arange(jobs + 1) * bands // jobs
    loop = partial(_reduce, matrix, *ends, cuts, np.zeros(1, np.int64), *maxima, sums)
    in_threads(loop, workers, matrix.size)
    cell_max, row_max, column_max = (
        each.view(np.float32).astype(np.float64) for each in (*maxima[:2], maxima[2].max(0))
    )
    return Cells(cell_max, row_max, column_max, *sums)


@compiled("int32(int32[::1], int32[::1])")
def _raise_maxima(patterns: Any, maxima: Any) -> Any:
    """Raises the maxima to the magnitudes of a row, whose largest it returns: as integers, with NaN above all."""
    largest = _NOTHING
    for i in range(len(patterns)):
        magnitude = patterns[i] & MAGNITUDE
        maxima[i] = max(maxima[i], magnitude)
        largest = max(largest, magnitude)
    return largest


@compiled("void(float32[::1], float64[::1])")
def _add(values: Any, sums: Any) -> None:
    for i in range(len(values)):
        sums[i] += values[i]


@compiled("void(float32[::1], float64[::1], int64[::1])")
def _add_finite(values: Any, sums: Any, missing: Any) -> None:
    """Adds what is finite, and counts what is not."""
    for i in range(len(values)):
        if values[i] - values[i] == 0:
            sums[i] += values[i]
        else:
            missing[i] += 1


@compiled(
    "void(int32[::1], float64[::1], int64[::1], int64, int64, int64[::1], int32[::1], float64[::1], float64[::1])"
)
def _put_cells(
    maxima: Any, sums: Any, missing: Any, start: Any, height: Any, ends: Any, cell_max: Any, cell_sums: Any, counts: Any
) -> None:
    """Takes a block of columns of one band, from ``start`` on, into the cells of that band."""
    cell = np.searchsorted(ends, start, side="right") - 1
    for i in range(len(maxima)):
        if start + i == ends[cell + 1]:
            cell += 1
        cell_max[cell] = max(cell_max[cell], maxima[i])
        cell_sums[cell] += sums[i]
        counts[cell] += height - missing[i]


@compiled(
    "void(float32[:, ::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    " int32[:, ::1], int32[::1], int32[:, ::1], float64[:, :, ::1])"
)
def _reduce(
    matrix: Any,
    row_ends: Any,
    column_ends: Any,
    cuts: Any,
    following: Any,
    cells: Any,
    rows: Any,
    columns: Any,
    sums: Any,
) -> None:
    """Reduces bands of rows that share cells, those between two ``cuts`` at a time, until none is left."""
    width = min(_BLOCK, matrix.shape[1])
    maxima, added, missing = np.empty(width, np.int32), np.empty(width), np.empty(width, np.int64)
    while True:
        job: int = take_number(following.ctypes.data)
        if job >= len(cuts) - 1:
            return
        for band in range(cuts[job], cuts[job + 1]):
            first, stop = row_ends[band], row_ends[band + 1]
            for start in range(0, matrix.shape[1], _BLOCK):
                end = min(start + _BLOCK, matrix.shape[1])
                size = end - start
                maxima[:size] = 0
                added[:size] = 0
                missing[:size] = 0
                for row in range(first, stop):
                    values = matrix[row, start:end]
                    largest = _raise_maxima(values.view(np.int32), maxima[:size])
                    rows[row] = max(rows[row], largest)
                    if largest < INFINITE:
                        _add(values, added[:size])
                    else:
                        _add_finite(values, added[:size], missing[:size])
                for i in range(size):
                    columns[job, start + i] = max(columns[job, start + i], maxima[i])
                _put_cells(
                    maxima[:size],
                    added,
                    missing,
                    start,
                    stop - first,
                    column_ends,
                    cells[band],
                    sums[0, band],
                    sums[1, band],
                )
