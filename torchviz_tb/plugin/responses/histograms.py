"""Distributions of one site over the steps, and quantile bands of all sites."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from torchviz_tb.plugin.arrays import Arrays, float32
from torchviz_tb.plugin.fresh import fresh
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading import series
from torchviz_tb.reading.distributions import Distribution
from torchviz_tb.reading.quantiles import Bins, quantiles
from torchviz_tb.records.metadata import Kind

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
BAND_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

_KINDS = (Kind.DISTRIBUTIONS, Kind.STATISTICS)
_ALONG: Mapping[str, int | Literal["bins", "starts"]] = {
    **dict.fromkeys(("zeros", "nan", "pos_inf", "neg_inf", "quantiles", "state"), 0),
    **dict.fromkeys(("lower", "upper", "counts"), "bins"),
    "starts": "starts",
}


def distributions(query: Query) -> Arrays:
    """The route distributions."""
    group, site, stage = query.group, query.site, query.stage
    news = fresh(group, _KINDS, (), query.since)
    steps = news.steps
    found = series.distributions_of(group, site, stage, steps)
    present = [each for each in found if each is not None]
    rows = [row for row, each in enumerate(found) if each is not None]
    missing = np.ones((len(steps), len(group.sites.sites)), np.bool_)
    missing[rows, site] = False
    header = {
        "site": group.sites.sites[site].name,
        "stage": stage,
        "quantiles": QUANTILES,
        "version": news.version,
    }
    arrays: dict[str, npt.NDArray[Any]] = {
        **news.arrays(),
        **_histograms(present, rows, len(steps)),
        "quantiles": _quantiles(present, rows, len(steps)),
        "state": np.ascontiguousarray(series.states_at(group, stage, steps, missing)[:, site]),
    }
    return Arrays({**header, "problems": problems(group.problems)}, arrays, _ALONG)


def bands(query: Query) -> Arrays:
    """The route bands."""
    group, stage = query.group, query.stage
    news = fresh(group, _KINDS, [site.name for site in group.sites.sites], query.since)
    found = series.bands(group, stage, BAND_QUANTILES, news.steps)
    header = {"stage": stage, "quantiles": BAND_QUANTILES, "version": news.version}
    return Arrays(
        {**header, "problems": problems(group.problems)},
        {**news.arrays(), "values": float32(found.values), "state": np.ascontiguousarray(found.state)},
        along={"values": 1, "state": 1},
    )


def _histograms(present: Sequence[Distribution], rows: Sequence[int], steps: int) -> dict[str, npt.NDArray[Any]]:
    """The bins of all steps one after the other, each step's own; a step without a distribution has none."""
    sizes = np.zeros(steps, np.int64)
    others = np.zeros((4, steps))
    for row, each in zip(rows, present, strict=True):
        sizes[row] = each.counts.size
        others[:, row] = each.zeros, each.nan, each.pos_inf, each.neg_inf
    edges = np.concatenate([np.zeros((0, 2)), *(each.edges for each in present)])
    return {
        "starts": np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32),
        "lower": np.ascontiguousarray(edges[:, 0]),
        "upper": np.ascontiguousarray(edges[:, 1]),
        "counts": np.concatenate([np.zeros(0), *(each.counts for each in present)]),
        **dict(zip(("zeros", "nan", "pos_inf", "neg_inf"), others, strict=True)),
    }


def _quantiles(present: Sequence[Distribution], rows: Sequence[int], steps: int) -> npt.NDArray[np.float32]:
    values = np.full((steps, len(QUANTILES)), np.nan)
    values[list(rows)] = quantiles(Bins.of(present), np.asarray(QUANTILES))
    return float32(values)
