"""Programs that log and then end in some way, and what is left of their log."""

import os
import signal
import time
from pathlib import Path

import written

from torchviz_tb import SummaryWriter

COUNT = 500
LOG = f"""
import os, signal, sys, time
from torchviz_tb import SummaryWriter
writer = SummaryWriter(sys.argv[1])
for step in range({COUNT}):
    writer.add_scalar("loss", step / 4, step)
"""

ENDINGS = {
    "end of script": "",
    "exception": "raise RuntimeError('an accident')",
    "sys.exit": "sys.exit(3)",
    "SIGTERM": "os.kill(os.getpid(), signal.SIGTERM); time.sleep(10)",
    "SIGINT": (  # which programs ignore that a shell started in its background
        "signal.signal(signal.SIGINT, signal.default_int_handler); os.kill(os.getpid(), signal.SIGINT); time.sleep(10)"
    ),
    "SIGTERM with a handler": (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); os.kill(os.getpid(), signal.SIGTERM); time.sleep(10)"
    ),
    "SIGKILL after a moment": "time.sleep(0.5); os.kill(os.getpid(), signal.SIGKILL)",
}


def steps(log_dir: Path) -> list[int]:
    """Those of the scalar that were read back, in the order of the file."""
    return [event.step for event, value in written.values(log_dir) if value.tag == "loss"]


def killed(root: Path, count: int) -> list[Path]:
    """The logs of as many processes that log without end and are killed, each a little later than the one before."""
    children = []
    for number in range(count):
        log_dir = root / str(number)
        log_dir.mkdir(parents=True)
        pid = os.fork()
        if pid == 0:
            writer, step = SummaryWriter(str(log_dir)), 0
            while True:
                writer.add_scalar("loss", 1.0, step)
                step += 1
        children.append((pid, log_dir))
        time.sleep(0.002 * (number % 20))
        os.kill(pid, signal.SIGKILL)
    for pid, _ in children:
        os.waitpid(pid, 0)
    return [log_dir for _, log_dir in children]
