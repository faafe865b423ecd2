"""The table of docs/faults.md: what went wrong, how often it was tried, what was lost, whether training stopped.

Run: make faults
"""

import errno
import itertools
import os
import resource
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import written
from endings import COUNT, ENDINGS, LOG, killed, steps
from programs import run

from torchviz_tb import SummaryWriter
from torchviz_tb.events.record_file import LocalFile

PAGE = Path(__file__).parents[1] / "docs" / "faults.md"
KILLS = 200
FORKS = 4
_NOBODY = 65534
MARK = '<!-- the table below is made by "make faults" -->'


class Row(NamedTuple):
    """One line of the table."""

    fault: str
    tried: int
    lost: str
    stopped: str


def endings(root: Path) -> Iterator[Row]:
    """Scripts that leave without close()."""
    for ending, code in ENDINGS.items():
        run(LOG + code, root / ending)
        missing = COUNT - len(steps(root / ending))
        yield Row(f"leaving without close(): {ending}", 1, f"{missing} of {COUNT} scalars", "it ended")


def kills(root: Path) -> Row:
    """At random moments, while logging as fast as can be."""
    torn = 0
    for log_dir in killed(root, KILLS):
        found = steps(log_dir)
        torn += found != list(range(len(found)))
    return Row("SIGKILL at any moment", KILLS, f"the moment's own; {torn} files with a hole or unreadable", "it ended")


@contextmanager
def small_disk(log_dir: Path) -> Iterator[None]:
    """A limit on the size of files stands in for a disk that is full for a while."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (written.event_files(log_dir)[0].stat().st_size + 20, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def deleted(log_dir: Path) -> Iterator[None]:
    """Somebody removes the run while it is being written."""
    shutil.rmtree(log_dir)
    yield


@contextmanager
def nothing(_: Path) -> Iterator[None]:
    """A disk as it should be."""
    yield


@contextmanager
def forbidden(log_dir: Path) -> Iterator[None]:
    """Nobody may enter the directory; root, who may all the same, is somebody else meanwhile."""
    user = os.geteuid()
    log_dir.chmod(0)
    if user == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        log_dir.chmod(0o700)


@contextmanager
def append_by(append: Callable[[LocalFile, bytes], None]) -> Iterator[None]:
    """Records are appended in this way."""
    own = LocalFile.append
    LocalFile.append = append  # type: ignore[method-assign]
    try:
        yield
    finally:
        LocalFile.append = own  # type: ignore[method-assign]


def slow(_: Path) -> AbstractContextManager[None]:
    """A hundredth of a second for each record."""
    own = LocalFile.append

    def append(self: LocalFile, record: bytes) -> None:
        time.sleep(0.01)
        own(self, record)

    return append_by(append)


def failing(_: Path) -> AbstractContextManager[None]:
    """Two of three writes are refused."""
    own, turn = LocalFile.append, itertools.count()

    def append(self: LocalFile, record: bytes) -> None:
        if next(turn) % 3:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        own(self, record)

    return append_by(append)


FAULTS: dict[str, tuple[Callable[[Path], AbstractContextManager[None]], int]] = {
    "none, for comparison": (nothing, 0),
    "disk full for a while": (small_disk, 0),
    "directory deleted (what was in it is gone)": (deleted, 100),
    "no permission for a while": (forbidden, 0),
    "a slow file": (slow, 0),
    "a file that refuses two of three writes": (failing, 0),
}
"""What happens in the middle of a run, and how many of its first scalars are gone with it."""


def lost_by(fault: str, log_dir: Path) -> int:
    """Scalars of a run that can't be read back, but for those that the fault itself took away."""
    happening, gone = FAULTS[fault]
    writer = SummaryWriter(str(log_dir))
    log(writer, range(100))
    with happening(log_dir):
        log(writer, range(100, 200))
    log(writer, range(200, 300))
    writer.close()
    return len(set(range(gone, 300)) - set(steps(log_dir)))


def disks(root: Path) -> Iterator[Row]:
    """Trouble with the disk in the middle of a run, over before its end."""
    for fault, (_, gone) in FAULTS.items():
        yield Row(fault, 1, f"{lost_by(fault, root / fault)} of {300 - gone} scalars", "no")


def forks(root: Path) -> Row:
    """Children that go on with their parent's writer, and end without a word."""
    with SummaryWriter(str(root)) as writer:
        log(writer, range(100))
        children = []
        for child in range(1, FORKS + 1):
            pid = os.fork()
            if pid == 0:
                log(writer, range(child * 100, (child + 1) * 100))
                os._exit(0)
            children.append(pid)
        for pid in children:
            os.waitpid(pid, 0)
        log(writer, range((FORKS + 1) * 100, (FORKS + 2) * 100))
    expected = (FORKS + 2) * 100
    return Row("fork", FORKS, f"{expected - len(set(steps(root)))} of {expected} scalars", "no")


def log(writer: SummaryWriter, wanted: range) -> None:
    """Some scalars, and the way to the file given its time."""
    for step in wanted:
        writer.add_scalar("loss", 1.0, step)
    writer.flush()


def table() -> str:
    """All of it, as Markdown."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        root = Path(folder)
        rows = [*endings(root / "endings"), kills(root / "kills"), *disks(root / "disks"), forks(root / "forks")]
    lines = [f"| {row.fault} | {row.tried} | {row.lost} | {row.stopped} |" for row in rows]
    return "\n".join(["| fault | tried | lost | training stopped |", "|---|---|---|---|", *lines, ""])


def main() -> None:
    """Prints the table and puts it into the page."""
    found = table()
    print(found)
    head, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    PAGE.write_text(f"{head}{MARK}\n\n{found}", encoding="utf-8")


if __name__ == "__main__":
    main()
