"""A parameter's gradient, or any matrix, reduced to a heatmap of few cells."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from torchviz_tb.capture.engines import Cells, Matrix, MatrixEngine
from torchviz_tb.capture.engines.choice import choose
from torchviz_tb.capture.tensors import plain
from torchviz_tb.capture.transfer import is_on_host
from torchviz_tb.records import records_pb2 as pb

Float64s = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

MAX_LINES = 1024
"""Longest list of row or column maxima; beyond, they are cut into so many ranges."""

_SLABS = 8  # of a large matrix, looked at one by one: their sums in float64 take up to 13 bytes an element
_LEAST_SLAB, _MOST_SLAB = 1 << 16, 1 << 22

_INFINITE, _NAN = 254, 255
_STEPS = 252  # from the smallest to the largest magnitude: codes 1 to 253


@dataclass(frozen=True)
class Lines:
    """Which rows and columns of a whole matrix one holds, ascending, and how many there are in all."""

    rows: Int64s
    columns: Int64s
    row_count: int
    column_count: int

    @classmethod
    def of(cls, shape: Sequence[int], indices: Sequence[Int64s] | None = None) -> "Lines":
        """Those of a tensor's ``matrix_view``, of which one holds the elements at these indices; all if not given."""
        indices = [np.arange(size) for size in shape] if indices is None else indices
        if len(shape) < 2:  # a single row
            columns = indices[0] if indices else np.arange(1)
            return cls(np.arange(1), columns, 1, math.prod(shape))
        columns = np.zeros(1, np.int64)
        for size, kept in zip(shape[1:], indices[1:], strict=True):
            columns = (columns[:, np.newaxis] * size + kept).reshape(-1)
        return cls(indices[0], columns, shape[0], math.prod(shape[1:]))


class Cut(NamedTuple):
    """The cells in which the rows or columns that one holds lie, and the place among these of the first of each."""

    cells: Int64s
    starts: Int64s

    @classmethod
    def of(cls, held: Int64s, size: int, most: int) -> "Cut":
        """Of so many in all, which have so many cells at most."""
        if len(held) == size:
            return cls(np.arange(min(size, most)), starts(size, most))
        cells, first = np.unique(np.searchsorted(starts(size, most), held, side="right") - 1, return_index=True)
        return cls(cells, first.astype(np.int64))


@dataclass(frozen=True)
class HeatmapPart:
    """A heatmap before it is averaged and coded: parts of one tensor merge by maxima and sums."""

    site: int
    stage: pb.Stage
    cell_max: Float64s  # largest magnitude of each cell, NaN where there is one, 0 where there is no element
    row_max: Float64s  # the same of each row and column
    column_max: Float64s
    sums: Float64s  # of each cell's finite elements
    counts: Float64s  # finite elements of each cell

    @classmethod
    def empty(cls, lines: Lines, site: int, stage: pb.Stage, max_cells: int) -> "HeatmapPart":
        """The part of a rank that holds no element."""
        rows, columns = lines.row_count, lines.column_count
        shape = min(rows, max_cells), min(columns, max_cells)
        return cls(site, stage, np.zeros(shape), np.zeros(rows), np.zeros(columns), np.zeros(shape), np.zeros(shape))

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return sum(each.nbytes for each in (self.cell_max, self.row_max, self.column_max, self.sums, self.counts))

    def record(self) -> pb.Heatmap:
        """The heatmap of the whole tensor."""
        means = np.full(self.sums.shape, np.nan)
        np.divide(self.sums, self.counts, out=means, where=self.counts > 0)
        return pb.Heatmap(
            site=self.site,
            stage=self.stage,
            rows=len(self.row_max),
            columns=len(self.column_max),
            cell_rows=len(self.cell_max),
            cell_columns=self.cell_max.shape[1],
            abs_max=log_bytes(self.cell_max),
            mean_magnitude=log_bytes(np.abs(means)),
            mean_negative=np.packbits(means.reshape(-1) < 0, bitorder="little").tobytes(),
            row_max=log_bytes(_cut_to_lines(self.row_max)),
            column_max=log_bytes(_cut_to_lines(self.column_max)),
            dead_rows=_ranges(self.row_max == 0),
            dead_columns=_ranges(self.column_max == 0),
        )


