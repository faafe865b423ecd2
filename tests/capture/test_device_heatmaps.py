"""A heatmap that a device reduces is that of the CPU, and nothing waits for it."""

import math

import numpy as np
import pytest
import torch
from fake_device import without_waiting

from torchviz_tb.capture import device_heatmaps
from torchviz_tb.capture.device_heatmaps import begin_heatmap, begin_part
from torchviz_tb.capture.heatmaps import Lines, heatmap, heatmap_part
from torchviz_tb.capture.sharded.heatmaps import local_part
from torchviz_tb.capture.transfer import Transfer
from torchviz_tb.records import records_pb2 as pb

RANDOM = np.random.default_rng(3)


@pytest.fixture
def on_device(monkeypatch):
    """Tensors of the CPU are reduced as if they were on a device."""
    monkeypatch.setattr(device_heatmaps, "is_on_host", lambda _: False)


def reduced(tensor: torch.Tensor, max_cells: int = 64) -> pb.Heatmap | None:
    transfer, found = Transfer(), []
    begin_heatmap(tensor, transfer, found.append, site=3, stage=pb.STAGE_GRADIENT, max_cells=max_cells)
    transfer.settle()
    [part] = found
    return None if part is None else part.record()


def same(tensor: torch.Tensor, max_cells: int = 64) -> None:
    mine, theirs = reduced(tensor, max_cells), heatmap(tensor, site=3, stage=pb.STAGE_GRADIENT, max_cells=max_cells)
    assert mine is not None
    assert theirs is not None
    for name in ("mean_magnitude",):  # sums in another order
        one, other = getattr(mine, name), getattr(theirs, name)
        assert math.isclose(one.high, other.high, rel_tol=1e-9)
        codes = [np.frombuffer(each.codes, np.uint8).astype(int) for each in (one, other)]
        assert np.abs(codes[0] - codes[1]).max() <= 1
        getattr(mine, name).CopyFrom(other)
    assert mine == theirs


def values(*shape: int) -> torch.Tensor:
    return torch.from_numpy(RANDOM.normal(0.5, 1, shape))


SHAPES = [(1,), (100,), (64, 128), (63, 129), (200, 70), (5, 1000), (130, 3, 3, 5), (64, 1)]


@pytest.mark.usefixtures("on_device")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64, torch.int16])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_same_as_on_the_cpu(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    same((values(*shape) * 10).to(dtype))


@pytest.mark.usefixtures("on_device")
@pytest.mark.parametrize("columns", [128, 131])
def test_what_is_not_finite_and_what_is_dead(columns: int) -> None:
    tensor = values(90, columns).float()
    tensor[3, 5], tensor[40, 7], tensor[41, 100] = torch.nan, torch.inf, -torch.inf
    tensor[10], tensor[:, 77] = 0, 0
    tensor[60:64, 20:24] = torch.nan
    same(tensor)
    same(tensor, max_cells=20)


@pytest.mark.usefixtures("on_device")
def test_what_cannot_be_reduced_is_none_as_on_the_cpu() -> None:
    assert reduced(torch.zeros(0, 4)) is None
    assert reduced(torch.zeros(3, 4).to_sparse()) is None
    assert reduced(torch.nn.parameter.UninitializedParameter()) is None


def test_on_the_cpu_it_is_there_at_once() -> None:
    tensor = values(70, 80)
    assert reduced(tensor) == heatmap(tensor, site=3, stage=pb.STAGE_GRADIENT)


HELD = {
    "rows in the middle": (np.arange(37, 90), np.arange(150)),
    "strided shares of both": (np.r_[3:40, 90:101], np.r_[0:7, 50:149]),
    "evenly cut": (np.arange(0, 65), np.arange(64, 128)),
    "one element": (np.arange(129, 130), np.arange(149, 150)),
}


@pytest.mark.usefixtures("on_device")
@pytest.mark.parametrize("name", HELD)
def test_a_part_of_a_tensor_is_that_of_the_cpu(name: str) -> None:
    lines = Lines(*HELD[name], 130, 150)
    tensor = values(len(lines.rows), len(lines.columns))
    tensor[-1, -1] = torch.nan
    transfer = Transfer()
    part = begin_part(tensor, lines, transfer, site=3, stage=pb.STAGE_GRADIENT)
    theirs = heatmap_part(tensor, lines, site=3, stage=pb.STAGE_GRADIENT)
    transfer.settle()
    assert part is not None
    assert theirs is not None
    for field in ("cell_max", "row_max", "column_max", "counts"):
        np.testing.assert_array_equal(getattr(part, field), getattr(theirs, field))
    np.testing.assert_allclose(part.sums, theirs.sums, rtol=1e-12, atol=1e-12)
    assert (part.site, part.stage, int(part.counts.sum())) == (3, pb.STAGE_GRADIENT, tensor.numel() - 1)


@pytest.mark.parametrize("shape", [(64, 128), (63, 129), (70,)], ids=str)
def test_nothing_waits(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_heatmaps, "plain", lambda tensor: tensor)  # to which meta tensors have no values
    transfer, shared = Transfer(), Transfer()
    with without_waiting():
        tensor = torch.empty(shape, device="meta")
        begin_heatmap(tensor, transfer, lambda _: None, site=0, stage=pb.STAGE_GRADIENT)
        local_part(tensor, tensor, shared, site=0, stage=pb.STAGE_GRADIENT, shape=shape, max_cells=64)
    assert not transfer.is_idle
    assert not shared.is_idle
