"""Sites, one statistic of all sites, and all statistics of one site."""

import numpy as np

from torchviz_tb.plugin.arrays import Arrays, Json, float32
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading.decode import STATISTICS
from torchviz_tb.reading.group import Group
from torchviz_tb.reading.series import statistics_series
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


def statistics(query: Query) -> Arrays:
    """The route statistics."""
    group, stage, column = query.group, query.stage, query.column
    series = statistics_series(group, stage, column)
    return Arrays(
        {"stage": stage, "column": column, "problems": problems(group.problems)},
        {
            "steps": np.asarray(series.steps, np.float64),
            "values": float32(series.values),
            "state": series.state,
        },
    )


def site(query: Query) -> Arrays:
    """The route site."""
    group, position = query.group, query.site
    stages, steps = group.stages, group.steps(Kind.STATISTICS)
    values = np.full((len(stages), len(COLUMNS), len(steps)), np.nan)
    state = np.full((len(stages), len(steps)), State.NOT_MEASURED, np.uint8)
    for s, step in enumerate(steps):
        joined = group.read_on_sites(STATISTICS, step)
        own = np.flatnonzero(joined[1] == position) if joined else np.zeros(0, np.intp)
        if joined is None or not own.size:
            continue
        for t, stage in enumerate(stages):
            if stage in joined[0].stages:
                state[t, s] = joined[0].stages[stage].state[own[0]]
                columns = (joined[0].column(stage, column) for column in COLUMNS)
                values[t, :, s] = [np.nan if column is None else column[own[0]] for column in columns]
    header = {
        "site": group.sites.sites[position].name,
        "stages": stages,
        "columns": list(COLUMNS),
        "problems": problems(group.problems),
    }
    return Arrays(header, {"steps": np.asarray(steps, np.float64), "values": values, "state": state})


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
        "reason": reason,
    }


def _newest_reasons(group: Group) -> dict[int, str]:
    """Why sites (positions) are not measured, as the newest record that says so."""
    reasons: dict[int, str] = {}
    for step in group.steps(Kind.STATISTICS):
        joined = group.read_on_sites(STATISTICS, step)
        if joined is not None:
            record, positions = joined
            for columns in record.stages.values():
                reasons.update({int(positions[own]): text for own, text in columns.reasons.items()})
    return reasons
