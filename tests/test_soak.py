"""A long run: memory stays flat, the file grows in proportion, and TensorBoard shows all of its length.

"make soak" makes it a million scalars and ten thousand sampled steps, which takes four minutes; "make test" a tenth.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from plugin_client import over_http
from tensorboard_process import BACKENDS, PLUGIN, serving

pytestmark = pytest.mark.heavy

_SHARE = 1 if os.environ.get("SOAK") == "full" else 10
SCALARS = 1_000_000 // _SHARE
SAMPLES = 10_000 // _SHARE
PARTS = 10
# TensorBoard's reader in Python takes minutes over a million events.
_PATIENCE = 400.0
TRAINING = """
import sys, torch
from torchviz_tb import SummaryWriter
from test_soak import PARTS, SAMPLES, SCALARS, memory
model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
writer = SummaryWriter(sys.argv[1])
writer.watch(model, optimizer, log_freq=1, log=("parameters", "gradients"))
given = torch.ones(4, 2)
per_sample = SCALARS // SAMPLES
for step in range(SAMPLES):
    optimizer.zero_grad()
    model(given).square().mean().backward()
    optimizer.step()
    for number in range(step * per_sample, (step + 1) * per_sample):
        writer.add_scalar("loss", number, number)
    if (step + 1) % (SAMPLES // PARTS) == 0:
        writer.flush()
        print(memory(), flush=True)
writer.close()
"""


def memory() -> str:
    """Bytes of this process in memory, and of its log so far."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return f"{pages * resource.getpagesize()} {sum(file.stat().st_size for file in Path(sys.argv[1]).iterdir())}"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """The log directory; after each part, bytes of memory and of the log [parts, 2]."""
    root = tmp_path_factory.mktemp("soak")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", TRAINING, str(root / "long")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return root, np.array([line.split() for line in done.stdout.splitlines()], np.int64)


def test_memory_is_flat_and_the_file_grows_in_proportion(parts):
    used, size = parts[1].T
    assert len(used) == PARTS
    assert used[-1] - used[1] < 8 * 2**20
    growth = np.diff(size)
    assert growth.max() < 1.1 * growth.min()


@pytest.mark.parametrize("backend", BACKENDS)
def test_tensorboard_shows_its_first_its_last_and_evenly_spread_steps(parts, backend):
    with serving(parts[0], BACKENDS[backend]) as board:
        path = "data/plugin/scalars/scalars?tag=loss&run=long"
        board.wait_for(f"{PLUGIN}runs", lambda answer: answer["runs"])
        points = board.wait_for(path, lambda points: points and points[-1][1] == SCALARS - 1, _PATIENCE)
        # TensorBoard's own sample of an ordinary scalar: random, but for the last.
        assert len(points) >= 1000
        place = {"run": "long", "group": "model", "stage": "gradient", "column": "l2"}
        steps = over_http(board.url.rstrip("/"))("statistics", **place).arrays["steps"]
    assert (steps[0], steps[-1]) == (0, SAMPLES - 1)
    assert len(steps) >= 500
    assert np.diff(steps).max() < 20 * SAMPLES / len(steps)
