"""The table of docs/faults.md: what went wrong, how often it was tried, what was lost, whether training stopped.

Run: make faults
"""

import resource
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import written
from endings import COUNT, ENDINGS, LOG, killed, run, steps

from torchviz_tb import SummaryWriter

PAGE = Path(__file__).parents[1] / "docs" / "faults.md"
KILLS = 200
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


def disks(root: Path) -> Iterator[Row]:
    """Trouble with the disk in the middle of a run, over before its end."""
    faults: dict[str, tuple[Callable[[Path], object], int]] = {
        "none, for comparison": (nothing, 0),
        "disk full for a while": (small_disk, 0),
        "directory deleted (what was in it is gone)": (deleted, 100),
    }
    for name, (fault, gone) in faults.items():
        log_dir = root / name
        writer = SummaryWriter(str(log_dir))
        log(writer, range(100))
        with fault(log_dir):
            log(writer, range(100, 200))
        log(writer, range(200, 300))
        writer.close()
        missing = 300 - gone - len(steps(log_dir))
        yield Row(name, 1, f"{missing} of {300 - gone} scalars", "no")


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
        rows = [*endings(root / "endings"), kills(root / "kills"), *disks(root / "disks")]
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
