"""torch's FileWriter, over event files of ours."""

import time
from collections.abc import Callable

from tensorboard.compat.proto.event_pb2 import Event
from torch.utils.tensorboard import FileWriter

from torchviz_tb.events.event_writer import EventWriter


class OurFileWriter(FileWriter):
    """torch's FileWriter over our event files."""

    def __init__(self, log_dir: object, flush_secs: float, filename_suffix: str) -> None:
        # Not torch's constructor: it would open a file of TensorBoard's.
        self.event_writer = EventWriter(str(log_dir), flush_secs, filename_suffix)

    def add_event_later(
        self, make: Callable[[], Event], size: int, step: int, walltime: float | None, *, can_be_spared: bool
    ) -> None:
        """See LateFileWriter."""
        walltime = time.time() if walltime is None else walltime

        def timed() -> Event:
            event = make()
            event.wall_time, event.step = walltime, step
            return event

        self.event_writer.add_later(timed, size, can_be_spared=can_be_spared)
