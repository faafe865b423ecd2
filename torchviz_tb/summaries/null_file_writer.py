"""The file writer of a SummaryWriter that is to write nothing."""

import os
from typing import Any

from torch.utils.tensorboard import FileWriter


class NullFileWriter(FileWriter):
    """Takes every event and keeps none; makes no directory and no file."""

    def __init__(self, log_dir: str | os.PathLike[str]) -> None:
        self._log_dir = str(log_dir)

    def get_logdir(self) -> str:
        """The directory that would be written to."""
        return self._log_dir

    def add_event(self, event: Any, step: Any = None, walltime: Any = None) -> None:
        """Does nothing."""

    def flush(self) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""

    def reopen(self) -> None:
        """Does nothing."""
