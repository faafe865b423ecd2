"""Programs of their own process, for tests of how they end: forked from one that has imported torch and done no more.

To import it takes longer than all that such a program does. Its module is ``__main__``, and it ends as any script does.
"""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from functools import cache
from pathlib import Path

_SECONDS = 120  # until a program that does not end is ended, by SIGALRM

_STARTER = """
import gc, json, os, signal, sys
import torch, torch._dynamo, torch.utils.tensorboard, torchviz_tb.writer
assert len(os.listdir("/proc/self/task")) == 1, "a fork would lack the other threads"
gc.freeze()  # what is imported need not be taken apart at each end
for order in map(json.loads, sys.stdin):
    if not os.fork():
        break
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
else:
    sys.exit()
signal.alarm(order["seconds"])
sys.argv = ["-c", *order["arguments"]]
for name, number in (("/dev/null", 0), (order["stdout"], 1), (order["stderr"], 2)):
    os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), number)
exec(order["code"])
"""


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """What it has printed and its exit status, the negative signal if one ended it."""
    with tempfile.TemporaryDirectory() as folder:
        stdout, stderr = Path(folder, "stdout"), Path(folder, "stderr")
        order = {
            "code": textwrap.dedent(code),
            "arguments": [str(argument) for argument in arguments],
            "seconds": _SECONDS,
            "stdout": str(stdout),
            "stderr": str(stderr),
        }
        starter = _starter()
        assert starter.stdin is not None
        assert starter.stdout is not None
        print(json.dumps(order), file=starter.stdin, flush=True)
        status = int(starter.stdout.readline())
        return subprocess.CompletedProcess(code, status, stdout.read_text(), stderr.read_text())


@cache
def _starter() -> subprocess.Popen[str]:
    """It ends with the tests, as its input does."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # or NumPy starts threads
    return subprocess.Popen(
        [sys.executable, "-c", _STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
