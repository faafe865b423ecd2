"""A real TensorBoard in a process of its own, for tests that ask it over HTTP or look at it in a browser."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

BACKENDS = {"rust": "--load_fast=true", "python": "--load_fast=false"}
PLUGIN = "data/plugin/torchviz_tb/"
_PATIENCE = 60.0


@dataclass
class TensorBoard:
    """A running TensorBoard: its address, ending with a slash, what it has said so far, and its process."""

    url: str
    said: list[str]
    pid: int

    def get(self, path: str) -> bytes:
        """The body of the answer.

        Raises:
            urllib.error.HTTPError: the status is not 2xx.
        """
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            body: bytes = answer.read()
            return body

    def json(self, path: str) -> Any:
        """The answer as JSON."""
        return json.loads(self.get(path))

    def wait_for(self, path: str, ready: Callable[[Any], object], patience: float = _PATIENCE) -> Any:
        """The JSON answer, as soon as it is as wanted: TensorBoard reads log directories in the background."""
        deadline = time.monotonic() + patience
        while not ready(answer := self.json(path)):
            assert time.monotonic() < deadline, f"{path} is still {answer}; TensorBoard said: {''.join(self.said)}"
            time.sleep(0.2)
        return answer


@contextmanager
def serving(log_dir: Path, *flags: str, python: str | Path = sys.executable) -> Iterator[TensorBoard]:
    """Starts TensorBoard on a free port, and stops it in the end.

    Args:
        log_dir: what it shows.
        flags: further command-line flags, such as ``BACKENDS["rust"]``.
        python: the interpreter of the environment whose TensorBoard it shall be.
    """
    command = [str(python), "-m", "tensorboard.main", "--logdir", str(log_dir), "--port", "0", "--reload_interval", "1"]
    # A folder of its own to stand in, so that no module is imported from the one the tests are run in.
    process = subprocess.Popen([*command, *flags], stderr=subprocess.PIPE, text=True, cwd=log_dir.parent)
    assert process.stderr is not None
    said: list[str] = []
    reader = Thread(target=lambda stream: said.extend(stream), args=(process.stderr,), daemon=True)
    reader.start()
    try:
        yield TensorBoard(_address(process, said), said, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=_PATIENCE)
        reader.join(timeout=_PATIENCE)
        process.stderr.close()


def _address(process: subprocess.Popen[str], said: list[str]) -> str:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if match := re.search(r"TensorBoard \S+ at (http://\S+)", "".join(said)):
            return match[1]
        time.sleep(0.05)
    raise AssertionError(f"TensorBoard did not start: {''.join(said)}")
