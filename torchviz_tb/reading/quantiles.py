"""Quantiles of many histograms at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from torchviz_tb.records.grid import Grid

Float64s = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]


class Counted(Protocol):
    """What quantiles need of a histogram."""

    @property
    def grid(self) -> Grid:
        """The grid of its bins."""
        ...

    @property
    def index(self) -> Int64s:
        """Signed indices of the occupied bins, ascending."""
        ...

    @property
    def counts(self) -> Int64s:
        """Elements in each of them."""
        ...

    @property
    def zeros(self) -> int:
        """Elements that are exactly 0."""
        ...


@dataclass(frozen=True, eq=False)
class Bins:
    """The occupied bins of several histograms, one after the other; zeros are a bin of no width."""

    lower: Float64s
    upper: Float64s
    counts: Float64s
    starts: Int64s
    """Where each histogram's bins begin; one more entry than histograms."""

    @classmethod
    def of(cls, histograms: Sequence[Counted]) -> "Bins":
        """The bins of these histograms."""
        index = [_with_zero_bin(histogram) for histogram in histograms]
        counts = [_with_zero_count(histogram) for histogram in histograms]
        starts = np.cumsum([0, *(each.size for each in index)])
        lower, upper = _edges([histogram.grid for histogram in histograms], index, starts)
        return cls(lower, upper, np.concatenate([np.zeros(0), *counts]), starts)


def quantiles(bins: Bins, q: Float64s) -> Float64s:
    """Quantiles q of each histogram, float64 [histograms, len(q)]; NaN for one without elements.

    The elements of a bin count as evenly spread over it, so element k of c lies at (k + 1/2) / c
    of its width; between two elements a quantile is interpolated linearly, as numpy does.
    """
    after = np.cumsum(bins.counts)
    bounds = np.concatenate([[0.0], after])[bins.starts]
    base, total = bounds[:-1, None], np.diff(bounds)[:, None]
    rank = q * np.maximum(total - 1, 0)
    below, above = np.floor(rank), np.ceil(rank)
    fraction = rank - below
    values = (1 - fraction) * _elements(bins, after, base + below) + fraction * _elements(bins, after, base + above)
    return np.where(total > 0, values, np.nan)


def _elements(bins: Bins, after: Float64s, rank: Float64s) -> Float64s:
    """The elements with these ranks among those of all histograms together."""
    if not after.size:
        return np.full(rank.shape, np.nan)
    bin_of = np.minimum(np.searchsorted(after, rank, side="right"), after.size - 1)
    within = (rank - (after - bins.counts)[bin_of] + 0.5) / bins.counts[bin_of]
    lower, upper = bins.lower[bin_of], bins.upper[bin_of]
    return lower + within * (upper - lower)


def _with_zero_bin(histogram: Counted) -> Int64s:
    """Signed indices with 0, which the grid leaves free, for the zeros."""
    if not histogram.zeros:
        return histogram.index
    return np.insert(histogram.index, np.searchsorted(histogram.index, 0), 0)


def _with_zero_count(histogram: Counted) -> Float64s:
    counts = histogram.counts.astype(np.float64)
    if not histogram.zeros:
        return counts
    return np.insert(counts, np.searchsorted(histogram.index, 0), histogram.zeros)


def _edges(grids: Sequence[Grid], index: Sequence[Int64s], starts: Int64s) -> tuple[Float64s, Float64s]:
    """Edges of all bins, computed once for each grid, not for each histogram."""
    lower, upper = np.zeros(int(starts[-1])), np.zeros(int(starts[-1]))
    histograms_on: dict[Grid, list[int]] = {}
    for position, grid in enumerate(grids):
        histograms_on.setdefault(grid, []).append(position)
    for grid, positions in histograms_on.items():
        places = np.concatenate([np.arange(starts[i], starts[i + 1]) for i in positions])
        signed = np.concatenate([index[i] for i in positions])
        nonzero = signed != 0
        lower[places[nonzero]], upper[places[nonzero]] = grid.edges(signed[nonzero])
    return lower, upper
