"""Mixed precision: the scale that gradients had, and the steps that a scaler kept from happening."""

import numpy as np
import pytest
import torch
import training
import written
from torch import nn

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind


def train(log_dir, *, steps=6, bad=(), given=True, fused=False, **options):
    """The gradient norms that each step consumed, and the scale at it."""
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=1000)
    told = []
    with torchviz_tb.SummaryWriter(log_dir) as writer:
        writer.watch(model, optimizer, log=["gradients", "heatmaps"], log_freq=1, heatmap_freq=1,
                     scaler=scaler if given else None, **options)  # fmt: skip
        for step in range(steps):
            optimizer.zero_grad()
            loss = model(torch.randn(4, 3)).square().sum()
            scaler.scale(loss * (float("inf") if step in bad else 1.0)).backward()
            scale = scaler.get_scale()
            norm = np.linalg.norm(model.weight.grad.double().numpy() / scale)
            scaler.step(optimizer)
            scaler.update()
            if step not in bad:
                told.append((norm, scale))
    return told


def l2_and_scale(log_dir):
    records = written.records(log_dir, Kind.STATISTICS).values()
    return [(written.stage(record, pb.STAGE_GRADIENT).l2[0], record.gradient_scale) for record in records]


@pytest.mark.parametrize("fused", [False, True])
def test_gradients_are_unscaled_and_the_scale_is_told(tmp_path, fused):
    told = train(tmp_path, fused=fused)
    np.testing.assert_allclose(l2_and_scale(tmp_path), told, rtol=1e-5)
    assert torchviz_tb.load(tmp_path)["."].incidents() == []


def test_a_skipped_step_is_recorded_with_the_reason_and_the_scales(tmp_path):
    train(tmp_path, bad=(2,))
    (incident,) = torchviz_tb.load(tmp_path)["."].incidents()
    assert (incident.kind, incident.step) == ("skipped_step", 2)
    assert (incident.before, incident.after, incident.gradient_scale) == (1024.0, 512.0, 1024.0)
    assert (
        incident.reason == "The gradient scaler found NaN or infinity in a gradient and skipped a step before this one."
    )


def test_several_in_a_row_are_counted(tmp_path):
    train(tmp_path, bad=(2, 3, 4))
    (incident,) = torchviz_tb.load(tmp_path)["."].incidents()
    assert "skipped 3 steps" in incident.reason
    assert (incident.before, incident.after) == (1024.0, 128.0)


def test_a_skip_at_the_end_is_told_at_the_end(tmp_path):
    train(tmp_path, bad=(5,))
    (incident,) = torchviz_tb.load(tmp_path)["."].incidents()
    assert (incident.kind, incident.before, incident.after) == ("skipped_step", 1024.0, 512.0)


@pytest.mark.parametrize("given", [False, True])
def test_an_optimizer_that_skips_by_itself_tells_so(tmp_path, given):
    train(tmp_path, bad=(2,), fused=True, given=given)
    kinds = [each.kind for each in torchviz_tb.load(tmp_path)["."].incidents()]
    assert kinds == ["skipped_step"]  # and its infinite gradient is no news


def test_a_scaler_that_is_switched_off_has_no_scale(tmp_path):
    model = nn.Linear(3, 2)
    optimizer = training.sgd(model)
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        writer.watch(model, optimizer, log="gradients", scaler=torch.amp.GradScaler("cpu", enabled=False))
        model(torch.randn(4, 3)).sum().backward()
        optimizer.step()
    assert written.records(tmp_path, Kind.STATISTICS)[0].gradient_scale == 0


def test_the_origin_of_an_overflow_is_told_though_its_step_is_skipped(tmp_path):
    train(tmp_path, bad=(2,), nan="origin")
    kinds = [each.kind for each in torchviz_tb.load(tmp_path)["."].incidents()]
    assert kinds == ["skipped_step"]  # it was the loss that overflowed: no module returned anything bad
