"""Training steps, counted by the steps of one or several optimizers."""

import weakref
from collections.abc import Sequence


class StepCounter:
    """Counts the steps of the first optimizer and tells whose step begins a training step.

    With several, that is the one that has ever stepped before all others, since the first in
    the list need not be the first in the loop. Should it pause or stop, the first in the list
    stands in for it.
    """

    def __init__(self, optimizers: Sequence[object]) -> None:
        self.count = 0
        self._first = weakref.ref(optimizers[0]) if optimizers else None
        self._leader: weakref.ref[object] | None = None
        self._leader_has_stepped = False  # since the first one's last step

    def begins(self, optimizer: object) -> bool:
        """Whether a training step begins with the step that this optimizer is about to make."""
        if self._leader is None:
            self._leader = weakref.ref(optimizer)
        if self._leader() is optimizer:
            self._leader_has_stepped = True
            return True
        return self.is_first(optimizer) and not self._leader_has_stepped

    def ended(self, optimizer: object) -> bool:
        """Takes note of a step that was made, and says whether it was counted."""
        counts = self.is_first(optimizer)
        if counts:
            self.count += 1
            self._leader_has_stepped = False
        return counts

    def is_first(self, optimizer: object) -> bool:
        """Whether it is the one whose steps are counted."""
        return self._first is not None and self._first() is optimizer
