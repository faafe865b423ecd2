"""What a watch costs the training loop, and how it keeps to a budget."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torchviz_tb.watching.schedule import Schedule


@dataclass(frozen=True)
class Period:
    """The time from one sample to the next."""

    step_seconds: float
    """Wall time of one training step, the mean; 0 if none was made."""
    watch_share: float
    """Share of the wall time that the watch took, the earlier sample included."""


class Cost:
    """The time for which a watch has held up the training loop."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds = 0.0
        self._clock = clock
        self._began = clock()
        self._last: tuple[float, float, int] | None = None  # at the last sample: time, seconds, steps made

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Counts the time of the block; calls are not nested."""
        start = self._clock()
        try:
            yield
        finally:
            self.seconds += self._clock() - start

    @property
    def elapsed(self) -> float:
        """Wall seconds since the watch began."""
        return self._clock() - self._began

    @property
    def share(self) -> float:
        """The watch's share of the wall time since it began, 0 to 1."""
        return self.seconds / self.elapsed if self.elapsed else 0.0

    def begin_sample(self, steps: int) -> Period | None:
        """The period that ends with this sample, after so many training steps; None at the first."""
        now, last = self._clock(), self._last
        self._last = now, self.seconds, steps
        if last is None or now <= last[0]:
            return None
        made = steps - last[2]
        return Period((now - last[0]) / made if made > 0 else 0.0, (self.seconds - last[1]) / (now - last[0]))


class Cadence:
    """When statistics and heatmaps are due; with a budget ever more rarely, until their cost is below that share.

    The first sample is always taken. A later one waits until it and all before it fit into ``budget`` times the
    wall time; where one does not fit when it is due, the steps between samples double, for good.
    """

    def __init__(self, cost: Cost, log_freq: int, heatmap_freq: int, budget: float | None) -> None:
        self.samples = Schedule(log_freq)
        self.heatmaps = Schedule(heatmap_freq)
        self._cost = cost
        self._budget = budget
        self._dearest = 0.0  # seconds of the dearest sample but the first, which pays for warming up
        self._taken = 0

    def stretched(self, step: int) -> tuple[int, int] | None:
        """Steps between samples before and after, if what is due at a step does not fit into the budget."""
        due = self.samples.is_due(step) or self.heatmaps.is_due(step)
        if not due or self._budget is None or not self._taken or self._fits():
            return None
        before = self.samples.freq
        for schedule in (self.samples, self.heatmaps):
            schedule.take(step)
            schedule.freq *= 2
        return before, self.samples.freq

    def took(self, seconds: float) -> None:
        """Takes note of what a sample cost."""
        self._taken += 1
        self._dearest = seconds if self._taken <= 2 else max(self._dearest, seconds)

    def _fits(self) -> bool:
        return self._cost.seconds + self._dearest <= (self._budget or 0.0) * self._cost.elapsed
