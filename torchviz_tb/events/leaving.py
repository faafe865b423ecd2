"""Closing what a program left open: torch's SummaryWriter loses all that is queued then."""

import os
import threading
import weakref
from collections.abc import Callable


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


def may_wait(pid: int) -> bool:
    """Whether a finalizer may wait for the thread of a file that the process ``pid`` opened.

    Not in a forked child, which has no such thread, and not in that thread itself, where the
    garbage collector runs too.
    """
    return pid == os.getpid() and not threading.current_thread().daemon
