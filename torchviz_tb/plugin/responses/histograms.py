"""Distributions of one site over the steps, and quantile bands of all sites."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from torchviz_tb.plugin.arrays import Arrays, float32
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading import series
from torchviz_tb.reading.distributions import Distribution, occupied_bins, on_common_grid
from torchviz_tb.reading.quantiles import Bins, quantiles
from torchviz_tb.records.metadata import Kind

MAX_BINS = 2048
"""Bins of one answer, more than any screen shows; where there would be more, the grid is made coarser."""

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
BAND_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def distributions(query: Query) -> Arrays:
    """The route distributions."""
    group, site, stage = query.group, query.site, query.stage
    steps = group.steps(Kind.DISTRIBUTIONS)
    found = series.distributions_of(group, site, stage)
    present = [each for each in found if each is not None]
    rows = [row for row, each in enumerate(found) if each is not None]
    missing = np.ones((len(steps), len(group.sites.sites)), np.bool_)
    missing[rows, site] = False
    header = {
        "site": group.sites.sites[site].name,
        "stage": stage,
        "quantiles": QUANTILES,
    }
    arrays: dict[str, npt.NDArray[Any]] = {
        "steps": np.asarray(steps, np.float64),
        **_histograms(present, rows, len(steps)),
        "quantiles": _quantiles(present, rows, len(steps)),
        "state": np.ascontiguousarray(series.states_at(group, stage, steps, missing)[:, site]),
    }
    return Arrays({**header, "problems": problems(group.problems)}, arrays)


def bands(query: Query) -> Arrays:
    """The route bands."""
    group, stage = query.group, query.stage
    found = series.bands(group, stage, BAND_QUANTILES)
    return Arrays(
        {"stage": stage, "quantiles": BAND_QUANTILES, "problems": problems(group.problems)},
        {
            "steps": np.asarray(found.steps, np.float64),
            "values": float32(found.values),
            "state": np.ascontiguousarray(found.state),
        },
    )


def _histograms(present: Sequence[Distribution], rows: Sequence[int], steps: int) -> dict[str, npt.NDArray[np.float64]]:
    """Counts on one grid, a row for each step; steps without a distribution have zeros."""
    aligned = on_common_grid(present, MAX_BINS)
    index = occupied_bins(aligned)
    counts = np.zeros((steps, index.size))
    others = np.zeros((4, steps))
    for row, each in zip(rows, aligned, strict=True):
        counts[row, np.searchsorted(index, each.index)] = each.counts
        others[:, row] = each.zeros, each.nan, each.pos_inf, each.neg_inf
    lower, upper = aligned[0].grid.edges(index) if aligned else (np.zeros(0), np.zeros(0))
    named = dict(zip(("zeros", "nan", "pos_inf", "neg_inf"), others, strict=True))
    return {"lower": lower, "upper": upper, "counts": counts, **named}


def _quantiles(present: Sequence[Distribution], rows: Sequence[int], steps: int) -> npt.NDArray[np.float32]:
    values = np.full((steps, len(QUANTILES)), np.nan)
    values[list(rows)] = quantiles(Bins.of(present), np.asarray(QUANTILES))
    return float32(values)
