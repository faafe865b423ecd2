"""Sites, one statistic of all sites, and all statistics of one site."""

import numpy as np

from torchviz_tb.plugin.arrays import Arrays, Json, float32
from torchviz_tb.plugin.fresh import fresh
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading.decode import STATISTICS
from torchviz_tb.reading.execution import execution_ranks
from torchviz_tb.reading.group import Group
from torchviz_tb.reading.series import QUANTILE_SPREAD, statistics_series
from torchviz_tb.reading.sites import Site
from torchviz_tb.reading.statistics import COLUMNS, State
from torchviz_tb.records.metadata import Kind


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
    news = fresh(group, kinds, [site.name for site in group.sites.sites], query.since)
    series = statistics_series(group, stage, column, news.steps)
    return Arrays(
        {"stage": stage, "column": column, **news.header, "problems": problems(group.problems)},
        {**news.arrays(), "values": float32(series.values), "state": series.state},
        along={"values": 0, "state": 0},
    )


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
    for joined in group.some(STATISTICS):
        for columns in joined.record.stages.values():
            reasons.update({int(joined.positions[own]): text for own, text in columns.reasons.items()})
    return reasons