@torch.no_grad()
def heatmap(tensor: torch.Tensor, *, site: int, stage: pb.Stage, max_cells: int = 64) -> pb.Heatmap | None:
    """The heatmap of a tensor with at most ``max_cells`` × ``max_cells`` cells, as records.proto defines it.

    None for a tensor without elements and for the kinds that ``measure`` calls unsupported.
    Complex tensors show their magnitude. A mean is NaN where the cell has no finite value.
    Reduced on the tensor's device in about three passes, with one wait for the result; on the CPU in one pass,
    where numba is there. Extra memory: 24 bytes × ``max_cells`` × columns, and a copy of the tensor where its
    type or strides need one.
    """
    part = whole_part(tensor, site=site, stage=stage, max_cells=max_cells)
    return None if part is None else part.record()


def whole_part(tensor: torch.Tensor, *, site: int, stage: pb.Stage, max_cells: int = 64) -> HeatmapPart | None:
    """As ``heatmap``, before it is averaged and coded, which takes longer than reducing a small tensor."""
    if torch.nn.parameter.is_lazy(tensor) or tensor.is_nested:  # these have no shape
        return None
    return heatmap_part(tensor, Lines.of(tensor.shape), site=site, stage=stage, max_cells=max_cells)


@torch.no_grad()
def heatmap_part(
    tensor: torch.Tensor, lines: Lines, *, site: int, stage: pb.Stage, max_cells: int = 64
) -> HeatmapPart | None:
    """What a part of a tensor says of the whole tensor's heatmap; costs and None as for ``heatmap``."""
    values = plain(tensor)
    if not isinstance(values, torch.Tensor) or not lines.row_count * lines.column_count:
        return None
    part = HeatmapPart.empty(lines, site, stage, max_cells)
    if not values.numel():
        return part
    matrix = reducible(matrix_view(values))
    rows, columns = Cut.of(lines.rows, lines.row_count, max_cells), Cut.of(lines.columns, lines.column_count, max_cells)
    found, cells = _reduced(matrix, rows.starts, columns.starts), np.ix_(rows.cells, columns.cells)
    part.cell_max[cells], part.sums[cells], part.counts[cells] = found.cell_max, found.sums, found.counts
    part.row_max[lines.rows], part.column_max[lines.columns] = found.row_max, found.column_max
    return part


