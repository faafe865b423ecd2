"""The run's loss, from its ordinary scalars."""

import numpy as np

from torchviz_tb.plugin.arrays import Arrays, float32
from torchviz_tb.plugin.query import Query
from torchviz_tb.reading.loss import read_loss


def losses(query: Query) -> Arrays:
    """The route losses."""
    loss = read_loss(query.source, query.run)
    return Arrays(
        {"tag": loss.tag if loss else None, "problems": []},
        {
            "steps": np.asarray(loss.steps if loss else [], np.float64),
            "values": float32(loss.values if loss else np.zeros(0)),
        },
    )
