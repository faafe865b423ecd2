"""Heatmaps of a tensor's parts as entries of two vectors: one that a SUM over ranks adds, one for a MAX."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from torchviz_tb.capture.device_heatmaps import begin_part
from torchviz_tb.capture.heatmaps import HeatmapPart, Lines
from torchviz_tb.capture.sharded.placements import global_indices
from torchviz_tb.capture.transfer import Transfer
from torchviz_tb.records import records_pb2 as pb

Float64s = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SharedHeatmap:
    """One rank's part of a heatmap and how many of the tensor's elements it is of."""

    part: HeatmapPart
    elements: int

    @property
    def is_whole(self) -> bool:
        """Whether no element is missing or there twice."""
        return self.elements == len(self.part.row_max) * len(self.part.column_max)


@torch.no_grad()
def local_part(
    tensor: torch.Tensor,
    local: object,
    transfer: Transfer,
    *,
    site: int,
    stage: pb.Stage,
    shape: Sequence[int],
    max_cells: int,
) -> SharedHeatmap | None:
    """This rank's part, where ``local`` is what it measures of the tensor: nothing, if it is not a tensor.

    Complete once the transfer has settled. A rank that can't tell where its elements belong gives none of them, and
    the heatmap stays incomplete. None for a tensor without elements.
    """
    indices = global_indices(tensor) if isinstance(local, torch.Tensor) else None
    held = local if isinstance(local, torch.Tensor) and indices is not None else torch.zeros(0, device="cpu")
    nowhere = [np.zeros(0, np.int64)] * len(shape)
    lines = Lines.of(shape, nowhere if indices is None else indices)
    part = begin_part(held, lines, transfer, site=site, stage=stage, max_cells=max_cells)
    if part is None and lines.row_count * lines.column_count:  # a kind that can't be read
        held, part = torch.zeros(0, device="cpu"), HeatmapPart.empty(lines, site, stage, max_cells)
    return None if part is None else SharedHeatmap(part, held.numel())


def layout_checksum(shared: Sequence[SharedHeatmap], positions: Sequence[int]) -> int:
    """What ranks compare before they merge: sites, by their position among those watched, and sizes. 0: no heatmap."""
    sizes = [
        (position, len(each.part.row_max), len(each.part.column_max), *each.part.cell_max.shape)
        for position, each in zip(positions, shared, strict=True)
    ]
    return zlib.crc32(repr(sizes).encode()) or 1 if sizes else 0


def packed_sums(shared: Sequence[SharedHeatmap]) -> Float64s:
    """What is added up."""
    entries = [np.concatenate([[each.elements], each.part.sums.ravel(), each.part.counts.ravel()]) for each in shared]
    return np.concatenate([np.zeros(0), *entries])


def packed_maxima(shared: Sequence[SharedHeatmap]) -> Int64s:
    """What the largest is taken of: bit patterns of magnitudes, as integers, where NaN is above infinity."""
    entries = [np.concatenate([each.part.cell_max.ravel(), each.part.row_max, each.part.column_max]) for each in shared]
    magnitudes = np.concatenate([np.zeros(0), *entries])
    magnitudes[np.isnan(magnitudes)] = np.nan  # the sign of a NaN would make it the smallest integer
    return magnitudes.view(np.int64)


def merged(shared: Sequence[SharedHeatmap], sums: Float64s, maxima: Int64s) -> list[HeatmapPart]:
    """The heatmaps of all ranks together that are whole."""
    magnitudes = maxima.view(np.float64)
    found = []
    for each in shared:
        part, cells = each.part, each.part.cell_max.shape
        own, sums = np.split(sums, [1 + 2 * part.cell_max.size])
        largest, magnitudes = np.split(magnitudes, [part.cell_max.size + len(part.row_max) + len(part.column_max)])
        cell_max, row_max, column_max = np.split(largest, [part.cell_max.size, part.cell_max.size + len(part.row_max)])
        totals, counts = own[1:].reshape(2, *cells)
        whole = HeatmapPart(part.site, part.stage, cell_max.reshape(cells), row_max, column_max, totals, counts)
        if SharedHeatmap(whole, int(own[0])).is_whole:
            found.append(whole)
    return found
