"""A property that reads records, computed when it is first asked for."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import cached_property
from typing import TypeVar

Value = TypeVar("Value")


class computed_once(cached_property[Value]):  # noqa: N801 (named as what it stands in for)
    """As ``cached_property``, without the lock that all objects of a class share up to Python 3.11.

    A request that waits for others while it reads would hold them up by that lock. Two threads that share an object
    may both compute; records that both want are read once all the same.
    """

    def __init__(self, compute: Callable[..., Value]) -> None:
        super().__init__(compute)
        self.lock = nullcontext()
