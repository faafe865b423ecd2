"""Which steps are sampled, and nothing more."""

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
