"""Curves out of the run's ordinary scalars."""

import numpy as np

from torchviz_tb.plugin.arrays import Arrays, float32
from torchviz_tb.plugin.query import Query
from torchviz_tb.reading.curves import Curve, read_learning_rate, read_loss


def losses(query: Query) -> Arrays:
    """The route losses."""
    return _arrays(read_loss(query.source, query.run))


def learning_rates(query: Query) -> Arrays:
    """The route learning_rates."""
    return _arrays(read_learning_rate(query.source, query.run))


def _arrays(curve: Curve | None) -> Arrays:
    return Arrays(
        {"tag": curve.tag if curve else None, "problems": []},
        {
            "steps": np.asarray(curve.steps if curve else [], np.float64),
            "values": float32(curve.values if curve else np.zeros(0)),
        },
    )
