"""Events on their way to the file: bounded in bytes, written by a thread, never a reason for training to stop."""

import os
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from torchviz_tb.events.leaving import WriterThread
from torchviz_tb.events.record_file import RecordFile

QUEUE_BYTES = 64 * 2**20
"""Waiting events beyond which a call waits, or what can be spared is left out."""
MOST_BYTES = 256 * 2**20
"""Waiting events beyond which everything is left out: the file has not taken any for long."""
PATIENCE_S = 1.0
"""The longest that one call waits for a slow disk."""

_RETRY_S = (0.1, 0.5, 2.0, 5.0)
_LINGER_S = 0.2
_CLOSE_PATIENCE_S = 30.0

Open = Callable[[], RecordFile]


@dataclass(frozen=True)
class Unmade:
    """An event that is made when its turn to be written comes, in the queue's thread."""

    make: Callable[[], bytes]
    size: int
    """Bytes that it keeps in memory until then."""

    def __len__(self) -> int:
        return self.size


@dataclass
class Loss:
    """What was not written."""

    events: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        """One more event."""
        self.events += 1
        self.bytes += size

    def __str__(self) -> str:
        noun = "event" if self.events == 1 else "events"
        return f"{self.events:,} {noun} ({self.bytes:,} bytes)"


class EventQueue:
    """Serialised events, written in order by a thread that lives while there is something to write.

    What goes wrong with the file is warned of once, by the next call, and tried again: at first after a tenth of
    a second, later every five seconds, and at each flush. No call raises because of it. A forked child starts
    with an empty queue and a file of its own.
    """

    def __init__(self, open_file: Open, where: str, flush_secs: float) -> None:
        """``open_file`` makes a new file that has its header; ``where`` names it in warnings.

        Raises NotADirectoryError for a path through a file; all else is warned of, and tried again.
        """
        self._open_file = open_file
        self._where = where
        self._flush_secs = flush_secs
        self._file: RecordFile | None = None
        self._start_empty()
        try:
            self._file = open_file()
        except NotADirectoryError:
            raise  # the path itself is wrong: no waiting mends it
        except Exception as error:  # noqa: BLE001 (a remote store raises what it likes)
            self._failed(error)
            self._say()

    def _start_empty(self) -> None:
        self._pid = os.getpid()
        self._changed = threading.Condition()  # of an RLock, as a signal's handler may come in between
        self._waiting: deque[bytes | Unmade] = deque()
        self._bytes = 0
        self._taken = 0  # events that ever came in
        self._done = 0  # of those, how many are written or given up
        self._attempts = 0
        self._failures = 0  # in a row
        self._unflushed_since: float | None = None
        self._hurry = False
        self._thread: threading.Thread | None = None
        self._closed = False
        self._to_say: list[str] = []
        self.lost = Loss()
        """Left out, or given up at the end."""
        self.thinned = Loss()
        """Of these, what could be spared and was left out because the disk is slow."""

    def put(self, data: bytes | Unmade, *, can_be_spared: bool = False) -> None:
        """Takes an event; raises ValueError after ``close()``. One that can't be made is lost with a warning.

        Waits at most ``PATIENCE_S`` where the disk is slow, not at all where it takes nothing. What can be spared
        is left out, rather than to wait longer or to take more memory than ``QUEUE_BYTES``.
        """
        self._own()
        with self._changed:
            if self._closed:
                raise ValueError(f"the event file in {self._where} is closed")
            self._wait_for_room(len(data))
            is_full = self._bytes + len(data) > (QUEUE_BYTES if can_be_spared else MOST_BYTES)
            if is_full and self._bytes:
                self.lost.add(len(data))
                if can_be_spared:
                    self.thinned.add(len(data))
            else:
                self._waiting.append(data)
                self._bytes += len(data)
                self._taken += 1
                self._wake()
        self._say()

    def flush(self) -> None:
        """Returns when all events are in the file, or when the file has refused once more."""
        self._own()
        with self._changed:
            self._drain(deadline=None)
        self._say()

    def close(self) -> None:
        """Writes what can be written, gives up the rest, and says how much it was."""
        self._own()
        with self._changed:
            if self._closed or threading.current_thread() is self._thread:
                return  # the garbage collector runs in that thread, too
            self._drain(deadline=time.monotonic() + _CLOSE_PATIENCE_S)
            self._closed = True
            for data in self._waiting:
                self.lost.add(len(data))
            self._waiting.clear()
            self._changed.notify_all()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(_CLOSE_PATIENCE_S)
        if thread is None or not thread.is_alive():
            self._end_file()
        if self.lost.events:
            spared = f", of these {self.thinned} because the disk is slow" if self.thinned.events else ""
            self._to_say.append(f"torchviz_tb did not write {self.lost} to {self._where}{spared}")
        self._say()

    def _own(self) -> None:
        """In a forked child what is inherited is the parent's: its events, its file, its thread."""
        if self._pid != os.getpid():
            self._file = None
            self._start_empty()

    def _wait_for_room(self, size: int) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self._bytes and self._bytes + size > QUEUE_BYTES and not self._failures:
            left = deadline - time.monotonic()
            if left <= 0 or not self._changed.wait(left):
                return

    def _drain(self, deadline: float | None) -> None:
        """Until everything that was taken is done, or one more attempt has failed."""
        if threading.current_thread() is self._thread:
            return
        wanted, attempts = self._taken, self._attempts
        self._hurry = True
        self._wake()
        while self._done < wanted or self._unflushed_since is not None:
            if self._failures and self._attempts > attempts:
                return
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            self._changed.wait(left)

    def _wake(self) -> None:
        if self._thread is None and (self._waiting or self._unflushed_since is not None):
            # No daemon: the interpreter waits for it at the end, a forked child of multiprocessing too.
            self._thread = WriterThread(target=self._run, name="torchviz_tb events", daemon=False)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        while (data := self._next()) is not None:
            if not isinstance(data, Unmade):
                self._attempt(data)
            elif (made := self._made(data)) is not None:
                self._attempt(made)

    def _made(self, event: Unmade) -> bytes | None:
        """The first event, as it stays in the queue until it is written; None where it can't be made."""
        made, error = None, None
        try:
            made = event.make()
        except Exception as fault:  # noqa: BLE001 (nobody waits for it who could be told otherwise)
            error = fault
        with self._changed:
            self._bytes += (0 if made is None else len(made)) - event.size
            if made is not None:
                self._waiting[0] = made
                return made
            self._waiting.popleft()
            self._done += 1
            self.lost.add(0)
            self._to_say.append(f"torchviz_tb could not make an event: {type(error).__name__}: {error}")
            self._changed.notify_all()
        return None

    def _next(self) -> bytes | Unmade | None:
        """The next event; b"" for nothing but a flush; None: the thread has nothing more to do."""
        with self._changed:
            idle_since = time.monotonic()
            while not self._closed:
                self._wait_after_failure()
                if self._waiting:
                    return self._waiting[0]
                if self._is_flush_due():
                    return b""
                is_over = not threading.main_thread().is_alive() or time.monotonic() - idle_since > _LINGER_S
                if is_over and self._unflushed_since is None:
                    break
                self._changed.wait(_LINGER_S)
            self._thread = None
            return None

    def _is_flush_due(self) -> bool:
        if self._unflushed_since is None:
            return False
        is_old = time.monotonic() - self._unflushed_since >= self._flush_secs
        return is_old or self._hurry or not threading.main_thread().is_alive()

    def _wait_after_failure(self) -> None:
        """Gives the disk time; a flush, or the end of the program, cuts it short."""
        if not self._failures:
            return
        until = time.monotonic() + _RETRY_S[min(self._failures, len(_RETRY_S)) - 1]
        while not self._hurry and not self._closed and threading.main_thread().is_alive():
            left = until - time.monotonic()
            if left <= 0:
                return
            self._changed.wait(min(left, _LINGER_S))

    def _attempt(self, data: bytes) -> None:
        try:
            if self._file is None:
                self._file = self._open_file()
            if data:
                self._file.append(data)
            else:
                self._file.flush()
        except Exception as error:  # noqa: BLE001 (a remote store raises what it likes)
            self._failed(error)
            return
        with self._changed:
            self._attempts += 1
            if data:
                self._waiting.popleft()
                self._bytes -= len(data)
                self._done += 1
                if self._unflushed_since is None:
                    self._unflushed_since = time.monotonic()
            if not data or self._is_local:
                self._unflushed_since = None
            if not self._waiting and self._unflushed_since is None:
                self._hurry = False
            if self._failures:
                self._failures = 0
                self._to_say.append(f"torchviz_tb writes to {self._where} again")
            self._changed.notify_all()

    @property
    def _is_local(self) -> bool:
        return "://" not in self._where

    def _failed(self, error: Exception) -> None:
        # A full disk may take the next record into the same file; a file that was deleted can take none.
        if isinstance(error, FileNotFoundError):
            self._end_file()
        with self._changed:
            self._attempts += 1
            self._failures += 1
            self._hurry = False
            if self._failures == 1:
                self._to_say.append(
                    f"torchviz_tb can't write to {self._where}: {type(error).__name__}: {error}. Training goes on, "
                    "events wait in memory, and writing is tried again"
                )
            if not threading.main_thread().is_alive():  # nobody will flush any more, and the program wants to end
                self._closed = True
            self._changed.notify_all()

    def _end_file(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
        except Exception as error:  # noqa: BLE001 (see above)
            self._to_say.append(f"torchviz_tb could not finish the file in {self._where}: {error}")

    def _say(self) -> None:
        while self._to_say:
            warnings.warn(self._to_say.pop(0), RuntimeWarning, stacklevel=5)
