"""Heatmaps of tensors on a device: reduced there without waiting, to what is copied with the step's other results."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
import torch

from torchviz_tb.capture.engines import Cells, Matrix, MatrixEngine
from torchviz_tb.capture.engines.choice import choose
from torchviz_tb.capture.heatmaps import (
    Cut,
    HeatmapPart,
    Int64s,
    Lines,
    heatmap_part,
    matrix_view,
    reducible,
    slabs,
    starts,
    whole_part,
)
from torchviz_tb.capture.tensors import accumulates_in, plain
from torchviz_tb.capture.transfer import Bytes, Transfer, is_on_host, to_device
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
    part = begin_part(values, Lines.of(tensor.shape), transfer, site=site, stage=stage, max_cells=max_cells)
    transfer.keep(partial(give, part), 0)
    return True


@torch.no_grad()
def begin_part(
    tensor: torch.Tensor, lines: Lines, transfer: Transfer, *, site: int, stage: pb.Stage, max_cells: int = 64
) -> HeatmapPart | None:
    """As ``heatmap_part``, without waiting for a device: complete once the transfer has settled."""
    values = plain(tensor)
    if not isinstance(values, torch.Tensor) or is_on_host(values) or not values.numel():
        return heatmap_part(tensor, lines, site=site, stage=stage, max_cells=max_cells)
    part = HeatmapPart.empty(lines, site, stage, max_cells)
    rows, columns = Cut.of(lines.rows, lines.row_count, max_cells), Cut.of(lines.columns, lines.column_count, max_cells)
    packed = _reduced(reducible(matrix_view(values)), rows.starts, columns.starts)
    transfer.send(packed, partial(_read, part, lines, (rows.cells, columns.cells), packed.dtype == torch.float64))
    return part


def _is_matrix(values: torch.Tensor) -> bool:
    """Whether it can be a Matrix as it is."""
    return values.dtype == torch.float32 and is_on_host(values) and values.is_contiguous() and values.numel() > 0


def _give_parts(read: Callable[[], list[Cells]], sites: Sequence[int], stage: pb.Stage, give: Give) -> None:
    for site, cells in zip(sites, read(), strict=True):
        give(HeatmapPart(site, stage, *cells))


def _read(part: HeatmapPart, lines: Lines, cells: tuple[Int64s, Int64s], is_wide: bool, packed: Bytes) -> None:
    numbers = packed.view(np.float64 if is_wide else np.float32)
    places = np.ix_(*cells)
    of_fields = (
        (part.cell_max, places),
        (part.row_max, (lines.rows,)),
        (part.column_max, (lines.columns,)),
        (part.sums, places),
        (part.counts, places),
    )
    for field, where in of_fields:
        shape = np.broadcast_shapes(*(each.shape for each in where))
        size = math.prod(shape)
        field[where] = numbers[:size].reshape(shape)
        numbers = numbers[size:]


def _reduced(matrix: torch.Tensor, row_starts: Int64s, column_starts: Int64s) -> torch.Tensor:
    """The arrays of Cells, one after the other, on the device."""
    floats = accumulates_in(matrix.device)
    rows, bands, sums, counts = [], [], [], []
    for slab in slabs(matrix, row_starts):
        magnitudes = slab.abs()
        rows.append(magnitudes.amax(2).flatten())
        bands.append(magnitudes.amax(1))
        del magnitudes  # before there are further copies
        finite = slab.isfinite()
        sums.append(slab.where(finite, 0).sum(1, dtype=floats))
        counts.append(finite.sum(1))
    maxima = torch.cat(bands)
    widths = np.diff([*column_starts, matrix.size(1)])
    fields = (
        _largest(maxima, widths),
        torch.cat(rows),
        maxima.amax(0),
        _sums(torch.cat(sums), widths),
        _sums(torch.cat(counts), widths),
    )
    return torch.cat([field.flatten().to(floats) for field in fields])


def _largest(bands: torch.Tensor, widths: Int64s) -> torch.Tensor:
    """Of magnitudes by row of cells and column, those of each cell, which is so wide; NaN where there is one."""
    if (widths == widths[0]).all():
        return bands.view(bands.size(0), len(widths), -1).amax(2)
    # As integers, which are ordered as the magnitudes are, with NaN above all.
    floats = torch.promote_types(bands.dtype, torch.float32)
    patterns = bands.abs().to(floats).view(torch.int32 if floats == torch.float32 else torch.int64)
    largest = patterns.new_zeros(bands.size(0), len(widths))
    cells = _cell_of_column(widths, bands.device).expand(bands.shape)
    return largest.scatter_reduce_(1, cells, patterns, "amax").view(floats)


def _sums(bands: torch.Tensor, widths: Int64s) -> torch.Tensor:
    if (widths == widths[0]).all():
        return bands.view(bands.size(0), len(widths), -1).sum(2)
    return bands.new_zeros(bands.size(0), len(widths)).index_add_(1, _cell_of_column(widths, bands.device), bands)


def _cell_of_column(widths: Int64s, device: torch.device) -> torch.Tensor:
    return to_device(np.repeat(np.arange(len(widths)), widths), device)
