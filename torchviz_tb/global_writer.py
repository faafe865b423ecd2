"""One writer for all modules and processes of a program, which counts the steps itself; as tensorboardX has it."""

import os
import secrets
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Client, Connection, Listener
from typing import Any, ClassVar

from tensorboard.compat.proto.event_pb2 import Event

from torchviz_tb.summaries.null_file_writer import NullFileWriter
from torchviz_tb.summaries.stock_writer import StockWriter
from torchviz_tb.writer import SummaryWriter

_TAKEN = b"taken"


class GlobalSummaryWriter:
    """Logs from any process into the one event file of the process that made it; each tag counts its own steps.

    Forked children use it as it is; it can also be handed to spawned ones. A call in another process returns
    when the file's process has taken its event, which is a round trip of a fraction of a millisecond.

    Example:
        >>> writer = GlobalSummaryWriter.getSummaryWriter()  # doctest: +SKIP
        >>> writer.add_scalar("worker/loss", 0.5)  # in any process  # doctest: +SKIP
    """

    _shared: ClassVar["GlobalSummaryWriter | None"] = None

    def __init__(
        self,
        logdir: Any = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
        write_to_disk: bool = True,
        log_dir: Any = None,
    ) -> None:
        """As SummaryWriter's, in tensorboardX's order."""
        self.smw = SummaryWriter(
            log_dir,
            comment,
            purge_step,
            max_queue,
            flush_secs,
            filename_suffix,
            logdir=logdir,
            write_to_disk=write_to_disk,
        )
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(32)
        self._listener = Listener(authkey=self._key)
        self._set_up(os.getpid(), self._listener.address)
        threading.Thread(target=self._accept, name="torchviz_tb global writer", daemon=True).start()

    @staticmethod
    def getSummaryWriter() -> "GlobalSummaryWriter":  # noqa: N802  (tensorboardX's name)
        """The writer that all of the program shares, made at the first call."""
        if GlobalSummaryWriter._shared is None:
            GlobalSummaryWriter._shared = GlobalSummaryWriter()
        return GlobalSummaryWriter._shared

    def add_scalar(self, tag: str, scalar_value: Any, walltime: float | None = None) -> None:
        """As SummaryWriter's, at the tag's next step."""
        self._entrance.add_scalar(tag, scalar_value, None, walltime)

    def add_image(self, tag: str, img_tensor: Any, walltime: float | None = None, dataformats: str = "CHW") -> None:
        """As SummaryWriter's, at the tag's next step."""
        self._entrance.add_image(tag, img_tensor, None, walltime, dataformats)

    def add_text(self, tag: str, text_string: str, walltime: float | None = None) -> None:
        """As SummaryWriter's, at the tag's next step."""
        self._entrance.add_text(tag, text_string, None, walltime)

    @property
    def file_writer(self) -> Any:
        """The open file of the process that made the writer."""
        return self.smw._get_file_writer()

    def close(self) -> None:
        """Writes everything logged so far and closes the file; elsewhere than in the file's process it does nothing."""
        if os.getpid() == self._pid:
            self._listener.close()
            self.smw.close()

    def __getstate__(self) -> dict[str, Any]:
        return {"pid": self._pid, "address": self._address, "key": self._key}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._key = state["key"]
        self._set_up(state["pid"], state["address"])

    def _set_up(self, pid: int, address: Any) -> None:
        self._pid, self._address = pid, address
        self._connection: Connection | None = None
        self._connection_pid, self._connection_lock = os.getpid(), threading.Lock()
        self._entrance = _Entrance(self._put)

    def _put(self, event: Event) -> None:
        if os.getpid() == self._pid:
            self._write(event)
        else:
            self._send(event.SerializeToString())

    def _write(self, event: Event) -> None:
        with self._lock:
            (value,) = event.summary.value
            key = str(value.WhichOneof("value")), value.tag
            self.file_writer.add_event(event, self._counts[key], event.wall_time)
            self._counts[key] += 1

    def _send(self, event: bytes) -> None:
        """Sends an event to the file's process; where that is gone, warns."""
        if self._connection_pid != os.getpid():  # a forked child: the parent's connection and lock are not its own
            self._connection, self._connection_pid = None, os.getpid()
            self._connection_lock = threading.Lock()
        try:
            with self._connection_lock:
                if self._connection is None:
                    self._connection = Client(self._address, authkey=self._key)
                self._connection.send_bytes(event)
                self._connection.recv_bytes()
        except (OSError, EOFError) as error:
            warnings.warn(
                f"torchviz_tb lost an event: the process that holds the event file can't be reached ({error!r}); "
                "keep it alive, and its GlobalSummaryWriter open, while others log",
                stacklevel=5,
            )

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except OSError:  # closed
                return
            except Exception:  # noqa: BLE001  (somebody else's knock at our door)
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection:
            try:
                while True:
                    self._write(Event.FromString(connection.recv_bytes()))
                    connection.send_bytes(_TAKEN)
            except (OSError, EOFError):  # the other process ended
                return


class _Entrance(StockWriter):
    """Makes summaries as a SummaryWriter does, and hands them on instead of writing them."""

    def __init__(self, put: Callable[[Event], None]) -> None:
        self._put = put
        super().__init__("global", write_to_disk=False)

    def _open(self, log_dir: Any) -> "_HandingOn":
        return _HandingOn(log_dir, self._put)


class _HandingOn(NullFileWriter):
    def __init__(self, log_dir: Any, put: Callable[[Event], None]) -> None:
        super().__init__(log_dir)
        self._put = put

    def add_event(self, event: Event, step: Any = None, walltime: Any = None) -> None:  # noqa: ARG002
        """Hands the event on, with the time of the call."""
        event.wall_time = time.time() if walltime is None else walltime
        self._put(event)
