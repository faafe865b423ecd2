"""What is wrong with the log directory itself: it is missing or empty, or files in it are damaged.

Looks at names, sizes and the frames of event files only; what is shown comes from the data provider.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from torchviz_tb.reading.event_files import end_problem, event_files
from torchviz_tb.reading.framing import End, FrameWalk
from torchviz_tb.reading.problems import Problem

SETTLED_SECONDS = 60.0
"""A file that ends inside a record is reported once nothing was written to it for so long: it may be growing."""

TIME_BOUND = 0.5
"""Seconds of one inspection. What it could not look at, the next one goes on with."""

_FRAMES_BETWEEN_CLOCKS = 256


@dataclass(frozen=True)
class Report:
    """``state`` is "ok", "missing", "empty" or "unknown" (not a local directory)."""

    state: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Walked:
    """How far a file was looked at."""

    size: int
    modified: float
    position: int
    end: End | None


class LogDirectory:
    """The directory that TensorBoard was started with; "" where there is not one (--logdir_spec)."""

    def __init__(self, path: str, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        self._walked: dict[Path, _Walked] = {}
        self._lock = Lock()

    def inspect(self) -> Report:
        """Looks at what has changed since the last time."""
        if not self.path or "://" in self.path:
            return Report("unknown", ())
        root = Path(self.path).expanduser()
        if not root.is_dir():
            return Report("missing", ())
        with self._lock:
            return self._inspect(root)

    def _inspect(self, root: Path) -> Report:
        deadline = time.monotonic() + TIME_BOUND
        problems, is_empty = [], True
        for run, files in event_files(root):
            is_empty = False
            for path in files:
                problem = self._file_problem(run, path, root, deadline)
                if problem is not None:
                    problems.append(problem)
            if time.monotonic() > deadline:
                break
        problems.sort(key=lambda problem: (problem.run or "", problem.message))
        return Report("empty" if is_empty else "ok", tuple(problems))

    def _file_problem(self, run: str, path: Path, root: Path, deadline: float) -> Problem | None:
        name = path.relative_to(root).as_posix()
        try:
            walked = self._walk(path, deadline)
        except OSError as error:
            message = f"the event file {name} can't be opened ({error.strerror})"
            return Problem(run, None, None, None, message, "Check its permissions.")
        is_settled = self._clock() - walked.modified > SETTLED_SECONDS
        if walked.end is None or (walked.end is End.TRUNCATED and not is_settled):
            return None
        return end_problem(run, name, walked.end)

    def _walk(self, path: Path, deadline: float) -> _Walked:
        found = path.stat()
        known = self._walked.get(path)
        is_known = known is not None and (known.size, known.modified) == (found.st_size, found.st_mtime)
        if known is not None and is_known and known.end is not None:
            return known
        # Event files only grow; one that shrank is another file.
        start = known.position if known is not None and known.size <= found.st_size else 0
        with path.open("rb") as file:
            walk = FrameWalk(file, os.fstat(file.fileno()).st_size, start)
            for passed, _ in enumerate(walk):
                if passed % _FRAMES_BETWEEN_CLOCKS == 0 and time.monotonic() > deadline:
                    break
        self._walked[path] = _Walked(found.st_size, found.st_mtime, walk.position, walk.end)
        return self._walked[path]
