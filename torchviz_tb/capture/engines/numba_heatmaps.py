"""The numba engine's loop over matrices that become heatmaps: one pass over memory. Compiled as it is imported."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from torchviz_tb.capture.compiled import array_at, compiled, take_number
from torchviz_tb.capture.engines import Cells, Matrix
from torchviz_tb.capture.engines.numba_batch import in_threads
from torchviz_tb.capture.engines.numba_tallies import INFINITE, MAGNITUDE

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]

(
    ADDRESS, COLUMNS, CELLS, FIRST_BAND, LAST_BAND, ROW_ENDS, COLUMN_ENDS, CELL_MAXIMA, ROW_MAXIMA, COLUMN_MAXIMA,
    SUMS, COUNTS, COLUMNS_OF_JOB
) = range(13)  # fmt: skip
"""What is given of a job, some bands of a matrix, which are the rows that share cells: where the matrix lies, its
columns and cells across, the bands, and where the matrix's ends of rows and columns of cells, the maxima of its cells
and rows, those of the job's columns, the sums of its cells and the counts of what was added up begin.
"""

_BLOCK = 1 << 12  # columns: their sums and maxima stay in a core's own cache
_PIECE = 1 << 20  # elements
_NOTHING = np.int32(0)

_float32s = array_at(np.float32)


@dataclass(frozen=True)
class Reduced:
    """What was found of matrices; the places of each are those of its first job."""

    shapes: list[tuple[int, int]]  # cells down and across
    sizes: list[tuple[int, int]]  # rows and columns
    jobs: list[Int64s]  # of each matrix
    maxima: Int32s
    sums: Float64s

    @property
    def nbytes(self) -> int:
        """Bytes of memory, as cells."""
        return 2 * self.maxima.nbytes + self.sums.nbytes

    def cells(self) -> list[Cells]:
        """Of each matrix, in order."""
        maxima = self.maxima.view(np.float32).astype(np.float64)
        each = zip(self.shapes, self.sizes, self.jobs, strict=True)
        return [self._cells(maxima, *one) for one in each]

    def _cells(self, maxima: Float64s, shape: tuple[int, int], size: tuple[int, int], jobs: Int64s) -> Cells:
        rows, columns = size
        first, count = jobs[0], shape[0] * shape[1]
        of_columns = maxima[first[COLUMN_MAXIMA] : first[COLUMN_MAXIMA] + len(jobs) * columns].reshape(-1, columns)
        return Cells(
            maxima[first[CELL_MAXIMA] : first[CELL_MAXIMA] + count].reshape(shape),
            maxima[first[ROW_MAXIMA] : first[ROW_MAXIMA] + rows],
            of_columns.max(axis=0),
            self.sums[first[SUMS] : first[SUMS] + count].reshape(shape),
            self.sums[first[COUNTS] : first[COUNTS] + count].reshape(shape),
        )


def reduced(matrices: Sequence[Matrix], workers: int) -> Reduced:
    """Matrices of float32, contiguous and not empty, by cells whose first rows and columns are given."""
    sizes = [(matrix.values.shape[0], matrix.values.shape[1]) for matrix in matrices]
    shapes = [(len(matrix.row_starts), len(matrix.column_starts)) for matrix in matrices]
    room, ends, jobs = _Room(), list[Int64s](), list[Int64s]()
    for matrix, (rows, columns), (bands, cells) in zip(matrices, sizes, shapes, strict=True):
        ends += [matrix.row_starts, np.array([rows]), matrix.column_starts, np.array([columns])]
        count = min(bands, max(1, rows * columns // _PIECE))
        own = np.empty((count, COLUMNS_OF_JOB), np.int64)
        own[:] = room.places(matrix.values.data_ptr(), (rows, columns), (bands, cells), count)
        own[:, COLUMN_MAXIMA] += np.arange(count) * columns
        cuts = np.arange(count + 1) * bands // count
        own[:, FIRST_BAND], own[:, LAST_BAND] = cuts[:-1], cuts[1:]
        jobs.append(own)
    maxima, sums = np.zeros(room.maxima, np.int32), np.zeros(room.sums)
    loop = partial(_reduce, np.concatenate(jobs), np.concatenate(ends), np.zeros(1, np.int64), maxima, sums)
    in_threads(loop, workers, sum(rows * columns for rows, columns in sizes))
    return Reduced(shapes, sizes, jobs, maxima, sums)


class _Room:
    """Gives each matrix its places in what all of them share."""

    def __init__(self) -> None:
        self.ends, self.maxima, self.sums = 0, 0, 0

    def places(self, address: int, size: tuple[int, int], shape: tuple[int, int], jobs: int) -> list[int]:
        """The columns of the matrix's first job."""
        (rows, columns), (bands, cells) = size, shape
        count, ends, maxima, sums = bands * cells, self.ends, self.maxima, self.sums
        self.ends += bands + cells + 2
        self.maxima += count + rows + jobs * columns
        self.sums += 2 * count
        in_maxima = maxima, maxima + count, maxima + count + rows
        return [address, columns, cells, 0, bands, ends, ends + bands + 1, *in_maxima, sums, sums + count]


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


@compiled("void(int64[:, ::1], int64[::1], int64[::1], int32[::1], float64[::1])")
def _reduce(jobs: Any, ends: Any, following: Any, found_maxima: Any, found_sums: Any) -> None:
    """Reduces the bands of one job after the other, until none is left."""
    maxima, added, missing = np.empty(_BLOCK, np.int32), np.empty(_BLOCK), np.empty(_BLOCK, np.int64)
    while True:
        number: int = take_number(following.ctypes.data)
        if number >= len(jobs):
            return
        job = jobs[number]
        width, cells = job[COLUMNS], job[CELLS]
        row_ends, column_ends = ends[job[ROW_ENDS] :], ends[job[COLUMN_ENDS] : job[COLUMN_ENDS] + cells + 1]
        rows, columns = found_maxima[job[ROW_MAXIMA] :], found_maxima[job[COLUMN_MAXIMA] :]
        for band in range(job[FIRST_BAND], job[LAST_BAND]):
            first, stop, at = row_ends[band], row_ends[band + 1], band * cells
            for start in range(0, width, _BLOCK):
                size = min(_BLOCK, width - start)
                maxima[:size] = 0
                added[:size] = 0
                missing[:size] = 0
                for row in range(first, stop):
                    values = _float32s(job[ADDRESS] + 4 * (row * width + start), size)
                    largest = _raise_maxima(values.view(np.int32), maxima[:size])
                    rows[row] = max(rows[row], largest)
                    if largest < INFINITE:
                        _add(values, added[:size])
                    else:
                        _add_finite(values, added[:size], missing[:size])
                for i in range(size):
                    columns[start + i] = max(columns[start + i], maxima[i])
                _put_cells(
                    maxima[:size],
                    added,
                    missing,
                    start,
                    stop - first,
                    column_ends,
                    found_maxima[job[CELL_MAXIMA] + at :],
                    found_sums[job[SUMS] + at :],
                    found_sums[job[COUNTS] + at :],
                )
