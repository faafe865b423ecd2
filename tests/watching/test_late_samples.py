"""Samples whose numbers a device still computes: nothing waits for them, and none is lost or out of order."""

import pytest
import torch
import training
import written
from late_results import LateDevice

import torchviz_tb
from torchviz_tb.capture.compilation import VARIABLE
from torchviz_tb.records.metadata import Kind


@pytest.fixture
def device(monkeypatch):
    return LateDevice(monkeypatch)


def watched(log_dir, **options):
    model = training.net()
    optimizer = training.sgd(model)
    writer = torchviz_tb.SummaryWriter(log_dir)
    watch = writer.watch(model, optimizer, log_freq=1, **options)
    return model, optimizer, writer, watch


def steps_of(log_dir):
    return list(written.records(log_dir, Kind.STATISTICS))


def test_a_step_waits_for_no_device_and_copies_once(tmp_path, device):
    model, optimizer, writer, watch = watched(tmp_path)
    training.train(model, optimizer, steps=3)
    assert device.copies == 3  # parameters, gradients and updates of a step together
    assert device.waited == 0
    watch.unwatch()
    assert device.waited == 3
    writer.close()
    assert steps_of(tmp_path) == [0, 1, 2]


def test_what_has_come_is_written_at_the_next_step(tmp_path, device, monkeypatch):
    model, optimizer, writer, watch = watched(tmp_path)
    training.train(model, optimizer, steps=1)
    device.arrive()
    training.train(model, optimizer, steps=1)
    with monkeypatch.context() as nothing_more:
        nothing_more.setattr(watch._group, "write_arriving", lambda: None)
        watch._group.flush()
    assert device.waited == 0
    assert steps_of(tmp_path) == [0]
    writer.close()
    assert steps_of(tmp_path) == [0, 1]


def test_flush_brings_everything(tmp_path, device):
    model, optimizer, writer, _ = watched(tmp_path)
    training.train(model, optimizer, steps=2)
    writer.flush()
    assert steps_of(tmp_path) == [0, 1]
    writer.close()


def test_a_device_far_behind_is_waited_for_in_the_end(tmp_path, device):
    model, optimizer, writer, _ = watched(tmp_path)
    training.train(model, optimizer, steps=10)
    assert 0 < device.waited <= 10 - 4
    writer.close()
    assert steps_of(tmp_path) == list(range(10))


def test_the_numbers_are_those_of_a_run_without_a_device(tmp_path, monkeypatch):
    def record(log_dir):
        model, optimizer, writer, _ = watched(log_dir, log=["parameters", "gradients", "updates", "activations"])
        training.train(model, optimizer, steps=3)
        writer.add_distribution("further", torch.arange(7.0), 2)
        writer.add_parameters(model, 3)
        writer.close()

    monkeypatch.setenv(VARIABLE, "numpy")  # which LateDevice measures with
    record(tmp_path / "cpu")
    with monkeypatch.context() as patched:
        LateDevice(patched)
        record(tmp_path / "device")
    for kind in (Kind.DISTRIBUTIONS, Kind.SITES):
        assert written.records(tmp_path / "device", kind) == written.records(tmp_path / "cpu", kind)
    for mine, theirs in zip(
        written.records(tmp_path / "device", Kind.STATISTICS).values(),
        written.records(tmp_path / "cpu", Kind.STATISTICS).values(),
        strict=True,
    ):
        assert [str(stage) for stage in mine.stages] == [str(stage) for stage in theirs.stages]


def test_a_device_that_fails_ends_the_writing_and_not_the_training(tmp_path, device, monkeypatch):
    def fail(_):
        raise RuntimeError("an illegal memory access was encountered")

    model, optimizer, writer, _ = watched(tmp_path)
    monkeypatch.setattr(torchviz_tb.capture.transfer.Transfer, "fetch", fail)
    training.train(model, optimizer, steps=1)
    device.arrive()
    with pytest.warns(UserWarning, match="switched off 'writing' for 'model'.*illegal memory access"):
        training.train(model, optimizer, steps=2)
    writer.close()


def test_a_cuda_graph_that_is_being_recorded_is_left_alone(tmp_path, monkeypatch):
    model, optimizer, writer, _ = watched(tmp_path)
    training.train(model, optimizer, steps=1)
    with monkeypatch.context() as recording:
        recording.setattr(torch.cuda, "is_initialized", lambda: True)
        recording.setattr(torch.cuda, "is_current_stream_capturing", lambda: True)
        training.train(model, optimizer, steps=2)
    training.train(model, optimizer, steps=1)
    writer.close()
    assert steps_of(tmp_path) == [0, 1]
