"""Some of many steps: for answers and costs that don't grow with the length of a run."""

from collections.abc import Sequence


def thinned(steps: Sequence[int], most: int) -> list[int]:
    """At most so many of the steps, two at least: every second, fourth, eighth … one, and the last.

    So what is thinned further is a part of what is thinned less, and a new step moves none of the others.
    """
    stride, most = 1, max(2, most)
    if len(steps) <= most:
        return list(steps)
    while len(range(0, len(steps) - 1, stride)) + 1 > most:
        stride *= 2
    return [*steps[:-1:stride], steps[-1]]


def step_at(steps: Sequence[int], wanted: int) -> int:
    """The last of the steps, ascending and at least one, that is not after the wanted one, or else the first."""
    return max((step for step in steps if step <= wanted), default=steps[0])
