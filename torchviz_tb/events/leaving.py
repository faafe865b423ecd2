"""Closing what a program left open: torch's SummaryWriter loses all that is queued then."""

import contextlib
import os
import signal
import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import Protocol


def call_at_exit(method: Callable[[], None]) -> None:
    """Calls a bound method when the interpreter ends, if its object still lives then."""
    reference = weakref.WeakMethod(method)
    owner: object = method.__self__  # type: ignore[attr-defined]
    # Finalizers run newest first, so what was built on a writer is written before the writer closes.
    weakref.finalize(owner, _call, reference, os.getpid())


def _call(reference: "weakref.WeakMethod[Callable[[], None]]", pid: int) -> None:
    method = reference()
    # A forked child has the queue but not the thread that empties it: waiting for that would never end.
    if method is not None and pid == os.getpid():
        method()


class WriterThread(threading.Thread):
    """A thread that writes event files."""


def may_wait(pid: int) -> bool:
    """Whether a finalizer may wait for the thread of a file that the process ``pid`` opened.

    Not in a forked child, which has no such thread, and not in such a thread itself, where the
    garbage collector runs too.
    """
    return pid == os.getpid() and not isinstance(threading.current_thread(), WriterThread)


_flushed_on_sigterm: "weakref.WeakSet[Flushable]" = weakref.WeakSet()
_SIGTERM_PATIENCE_S = 5.0


class Flushable(Protocol):
    """Has something to write before the end."""

    def flush(self) -> None:
        """Writes it."""


def flush_on_sigterm(writer: Flushable) -> None:
    """Has the process write what is queued when it is terminated, then end as it would have.

    Only where SIGTERM still has its default action: who handles it, decides, and what is queued is written when
    the interpreter ends. Signals can be handled from the main thread only.
    """
    _flushed_on_sigterm.add(writer)
    is_free = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if is_free and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, partial(_terminated, os.getpid()))


def _terminated(pid: int, number: int, _: object) -> None:
    if pid == os.getpid():
        # In a thread of its own, with a limit: the one that was interrupted may hold a lock.
        thread = threading.Thread(target=_flush_all, daemon=True)
        thread.start()
        thread.join(_SIGTERM_PATIENCE_S)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _flush_all() -> None:
    for writer in list(_flushed_on_sigterm):
        with contextlib.suppress(Exception):
            writer.flush()
