"""Numbers over steps, joined over all sites of a group: what both ``load`` and the plugin show."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from torchviz_tb.errors import RecordError
from torchviz_tb.reading.decode import BRIEF_STATISTICS, DISTRIBUTIONS, STATISTICS, Schema
from torchviz_tb.reading.distributions import Distribution
from torchviz_tb.reading.group import Group
from torchviz_tb.reading.site_histograms import site_quantiles
from torchviz_tb.reading.statistics import COLUMNS, LONG_COLUMNS, State, States, Statistics
from torchviz_tb.records.metadata import Kind

Float64s = npt.NDArray[np.float64]

QUANTILE_SPREAD = "quantile_spread"
"""The 95 % quantile minus the 5 % one, of the finite values: the only column that comes from distributions."""
SPREAD_QUANTILES = (0.05, 0.95)
SERIES_COLUMNS = (*COLUMNS, QUANTILE_SPREAD)


@dataclass(frozen=True, eq=False)
class StatisticsSeries:
    """One column of all sites: ``values`` float64 and ``state`` uint8, both [steps, sites]; NaN where not measured."""

    steps: list[int]
    values: Float64s
    state: States


def records_of(column: str) -> Schema[Statistics]:
    """How the records that a column is in are read: briefly, unless it is among what is then left out."""
    return STATISTICS if column in LONG_COLUMNS else BRIEF_STATISTICS


def statistics_series(group: Group, stage: str, column: str, wanted: Sequence[int] | None = None) -> StatisticsSeries:
    """A column, kept or derived, at every step (or those wanted); a step that can't be read is there, not measured."""
    steps = group.steps(Kind.STATISTICS) if wanted is None else list(wanted)
    if column == QUANTILE_SPREAD:
        return _quantile_spread(group, stage, steps)
    shape = (len(steps), len(group.sites.sites))
    values, state = np.full(shape, np.nan), np.full(shape, State.NOT_MEASURED, np.uint8)
    for row, (_, joined) in enumerate(group.read_all_on_sites(records_of(column), steps)):
        if joined is None or stage not in joined.record.stages:
            continue
        state[row, joined.positions] = joined.record.stages[stage].state
        numbers = joined.record.column(stage, column)
        if numbers is not None:
            values[row, joined.positions] = numbers
    return StatisticsSeries(steps, values, state)


def _quantile_spread(group: Group, stage: str, steps: Sequence[int]) -> StatisticsSeries:
    """At steps of the statistics; where a finite site has no distribution it is not measured."""
    counts = statistics_series(group, stage, "count", steps)
    values = np.full(counts.state.shape, np.nan)
    row_of = {step: row for row, step in enumerate(counts.steps)}
    for step in group.steps(Kind.DISTRIBUTIONS):
        if step in row_of:
            values[row_of[step]] = _spreads(group, stage, step)
    unknown = (counts.state == State.FINITE) & np.isnan(values)
    return StatisticsSeries(counts.steps, values, np.where(unknown, np.uint8(State.NOT_MEASURED), counts.state))


def _spreads(group: Group, stage: str, step: int) -> Float64s:
    """The quantile spread of every site at a step."""
    sites = range(len(group.sites.sites))

    def compute() -> tuple[Float64s]:
        (found,) = np.moveaxis(site_quantiles(group, stage, SPREAD_QUANTILES, [step], sites), 1, 0)
        return (found[:, 1] - found[:, 0],)

    key = (group.reference(Kind.DISTRIBUTIONS, step), QUANTILE_SPREAD, stage, len(sites))
    spreads: Float64s = group.remembered(key, compute)[0]
    return spreads


def distribution_at(group: Group, site: int, stage: str, step: int) -> Distribution | None:
    """The distribution of a site (a position) at a step; None where there is none, with a problem if it is damaged."""
    joined = group.read_on_sites(DISTRIBUTIONS, step)
    own = joined.index_of(site) if joined else None
    if joined is None or own is None:
        return None
    try:
        return joined.record.distribution(stage, own)
    except RecordError as error:
        group.report(Kind.DISTRIBUTIONS, step, error)
        return None
