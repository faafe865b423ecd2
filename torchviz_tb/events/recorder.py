"""Writes records under their tags, with steps that only grow."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message
from tensorboard.compat.proto.event_pb2 import Event

from torchviz_tb.events.background import background_of
from torchviz_tb.events.event import record_event
from torchviz_tb.events.event_writer import is_one_of_many
from torchviz_tb.events.file_writer import FileWriter, LateFileWriter, find_file_writer, in_its_own_type
from torchviz_tb.records.envelope import seal
from torchviz_tb.records.metadata import Kind, Tag


@dataclass(frozen=True)
class LaterRecord:
    """A record that is made when its turn to be written comes: beside the training loop, where the writer is ours."""

    make: Callable[[], Message]
    size: int
    """Bytes that it keeps in memory until then."""


class Recorder:
    """Adds our records to the event file of one SummaryWriter, torch's own or any like it.

    Make one for each SummaryWriter: it knows the last step of every tag. Raises ArgumentError
    if the SummaryWriter has no event file.
    """

    def __init__(self, summary_writer: object) -> None:
        self._summary_writer = summary_writer
        self._last_steps: dict[Tag, int] = {}
        self._refused: set[Tag] = set()
        find_file_writer(summary_writer)

    def write(
        self, group: str, kind: Kind, record: Message | LaterRecord, step: int, *, wall_time: float | None = None
    ) -> bool:
        """Queues a record and says whether it was taken; raises what the SummaryWriter raises.

        A step that is not above the tag's last one is refused with one warning: of two records
        at one step TensorBoard keeps either, and one at a lower step makes it drop the later ones.
        """
        tag = Tag(group, kind)
        last = self._last_steps.get(tag)
        if last is not None and step <= last:
            self._refuse(tag, step, last)
            return False
        tags = [tag] if last is not None else [Tag(group, kind, first=True), tag]
        file_writer = find_file_writer(self._summary_writer)
        if file_writer is None:
            return False
        later = record if isinstance(record, LaterRecord) else LaterRecord(lambda: record, record.ByteSize())
        _add(file_writer, later, tags, step, wall_time)
        self._last_steps[tag] = step
        return True

    def later(self, work: Callable[[], None], noun: str) -> None:
        """Does work in the SummaryWriter's background, and before a flush of it ends; where it has none, at once.

        The noun says in a warning what could not be written.
        """
        background = background_of(self._summary_writer)
        if background is None:
            work()
        else:
            background.submit(work, 0, noun)

    def wait(self) -> None:
        """Returns when all is done that was left to the background."""
        background = background_of(self._summary_writer)
        if background is not None:
            background.wait()

    def last_step(self, group: str, kind: Kind) -> int | None:
        """The step of the newest record, or None before the first."""
        return self._last_steps.get(Tag(group, kind))

    def flush(self) -> None:
        """Returns when everything queued is in the file."""
        # Not through find_file_writer, which would open another file where the SummaryWriter is closed.
        flush = getattr(self._summary_writer, "flush", None)
        if callable(flush):
            flush()

    def _refuse(self, tag: Tag, step: int, last: int) -> None:
        if tag in self._refused:
            return
        self._refused.add(tag)
        warnings.warn(
            f"torchviz_tb did not write {tag} at step {step}: its last step is {last}, and TensorBoard keeps only "
            "steps that grow; pass a global_step that goes on counting (said once for this tag)",
            stacklevel=3,
        )


def _add(file_writer: FileWriter, record: LaterRecord, tags: Sequence[Tag], step: int, wall_time: float | None) -> None:
    """Adds the record's event; a file writer that is not ours takes only what is made."""

    def make() -> Event:
        return record_event(seal(record.make()), tags)

    if isinstance(file_writer, LateFileWriter):
        can_be_spared = all(map(is_one_of_many, tags))
        file_writer.add_event_later(make, record.size, step, wall_time, can_be_spared=can_be_spared)
    else:
        file_writer.add_event(in_its_own_type(file_writer, make()), step, wall_time)
