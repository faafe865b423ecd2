"""Trainings of several GPUs as far as one can stand for them: NCCL with one rank, replicated and sharded."""

import numpy as np
import pytest
import torch
import torch.distributed as dist
from device import DEVICE, only_on_a_gpu
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

import torchviz_tb

only_on_a_gpu()

STEPS = 3
PARTS = ["parameters", "gradients", "updates", "heatmaps"]


@pytest.fixture(autouse=True)
def _nccl(tmp_path):
    torch.cuda.set_device(DEVICE)
    dist.init_process_group("nccl", init_method=f"file://{tmp_path}/store", rank=0, world_size=1, device_id=DEVICE)
    yield
    dist.destroy_process_group()


def plain(model):
    return model


def ddp(model):
    return DistributedDataParallel(model, device_ids=[DEVICE.index])


def fsdp2(model):
    for layer in (model[0], model[2]):
        fully_shard(layer)
    return fully_shard(model)


def train(wrap, log_dir):
    torch.manual_seed(0)
    model = wrap(nn.Sequential(nn.Linear(40, 300), nn.Tanh(), nn.Linear(300, 7)).to(DEVICE))
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    data = torch.randn(STEPS, 16, 40, generator=torch.Generator().manual_seed(1)).to(DEVICE)
    with torchviz_tb.SummaryWriter(log_dir) as writer:
        watch = writer.watch(model, optimizer, log=PARTS, log_freq=1, heatmap_freq=1)
        for batch in data:
            optimizer.zero_grad()
            model(batch).square().mean().backward()
            optimizer.step()
        report = watch.report()
        watch.unwatch()
    assert report.not_recorded == {}
    return torchviz_tb.load(log_dir)["."]


@pytest.mark.parametrize("wrap", [ddp, fsdp2])
def test_what_is_recorded_is_that_of_the_plain_model(tmp_path, wrap):
    mine, theirs = train(wrap, tmp_path / "mine"), train(plain, tmp_path / "theirs")
    for stage in ("parameter", "gradient", "update"):
        for column in ("count", "mean", "std", "l2", "min", "max"):
            steps, names, values = mine.statistics(column, stage)
            expected = theirs.statistics(column, stage)
            assert (list(steps), list(names)) == (list(expected[0]), list(expected[1]))
            scale = np.nanmax(np.abs(expected[2]))
            np.testing.assert_allclose(values, expected[2], rtol=1e-3, atol=1e-5 * scale, err_msg=f"{stage} {column}")
    for name in ("0.weight", "2.weight"):
        one, other = (run.distribution(name, 1) for run in (mine, theirs))
        assert one.finite == other.finite > 0
        assert one.relative_distance(other) < 1e-3
    assert mine.steps("heatmaps") == list(range(STEPS))
