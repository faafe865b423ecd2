"""The way into the event file of anybody's SummaryWriter."""

import sys
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from tensorboard.compat.proto.event_pb2 import Event

from torchviz_tb.errors import ArgumentError


@runtime_checkable
class FileWriter(Protocol):
    """What torch's and tensorboardX's file writers have in common."""

    def add_event(self, event: Event, step: int | None = None, walltime: float | None = None) -> None:
        """Queues an event."""

    def flush(self) -> None:
        """Returns when all queued events are in the file."""


@runtime_checkable
class LateFileWriter(FileWriter, Protocol):
    """A file writer of ours."""

    def add_event_later(
        self, make: Callable[[], Event], size: int, step: int, walltime: float | None, *, can_be_spared: bool
    ) -> None:
        """Queues an event that is made in the writer's thread, from what takes up so many bytes until then."""


class NoWriter:
    """Stands in for a SummaryWriter on a rank that measures and does not write."""

    def _get_file_writer(self) -> None:
        """As such a stand-in answers."""


def find_file_writer(summary_writer: object) -> FileWriter | None:
    """The writer of the open event file; a SummaryWriter that was closed opens its next one.

    None for a stand-in that swallows every call, such as Lightning's logger has on ranks other than 0.
    Raises ArgumentError for an object that has no event file.
    """
    # torch's and tensorboardX's private accessor: only it reopens a writer after close().
    reopen = getattr(summary_writer, "_get_file_writer", None)
    candidate = reopen() if callable(reopen) else getattr(summary_writer, "file_writer", summary_writer)
    if isinstance(candidate, FileWriter):
        return candidate
    if candidate is None and callable(reopen):
        return None
    raise ArgumentError(
        f"writer is a {type(summary_writer).__name__}, which has no event file to add to: pass a SummaryWriter "
        "of torchviz_tb, torch or tensorboardX (Lightning: trainer.logger.experiment), or writer=None to record nothing"
    )


def in_its_own_type(file_writer: FileWriter, event: Event) -> Any:
    """The event as the file writer takes it: tensorboardX's thread dies of any Event class but its own."""
    if not type(file_writer).__module__.startswith("tensorboardX."):
        return event
    own = sys.modules["tensorboardX.proto.event_pb2"].Event
    return own.FromString(event.SerializeToString())
