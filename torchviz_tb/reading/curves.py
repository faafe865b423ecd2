"""The run's loss and learning rate, from its ordinary scalars."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from torchviz_tb.reading.source import ScalarSource

_LOSS = re.compile(r"loss|cost|cross.?entropy|nll|perplexity", re.IGNORECASE)
_TRAINING = re.compile(r"train", re.IGNORECASE)
_HELD_OUT = re.compile(r"val|test|eval|dev", re.IGNORECASE)
_LEARNING_RATE = re.compile(r"(?<![a-z])(lr|learning[ _-]?rate)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Curve:
    """Steps int64 [P], ascending, and values float64 [P] of one scalar."""

    tag: str
    steps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


def read_loss(source: ScalarSource, run: str) -> Curve | None:
    """The training loss of a run; None where no scalar's name tells of one."""
    return _read(source, run, loss_tag)


def read_learning_rate(source: ScalarSource, run: str) -> Curve | None:
    """The learning rate of a run; None where no scalar's name tells of one."""
    return _read(source, run, learning_rate_tag)


def loss_tag(tags: Iterable[str]) -> str | None:
    """The scalar that is most likely the training loss: its name says so, and is the plainest of those."""
    named = [tag for tag in tags if _LOSS.search(tag)]
    return min(named, key=lambda tag: (_rank(tag), len(tag), tag), default=None)


def learning_rate_tag(tags: Iterable[str]) -> str | None:
    """The plainest name with "lr" or "learning rate" as a word in it: the first parameter group's, of several."""
    named = [tag for tag in tags if _LEARNING_RATE.search(tag)]
    return min(named, key=lambda tag: (len(tag), tag), default=None)


def curve_names(tags: Iterable[str]) -> list[str]:
    """Which of "loss" and "learning_rate" are among the tags of a run's scalars."""
    known = list(tags)
    choices = {"loss": loss_tag, "learning_rate": learning_rate_tag}
    return [name for name, choose in choices.items() if choose(known) is not None]


def _read(source: ScalarSource, run: str, choose: Callable[[Iterable[str]], str | None]) -> Curve | None:
    tag = choose(source.scalar_tags(run))
    if tag is None:
        return None
    points = source.scalars(run, tag)
    steps, values = ([point[0] for point in points], [point[1] for point in points])
    return Curve(tag, np.asarray(steps, np.int64), np.asarray(values, np.float64))


def _rank(tag: str) -> int:
    if _TRAINING.search(tag):
        return 0
    return 2 if _HELD_OUT.search(tag) else 1
