"""What else takes tensors, on a GPU: as on the CPU."""

import numpy as np
import pytest
import torch
import written
from device import DEVICE, only_on_a_gpu
from torch import nn

import torchviz_tb
from torchviz_tb.records.metadata import Kind

only_on_a_gpu()


def network():
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 16, 6), nn.LayerNorm(6)]
    return nn.Sequential(*layers)


def batch():
    return torch.randn(5, 1, 6, 6, generator=torch.Generator().manual_seed(1))


def test_the_graph_of_a_training_is_the_cpus(tmp_path):
    graphs = []
    for place, folder in (("cpu", tmp_path / "cpu"), (DEVICE, tmp_path / "gpu")):
        model = network().to(place)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        with torchviz_tb.SummaryWriter(folder) as writer:
            writer.watch(model, optimizer, log="graph")
            model(batch().to(place)).sum().backward()
            optimizer.step()
        [graph] = written.records(folder, Kind.GRAPH).values()
        graphs.append(graph)
    names = [[(each.name, each.scope, each.flops) for each in graph.operations] for graph in graphs]
    assert names[0] == names[1]
    assert any(flops for _, _, flops in names[0])
    assert [scope.path for scope in graphs[0].scopes] == [scope.path for scope in graphs[1].scopes]
    assert not graphs[1].notes


def test_add_graph_restores_the_random_state_of_the_gpu(tmp_path):
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)).to(DEVICE)
    before = torch.cuda.get_rng_state(DEVICE)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.add_graph(model, torch.randn(3, 4, generator=torch.Generator().manual_seed(0)).to(DEVICE))
    assert torch.equal(torch.cuda.get_rng_state(DEVICE), before)
    assert written.records(tmp_path, Kind.GRAPH)


COMPARED = Kind.DISTRIBUTIONS, Kind.HEATMAPS, Kind.TENSOR_VIEW
SPECIAL = [float("nan"), float("inf"), -float("inf"), 0.0, 1e-40, -3.5]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64, torch.int32])
def test_tensors_saved_by_name_are_the_cpus(tmp_path, dtype):
    values = torch.randn(40, 70, generator=torch.Generator().manual_seed(2)) * 20
    if dtype.is_floating_point:
        values.view(-1)[: len(SPECIAL)] = torch.tensor(SPECIAL)
    values = values.to(dtype)
    found = []
    for place, folder in (("cpu", tmp_path / "cpu"), (DEVICE, tmp_path / "gpu")):
        with torchviz_tb.SummaryWriter(folder) as writer:
            tensor = values.to(place)
            writer.add_distribution("distribution", tensor, 3)
            writer.add_heatmap("heatmap", tensor, 3)
            writer.add_tensor_view("view", tensor, 3)
        records = written.everything(folder)
        found.append({(each.tag, each.step): each.record for each in records if each.tag.kind in COMPARED})
    assert found[0].keys() == found[1].keys()
    assert {tag.kind for tag, _ in found[0]} == set(COMPARED)
    for key, record in found[0].items():
        assert record == found[1][key], key


def test_colours_of_a_tensor_stay_on_its_device():
    values = torch.randn(64, 48, generator=torch.Generator().manual_seed(3))
    mine = torchviz_tb.colorize(values.to(DEVICE))
    assert mine.device == DEVICE
    assert torch.equal(mine.cpu(), torchviz_tb.colorize(values))


def test_a_visualizer_shows_a_model_on_the_gpu(tmp_path):
    model = network().to(DEVICE)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        wrapped = torchviz_tb.Visualizer(model, writer=writer)
        optimizer = torch.optim.SGD(wrapped.parameters(), 0.1)
        for _ in range(3):
            optimizer.zero_grad()
            output = wrapped(batch().to(DEVICE))
            output.square().mean().backward()
            optimizer.step()
        wrapped.save_view(output, "the last output")
        wrapped.close()
    run = torchviz_tb.load(tmp_path)["."]
    [step] = [each.step for each in written.everything(tmp_path) if each.tag.kind == Kind.TENSOR_VIEW][-1:]
    saved = run.tensor_view("the last output", step).values
    np.testing.assert_allclose(saved, output.detach().float().cpu().numpy(), rtol=1e-6)


@pytest.mark.parametrize("nan", ["origin", "after", None])
def test_where_nan_began_is_told(tmp_path, nan):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.Linear(8, 2)).to(DEVICE)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log="gradients", log_freq=100, nan=nan)
        for step in range(6):
            if step == 3:
                with torch.no_grad():
                    model[2].weight[1, 2] = torch.nan
            optimizer.zero_grad()
            model(torch.randn(16, 4, device=DEVICE)).square().mean().backward()
            optimizer.step()
    incidents = [each for each in torchviz_tb.load(tmp_path)["."].incidents() if each.kind == "non_finite"]
    assert incidents[0].step == 3
    if nan == "origin":  # sums of what modules return have come when the step is over: parameters are not looked at
        assert (incidents[0].site, incidents[0].stage, incidents[0].role) == ("2", "activation", "origin")
