"""Work that the training loop need not wait for: done in order, on a thread that lives while there is some.

A SummaryWriter of ours has one such background, and waits for it when it is flushed or closed.
"""

import os
import threading
import warnings
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

MOST_BYTES = 1 << 28
"""Bytes of values that wait; a call that would exceed it waits for earlier ones instead."""


class _Job(NamedTuple):
    work: Callable[[], None]
    size: int
    noun: str


class Background:
    """Does what it is given one after the other.

    The thread is not a daemon: a program that ends waits for what is left. A forked child starts with
    nothing to do, since the parent does what was given to it.
    """

    def __init__(self) -> None:
        self._pid = 0
        self._is_running = False
        self._changed = threading.Condition()
        self._begin()

    def __bool__(self) -> bool:
        """Whether there is work that is not done."""
        return bool(self._jobs) and self._pid == os.getpid()

    def submit(self, work: Callable[[], None], size: int, noun: str) -> None:
        """Adds work that holds so many bytes, and writes what the noun says; a fault in it warns.

        Where no thread can start it is done at once.
        """
        if self._pid != os.getpid():
            self._begin()
        with self._changed:
            while self._jobs and self._bytes + size > MOST_BYTES:
                self._changed.wait()
            self._jobs.append(_Job(work, size, noun))
            self._bytes += size
            if self._is_running:
                return
            self._is_running = True
        self._start()

    def _start(self) -> None:
        # To start a thread is to wait until it has begun. One that went to work at once would keep the interpreter
        # for its switch interval, five milliseconds, before the start returned.
        may_begin = threading.Event()

        def run() -> None:
            may_begin.wait()
            self._run()

        try:
            threading.Thread(target=run, name="torchviz_tb background").start()
        except RuntimeError:  # too many threads, or the interpreter is about to end
            self._run()
        finally:
            may_begin.set()

    def wait(self) -> None:
        """Returns when all work is done."""
        if self._pid == os.getpid():
            with self._changed:
                while self._jobs:
                    self._changed.wait()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._jobs: deque[_Job] = deque()
        self._bytes = 0
        self._is_running = False
        self._changed = threading.Condition()

    def _run(self) -> None:
        while self._is_running:
            self._do(self._jobs[0])
            with self._changed:
                # Let go of outside the lock: it may be the last to hold a writer, which closes then.
                done = self._jobs.popleft()
                self._bytes -= done.size
                self._is_running = bool(self._jobs)
                self._changed.notify_all()
            del done

    @staticmethod
    def _do(job: _Job) -> None:
        try:
            job.work()
        except Exception as error:  # noqa: BLE001  (nobody waits for it who could be told otherwise)
            warnings.warn(f"torchviz_tb could not write {job.noun}: {type(error).__name__}: {error}", stacklevel=2)


def background_of(summary_writer: object) -> Background | None:
    """That of a SummaryWriter of ours; None of others, which would close without waiting for it."""
    found = getattr(summary_writer, "_background", None)
    return found if isinstance(found, Background) else None
