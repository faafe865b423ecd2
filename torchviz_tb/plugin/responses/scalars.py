"""Curves out of the run's ordinary scalars."""

import numpy as np

from torchviz_tb.plugin.arrays import Arrays, float32
from torchviz_tb.plugin.fresh import fresh_points
from torchviz_tb.plugin.query import Query
from torchviz_tb.reading.curves import Curve, read_learning_rate, read_loss


def losses(query: Query) -> Arrays:
    """The route losses."""
    return _arrays(read_loss(query.source, query.run), query.since)


def learning_rates(query: Query) -> Arrays:
    """The route learning_rates."""
    return _arrays(read_learning_rate(query.source, query.run), query.since)


def _arrays(found: Curve | None, since: str | None) -> Arrays:
    curve = found or Curve("", np.zeros(0, np.int64), np.zeros(0))
    news = fresh_points(curve, since)
    values = curve.values[len(curve.values) - len(news.steps) :]
    return Arrays(
        {"tag": found.tag if found else None, **news.header, "problems": []},
        {**news.arrays(), "values": float32(values)},
        along={"values": 0},
    )
