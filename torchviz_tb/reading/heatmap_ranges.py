"""Where the magnitudes of heatmaps lie over the steps, so that a colour means the same at every step."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from torchviz_tb.errors import RecordError
from torchviz_tb.reading.decode import HEATMAPS
from torchviz_tb.reading.group import Arrays, Group, OnSites
from torchviz_tb.reading.heatmaps import DECADES, LOWEST_DECADE, Heatmaps, Int64s, decade_counts
from torchviz_tb.reading.thinning import thinned
from torchviz_tb.records.metadata import Kind

MOST_STEPS = 32
"""Of more steps some are counted, evenly apart: percentiles of all are within a decade of theirs."""
QUANTITIES = ("abs_max", "mean")
_LOW, _HIGH = 0.01, 0.99

Ranges = Mapping[str, tuple[int, int] | None]
"""By quantity: exponents of ten, with 98 % of the finite magnitudes above 0 between them; None where there is none."""


@dataclass(frozen=True)
class HeatmapRanges:
    """The ranges of all maps together, and of each site's by position."""

    shared: Ranges
    sites: Mapping[int, Ranges]


def heatmap_ranges(group: Group) -> HeatmapRanges:
    """The ranges over the steps. Cost: reads up to ``MOST_STEPS`` records, later only those that are new."""
    count = len(group.sites.sites)
    totals = np.zeros((count, len(QUANTITIES), DECADES), np.int64)
    for step in thinned(group.steps(Kind.HEATMAPS), MOST_STEPS):
        key = (group.reference(Kind.HEATMAPS, step), "decades", count)
        positions, counts = group.remembered(key, partial(_counts_at, group, step))
        totals[positions] += counts
    seen = np.flatnonzero(totals.any(axis=(1, 2)))
    return HeatmapRanges(_ranges(totals.sum(axis=0)), {int(site): _ranges(totals[site]) for site in seen})


def _counts_at(group: Group, step: int) -> Arrays:
    """Positions of the sites [M] with a heatmap at a step, and the decades of their cells [M, quantity, decade]."""
    joined = group.read_on_sites(HEATMAPS, step)
    found = {} if joined is None else _counts_of(group, step, joined)
    counts = np.array(list(found.values()), np.int32).reshape(len(found), len(QUANTITIES), DECADES)
    return np.array(list(found), np.int64), counts


def _counts_of(group: Group, step: int, joined: OnSites[Heatmaps]) -> dict[int, Int64s]:
    """By position; of a site with several stages, that of its gradient."""
    found: dict[int, Int64s] = {}
    for (stage, own), record in joined.record.entries.items():
        position = int(joined.positions[own])
        if position in found and stage != "gradient":
            continue
        try:
            found[position] = decade_counts(record)
        except RecordError as error:
            group.report(Kind.HEATMAPS, step, error)
    return found


def _ranges(counts: Int64s) -> Ranges:
    return {name: _range(each) for name, each in zip(QUANTITIES, counts, strict=True)}


def _range(counts: Int64s) -> tuple[int, int] | None:
    """Percentiles of what was counted by decade, rounded out to whole ones."""
    seen = np.cumsum(counts)
    if seen[-1] == 0:
        return None
    low, high = (int(np.searchsorted(seen, max(1, np.ceil(share * seen[-1])))) for share in (_LOW, _HIGH))
    return low + LOWEST_DECADE, high + 1 + LOWEST_DECADE
