"""One line in the terminal that is drawn over itself."""

import shutil
import sys
from typing import TextIO

_EIGHTHS = " ▏▎▍▌▋▊▉"
_FULL = "█"
_WIDEST = 40  # cells of the bar itself
_NARROWEST = 8


class Bar:
    """Draws lines over each other where someone watches; elsewhere, as in a log file, only the last one."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._drawn = 0  # characters of the line that is there
        # A notebook's stream is no terminal, but understands the carriage return.
        self._is_watched = self._stream.isatty() or "ipykernel" in sys.modules

    def draw(self, line: str) -> None:
        """Draws the line over the last one."""
        if self._is_watched:
            self._write("\r" + line.ljust(self._drawn))
            self._drawn = len(line)

    def end(self, line: str) -> None:
        """Draws the line for good."""
        self._write(("\r" if self._is_watched else "") + line.ljust(self._drawn) + "\n")
        self._drawn = 0

    def _write(self, text: str) -> None:
        # The stream's encoding may lack the blocks, and its other end may be gone: neither is the loop's concern.
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        try:
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
        except (OSError, ValueError):
            self._is_watched = False


def bar_line(label: str, share: float | None, facts: str, columns: int | None = None) -> str:
    """A line such as "epoch 2 of 5   37 % ███▋      74 of 200 ...", no wider than the terminal."""
    columns = shutil.get_terminal_size().columns if columns is None else columns
    if share is None:
        return f"{label}  {facts}"[: columns - 1]
    percent = f"{label}  {int(100 * share):3d} % "
    cells = min(_WIDEST, columns - 1 - len(percent) - len(facts) - 2)
    blocks = f"{_blocks(share, cells)}  " if cells >= _NARROWEST else ""
    return f"{percent}{blocks}{facts}"[: columns - 1]


def duration(seconds: float) -> str:
    """Such as "0:07", "12:34" or "3:07:59"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _blocks(share: float, cells: int) -> str:
    eighths = int(8 * cells * share)
    partial = _EIGHTHS[eighths % 8] if eighths < 8 * cells else ""
    return (_FULL * (eighths // 8) + partial).ljust(cells)