def matrix_view(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor as a matrix: first dimension × all others; one row for 1-D, 1 × 1 for a single number.

    For linear layers and convolutions that is output × input (out × in·kh·kw). A transposed
    convolution keeps its input first, so there the rows are inputs. Copies only if the
    strides ask for it.
    """
    return tensor.flatten(1) if tensor.dim() >= 2 else tensor.reshape(1, -1)


def log_bytes(magnitudes: Float64s) -> pb.LogBytes:
    """Magnitudes as one byte each on a logarithmic scale between the smallest and the largest."""
    with np.errstate(divide="ignore"):
        logarithms = np.log(magnitudes)
    scaled = np.isfinite(logarithms)
    codes = np.zeros(magnitudes.shape, np.uint8)
    if not scaled.all():
        codes[magnitudes == np.inf] = _INFINITE
        codes[np.isnan(magnitudes)] = _NAN
    if not scaled.any():
        return pb.LogBytes(codes=codes.tobytes())
    known, kept = magnitudes[scaled], logarithms[scaled]
    low, high = float(kept.min()), float(kept.max())
    codes[scaled] = 1 + np.rint((kept - low) * (_STEPS / (high - low) if high > low else 0.0)).astype(np.uint8)
    return pb.LogBytes(low=float(known.min()), high=float(known.max()), codes=codes.tobytes())


def _reduced(matrix: torch.Tensor, row_starts: Int64s, column_starts: Int64s) -> Cells:
    if matrix.dtype == torch.float32 and is_on_host(matrix):
        engine = choose(matrix.device)
        if isinstance(engine, MatrixEngine):
            [cells] = engine.begin_cells([Matrix(matrix.contiguous(), row_starts, column_starts)]).read()
            return cells
    maxima = _maxima(matrix, row_starts)
    cell_max = np.maximum.reduceat(maxima.bands, column_starts, axis=1)
    all_finite = bool(np.isfinite(maxima.rows).all())
    sums = _sums(matrix, row_starts, column_starts, all_finite=all_finite)
    return Cells(cell_max, maxima.rows, maxima.bands.max(axis=0), *sums)


@dataclass(frozen=True)
class _Maxima:
    """Largest magnitudes, NaN where there is one."""

    rows: Float64s  # of each row
    bands: Float64s  # of each column within each range of rows that shares cells


def _maxima(matrix: torch.Tensor, row_starts: Int64s) -> _Maxima:
    rows, bands = [], []
    for slab in slabs(matrix, row_starts):
        magnitudes = slab.abs()
        rows.append(magnitudes.amax(2).flatten())
        bands.append(magnitudes.amax(1))
    return _Maxima(_float64(torch.cat(rows)), _float64(torch.cat(bands)))


def _sums(
    matrix: torch.Tensor, row_starts: Int64s, column_starts: Int64s, *, all_finite: bool
) -> tuple[Float64s, Float64s]:
    """Sum of each cell's finite values, and how many there are."""
    if all_finite:
        heights, widths = np.diff([*row_starts, matrix.size(0)]), np.diff([*column_starts, matrix.size(1)])
        return _cell_sums(matrix, row_starts, column_starts), np.outer(heights, widths).astype(np.float64)
    finite = matrix.isfinite()
    sums = _cell_sums(matrix.where(finite, 0), row_starts, column_starts)
    return sums, _cell_sums(finite, row_starts, column_starts)


def _cell_sums(matrix: torch.Tensor, row_starts: Int64s, column_starts: Int64s) -> Float64s:
    bands = torch.cat([slab.sum(1, dtype=torch.float64) for slab in slabs(matrix, row_starts)])
    sums: Float64s = np.add.reduceat(_float64(bands), column_starts, axis=1)
    return sums


def slabs(matrix: torch.Tensor, row_starts: Int64s) -> Sequence[torch.Tensor]:
    """The matrix as bands × rows of a band × columns, cut so that what is computed from it needs less memory than it.

    Where it is small as many bands at a time as possible: many small operations would mostly wait for torch's threads.
    """
    rows, columns = matrix.shape
    heights = np.diff([*row_starts, rows])
    if (heights != heights[0]).any():  # one at a time
        return [band.unsqueeze(0) for band in torch.tensor_split(matrix, row_starts[1:].tolist())]
    height = int(heights[0])
    bands = matrix.unflatten(0, (len(row_starts), height))
    elements = min(max(matrix.numel() // _SLABS, _LEAST_SLAB), _MOST_SLAB)
    return torch.split(bands, max(1, elements // (height * columns)))


@lru_cache
def starts(size: int, most: int) -> Int64s:
    """Where each of at most ``most`` nearly equal ranges of 0 … size - 1 starts. Not to be written to."""
    cells = min(size, most)
    found: Int64s = np.arange(cells, dtype=np.int64) * size // cells
    found.setflags(write=False)
    return found


def _cut_to_lines(maxima: Float64s) -> Float64s:
    lines: Float64s = np.maximum.reduceat(maxima, starts(len(maxima), MAX_LINES))
    return lines


def _ranges(marked: npt.NDArray[np.bool_]) -> list[int]:
    """Runs of marked entries as pairs of gap since the last run and length."""
    if not marked.any():
        return []
    edges = np.flatnonzero(np.diff(marked, prepend=False, append=False))
    pairs: list[int] = np.diff(edges, prepend=0).tolist()
    return pairs


def reducible(matrix: torch.Tensor) -> torch.Tensor:
    """A type that torch reduces on every device and in which magnitudes do not overflow."""
    if matrix.is_complex():
        return matrix.to(torch.complex128).abs()
    if matrix.dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        return matrix
    return matrix.to(torch.float32 if matrix.dtype.is_floating_point else torch.float64)


def _float64(tensor: torch.Tensor) -> Float64s:
    array: Float64s = tensor.to(torch.float64).cpu().numpy()
    return array
