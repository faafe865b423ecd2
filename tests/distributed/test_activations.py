"""Activations where several processes train one model: the writer's rank tells of its own outputs, nobody waits."""

import pytest
import torch
import torch.distributed as dist
import written
from sharded_training import TOKENS, Net, fsdp2
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind

pytestmark = pytest.mark.heavy


def train(rank, world, way, log_dir):
    """Two watched steps, in which ranks have different batches; what the ReLU's input was on this rank."""
    torch.manual_seed(0)
    model = DistributedDataParallel(nn.Sequential(nn.Linear(4, 6), nn.ReLU())) if way == "ddp" else fsdp2(Net(), world)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    writer = torchviz_tb.SummaryWriter(log_dir) if rank == 0 else None
    torchviz_tb.watch(model, optimizer, writer=writer, log=["gradients", "activations"], log_freq=1)
    counts = []
    for _ in range(2):
        batch = torch.randn(8 + rank, 4) if way == "ddp" else TOKENS[: 4 - rank]
        output = model(batch)
        output.square().mean().backward()
        optimizer.step()
        counts.append(output.numel())
    hooked = sum(len(module._forward_hooks) for module in model.modules())
    dist.barrier()
    if writer is not None:
        writer.close()
    return counts, hooked


def check(ranks, way, log_dir, names):
    (counts, _), (_, hooked) = ranks.run(2, train, way, str(log_dir))
    assert way != "ddp" or hooked == 0  # a rank that writes nothing looks at nothing
    sites = [site.name for site in list(written.records(log_dir, Kind.SITES).values())[-1].sites if site.output]
    assert sites == names
    for record, count in zip(written.records(log_dir, Kind.STATISTICS).values(), counts, strict=True):
        stage = written.stage(record, pb.STAGE_ACTIVATION)
        measured = [n for n, status in zip(stage.count, stage.status, strict=True) if status == pb.STATUS_MEASURED]
        assert measured[-1] == count
        assert len(measured) == len(names)


def test_ddp(ranks, tmp_path):
    check(ranks, "ddp", tmp_path, ["0", "1", ":output"])


def test_fsdp2(ranks, tmp_path):
    check(ranks, "fsdp2", tmp_path, ["embed", "conv", "up", "norm", "wide", "head", ":output"])
