"""The run's loss, from its ordinary scalars."""

import re
from collections.abc import Iterable

import numpy as np

from torchviz_tb.plugin.arrays import Arrays, float32
from torchviz_tb.plugin.query import Query

_LOSS = re.compile(r"loss|cost|cross.?entropy|nll|perplexity", re.IGNORECASE)
_TRAINING = re.compile(r"train", re.IGNORECASE)
_HELD_OUT = re.compile(r"val|test|eval|dev", re.IGNORECASE)


def losses(query: Query) -> Arrays:
    """The route losses."""
    tag = loss_tag(query.source.scalar_tags(query.run))
    points = query.source.scalars(query.run, tag) if tag else []
    return Arrays(
        {"tag": tag, "problems": []},
        {
            "steps": np.asarray([step for step, _ in points], np.float64),
            "values": float32(np.asarray([value for _, value in points], np.float64)),
        },
    )


def loss_tag(tags: Iterable[str]) -> str | None:
    """The scalar that is most likely the training loss: its name says so, and is the plainest of those."""
    named = [tag for tag in tags if _LOSS.search(tag)]
    return min(named, key=lambda tag: (_rank(tag), len(tag), tag), default=None)


def _rank(tag: str) -> int:
    if _TRAINING.search(tag):
        return 0
    return 2 if _HELD_OUT.search(tag) else 1
