"""Optimizers that are given a closure, as Lightning gives to all: their gradients come while they step."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

StepArguments: TypeAlias = tuple[tuple[object, ...], dict[str, object]]
"""What ``Optimizer.step`` is called with, itself included."""

_CLOSURE = 1  # its place after the optimizer


def when_gradients_are_there(
    args: tuple[object, ...], kwargs: dict[str, object], look: Callable[[], None]
) -> StepArguments | None:
    """Calls ``look`` once before the update: now, or as soon as the closure among the arguments has run.

    What is returned is for the optimizer in place of its arguments; None where they stay.
    """
    if callable(closure := kwargs.get("closure")):
        return args, {**kwargs, "closure": _then(closure, look)}
    if len(args) > _CLOSURE and callable(closure := args[_CLOSURE]):
        return (*args[:_CLOSURE], _then(closure, look), *args[_CLOSURE + 1 :]), kwargs
    look()
    return None


def _then(closure: Callable[P, R], look: Callable[[], None]) -> Callable[P, R]:
    """The closure; the first call that does not raise is followed by a look."""
    waiting = [look]

    @wraps(closure)
    def looked_at(*args: P.args, **kwargs: P.kwargs) -> R:
        result = closure(*args, **kwargs)
        if waiting:
            waiting.pop()()
        return result

    return looked_at
