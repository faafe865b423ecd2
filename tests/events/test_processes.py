"""Threads and processes of all kinds that log into one directory: nothing is lost, nothing is torn."""

import multiprocessing
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import written
from programs import run
from torch.utils.data import DataLoader, Dataset

from torchviz_tb import SummaryWriter
from torchviz_tb.records.metadata import Kind

COUNT = 50


class Logged(Dataset[int]):
    """A dataset that logs what is asked of it, with a writer of the process in which that happens."""

    def __init__(self, log_dir: Path) -> None:
        self.log_dir = log_dir
        self.writer: SummaryWriter | None = None

    def __len__(self) -> int:
        return COUNT

    def __getitem__(self, index: int) -> int:
        if self.writer is None:
            self.writer = SummaryWriter(str(self.log_dir))
        self.writer.add_scalar("item", float(index), index)
        self.writer.flush()  # a worker is stopped without leave to end
        return index


def steps(log_dir: Path, tag: str) -> list[int]:
    return sorted(step for step, _ in written.scalars(log_dir, tag))


def log(log_dir: Path, tag: str) -> None:
    with SummaryWriter(str(log_dir)) as writer:
        for step in range(COUNT):
            writer.add_scalar(tag, float(step), step)


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.heavy)])
def test_workers_of_a_data_loader_beside_the_training(tmp_path, method):
    with SummaryWriter(str(tmp_path)) as writer:
        loader = DataLoader(Logged(tmp_path), num_workers=2, multiprocessing_context=method)
        for step, _ in enumerate(loader):
            writer.add_scalar("loss", 1.0, step)
    assert steps(tmp_path, "item") == steps(tmp_path, "loss") == list(range(COUNT))


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.heavy)])
def test_processes_with_writers_of_their_own(tmp_path, method):
    context = multiprocessing.get_context(method)
    processes = [context.Process(target=log, args=(tmp_path, f"rank{rank}")) for rank in range(3)]
    for process in processes:
        process.start()
    log(tmp_path, "main")
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 3
    for tag in ("main", "rank0", "rank1", "rank2"):
        assert steps(tmp_path, tag) == list(range(COUNT))


def test_threads_that_share_a_writer_and_threads_that_do_not(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer, ThreadPoolExecutor(8) as pool:
        for thread in range(4):
            pool.submit(lambda tag: [writer.add_scalar(tag, 1.0, step) for step in range(COUNT)], f"shared{thread}")
            pool.submit(log, tmp_path, f"own{thread}")
    for thread in range(4):
        assert steps(tmp_path, f"shared{thread}") == steps(tmp_path, f"own{thread}") == list(range(COUNT))


def test_what_led_to_a_non_finite_value_is_in_the_file_before_the_process_is_killed(tmp_path):
    """flush_secs is an hour: only the flush at the first non-finite value can have written it."""
    code = """
import os, signal, sys, torch
from torchviz_tb import SummaryWriter
torch.manual_seed(0)
model = torch.nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
writer = SummaryWriter(sys.argv[1], flush_secs=3600, max_queue=10**6)
writer.watch(model, optimizer, log_freq=1)
for step in range(6):
    optimizer.zero_grad()
    loss = model(torch.randn(3, 4)).square().sum() * (float("nan") if step == 3 else 1.0)
    loss.backward()
    optimizer.step()
    writer.add_scalar("loss", loss.item(), step)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = run(code, tmp_path)
    assert done.returncode == -signal.SIGKILL, done.stderr
    incidents = written.records(tmp_path, Kind.INCIDENTS, "model")
    assert any(3 in [incident.step for incident in record.incidents] for record in incidents.values())
    assert {0, 1, 2} <= set(steps(tmp_path, "loss"))
