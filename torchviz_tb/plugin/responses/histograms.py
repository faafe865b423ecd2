"""Distributions of one site over the steps, quantile bands of many sites, and how far distributions are apart."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from torchviz_tb.plugin.arrays import Arrays, float32
from torchviz_tb.plugin.fresh import fresh
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading import site_histograms as reading
from torchviz_tb.reading.group import Group
from torchviz_tb.reading.histograms import Histograms, quantiles
from torchviz_tb.reading.packed_histograms import read_histograms
from torchviz_tb.records.metadata import Kind

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
BAND_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

_KINDS = (Kind.DISTRIBUTIONS, Kind.STATISTICS)
_ALONG: Mapping[str, int | Literal["bins", "starts"]] = {
    **dict.fromkeys(("zeros", "nan", "pos_inf", "neg_inf", "quantiles", "state"), 0),
    **dict.fromkeys(("lower", "upper", "counts"), "bins"),
    "starts": "starts",
}
_Columns = dict[str, npt.NDArray[Any]]


def distributions(query: Query) -> Arrays:
    """The route distributions."""
    group, site, stage = query.group, query.site, query.stage
    news = fresh(group, _KINDS, (), query.since, query.steps_of(Kind.DISTRIBUTIONS))
    there, rows = _of_site(group, stage, news.steps, site)
    missing = np.ones((1, len(news.steps)), np.bool_)
    missing[0, rows] = False
    header = {
        "site": group.sites.sites[site].name,
        "stage": stage,
        "quantiles": QUANTILES,
        **news.header,
    }
    arrays: _Columns = {
        **news.arrays(),
        **_histograms(there, rows, len(news.steps)),
        "state": reading.states(group, stage, news.steps, [site], missing)[0],
    }
    return Arrays({**header, "problems": problems(group.problems)}, arrays, _ALONG)


def bands(query: Query) -> Arrays:
    """The route bands."""
    group, stage, sites = query.group, query.stage, query.sites
    layout = [group.sites.sites[site].name for site in sites]
    news = fresh(group, _KINDS, layout, query.since, query.steps_of(Kind.DISTRIBUTIONS))
    found = reading.bands(group, stage, BAND_QUANTILES, news.steps, sites)
    header = {"stage": stage, "quantiles": BAND_QUANTILES, **news.header}
    return Arrays(
        {**header, "problems": problems(group.problems)},
        {**news.arrays(), "values": float32(found.values), "state": np.ascontiguousarray(found.state)},
        along={"values": 1, "state": 1},
    )


def distances(query: Query) -> Arrays:
    """The route distances."""
    group, other, stage = query.group, query.other_group, query.stage
    step, other_step = query.step_of(Kind.DISTRIBUTIONS), query.other_step_of(Kind.DISTRIBUTIONS)
    found = reading.site_distances(stage, (group, step), (other, other_step))
    header = {"stage": stage, "step": step, "other_run": other.run, "other_step": other_step}
    wrong = [*group.problems, *(other.problems if other is not group else [])]
    arrays: _Columns = {
        "distance": found.distance,
        "relative": float32(found.relative),
        "state": found.state,
        "other_state": found.other_state,
    }
    return Arrays({**header, "problems": problems(wrong)}, arrays)


def _of_site(group: Group, stage: str, steps: Sequence[int], site: int) -> tuple[Histograms, npt.NDArray[np.int64]]:
    """The histograms of one site and the row of the steps that each belongs to."""
    portions = list(reading.site_histograms(group, stage, steps, [site]))
    if not portions:
        return read_histograms([]), np.zeros(0, np.int64)
    return Histograms.joined([each.histograms for each in portions]), np.concatenate([each.step for each in portions])


def _histograms(found: Histograms, rows: npt.NDArray[np.int64], steps: int) -> _Columns:
    """The bins of all steps one after the other, each step's own; a step without a distribution has none."""
    sizes, others = np.zeros(steps, np.int64), np.zeros((4, steps))
    sizes[rows], others[:, rows] = np.diff(found.starts), found.apart
    values = np.full((steps, len(QUANTILES)), np.nan)
    values[rows] = quantiles(found, np.asarray(QUANTILES))
    lower, upper = found.edges
    return {
        "starts": np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32),
        "lower": lower,
        "upper": upper,
        "counts": found.counts.astype(np.float64),
        **dict(zip(("zeros", "nan", "neg_inf", "pos_inf"), others, strict=True)),
        "quantiles": float32(values),
    }
