"""Which steps are sampled, and which comes next; nothing more."""

from dataclasses import dataclass


@dataclass
class Schedule:
    """The first step that comes, then the first one in every further ``freq`` steps.

    For steps counted from 0 those are the multiples of ``freq``. Steps that skip numbers, as they
    do when a caller counts samples instead of batches, need not hit a multiple to be sampled.
    """

    freq: int
    last: int | None = None  # the newest step that was taken

    def is_due(self, step: int) -> bool:
        """Whether the step should be sampled."""
        return self.last is None or step // self.freq > self.last // self.freq

    def take(self, step: int) -> bool:
        """Whether the step should be sampled; if so, it counts as sampled."""
        due = self.is_due(step)
        if due:
            self.last = step
        return due


@dataclass
class Forecast:
    """Which step comes, while the one before has just ended."""

    last: int | None = None  # the newest that has begun
    stride: int = 1  # steps from the one before to it

    def began(self, step: int) -> None:
        """Takes note of a step."""
        if self.last is not None and step > self.last:
            self.stride = step - self.last
        self.last = step

    def coming(self, now: int) -> int:
        """The step that comes, where a caller's count says ``now``: callers count before or after they ask."""
        return now if self.last is None or now > self.last else self.last + self.stride
