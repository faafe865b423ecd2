"""DistributedDataParallel: the gradient that is recorded is the mean over ranks, under plain names, once."""

import numpy as np
import pytest
import torch
import torch.distributed as dist
import training
import written
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

pytestmark = pytest.mark.heavy

STEPS = 3


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))


def batches(world):
    """One for each rank and step."""
    return torch.randn(STEPS, world, 8, 4, generator=torch.Generator().manual_seed(1))


def train(rank, world, log_dir):
    model = DistributedDataParallel(net())
    optimizer = training.sgd(model)
    writer = torchviz_tb.SummaryWriter(log_dir) if rank == 0 else None
    torchviz_tb.watch(model, optimizer, writer=writer, log_freq=1, heatmap_freq=1)
    for step in range(STEPS):
        optimizer.zero_grad()
        model(batches(world)[step, rank]).square().mean().backward()
        optimizer.step()
    dist.barrier()
    if writer is not None:
        writer.close()


def whole_training(world):
    """Norms of gradients and updates of one process that has all batches."""
    model = net()
    optimizer = training.sgd(model)
    gradients, updates = [], []
    for step in range(STEPS):
        optimizer.zero_grad()
        model(batches(world)[step].reshape(-1, 4)).square().mean().backward()
        before = [p.detach().clone() for p in model.parameters()]
        optimizer.step()
        gradients.append([float(p.grad.double().norm()) for p in model.parameters()])
        updates.append(
            [float((p.detach() - b).double().norm()) for p, b in zip(model.parameters(), before, strict=True)]
        )
    return {pb.STAGE_GRADIENT: gradients, pb.STAGE_UPDATE: updates}


@pytest.mark.parametrize("world", [2, 4])
def test_what_is_recorded_is_that_of_one_process_with_all_batches(ranks, tmp_path, world):
    ranks.run(world, train, str(tmp_path))
    records = written.records(tmp_path, Kind.STATISTICS)
    assert list(records) == list(range(STEPS))
    for stage, expected in whole_training(world).items():
        found = [written.stage(record, stage).l2 for record in records.values()]
        np.testing.assert_allclose(found, expected, rtol=1e-4)
    table = written.records(tmp_path, Kind.SITES)[0]
    assert [site.name for site in table.sites] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert len(written.event_files(tmp_path)) == 1
    assert len(written.records(tmp_path, Kind.HEATMAPS)) == STEPS
