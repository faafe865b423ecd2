"""The part of SummaryWriter that opens files, and knows the step and time that a call has."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from torch.utils.tensorboard import SummaryWriter as TorchSummaryWriter

from torchviz_tb.errors import ArgumentError
from torchviz_tb.events.background import Background
from torchviz_tb.events.resuming import first_event, is_new_run
from torchviz_tb.summaries.arguments import check_step, check_walltime
from torchviz_tb.summaries.file_writer import OurFileWriter
from torchviz_tb.summaries.null_file_writer import NullFileWriter
from torchviz_tb.summaries.scalar_export import ScalarExport
from torchviz_tb.summaries.snapshots import Snapshots

LogDir = str | os.PathLike[str] | None


class OpeningWriter(TorchSummaryWriter):
    """torch's SummaryWriter with our file writers, and tensorboardX's ways to set it up."""

    file_writer: Any
    # Until the constructor is through, so that __del__ finds nothing to close if that raises.
    all_writers: Any = None

    def __init__(
        self,
        log_dir: LogDir = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
        *,
        logdir: LogDir = None,
        write_to_disk: bool = True,
    ) -> None:
        """As torch's.

        Args:
            log_dir: As torch's, and so are the others up to ``filename_suffix``.
            comment: As torch's.
            purge_step: As torch's.
            max_queue: As torch's.
            flush_secs: As torch's.
            filename_suffix: As torch's.
            logdir: tensorboardX's name of ``log_dir``.
            write_to_disk: False makes a writer that takes every call and keeps nothing.

        Raises:
            ArgumentError: ``log_dir`` and ``logdir`` are both given and differ, or the step is none.
        """
        self._background = Background()
        self._snapshots = Snapshots()
        self._export = ScalarExport()
        if logdir and log_dir and str(logdir) != str(log_dir):
            raise ArgumentError(f"log_dir is {str(log_dir)!r} and logdir is {str(logdir)!r}: pass one of them")
        check_step(purge_step)
        self._write_to_disk = write_to_disk
        self._lock, self._lock_pid = threading.RLock(), os.getpid()
        self._default_step: Any = None
        self._default_walltime: Any = None
        super().__init__(log_dir or logdir, comment, purge_step, max_queue, flush_secs, filename_suffix)

    @property
    def logdir(self) -> Any:
        """What tensorboardX calls ``log_dir``."""
        return self.log_dir

    @contextmanager
    def use_metadata(self, *, global_step: Any = None, walltime: Any = None) -> Iterator["OpeningWriter"]:
        """Gives all ``add_*`` calls inside of the ``with`` a step, a time or both, where they name none themselves.

        As tensorboardX's; and may be nested, where the inner one hides what it names.

        Raises:
            ArgumentError: Neither is given, or one of them can't be a step or a time.
        """
        if global_step is None and walltime is None:
            raise ArgumentError("use_metadata was given nothing: pass global_step=, walltime= or both")
        check_step(global_step)
        check_walltime(walltime)
        before = self._default_step, self._default_walltime
        self._default_step = before[0] if global_step is None else global_step
        self._default_walltime = before[1] if walltime is None else walltime
        try:
            yield self
        finally:
            self._default_step, self._default_walltime = before

    def _moment(self, global_step: Any, walltime: Any = None) -> tuple[Any, Any]:
        """The step and time of a call, checked; None where neither it nor ``use_metadata`` names one."""
        check_step(global_step)
        check_walltime(walltime)
        return (
            self._default_step if global_step is None else global_step,
            self._default_walltime if walltime is None else walltime,
        )

    def _open(self, log_dir: LogDir) -> Any:
        """A new event file in a directory."""
        if not self._write_to_disk:
            return NullFileWriter(log_dir or "")
        return OurFileWriter(log_dir, self.flush_secs, self.filename_suffix)

    def _get_file_writer(self) -> Any:
        """As torch's: the open file, or a new one after ``close()``."""
        with self._opening():
            if self.all_writers is None or self.file_writer is None:
                begins = self.all_writers is None and self.purge_step is None and self._write_to_disk
                begins = begins and is_new_run(self.log_dir)
                self.file_writer = self._open(self.log_dir)
                self.all_writers = {self.file_writer.get_logdir(): self.file_writer}
                if begins:
                    self.file_writer.add_event(first_event())
                self._purge()
            return self.file_writer

    def _get_sub_writer(self, log_dir: str) -> Any:
        """The open file of a run below this one."""
        with self._opening():
            self._get_file_writer()
            if log_dir not in self.all_writers:
                self.all_writers[log_dir] = self._open(log_dir)
            return self.all_writers[log_dir]

    def _purge(self) -> None:
        """Tells TensorBoard once to drop what an earlier, crashed session wrote from that step on."""
        if self.purge_step is None:
            return
        step, self.purge_step = self.purge_step, None
        self.file_writer.add_event(Event(step=step, file_version="brain.Event:2"))
        self.file_writer.add_event(Event(step=step, session_log=SessionLog(status=SessionLog.START)))

    @contextmanager
    def _opening(self) -> Iterator[None]:
        """One thread at a time. A forked child takes a lock of its own: its copy may be held by a thread it has not."""
        if self._lock_pid != os.getpid():
            self._lock, self._lock_pid = threading.RLock(), os.getpid()
        with self._lock:
            yield
