"""Many histograms side by side: what quantiles, distances and pictures of all sites are computed from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from torchviz_tb.records.grid import Grid, edges_on

Float64s = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MAX_BINS = 2**13
"""Occupied bins of one histogram, 16 times what the writer gives one: an answer holds those of every step."""

MAX_COUNT = 2**53
"""Elements of one histogram: float64 counts exactly up to here."""

_AT_A_TIME = 512
"""Histograms that are worked on together: memory stays bounded, and sums of their counts fit 64 bits."""


@dataclass(frozen=True, eq=False)
class Histograms:
    """n exact histograms as columns.

    Histogram i has the occupied bins from ``starts[i]`` up to, not with, ``starts[i + 1]``, ascending by value:
    signed indices on the grid ``grids[grid_of[i]]`` (records/grid.py says what they mean) and the elements in each.
    Zeros and what is not finite are counted apart.
    """

    grids: tuple[Grid, ...]
    grid_of: Int64s
    starts: Int64s
    index: Int64s
    counts: Int64s
    apart: Int64s
    """Elements in no bin, [4, n]: zeros, NaN, −Inf, +Inf."""
    faults: Mapping[int, str]
    """Why a histogram can't be read, by position; such a one is empty. Each continues a sentence about its record."""

    @classmethod
    def joined(cls, parts: Sequence["Histograms"]) -> "Histograms":
        """Those of all parts, one part after the other."""
        grids = np.cumsum([0, *(len(each.grids) for each in parts)])
        starts = np.cumsum([0, *(each.counts.size for each in parts)])
        faults: dict[int, str] = {}
        for each, first in zip(parts, np.cumsum([0, *(len(each) for each in parts)]).tolist(), strict=False):
            faults |= {row + first: fault for row, fault in each.faults.items()}
        return cls(
            tuple(grid for each in parts for grid in each.grids),
            np.concatenate([each.grid_of + first for each, first in zip(parts, grids, strict=False)]),
            np.concatenate([[0], *(each.starts[1:] + first for each, first in zip(parts, starts, strict=False))]),
            np.concatenate([each.index for each in parts]),
            np.concatenate([each.counts for each in parts]),
            np.concatenate([each.apart for each in parts], axis=1),
            faults,
        )

    def __len__(self) -> int:
        """How many there are."""
        return self.grid_of.size

    @property
    def zeros(self) -> Int64s:
        """Elements of each that are exactly 0."""
        zeros: Int64s = self.apart[0]
        return zeros

    def __getitem__(self, rows: slice) -> "Histograms":
        """Neighbouring ones, as views."""
        first, last, _ = rows.indices(len(self))
        last = max(first, last)
        bins = slice(int(self.starts[first]), int(self.starts[last]))
        faults = {row - first: fault for row, fault in self.faults.items() if first <= row < last}
        starts, apart = self.starts[first : last + 1] - self.starts[first], self.apart[:, first:last]
        grid_of = self.grid_of[first:last]
        return Histograms(self.grids, grid_of, starts, self.index[bins], self.counts[bins], apart, faults)

    def those(self, rows: Int64s | Bools) -> "Histograms":
        """Some of them: by position, or by whether they are wanted."""
        chosen = np.arange(len(self))[rows]
        length = np.diff(self.starts)[chosen]
        starts = np.concatenate([[0], np.cumsum(length)])
        bins = np.repeat(self.starts[chosen] - starts[:-1], length) + np.arange(starts[-1])
        faults = {row: self.faults[each] for row, each in enumerate(chosen.tolist()) if each in self.faults}
        bin_columns = self.index[bins], self.counts[bins]
        return Histograms(self.grids, self.grid_of[chosen], starts, *bin_columns, self.apart[:, chosen], faults)

    def portions(self) -> Iterator["Histograms"]:
        """All of them, some at a time."""
        for first in range(0, len(self), _AT_A_TIME):
            yield self[first : first + _AT_A_TIME]

    @cached_property
    def rows(self) -> Int64s:
        """To which histogram each bin belongs."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    @cached_property
    def edges(self) -> tuple[Float64s, Float64s]:
        """Lower and upper edge of each bin; those of neighbours do not always adjoin."""
        return self.edges_of(np.arange(self.index.size), self.rows)

    def edges_of(self, bins: Int64s, rows: Int64s) -> tuple[Float64s, Float64s]:
        """Lower and upper edges of some bins, which belong to these histograms."""
        return edges_on(self.grids, self.grid_of[rows], self.index[bins])

    @cached_property
    def finite(self) -> Int64s:
        """Finite elements of each, zeros included."""
        return self.sums(self.counts) + self.zeros

    def sums(self, values: Int64s) -> Int64s:
        """The sum over the bins of each histogram."""
        return np.diff(np.concatenate([[0], np.cumsum(values)])[self.starts])


def quantiles(histograms: Histograms, q: Float64s) -> Float64s:
    """Quantiles q of the finite elements of each histogram, float64 [n, len(q)]; NaN for one without any.

    As ``numpy.quantile`` of the elements, where those of one bin count as evenly spread over it: element k of c lies
    at (k + 1/2) / c of its width. So the error is less than the width of the widest bin involved. Cost: about 5 µs a
    histogram.
    """
    found = [_quantiles(portion, q) for portion in histograms.portions()]
    return np.concatenate([np.zeros((0, q.size)), *found])


def _quantiles(histograms: Histograms, q: Float64s) -> Float64s:
    total = histograms.finite[:, None]
    rank = q * np.maximum(total - 1, 0)
    below, above = np.floor(rank), np.ceil(rank)
    fraction = rank - below
    lower, upper = (_elements(histograms, each.astype(np.int64)) for each in (below, above))
    return np.where(total > 0, (1 - fraction) * lower + fraction * upper, np.nan)


def _elements(histograms: Histograms, rank: Int64s) -> Float64s:
    """The elements of these ranks, [n, ranks], in each histogram."""
    if not histograms.counts.size:
        return np.zeros(rank.shape)
    negative = histograms.sums(np.where(histograms.index < 0, histograms.counts, 0))[:, None]
    zeros = histograms.zeros[:, None]
    after = np.cumsum(histograms.counts)
    base = np.concatenate([[0], after])[histograms.starts[:-1], None]
    among_bins = base + np.where(rank < negative, rank, np.maximum(rank - zeros, 0))
    bins = np.minimum(np.searchsorted(after, among_bins, side="right"), after.size - 1)
    within = (among_bins - (after - histograms.counts)[bins] + 0.5) / histograms.counts[bins]
    lower, upper = histograms.edges_of(bins, histograms.rows[bins])
    is_zero = (rank >= negative) & (rank < negative + zeros)
    return np.where(is_zero, 0.0, lower + within * (upper - lower))


def mean_magnitudes(histograms: Histograms) -> Float64s:
    """Mean of |x| over the finite elements of each, those of a bin evenly spread over it; NaN for one without any."""
    lower, upper = histograms.edges
    weighted = histograms.counts * np.abs(lower + upper) / 2
    totals = np.bincount(histograms.rows, weighted, minlength=len(histograms))
    with np.errstate(invalid="ignore"):
        return np.asarray(totals / np.where(histograms.finite > 0, histograms.finite, np.nan))
