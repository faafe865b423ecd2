"""Progress: an iterable that tells how far its loop is."""

import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

from torchviz_tb.errors import ArgumentError
from torchviz_tb.progress.bar import Bar, bar_line, duration

T = TypeVar("T")

_DRAW_EVERY = 0.1  # seconds
_RECORD_EVERY = 2.0  # seconds


@dataclass(frozen=True)
class Moment:
    """Where the loop is; None stands for what is not known."""

    step: int
    """Batches of the run before this one."""
    total_steps: int | None
    epoch: int | None
    """Counted from 1."""
    epochs: int | None
    step_in_epoch: int
    steps_in_epoch: int | None
    items_per_second: float | None
    loss: float | None

    @property
    def told(self) -> dict[str, Any]:
        """Arguments of ``add_progress``."""
        return {name: value for name, value in asdict(self).items() if name not in ("step", "loss")}


class Progress(Generic[T]):
    """What ``SummaryWriter.progress`` returns: iterate over it once, and tell it the loss if you like."""

    def __init__(
        self,
        iterable: Iterable[T],
        record: Callable[[Moment], None],
        epoch: int | None = None,
        epochs: int | None = None,
        first_step: int = 0,
        bar: Bar | None = None,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """``record`` is called after the first batch, then at most every two seconds, and after the last batch."""
        if not isinstance(iterable, Iterable):
            raise ArgumentError(f"progress is given a {type(iterable).__name__}: pass what the loop iterates over")
        self._iterable = iterable
        self._record = record
        self._epoch, self._epochs = _checked("epoch", epoch, 0), _checked("epochs", epochs, 1)
        self._first_step = first_step
        self._bar = bar
        self._clock = clock
        self._batches = 0  # begun
        self._done = 0
        self._items = 0  # in the batches that are done
        self._loss: Any = None
        self._length = _length(iterable)
        self._started = 0.0
        self._drawn = self._recorded = -math.inf  # when, in seconds
        self._last_recorded = 0  # batches
        if epoch is not None and epochs is not None and epoch >= epochs:
            warnings.warn(
                f"progress is given epoch {epoch} of {epochs}: epochs are counted from 0, as by range(epochs)",
                stacklevel=4,
            )

    def __len__(self) -> int:
        """Batches of the epoch; raises TypeError where the iterable does not know."""
        return len(self._iterable)  # type: ignore[arg-type]

    def loss(self, loss: Any) -> None:
        """Tells the loss of the batch, a number or a tensor of one: shown in the bar, recorded now and then.

        Waits for the device only when it is drawn or recorded, ten times a second at most.
        """
        self._loss = loss.detach() if hasattr(loss, "detach") else loss

    @property
    def steps(self) -> int:
        """Batches that the run began so far, those of earlier epochs included."""
        return self._first_step + self._batches

    def __iter__(self) -> Iterator[T]:
        self._started = self._clock()
        self._draw(self._started)
        try:
            for batch in self._iterable:
                self._batches += 1
                yield batch
                self._done += 1
                self._items += _items(batch)
                self._tell(self._clock())
        finally:
            self._end()

    def _tell(self, now: float) -> None:
        if now - self._drawn >= _DRAW_EVERY:
            self._draw(now)
        if now - self._recorded >= _RECORD_EVERY:
            self._record_moment(now)

    def _draw(self, now: float) -> None:
        self._drawn = now
        if self._bar is not None:
            self._bar.draw(self._line(now))

    def _record_moment(self, now: float) -> None:
        self._recorded, self._last_recorded = now, self._batches
        self._record(self._moment(now))

    def _end(self) -> None:
        now = self._clock()
        if self._bar is not None:
            self._bar.end(self._line(now))
        if self._batches > self._last_recorded:
            self._record_moment(now)

    def _moment(self, now: float) -> Moment:
        known = self._epochs is not None and self._length is not None
        return Moment(
            step=self._first_step + self._batches - 1,
            total_steps=(self._epochs or 0) * (self._length or 0) if known else None,
            epoch=None if self._epoch is None else self._epoch + 1,
            epochs=self._epochs,
            step_in_epoch=self._batches - 1,
            steps_in_epoch=self._length,
            items_per_second=self._speed(now),
            loss=self._read_loss(),
        )

    def _speed(self, now: float) -> float | None:
        seconds = now - self._started
        return self._items / seconds if self._items and seconds > 0 else None

    def _read_loss(self) -> float | None:
        try:
            return None if self._loss is None else float(self._loss)
        except (TypeError, ValueError, RuntimeError):
            return None

    def _line(self, now: float) -> str:
        done, length, seconds = self._done, self._length, now - self._started
        facts = [f"{done} of {length}" if length else f"{done}"]
        speed, loss = self._speed(now), self._read_loss()
        facts += [] if speed is None else [f"{speed:.3g}/s" if speed < 100 else f"{speed:,.0f}/s"]
        facts += [] if loss is None else [f"loss {loss:.4g}"]
        facts.append(duration(seconds))
        if length and 0 < done < length:
            facts.append(f"{duration(seconds / done * (length - done))} left")
        return bar_line(self._label(), min(1.0, done / length) if length else None, "  ".join(facts))

    def _label(self) -> str:
        if self._epoch is None:
            return "progress"
        return f"epoch {self._epoch + 1}" + ("" if self._epochs is None else f" of {self._epochs}")


def _checked(name: str, number: object, least: int) -> int | None:
    if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < least):
        raise ArgumentError(
            f"{name} is {number!r}, not a whole number from {least} on: leave it out if it is not known"
        )
    return number


def _length(iterable: Iterable[Any]) -> int | None:
    try:
        return len(iterable)  # type: ignore[arg-type]
    except (TypeError, NotImplementedError):
        return None


def _items(batch: Any) -> int:
    """Examples in a batch: the first dimension of the first array in it; 1 where there is none."""
    while isinstance(batch, (list, tuple, Mapping)) and len(batch):
        batch = next(iter(batch.values() if isinstance(batch, Mapping) else batch))
    shape: Any = getattr(batch, "shape", ())
    return int(shape[0]) if len(shape) else 1
