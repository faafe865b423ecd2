"""The wall between our faults and the user's training."""

import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Guard:
    """Runs parts of the recording; a part that fails is named in one warning and is off from then on.

    One that a device has no memory for is left out that once, as the next sample may find some.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._off: dict[str, str] = {}
        self.gaps: Counter[str] = Counter()
        """How often a part was left out for want of memory on a device."""

    @property
    def off(self) -> dict[str, str]:
        """What was switched off, and why."""
        return dict(self._off)

    def is_on(self, *parts: str) -> bool:
        """Whether none of the parts has failed."""
        return self._off.keys().isdisjoint(parts)

    @contextmanager
    def part(self, part: str, lets_through: tuple[type[Exception], ...] = ()) -> Iterator[None]:
        """Swallows any fault of the block and switches the part off, or leaves it out this once."""
        try:
            yield
        except lets_through:
            raise
        except torch.cuda.OutOfMemoryError as error:
            self._leave_out(part, error)
        except Exception as error:  # noqa: BLE001 (whatever it is, it must not reach the training loop)
            self.switch_off(part, error)

    def switch_off(self, part: str, error: Exception) -> None:
        """Switches a part off with one warning."""
        if part in self._off:
            return
        self._off[part] = f"{type(error).__name__}: {error}"
        warnings.warn(
            f"torchviz_tb switched off '{part}' for '{self._owner}', all else goes on: {self._off[part]}",
            stacklevel=2,
        )

    def _leave_out(self, part: str, error: Exception) -> None:
        self.gaps[part] += 1
        if self.gaps[part] == 1:
            reason = str(error).partition(". ")[0]
            warnings.warn(
                f"torchviz_tb left out '{part}' of '{self._owner}' once and goes on; report() counts: {reason}",
                stacklevel=3,
            )
