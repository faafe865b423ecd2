"""A whole sampled step, with tensors that count as a device's: nothing of ours waits for them."""

from contextlib import contextmanager, nullcontext

import numpy as np
import pytest
import torch
import training
import written
from fake_device import NoWaiting, without_waiting
from late_results import LateDevice

import torchviz_tb
from torchviz_tb.capture import batches, device_heatmaps, statistics, updates
from torchviz_tb.capture.compilation import VARIABLE
from torchviz_tb.capture.engines.torch import TorchEngine
from torchviz_tb.capture.tensors import FlatTensor
from torchviz_tb.capture.transfer import Transfer
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching import activations


@pytest.fixture
def device(monkeypatch):
    device = LateDevice(monkeypatch)
    for module in (batches, updates):
        monkeypatch.setattr(module, "choose", lambda _: TorchEngine())
    for module in (updates, device_heatmaps, activations):
        monkeypatch.setattr(module, "is_on_host", lambda _: False)
    # Or what is done in the forward would be hidden from NoWaiting.
    monkeypatch.setattr(activations.dispatch, "_disable_current_modes", nullcontext)
    return device


PARTS = ["parameters", "gradients", "raw_gradients", "updates", "heatmaps", "activations"]


def train(log_dir, context):
    """Three sampled steps; what could not be recorded."""
    model = training.net()
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(log_dir) as writer:
        # On a device the first bad value of the forward is not looked for unless it is asked for.
        watch = writer.watch(model, optimizer, log=PARTS, log_freq=1, heatmap_freq=1, nan="off")
        with context:
            training.train(model, optimizer, steps=3)
        return watch.report().not_recorded


@contextmanager
def waiting_for_none(device):
    """No operation waits in the block, and no copy of ours is read before it has come."""
    with NoWaiting():
        yield
    assert device.waited == 0


def test_a_sampled_step_waits_for_nothing(tmp_path, device):
    assert train(tmp_path, waiting_for_none(device)) == {}


def test_what_it_records_is_what_the_cpu_records(tmp_path, request):
    train(tmp_path / "cpu", nullcontext())
    request.getfixturevalue("device")
    train(tmp_path / "device", nullcontext())
    mine, theirs = (torchviz_tb.load(tmp_path / place)["."] for place in ("device", "cpu"))
    for stage in ("parameter", "gradient", "raw_gradient", "update", "activation"):
        further = ("units", "dead_units") if stage == "activation" else ()
        for column in ("count", "zeros", "min", "max", "mean", "std", "l1", "l2", *further):
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


def test_that_the_first_test_would_see_it_in_the_forward(tmp_path, device, monkeypatch):
    monkeypatch.setattr(activations, "is_on_host", lambda _: True)  # so that outputs are measured at once
    with pytest.raises(AssertionError):
        train(tmp_path, waiting_for_none(device))


def test_a_module_that_is_called_often_counts_once_all_has_come(tmp_path, device):
    layer = torch.nn.Linear(3, 4)
    inputs = torch.randn(5, 2, 3)
    optimizer = training.sgd(layer)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(layer, optimizer, log="activations", log_freq=1)
        for each in inputs:  # micro-batches, whose results are all on their way when the step is sampled
            layer(each).square().sum().backward()
        optimizer.step()
        assert device.waited == 0
    run = torchviz_tb.load(tmp_path)["."]
    for column, number in (("count", 5 * 2 * 4), ("units", 4)):
        _, names, values = run.statistics(column, "activation")
        assert dict(zip(names, values[0], strict=True))[":output"] == number


def test_an_output_on_a_device_is_measured_without_waiting(monkeypatch):
    monkeypatch.setattr(activations, "plain", lambda tensor: tensor)  # to which meta tensors have no values
    monkeypatch.setattr(statistics, "flat", lambda tensor, _: FlatTensor(tensor.view(-1)))
    transfer = Transfer()
    with without_waiting():
        for axis in (0, 1, None):
            activations.begin_output(torch.empty(6, 7, device="meta"), axis, transfer)
    assert not transfer.is_there


def test_a_default_device_of_the_user_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "numpy")
    model = torch.nn.Linear(300, 300, device="cpu")  # large enough for all of an engine's ways
    optimizer = training.sgd(model)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    with torch.device("meta"), torchviz_tb.SummaryWriter(tmp_path) as writer:
        watch = writer.watch(model, optimizer, log=PARTS, log_freq=1, heatmap_freq=1)
        model(torch.ones(2, 300, device="cpu")).sum().backward()
        optimizer.step()
        assert watch.report().not_recorded == {}
    [run] = torchviz_tb.load(tmp_path).values()
    for name, parameter in zip(("weight", "bias"), before, strict=True):
        counts = run.distribution(name, 0, stage="parameter").counts
        assert counts.sum() == parameter.numel()
