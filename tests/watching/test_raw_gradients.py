"""Copies of gradients as backward leaves them: when they are made, and when they are let go."""

import weakref

import pytest
import torch
import training
import written

import torchviz_tb
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching import raw_gradients


@pytest.fixture
def writer(tmp_path):
    with torchviz_tb.SummaryWriter(tmp_path) as writer:
        yield writer


def test_raw_gradients_hang_hooks_into_parameters_only_for_the_steps_that_are_sampled(writer):
    model = training.net()
    optimizer = training.sgd(model)
    watch = writer.watch(model, optimizer, log=["gradients", "raw_gradients"], log_freq=3)
    armed = []
    for _ in range(7):
        armed.append([bool(p._post_accumulate_grad_hooks) for p in model.parameters()])
        training.train(model, optimizer, steps=1)
    assert armed == [[due] * 6 for due in (True, False, False, True, False, False, True)]
    training.train(model, optimizer, steps=1)
    watch.unwatch()
    assert not any(p._post_accumulate_grad_hooks for p in model.parameters())


def test_copies_of_raw_gradients_are_gone_once_they_are_measured(writer, monkeypatch):
    copies = []
    copy = raw_gradients._Copier.__call__

    def noted(copier, parameter):
        copy(copier, parameter)
        copies.append(weakref.ref(copier._owner()._copies[id(parameter)]))

    monkeypatch.setattr(raw_gradients._Copier, "__call__", noted)
    model = training.net()
    optimizer = training.sgd(model)
    writer.watch(model, optimizer, log=["raw_gradients", "updates"])
    alive = []
    optimizer.register_step_pre_hook(lambda *_: alive.append([copied() is not None for copied in copies]))
    training.backward(model)
    assert all(copied() is not None for copied in copies)
    optimizer.step()
    assert alive == [[False] * len(training.NAMES)]  # when the update begins, which takes memory of its own


def test_of_an_optimizer_without_gradients_that_is_told_though_the_others_copies_are_gone(writer, tmp_path):
    model = training.net()
    parameters = list(model.parameters())
    optimizers = [torch.optim.SGD(part, 0.1) for part in (parameters[:4], parameters[4:])]
    writer.watch(model, optimizers, log="raw_gradients")
    model.norm(model.hidden(torch.randn(8, 4))).square().sum().backward()
    for optimizer in optimizers:
        optimizer.step()
    writer.flush()
    [record] = written.records(tmp_path, Kind.STATISTICS).values()
    status = written.stage(record, pb.STAGE_RAW_GRADIENT).status
    assert list(status) == [pb.STATUS_MEASURED] * 4 + [pb.STATUS_NO_GRADIENT] * 2


def test_unwatch_takes_the_hooks_of_a_step_that_never_came(writer):
    model = training.net()
    writer.watch(model, training.sgd(model), log="raw_gradients").unwatch()
    assert not any(p._post_accumulate_grad_hooks for p in model.parameters())
