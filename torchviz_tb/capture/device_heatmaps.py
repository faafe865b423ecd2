"""Heatmaps of tensors on a device: reduced there without waiting, to what is copied with the step's other results."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
import torch

from torchviz_tb.capture.engines import Cells, Matrix, MatrixEngine
from torchviz_tb.capture.engines.choice import choose
from torchviz_tb.capture.heatmaps import HeatmapPart, Lines, matrix_view, reducible, slabs, starts, whole_part
from torchviz_tb.capture.tensors import accumulates_in, plain
from torchviz_tb.capture.transfer import Bytes, Transfer, is_on_host
from torchviz_tb.records import records_pb2 as pb

Give: TypeAlias = Callable[["HeatmapPart | None"], None]

_CPU = torch.device("cpu")


@torch.no_grad()
def begin_heatmaps(
    tensors: Iterable[tuple[int, torch.Tensor]],
    transfer: Transfer,
    give: Give,
    *,
    stage: pb.Stage,
    max_cells: int = 64,
) -> bool:
    """As ``begin_heatmap`` for the tensors of sites; those that the engine can reduce in one call, it does.

    Whether some come when the transfer settles. It holds the tensors until it returns.
    """
    engine, sites, matrices, is_coming = choose(_CPU), list[int](), list[Matrix](), False
    for site, tensor in tensors:
        values = plain(tensor)
        if isinstance(engine, MatrixEngine) and isinstance(values, torch.Tensor) and _is_matrix(values):
            matrix = matrix_view(values)
            sites.append(site)
            matrices.append(Matrix(matrix, starts(matrix.size(0), max_cells), starts(matrix.size(1), max_cells)))
        else:
            comes = begin_heatmap(tensor, transfer, give, site=site, stage=stage, max_cells=max_cells)
            is_coming = is_coming or comes
    if isinstance(engine, MatrixEngine) and matrices:
        found = engine.begin_cells(matrices)
        transfer.keep(partial(_give_parts, found.read, sites, stage, give), found.nbytes)
    return is_coming or bool(matrices)


@torch.no_grad()
def begin_heatmap(
    tensor: torch.Tensor, transfer: Transfer, give: Give, *, site: int, stage: pb.Stage, max_cells: int = 64
) -> bool:
    """As ``whole_part``, without waiting for a device: ``give`` gets it at once, or when the transfer settles.

    Whether it comes when the transfer settles.
    On a device about three passes; extra memory: for each row of cells 24 bytes a column, and a copy of the tensor
    where its type or strides need one. Copied to the host are the cells, and a number for each row and column.
    """
    values = plain(tensor) if not torch.nn.parameter.is_lazy(tensor) else None
    if not isinstance(values, torch.Tensor) or is_on_host(values) or not values.numel():
        give(whole_part(tensor, site=site, stage=stage, max_cells=max_cells))
        return False
    empty = HeatmapPart.empty(Lines.of(tensor.shape), site, stage, max_cells)
    packed = _reduced(reducible(matrix_view(values)), max_cells)
    transfer.send(packed, partial(_read, empty, packed.dtype == torch.float64, give))
    return True


def _is_matrix(values: torch.Tensor) -> bool:
    """Whether it can be a Matrix as it is."""
    return values.dtype == torch.float32 and is_on_host(values) and values.is_contiguous() and values.numel() > 0


def _give_parts(read: Callable[[], list[Cells]], sites: Sequence[int], stage: pb.Stage, give: Give) -> None:
    for site, cells in zip(sites, read(), strict=True):
        give(HeatmapPart(site, stage, *cells))


def _read(part: HeatmapPart, is_wide: bool, give: Give, packed: Bytes) -> None:
    numbers = packed.view(np.float64 if is_wide else np.float32)
    for field in (part.cell_max, part.row_max, part.column_max, part.sums, part.counts):
        field[...] = numbers[: field.size].reshape(field.shape)
        numbers = numbers[field.size :]
    give(part)


def _reduced(matrix: torch.Tensor, max_cells: int) -> torch.Tensor:
    """The arrays of a HeatmapPart, one after the other, on the device."""
    floats = accumulates_in(matrix.device)
    rows, bands, sums, counts = [], [], [], []
    for slab in slabs(matrix, starts(matrix.size(0), max_cells)):
        magnitudes = slab.abs()
        rows.append(magnitudes.amax(2).flatten())
        bands.append(magnitudes.amax(1))
        finite = slab.isfinite()
        sums.append(slab.where(finite, 0).sum(1, dtype=floats))
        counts.append(finite.sum(1))
    maxima = torch.cat(bands)
    fields = (
        _largest(maxima, max_cells),
        torch.cat(rows),
        maxima.amax(0),
        _sums(torch.cat(sums), max_cells),
        _sums(torch.cat(counts), max_cells),
    )
    return torch.cat([field.flatten().to(floats) for field in fields])


def _largest(bands: torch.Tensor, max_cells: int) -> torch.Tensor:
    """Of magnitudes by row of cells and column, those of each cell; NaN where there is one."""
    cells = min(bands.size(1), max_cells)
    if bands.size(1) % cells == 0:
        return bands.view(bands.size(0), cells, -1).amax(2)
    # As integers, which are ordered as the magnitudes are, with NaN above all.
    floats = torch.promote_types(bands.dtype, torch.float32)
    patterns = bands.abs().to(floats).view(torch.int32 if floats == torch.float32 else torch.int64)
    largest = patterns.new_zeros(bands.size(0), cells)
    return largest.scatter_reduce_(1, _cell_of_column(bands, cells).expand(bands.shape), patterns, "amax").view(floats)


def _sums(bands: torch.Tensor, max_cells: int) -> torch.Tensor:
    cells = min(bands.size(1), max_cells)
    if bands.size(1) % cells == 0:
        return bands.view(bands.size(0), cells, -1).sum(2)
    return bands.new_zeros(bands.size(0), cells).index_add_(1, _cell_of_column(bands, cells), bands)


def _cell_of_column(bands: torch.Tensor, cells: int) -> torch.Tensor:
    """The cell in which each column lies, as ``starts`` cuts them."""
    size = bands.size(1)
    columns = torch.arange(size, device=bands.device)
    # The last cell whose start, cell * size // cells, is not after the column.
    return ((columns + 1) * cells - 1).div(size, rounding_mode="floor")
