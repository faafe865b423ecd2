"""Histograms on the float grid: edges, merging, quantiles, distances."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import overload

import numpy as np
import numpy.typing as npt

from torchviz_tb.reading import checks
from torchviz_tb.reading.quantiles import Bins, quantiles
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.grid import BINADES, MANTISSA_BITS, TOP_EXPONENT, Grid, grid

Float64s = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

MAX_BINS = 2**13
"""Occupied bins of one histogram, 16 times what the writer gives one: an answer holds those of every step."""

MAX_COUNT = 2**53
"""Counts are added in float64, which is exact up to here."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """An exact histogram of one tensor: how many elements lie in each bin of a fixed grid.

    ``index`` and ``counts`` hold the occupied bins in ascending order of value (records/grid.py
    says what the indices mean); zeros and what is not finite are counted apart.
    """

    grid: Grid
    index: Int64s
    counts: Int64s
    zeros: int
    nan: int
    pos_inf: int
    neg_inf: int

    @classmethod
    def from_record(cls, record: pb.Histogram) -> "Distribution":
        """Raises DamagedRecord where it is not a histogram as records.proto defines it."""
        bins = grid(*_grid_parameters(record))
        index = _signed_indices(record, int(bins.offsets[TOP_EXPONENT + 1]))
        infinities = tuple(record.infinities) or (0, 0)
        checks.require(len(infinities) == 2, "its infinities are not two numbers")
        counts = np.fromiter(record.counts, np.uint64, len(record.counts))
        # In float64, because hostile counts could overflow the sum of integers.
        total = counts.sum(dtype=np.float64) + record.zeros + record.nan + sum(infinities)
        checks.require(bool(counts.all() and total <= MAX_COUNT), "a count in a histogram is impossible")
        return cls(bins, index, counts.astype(np.int64), record.zeros, record.nan, infinities[1], infinities[0])

    @cached_property
    def edges(self) -> Float64s:
        """Lower and upper edge of each occupied bin, float64 [bins, 2]; not always adjoining."""
        return np.stack(self.grid.edges(self.index), axis=1)

    @property
    def finite(self) -> int:
        """Number of finite elements, zeros included."""
        return int(self.counts.sum()) + self.zeros

    @overload
    def quantile(self, q: float) -> float: ...
    @overload
    def quantile(self, q: Sequence[float] | Float64s) -> Float64s: ...
    def quantile(self, q: float | Sequence[float] | Float64s) -> float | Float64s:
        """Quantiles of the finite elements, q from 0 to 1; NaN where there is none.

        As ``numpy.quantile`` of the elements, where those of one bin count as evenly spread over
        it: the error is less than the width of the widest bin involved.
        """
        found = quantiles(Bins.of([self]), np.atleast_1d(np.asarray(q, np.float64)))[0]
        return float(found[0]) if np.ndim(q) == 0 else found

    def distance(self, other: "Distribution") -> float:
        """Wasserstein-1 distance between the finite elements of both, in the elements' own unit.

        Elements of one bin count as evenly spread over it. NaN where one side has none.
        """
        if not self.finite or not other.finite:
            return float("nan")
        points = np.unique(np.concatenate([self.edges.ravel(), other.edges.ravel(), [0.0]]))
        left, right = points[:-1], points[1:]
        at_left = self._cumulative(left, left >= 0) - other._cumulative(left, left >= 0)
        at_right = self._cumulative(right, right > 0) - other._cumulative(right, right > 0)
        return float(np.sum(_mean_magnitude(at_left, at_right) * (right - left)))

    def coarsened(self, onto: Grid) -> "Distribution":
        """The same elements on a coarser grid."""
        if onto == self.grid:
            return self
        index, inverse = np.unique(onto.coarsen(self.index, self.grid), return_inverse=True)
        counts = np.zeros(index.size, np.int64)
        np.add.at(counts, inverse, self.counts)
        return Distribution(onto, index, counts, self.zeros, self.nan, self.pos_inf, self.neg_inf)

    def _cumulative(self, x: Float64s, zeros_passed: npt.NDArray[np.bool_]) -> Float64s:
        """Share of the finite elements below x; the point mass at 0 counts where ``zeros_passed``."""
        below = np.zeros(x.shape)
        if self.counts.size:
            after = np.cumsum(self.counts)
            shares = np.stack([after - self.counts, after], axis=1)
            below = np.interp(x, self.edges.ravel(), shares.ravel(), left=0.0)
        return (below + self.zeros * zeros_passed) / self.finite


def _mean_magnitude(left: Float64s, right: Float64s) -> Float64s:
    """Mean of the absolute value of a linear function over an interval, from its values at the ends."""
    same_sign = left * right >= 0
    total = np.abs(left) + np.abs(right)
    crossing = (left**2 + right**2) / (2 * np.where(total > 0, total, 1.0))
    return np.where(same_sign, total / 2, crossing)


def _grid_parameters(record: pb.Histogram) -> tuple[int, int]:
    bits, taper = record.mantissa_bits, record.taper_exponent
    checks.require(bits <= MANTISSA_BITS and taper < BINADES, "a histogram's grid is impossible")
    return bits, taper


def _signed_indices(record: pb.Histogram, bins: int) -> Int64s:
    count = len(record.counts)
    checks.require(count <= MAX_BINS, lambda: f"a histogram claims {count} bins, more than the bound of {MAX_BINS}")
    checks.require(len(record.steps) == max(count - 1, 0), "a histogram has not as many steps as counts")
    checks.require((record.first == 0) == (count == 0), "a histogram's first bin is impossible")
    if not count:
        return np.zeros(0, np.int64)
    steps = np.fromiter(record.steps, np.uint64, count - 1)
    # With each step and the start within the grid, the sum can't overflow.
    in_grid = abs(record.first) <= bins and bool(steps.all() and (steps <= np.uint64(2 * bins)).all())
    checks.require(in_grid, "a histogram leaves its grid")
    index = record.first + np.concatenate([[0], np.cumsum(steps.astype(np.int64))])
    checks.require(bool(index[-1] <= bins and (index != 0).all()), "a histogram leaves its grid")
    return index


@dataclass(frozen=True, eq=False)
class Distributions:
    """One record: histograms by site (index in the record's table) and stage, decoded one by one."""

    site_count: int
    sites_checksum: int
    entries: Mapping[tuple[str, int], pb.Histogram]
    # Small beside the histograms, and asked for again at each reload of the page.
    _known_quantiles: dict[tuple[str, tuple[float, ...]], tuple[Int64s, Float64s]] = field(
        default_factory=dict, init=False, repr=False
    )

    @classmethod
    def from_record(cls, record: pb.Distributions) -> "Distributions":
        """Checks which sites there are; a histogram is checked when it is asked for."""
        count = checks.site_count(record.site_count)
        checks.indices((entry.site for entry in record.entries), count, "site")
        entries: dict[tuple[str, int], pb.Histogram] = {}
        for entry in record.entries:
            stage = checks.stage_name(entry.stage)
            if stage is not None:
                entries[stage, entry.site] = entry.histogram
        return cls(count, record.sites_checksum, entries)

    def distribution(self, stage: str, site: int) -> Distribution | None:
        """One histogram; None where it was not measured. Raises DamagedRecord."""
        record = self.entries.get((stage, site))
        return None if record is None else Distribution.from_record(record)

    def stage_quantiles(self, stage: str, q: Sequence[float]) -> tuple[Int64s, Float64s]:
        """Quantiles of every histogram of a stage: sites [n], float64 [n, len(q)]; kept. Raises DamagedRecord."""
        key = (stage, tuple(q))
        if key not in self._known_quantiles:
            sites = [site for name, site in self.entries if name == stage]
            found = [Distribution.from_record(self.entries[stage, site]) for site in sites]
            values = quantiles(Bins.of(found), np.asarray(q, np.float64))
            self._known_quantiles[key] = np.asarray(sites, np.int64), values
        return self._known_quantiles[key]
