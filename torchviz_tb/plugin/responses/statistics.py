"""Sites, one statistic of all sites, and all statistics of one site."""

import numpy as np

from torchviz_tb.plugin.arrays import Arrays, Json, float32
from torchviz_tb.plugin.fresh import fresh
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading.decode import BRIEF_STATISTICS, STATISTICS
from torchviz_tb.reading.execution import execution_ranks
from torchviz_tb.reading.group import Group
from torchviz_tb.reading.series import QUANTILE_SPREAD, records_of, statistics_series
from torchviz_tb.reading.sites import Site
from torchviz_tb.reading.statistics import COLUMNS, State
from torchviz_tb.reading.thinning import step_at, thinned
from torchviz_tb.records.metadata import Kind

_FIRST_STEPS = 128
_FEW = 320
"""Records of a thousand sites that are fetched and decoded in a third of a second: they make up one answer."""


def sites(query: Query) -> Json:
    """The route sites."""
    group = query.group
    reasons = _newest_reasons(group)
    return {
        "sites": [_site(site, reasons.get(position)) for position, site in enumerate(group.sites.sites)],
        "stages": group.stages,
        "problems": problems(group.problems),
    }


def execution_order(query: Query) -> Json:
    """The route execution_order."""
    group = query.group
    return {"ranks": execution_ranks(group), "problems": problems(group.problems)}


def statistics(query: Query) -> Arrays:
    """The route statistics."""
    group, stage, column = query.group, query.stage, query.column
    kinds = (Kind.STATISTICS, Kind.DISTRIBUTIONS) if column == QUANTILE_SPREAD else (Kind.STATISTICS,)
    first = _first_steps(query)
    news = fresh(group, kinds, [site.name for site in group.sites.sites], query.since, first)
    series = statistics_series(group, stage, column, news.steps)
    header = {"stage": stage, "column": column, "partial": first is not None, **news.header}
    return Arrays(
        {**header, "problems": problems(group.problems)},
        {**news.arrays(), "values": float32(series.values), "state": series.state},
        along={"values": 0, "state": 0},
    )


def _first_steps(query: Query) -> list[int] | None:
    """For a page that waits, where many records are yet to be decoded: some steps, and the one before it. None: all."""
    group, soon = query.group, query.soon
    if soon is None or query.since is not None or group.undecoded(records_of(query.column)) <= _FEW:
        return None
    steps = group.steps(Kind.STATISTICS)
    return sorted({*thinned(steps, _FIRST_STEPS), step_at(steps, soon)})


def site(query: Query) -> Arrays:
    """The route site."""
    group, position = query.group, query.site
    stages = group.stages
    news = fresh(group, (Kind.STATISTICS,), stages, query.since, query.steps_of(Kind.STATISTICS))
    values = np.full((len(stages), len(COLUMNS), len(news.steps)), np.nan)
    state = np.full((len(stages), len(news.steps)), State.NOT_MEASURED, np.uint8)
    for s, (_, joined) in enumerate(group.read_all_on_sites(STATISTICS, news.steps)):
        own = joined.index_of(position) if joined else None
        if joined is None or own is None:
            continue
        for t, stage in enumerate(stages):
            if stage in joined.record.stages:
                state[t, s] = joined.record.stages[stage].state[own]
                values[t, :, s] = joined.record.of_site(stage, own)
    header = {
        "site": group.sites.sites[position].name,
        "stages": stages,
        "columns": list(COLUMNS),
        **news.header,
        "problems": problems(group.problems),
    }
    return Arrays(header, {**news.arrays(), "values": values, "state": state}, along={"values": 2, "state": 1})


def _site(site: Site, reason: str | None) -> Json:
    return {
        "name": site.name,
        "aliases": site.aliases,
        "shape": site.shape,
        "dtype": site.dtype,
        "frozen": site.frozen,
        "module": site.module,
        "module_type": site.module_type or "",
        "device": site.device or "",
        "parameter_group": site.parameter_group or 0,
        "output": site.output,
        "reason": reason,
    }


def _newest_reasons(group: Group) -> dict[int, str]:
    """Why sites (positions) are not measured, as the newest of some records that says so."""
    reasons: dict[int, str] = {}
    for joined in group.some(BRIEF_STATISTICS):
        for columns in joined.record.stages.values():
            reasons.update({int(joined.positions[own]): text for own, text in columns.reasons.items()})
    return reasons
