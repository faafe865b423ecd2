"""Our event files, where torch's SummaryWriter has TensorBoard's."""

import itertools
import os
import socket
import time
from collections.abc import Callable

from tensorboard.compat.proto.event_pb2 import Event, SourceMetadata

from torchviz_tb.events.event_queue import EventQueue, Unmade
from torchviz_tb.events.record_file import RecordFile, open_record_file
from torchviz_tb.records.metadata import Kind, Tag, parse_tag

_SOURCE = "torchviz_tb"
_numbers = itertools.count()
_MANY = frozenset([Kind.STATISTICS, Kind.DISTRIBUTIONS, Kind.HEATMAPS])


class EventWriter:
    """Writes events into files of a directory; stands where TensorBoard's EventFileWriter stands in torch's classes."""

    def __init__(self, log_dir: str, flush_secs: float, filename_suffix: str) -> None:
        """The first file is made at once, in the background: its header is the first event."""
        self._log_dir = log_dir
        self._suffix = filename_suffix
        self._flush_secs = flush_secs
        self.queue = EventQueue(self._open, log_dir, flush_secs)

    def get_logdir(self) -> str:
        """The directory."""
        return self._log_dir

    def add_event(self, event: Event) -> None:
        """Queues an event; raises TypeError for what is none."""
        if not isinstance(event, Event):
            raise TypeError(f"an event is a {type(event).__name__}: pass a tensorboard.compat.proto.event_pb2.Event")
        self.queue.put(event.SerializeToString(), can_be_spared=_can_be_spared(event))

    def add_later(self, make: Callable[[], Event], size: int, *, can_be_spared: bool) -> None:
        """Queues an event that is made in the writer's thread, from what takes up so many bytes until then."""
        self.queue.put(Unmade(lambda: make().SerializeToString(), size), can_be_spared=can_be_spared)

    def flush(self) -> None:
        """Returns when all events are in the file; where the file refuses, warns and returns."""
        self.queue.flush()

    def close(self) -> None:
        """Writes what is left and closes the file."""
        self.queue.close()

    def reopen(self) -> None:
        """After ``close()``: later events go into a new file."""
        self.close()
        self.queue = EventQueue(self._open, self._log_dir, self._flush_secs)

    def _open(self) -> RecordFile:
        # Zeros in front, as TensorBoard reads the files of a run in the order of their names.
        name = f"{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_numbers):04d}"
        file = open_record_file(f"{self._log_dir.rstrip('/')}/events.out.tfevents.{name}{self._suffix}")
        source = SourceMetadata(writer=_SOURCE)
        header = Event(wall_time=time.time(), file_version="brain.Event:2", source_metadata=source)
        try:
            file.append(header.SerializeToString())
        except BaseException:
            file.close()
            raise
        return file


def _can_be_spared(event: Event) -> bool:
    """Whether it is a sample of ours, of which there are many; never what the user logged."""
    tags = [parse_tag(value.tag) for value in event.summary.value]
    return bool(tags) and all(tag is not None and is_one_of_many(tag) for tag in tags)


def is_one_of_many(tag: Tag) -> bool:
    """Whether records under the tag can be spared where the disk is slow."""
    return tag.kind in _MANY
