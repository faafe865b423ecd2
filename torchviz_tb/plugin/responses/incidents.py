"""What happened in a run, and what watching it cost."""

import math
from dataclasses import asdict

import numpy as np
import numpy.typing as npt

from torchviz_tb.plugin.arrays import Arrays, Json
from torchviz_tb.plugin.fresh import fresh
from torchviz_tb.plugin.query import Query
from torchviz_tb.plugin.responses.problems import problems
from torchviz_tb.reading.decode import BRIEF_STATISTICS, INCIDENTS
from torchviz_tb.reading.incidents import Incident
from torchviz_tb.records.metadata import Kind

Float64s = npt.NDArray[np.float64]

_COST = ("sample_seconds", "step_seconds", "watch_share")


def incidents(query: Query) -> Json:
    """The route incidents."""
    group = query.group
    found = [each for _, record in group.read_all(INCIDENTS) if record is not None for each in record.incidents]
    return {
        "incidents": [_incident(each) for each in sorted(found, key=lambda incident: incident.step)],
        "problems": problems(group.problems),
    }


def watch_cost(query: Query) -> Arrays:
    """The route watch_cost."""
    group = query.group
    news = fresh(group, (Kind.STATISTICS,), (), query.since)
    records = [record for _, record in group.read_all(BRIEF_STATISTICS)]
    columns = {name: np.array([getattr(record, name, None) or np.nan for record in records]) for name in _COST}
    share = _overall_share(np.asarray(news.listed, np.float64), columns["step_seconds"], columns["watch_share"])
    is_sent = np.isin(news.listed, news.steps)
    return Arrays(
        {"share": share, **news.header, "problems": problems(group.problems)},
        {**news.arrays(), **{name: values[is_sent] for name, values in columns.items()}},
        along=dict.fromkeys(_COST, 0),
    )


def _incident(incident: Incident) -> Json:
    """An incident whose numbers JSON can carry."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in asdict(incident).items()
    }


def _overall_share(steps: Float64s, step_seconds: Float64s, shares: Float64s) -> float | None:
    """The shares of the times between samples, each weighted by its length."""
    lengths = np.diff(steps, prepend=np.nan) * step_seconds
    known = np.isfinite(lengths) & np.isfinite(shares) & (lengths > 0)
    return float(np.average(shares[known], weights=lengths[known])) if known.any() else None
