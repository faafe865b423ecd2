"""A whole sampled step, with tensors that count as a device's: nothing of ours waits for them."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
import training
import written
from fake_device import NoWaiting
from late_results import LateDevice

import torchviz_tb
from torchviz_tb.capture import batches, device_heatmaps, updates
from torchviz_tb.capture.compilation import VARIABLE
from torchviz_tb.capture.engines.torch import TorchEngine
from torchviz_tb.records.metadata import Kind


@pytest.fixture
def device(monkeypatch):
    device = LateDevice(monkeypatch)
    for module in (batches, updates):
        monkeypatch.setattr(module, "choose", lambda _: TorchEngine())
    for module in (updates, device_heatmaps):
        monkeypatch.setattr(module, "is_on_host", lambda _: False)
    return device


PARTS = ["parameters", "gradients", "raw_gradients", "updates", "heatmaps"]


def train(log_dir, context):
    """Three sampled steps; what could not be recorded."""
    model = training.net()
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(log_dir) as writer:
        watch = writer.watch(model, optimizer, log=PARTS, log_freq=1, heatmap_freq=1)
        with context:
            training.train(model, optimizer, steps=3)
        return watch.report().not_recorded


@pytest.mark.usefixtures("device")
def test_a_sampled_step_waits_for_nothing(tmp_path):
    assert train(tmp_path, NoWaiting()) == {}


def test_what_it_records_is_what_the_cpu_records(tmp_path, request):
    train(tmp_path / "cpu", nullcontext())
    request.getfixturevalue("device")
    train(tmp_path / "device", nullcontext())
    mine, theirs = (torchviz_tb.load(tmp_path / place)["."] for place in ("device", "cpu"))
    for stage in ("parameter", "gradient", "raw_gradient", "update"):
        for column in ("count", "zeros", "min", "max", "mean", "std", "l1", "l2"):
            steps, names, values = mine.statistics(column, stage)
            expected = theirs.statistics(column, stage)
            assert (list(steps), list(names)) == (list(expected[0]), list(expected[1]))
            np.testing.assert_allclose(values, expected[2], rtol=1e-6)
    assert list(mine.steps("heatmaps")) == list(theirs.steps("heatmaps")) == [0, 1, 2]
    for kind in (Kind.DISTRIBUTIONS, Kind.HEATMAPS):
        assert list(written.records(tmp_path / "device", kind)) == [0, 1, 2]
    assert written.records(tmp_path / "device", Kind.DISTRIBUTIONS) == written.records(
        tmp_path / "cpu", Kind.DISTRIBUTIONS
    )


def test_that_the_first_test_would_see_it(tmp_path, device, monkeypatch):
    monkeypatch.setattr(updates, "is_on_host", lambda _: True)  # so that lost updates are read at once
    with pytest.warns(UserWarning, match="switched off 'updates' for 'model', all else goes on: Waits"):
        assert list(train(tmp_path, NoWaiting())) == ["updates"]


def test_a_default_device_of_the_user_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "numpy")
    model = torch.nn.Linear(300, 300, device="cpu")  # large enough for all of an engine's ways
    optimizer = training.sgd(model)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    with torch.device("meta"), torchviz_tb.SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, optimizer, log=[*PARTS, "activations"], log_freq=1, heatmap_freq=1)
        model(torch.ones(2, 300, device="cpu")).sum().backward()
        optimizer.step()
        assert watch.report().not_recorded == {}
    [run] = torchviz_tb.load(tmp_path).values()
    for name, parameter in zip(("weight", "bias"), before, strict=True):
        counts = run.distribution(name, 0, stage="parameter").counts
        assert counts.sum() == parameter.numel()
