"""Numbers over steps, joined over all sites of a group: what both ``load`` and the plugin show."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from torchviz_tb.errors import RecordError
from torchviz_tb.reading.decode import DISTRIBUTIONS, STATISTICS
from torchviz_tb.reading.distributions import Distribution, Distributions
from torchviz_tb.reading.group import Group, OnSites
from torchviz_tb.reading.statistics import COLUMNS, State, States
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


def statistics_series(group: Group, stage: str, column: str, wanted: Sequence[int] | None = None) -> StatisticsSeries:
    """A column, kept or derived, at every step (or those wanted); a step that can't be read is there, not measured."""
    steps = group.steps(Kind.STATISTICS) if wanted is None else list(wanted)
    if column == QUANTILE_SPREAD:
        return _quantile_spread(group, stage, steps)
    shape = (len(steps), len(group.sites.sites))
    values, state = np.full(shape, np.nan), np.full(shape, State.NOT_MEASURED, np.uint8)
    for row, (_, joined) in enumerate(group.read_all_on_sites(STATISTICS, steps)):
        if joined is None or stage not in joined.record.stages:
            continue
        state[row, joined.positions] = joined.record.stages[stage].state
        numbers = joined.record.column(stage, column)
        if numbers is not None:
            values[row, joined.positions] = numbers
    return StatisticsSeries(steps, values, state)


def _quantile_spread(group: Group, stage: str, steps: Sequence[int]) -> StatisticsSeries:
    """At steps of the statistics; where a finite site has no distribution it is not measured."""
    wanted = set(steps)
    known = bands(group, stage, SPREAD_QUANTILES, [s for s in group.steps(Kind.DISTRIBUTIONS) if s in wanted])
    spread = known.values[..., 1] - known.values[..., 0]
    counts = statistics_series(group, stage, "count", steps)
    values = np.full(counts.state.shape, np.nan)
    column_of = {step: column for column, step in enumerate(known.steps)}
    for row, step in enumerate(counts.steps):
        if step in column_of:
            values[row] = spread[:, column_of[step]]
    unknown = (counts.state == State.FINITE) & np.isnan(values)
    return StatisticsSeries(counts.steps, values, np.where(unknown, np.uint8(State.NOT_MEASURED), counts.state))


def distribution_at(group: Group, site: int, stage: str, step: int) -> Distribution | None:
    """The distribution of a site (a position) at a step; None where there is none, with a problem if it is damaged."""
    return _distribution(group, step, group.read_on_sites(DISTRIBUTIONS, step), site, stage)


def distributions_of(
    group: Group, site: int, stage: str, wanted: Sequence[int] | None = None
) -> list[Distribution | None]:
    """The distributions of a site at every step (or those wanted), each as ``distribution_at`` gives it."""
    records = group.read_all_on_sites(DISTRIBUTIONS, wanted)
    return [_distribution(group, step, joined, site, stage) for step, joined in records]


def _distribution(
    group: Group, step: int, joined: OnSites[Distributions] | None, site: int, stage: str
) -> Distribution | None:
    own = joined.index_of(site) if joined else None
    if joined is None or own is None:
        return None
    try:
        return joined.record.distribution(stage, own)
    except RecordError as error:
        group.report(Kind.DISTRIBUTIONS, step, error)
        return None


@dataclass(frozen=True, eq=False)
class Bands:
    """Quantiles of all sites: float64 [sites, steps, quantiles]; NaN where not measured or nothing is finite."""

    steps: list[int]
    values: Float64s
    state: States
    """uint8 [sites, steps]"""


def bands(group: Group, stage: str, q: Sequence[float], wanted: Sequence[int] | None = None) -> Bands:
    """Quantiles of every site at every step with distributions, or at those wanted."""
    steps = group.steps(Kind.DISTRIBUTIONS) if wanted is None else list(wanted)
    values = np.full((len(group.sites.sites), len(steps), len(q)), np.nan)
    for column, (step, joined) in enumerate(group.read_all_on_sites(DISTRIBUTIONS, steps)):
        if joined is None:
            continue
        try:
            sites, found = joined.record.stage_quantiles(stage, q)
        except RecordError as error:
            group.report(Kind.DISTRIBUTIONS, step, error)
            continue
        values[joined.positions[sites], column] = found
    return Bands(steps, values, states_at(group, stage, steps, np.isnan(values).all(axis=2).T).T)


def states_at(group: Group, stage: str, steps: Sequence[int], missing: npt.NDArray[np.bool_]) -> States:
    """States [steps, sites] of a stage at the steps of another kind.

    What the statistics of the same step say; where there are none, FINITE, or NOT_MEASURED where
    ``missing`` [steps, sites].
    """
    measured = set(group.steps(Kind.STATISTICS))
    series = statistics_series(group, stage, "count", [step for step in steps if step in measured])
    row_of = {step: row for row, step in enumerate(series.steps)}
    state = np.where(missing, np.uint8(State.NOT_MEASURED), np.uint8(State.FINITE))
    for row, step in enumerate(steps):
        if step in row_of:
            told = series.state[row_of[step]]
            # A damaged distribution of a site that was measured stays "not measured".
            contradicts = missing[row] & (told <= State.NEG_INF)
            state[row] = np.where(contradicts | (told == State.NOT_MEASURED), state[row], told)
    return state
