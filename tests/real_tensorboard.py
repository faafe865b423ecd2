"""A real TensorBoard on a free port, in either of its backends."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60


@contextmanager
def tensorboard(log_dir: Path, *flags: str) -> Iterator[str]:
    """Its address, while it runs."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(log_dir), "--port=0", *flags]
    with (
        (log_dir.parent / f"{log_dir.name}.log").open("w+", encoding="utf-8") as log,
        subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        try:
            yield _address(process, Path(log.name))
        finally:
            process.terminate()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://\S+?:\d+", log.read_text(encoding="utf-8"))
        if found:
            return found[0]
        time.sleep(0.1)
    raise RuntimeError(f"TensorBoard did not start:\n{log.read_text(encoding='utf-8')}")
